"""Make ``data/demo_gallery.zip``, the brands of the drawn sample shelves, from their labels.

python tools/make_demo_gallery.py
"""

import argparse
import json

from skushare.brands.embedder import Embedder
from skushare.brands.gallery import Gallery, Sku
from skushare.brands.gallery_files import write_gallery
from skushare.brands.recognition import example_picture
from skushare.images import read_image
from skushare.samples import DEMO_GALLERY, FOLDER

EXAMPLES = 5  # a brand
OWN = "Oaviska"  # so that own brands and competitors can be tried


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    content = json.loads((FOLDER / "annotations.json").read_text(encoding="utf-8"))
    embedder, gallery = Embedder.load(), Gallery("Sample shelves")
    for photo in content["images"]:
        image = read_image(FOLDER / photo["file_name"])
        notes = [note for note in content["annotations"] if note["image_id"] == photo["id"]]
        for brand in sorted({note["brand"] for note in notes}):
            boxes = [
                (x, y, x + width, y + height)
                for x, y, width, height in (note["bbox"] for note in notes if note["brand"] == brand)
            ]
            chosen = boxes[:: max(1, len(boxes) // EXAMPLES)][:EXAMPLES]
            category = photo["file_name"].removeprefix("shelf_").removesuffix(".jpg")
            sku = Sku(gallery.new_id(), brand, brand, category, brand == OWN)
            pictures = [example_picture(image, box) for box in chosen]
            gallery = gallery.with_examples(sku, embedder.embed(image, chosen), pictures, embedder)
    write_gallery(gallery, DEMO_GALLERY)
    print(f"{DEMO_GALLERY.name}: {len(gallery.brands)} brands, {len(gallery.pictures)} examples")


if __name__ == "__main__":
    main()
