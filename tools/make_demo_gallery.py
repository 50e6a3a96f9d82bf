"""Make ``data/demo_gallery.zip``, the brands of the drawn sample shelves, from their labels.

python tools/make_demo_gallery.py
"""

import argparse
import json

import numpy as np

from skushare.brands.embedder import Embedder
from skushare.brands.gallery import Gallery, Sku
from skushare.brands.gallery_files import write_gallery
from skushare.brands.looks import group_looks
from skushare.brands.recognition import example_picture
from skushare.images import read_image
from skushare.samples import DEMO_GALLERY, FOLDER

EXAMPLES = 3  # a product, which is a look of a brand
OWN = "Oaviska"  # so that own brands and competitors can be tried


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    content = json.loads((FOLDER / "annotations.json").read_text(encoding="utf-8"))
    embedder, gallery = Embedder.load(), Gallery("Sample shelves")
    for photo in content["images"]:
        image = read_image(FOLDER / photo["file_name"])
        notes = [note for note in content["annotations"] if note["image_id"] == photo["id"]]
        for brand in sorted({note["brand"] for note in notes}):
            boxes = np.float32([note["bbox"] for note in notes if note["brand"] == brand])
            boxes[:, 2:] += boxes[:, :2]
            vectors = embedder.embed(image, boxes)
            looks = group_looks(vectors, embedder.likeness)
            category = photo["file_name"].removeprefix("shelf_").removesuffix(".jpg")
            for look in range(looks.max() + 1):
                rows = _unlike(vectors, np.flatnonzero(looks == look))
                name = brand if look == 0 else f"{brand} {look + 1}"
                sku = Sku(gallery.new_id(), name, brand, category, brand == OWN)
                pictures = [example_picture(image, box) for box in boxes[rows]]
                gallery = gallery.with_examples(sku, vectors[rows], pictures, embedder)
    write_gallery(gallery, DEMO_GALLERY)
    print(
        f"{DEMO_GALLERY.name}: {len(gallery.brands)} brands, {len(gallery.skus)} products, "
        f"{len(gallery.pictures)} examples"
    )


def _unlike(vectors, rows):
    """A typical one of ``rows``, then those that are least like the ones before."""
    chosen = [rows[(vectors[rows] @ vectors[rows].mean(0)).argmax()]]
    while len(chosen) < min(EXAMPLES, len(rows)):
        chosen.append(rows[(vectors[rows] @ vectors[chosen].T).max(1).argmin()])
    return chosen


if __name__ == "__main__":
    main()
