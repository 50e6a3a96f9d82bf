"""Reading COCO's box annotations."""

import json
from pathlib import Path

import numpy as np

from skushare.dataset.dataset import Dataset, Sample
from skushare.errors import DatasetError
from skushare.geometry import clip, from_xywh


def read_coco(path, images=None):
    """The :class:`Dataset` in the COCO file ``path``.

    Boxes are clipped to their image; those without area are dropped, as are crowds.
    An annotation's optional ``score`` marks a machine-made label.

    Args:
        path: the JSON file.
        images: folder of the images; default: the first that exists of a folder
            named like the file, ``images``, and the file's own folder.

    Raises:
        DatasetError: the file or the folder is missing, or the file is not COCO.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        categories = sorted(content["categories"], key=lambda c: c["id"])
        class_of = {c["id"]: i for i, c in enumerate(categories)}
        rows = {image["id"]: [] for image in content["images"]}
        for a in content["annotations"]:
            if not a.get("iscrowd", 0):
                left, top, width, height = a["bbox"]
                rows[a["image_id"]].append(
                    (left, top, width, height, class_of[a["category_id"]], a.get("score", 1.0))
                )
    except OSError as error:
        raise DatasetError(
            f"{path}: cannot be read ({error.strerror}); give the path of a COCO file"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"{path}: not a COCO detection file ({type(error).__name__}: {error})") from None
    folder = _image_folder(path, images)
    samples = []
    for image in content["images"]:
        table = np.asarray(rows[image["id"]], np.float32).reshape(-1, 6)
        boxes = clip(from_xywh(table[:, :4]), image["width"], image["height"])
        table, boxes = table[_has_area(boxes)], boxes[_has_area(boxes)]
        samples.append(
            Sample(
                path=folder / image["file_name"],
                width=image["width"],
                height=image["height"],
                boxes=boxes,
                class_ids=table[:, 4].astype(np.int32),
                scores=table[:, 5],
            )
        )
    labels = tuple(str(c["name"]) for c in categories)
    return Dataset(name=f"{path.parent.name}/{path.stem}", samples=tuple(samples), labels=labels)


def _has_area(boxes):
    return (boxes[:, 2:] - boxes[:, :2] >= 1).all(axis=1)


def _image_folder(path, images):
    candidates = [Path(images)] if images else [path.with_suffix(""), path.parent / "images", path.parent]
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise DatasetError(f"{candidates[0]}: no such folder of images for {path}")
