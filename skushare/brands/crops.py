"""Pictures of facings and of single products, labelled, to train and measure the embedder with.

``DATA`` is a folder that is no part of the repository; the model card tells what is in it. What
training may see is kept apart from what measuring asks for: by product (every third grocery class
and half of the tobacco brands are never trained on) and by shelf (tobacco's test photos are of
other shelves than its training photos).
"""

import json
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from skushare.dataset.coco import is_ignored
from skushare.images import read_image

TRAINED_BRANDS = ("Marlboro", "Kent", "Camel", "Winston", "Lucky Strike")
OTHER = "other"  # tobacco's class of all further packs
SURE = 0.5  # score from which a machine's label is taken for one
MIDDLE = 0.7  # of a grocery photo's side: products are held into its middle; chosen on the training classes


class Crop(NamedTuple):
    """A product in a photo: where, which, and of what shelf (``group``) or photo."""

    path: Path
    box: tuple[float, float, float, float]
    label: str
    group: str


def tobacco(data, split):
    """Every labelled pack of ``DATA/tobacco``'s ``split`` as a :class:`Crop`; label: brand or ``OTHER``."""
    return _coco(Path(data, "tobacco", f"{split}_brands.json"), Path(data, "tobacco", split))


def facings(labels, images):
    """Facings of unknown brand from the COCO file ``labels``; machine labels below ``SURE`` are left out."""
    return _coco(Path(labels), Path(images), SURE)


def groceries(data):
    """A :class:`Crop` a photo of ``DATA/grocerystore``, without catalogue pictures; label: its class."""
    found = []
    for folder in sorted(p for p in Path(data, "grocerystore").iterdir() if p.is_dir()):
        for path in sorted(folder.glob("*.jpg")):
            if not path.name.startswith("pack_shot"):
                height, width = cv2.imread(str(path)).shape[:2]
                edge = (1 - MIDDLE) / 2
                box = (edge * width, edge * height, (1 - edge) * width, (1 - edge) * height)
                found.append(Crop(path, box, folder.name, path.name.split("_")[0]))
    return found


def grocery_classes(data):
    """(classes trained on, classes only measured on): every third by name is measured on."""
    names = sorted(p.name for p in Path(data, "grocerystore").iterdir() if p.is_dir())
    return [n for i, n in enumerate(names) if i % 3], names[::3]


def cut(crops, size, margin=0.0):
    """The pictures of ``crops`` as (n, ``size``, ``size``, 3) uint8 RGB, stretched to the square.

    ``margin`` is added on each side, as a part of the box; what lies outside the photo repeats its rim.
    """
    pictures = np.empty((len(crops), size, size, 3), np.uint8)
    order = sorted(range(len(crops)), key=lambda i: crops[i].path)
    path = image = None
    for i in order:
        if crops[i].path != path:
            path = crops[i].path
            image = read_image(path)
        left, top, right, bottom = crops[i].box
        x, y = margin * (right - left), margin * (bottom - top)
        corners = np.float32([[left - x, top - y], [right + x, top - y], [left - x, bottom + y]])
        square = np.float32([[0, 0], [size, 0], [0, size]])
        scale = min(size / (right - left + 2 * x), size / (bottom - top + 2 * y))
        source = image
        if scale < 0.5:  # a warp reads single pixels: average them first
            source = cv2.resize(image, None, fx=2 * scale, fy=2 * scale, interpolation=cv2.INTER_AREA)
            corners = corners * 2 * scale
        pictures[i] = cv2.warpAffine(
            source, cv2.getAffineTransform(corners, square), (size, size), borderMode=cv2.BORDER_REPLICATE
        )
    return pictures


def _coco(path, folder, min_score=0.0):
    content = json.loads(path.read_text(encoding="utf-8"))
    names = {c["id"]: c["name"] for c in content["categories"]}
    photos = {i["id"]: i for i in content["images"]}
    found = []
    for note in content["annotations"]:
        if is_ignored(note):
            continue
        x, y, width, height = note["bbox"]
        score = note.get("score")
        if (score is None or score >= min_score) and min(width, height) >= 10:
            photo = photos[note["image_id"]]
            box = (x, y, x + width, y + height)
            group = photo.get("group", photo["file_name"])
            found.append(Crop(folder / photo["file_name"], box, names[note["category_id"]], group))
    return found
