"""COCO's box annotations: one JSON file a split."""

import json
import os
import re
from array import array
from collections import Counter

import numpy as np

from skushare.dataset.dataset import Dataset, make_sample
from skushare.dataset.label_text import clean_text, read_text
from skushare.dataset.layout import (
    image_folder,
    label_files,
    labelled_path,
    place_images,
    plain_files,
    unique_names,
)
from skushare.dataset.split_names import by_split, known_split, with_splits
from skushare.errors import DatasetError
from skushare.files import atomic_write
from skushare.geometry import turned

_FAULTS = (  # of content of another shape
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
    OverflowError,
)
_NUMBERS = "bbox is to be four numbers, score one, image_id and category_id a number or text"
_MARKED = (1, "1", "true", "True")  # some programs write attributes as text
_HEAD = 1 << 16  # bytes of a file that tell whether it is COCO
_KEYS = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(info|images|annotations|categories|licenses|type)"')


def coco_files(folder):
    """``[(split, path)]`` of the COCO files in ``folder``, its ``annotations``, or one a subfolder."""
    for pattern in ("*.json", "annotations/*.json", "*/_annotations.coco.json", "*/labels.json"):
        found = [path for path in plain_files(folder, pattern) if _looks_like_coco(path)]
        if found:
            of_folder = pattern.startswith("*/")
            stems = [p.parent.name if of_folder or p.name.startswith("_") else p.stem for p in found]
            return with_splits(found, stems)
    return []


def read_coco(source, images=None, raw=False, confined=True):
    """The :class:`Dataset` in a COCO file, or in a folder with one for each split.

    Boxes are clipped to their image; those without area are dropped. Crowds, and what is marked
    ``ignore``, are regions to be ignored.
    Of an annotation without a box, that around its polygon or mask is taken; of a box that CVAT has turned,
    the one around it.
    An annotation's optional ``score`` marks a machine-made label. A category without boxes that is the
    supercategory of others is no class. In a folder with ``train``,
    ``val`` or ``test``, other files that label the same pictures once more, or pictures none of
    which is there, are left out and named in the provenance.

    Args:
        source: the JSON file or the folder.
        images: folder of the images; default: as :func:`~skushare.dataset.layout.image_folder` finds it.
        raw: keep the boxes as they stand in the file, wrong ones too.
        confined: refuse file names that lead out of the folder of images.

    Raises:
        DatasetError: the file or the folder is missing, a file is not COCO, or it, or two files
            that are no splits, list the same picture twice.
    """
    name, files = label_files(source, coco_files, "COCO file")
    labels, samples, licences, left_out = {}, [], [], []
    seen, has_splits = {}, any(known_split(split) for split, _ in files)
    for split, path in files:
        content, boxes = _load(path)
        folder = image_folder(path, images, [image["file_name"] for image in content["images"]])
        photos = [_photo(path, folder, image, confined) for image in content["images"]]
        pictures = dict.fromkeys(photos, path)
        if has_splits and not known_split(split):
            if seen.keys() >= pictures.keys() or not any(map(os.path.isfile, pictures)):
                left_out.append(path.name)
                continue
        elif not has_splits and (twice := next(iter(seen.keys() & pictures), None)):
            raise DatasetError(
                f"{path}: labels {twice.name} as {seen[twice].name} does; give one of the files alone, or "
                "make one of both"
            )
        seen |= pictures
        samples += _samples(path, content, boxes, split, photos, labels)
        licences += _licences(content)
    provenance = {"source": str(source), "format": "coco"}
    if licences:
        provenance["licence"] = "; ".join(dict.fromkeys(licences))
    if left_out:
        reason = "which label the same pictures once more, or others than are there"
        provenance["left out"] = f"{', '.join(left_out)}, {reason}"
    dataset = Dataset(name, tuple(samples), tuple(labels), provenance)
    return dataset if raw else dataset.cleaned()


def write_coco(dataset, folder, progress=iter):
    """Write ``dataset`` to the empty ``folder``: ``images/``, and ``train.json``, ... or ``all.json``.

    Args:
        progress: wraps a list of what is to do in an iterator that shows progress.

    Raises:
        DatasetError: an image is missing.
        SkushareError: the disk is full or not writable.
    """
    named = unique_names(dataset.samples)
    place_images(named, folder / "images", progress)
    for split, part in by_split(named).items():
        with atomic_write(folder / f"{split}.json") as file:
            file.writelines(piece.encode() for piece in coco_text(dataset, part))


def coco_text(dataset, named):
    """The text of a COCO file, piece by piece.

    Args:
        dataset: has the class names and the provenance.
        named: list of (file name, sample).
    """
    licence = dataset.provenance.get("licence")
    head = {
        "info": {"description": dataset.name},
        "licenses": [{"id": 1, "name": licence}] if licence else [],
        "categories": [{"id": number, "name": label} for number, label in enumerate(dataset.labels, 1)],
    }
    yield json.dumps(head)[:-1]
    yield ',\n"images": ['
    for number, (name, sample) in enumerate(named, 1):
        entry = {"id": number, "file_name": name, "width": sample.width, "height": sample.height}
        if sample.group:
            entry["group"] = sample.group
        yield ("\n" if number == 1 else ",\n") + json.dumps(entry)
    yield '],\n"annotations": ['
    count = 0
    for number, (_, sample) in enumerate(named, 1):
        boxes = sample.boxes.astype(np.float64)
        boxes[:, 2:] -= boxes[:, :2]
        for box, class_id, score in zip(
            boxes.tolist(), sample.class_ids.tolist(), sample.scores, strict=True
        ):
            count += 1
            entry = {"id": count, "image_id": number, "category_id": class_id + 1, "bbox": box}
            entry |= {"area": max(box[2], 0) * max(box[3], 0), "iscrowd": int(score == 0)}
            if score not in (0, 1):
                entry["score"] = float(score)
            yield ("\n" if count == 1 else ",\n") + json.dumps(entry)
    yield "]}\n"


def _rotation(annotation):
    """Degrees by which CVAT has turned a ``bbox`` about its centre."""
    attributes = annotation.get("attributes")
    degrees = attributes.get("rotation") if isinstance(attributes, dict) else None
    return degrees if isinstance(degrees, float) else 0.0  # others are attributes of the user's own


def is_ignored(annotation):
    """Whether an annotation, as its file has it, marks a region to be ignored: a crowd, or ``ignore``."""
    return any(annotation.get(key) in _MARKED for key in ("iscrowd", "ignore"))


def _looks_like_coco(path):
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    # Label Studio puts a file of categories alone beside labels of YOLO.
    return bool(_KEYS.match(head)) and (len(head) == _HEAD or b'"images"' in head)


class _Boxes:
    """Boxes collected while a file is parsed: a million annotations as dicts take a gigabyte."""

    def __init__(self, path):
        self.path, self.count = path, 0
        self.images, self.categories = {}, {}  # ids and their places in the table
        self._numbers = array("d")

    def take(self, item):
        """An object of the JSON file as it is, or nothing in place of an annotation."""
        if "bbox" not in item or "image_id" not in item:
            return item
        self.count += 1
        bbox = item["bbox"] or self._around(item.get("segmentation"))
        if bbox:  # some tools keep annotations without a box
            try:
                left, top, width, height = bbox
                image = self.images.setdefault(item["image_id"], len(self.images))
                category = self.categories.setdefault(item["category_id"], len(self.categories))
                corners = (left, top, left + width, top + height)
                if degrees := _rotation(item):
                    corners = turned(corners, degrees)[0].tolist()
                score = 0.0 if is_ignored(item) else item.get("score")
                self._numbers.extend((image, *corners, category, 1.0 if score is None else score))
            except KeyError as error:
                raise _not_coco(f"{self.path}, annotation {self.count}", error) from None
            except _FAULTS:
                raise _not_coco(f"{self.path}, annotation {self.count}", _NUMBERS) from None
        return None

    def _around(self, shape):
        """The box of polygons, lists of x, y, x, y, ..., or of a mask; ``None`` if there are none."""
        if isinstance(shape, dict) and "counts" in shape:
            return self._around_mask(shape)
        if not isinstance(shape, list) or not any(shape):
            return None
        try:
            xs, ys = ([value for polygon in shape for value in polygon[start::2]] for start in (0, 1))
            left, top = min(xs), min(ys)
            return left, top, max(xs) - left, max(ys) - top
        except _FAULTS as error:
            raise _not_coco(f"{self.path}, annotation {self.count}", error) from None

    def _around_mask(self, mask):
        """The box of a run-length code: runs of pixels down the columns, as a list or packed in a text."""
        from faster_coco_eval import mask as masks  # which few datasets need

        try:
            if isinstance(mask["counts"], list):
                mask = masks.frPyObjects(mask, *mask["size"])
            box = masks.toBbox(mask).tolist()
        except (*_FAULTS, RuntimeError):
            where = f"{self.path}, annotation {self.count}"
            raise _not_coco(where, "its mask is no run-length code of its size") from None
        return box if all(box[2:]) else None

    def by_image(self, image_ids, class_of):
        """Arrays (n, 6) as for ``make_sample``, one for each of ``image_ids``."""
        places = {image: place for place, image in enumerate(image_ids)}
        for what, used, known in (("image", self.images, places), ("category", self.categories, class_of)):
            for unknown in used.keys() - known.keys():
                raise ValueError(f"it has a box of {what} {unknown!r}, but no such {what}")
        classes = np.array([class_of[category] for category in self.categories])
        owners = np.array([places[image] for image in self.images], int)
        table = np.frombuffer(self._numbers).reshape(-1, 7)
        rows, owner = table[:, 1:].copy(), owners[table[:, 0].astype(int)]
        rows[:, 4] = classes[rows[:, 4].astype(int)]
        order = np.argsort(owner, kind="stable")
        return np.split(rows[order], np.searchsorted(owner[order], np.arange(1, len(image_ids))))


def _load(path):
    """(content of a file, its :class:`_Boxes`); its lists are lists and its images have names."""
    boxes = _Boxes(path)
    try:
        content = json.loads(read_text(path), object_hook=boxes.take)
        if isinstance(content, list):
            raise TypeError("a list of results alone; give the labels with their images and categories")
        for key in ("images", "annotations", "categories"):
            if not isinstance(content[key], list):
                raise TypeError(f"{key} is not a list")
        if len(content["annotations"]) != boxes.count:
            raise ValueError("each annotation needs a bbox and an image_id")
        if not all(isinstance(image["file_name"], str) for image in content["images"]):
            raise TypeError("a file_name is not text")
        return content, boxes
    except _FAULTS as error:
        raise _not_coco(path, error) from None


def _not_coco(where, error):
    reason = f"{error} is missing" if isinstance(error, KeyError) else error
    return DatasetError(f"{where}: not a COCO detection file ({reason})")


def _licences(content):
    entries = content.get("licenses") or ()
    return [clean_text(entry["name"]) for entry in entries if isinstance(entry, dict) and entry.get("name")]


def _photo(path, folder, image, confined):
    name = image["file_name"]
    return labelled_path(folder, name, _where(path, image)) if confined else folder / name


def _where(path, image):
    return f"{path}, image {image.get('id')}"


def _samples(path, content, boxes, split, photos, labels):
    """Samples of one file; ``labels``, {name: class id}, grows by the classes that are new in it."""
    try:
        above = (category.get("supercategory") for category in content["categories"])
        children = Counter(name for name in above if isinstance(name, str))
        class_of = {}
        for category in sorted(content["categories"], key=lambda c: c["id"]):
            name = category["name"]
            if name in (None, ""):
                raise ValueError(f"category {category['id']!r} has no name")
            if category["id"] not in boxes.categories and _is_parent(category, children):
                continue
            class_of[category["id"]] = labels.setdefault(clean_text(name), len(labels))
        ids = [image["id"] for image in content["images"]]
        if len(set(ids)) < len(ids):
            raise ValueError("two images have the same id")
        tables = boxes.by_image(ids, class_of)
        sizes = [(image.get("width") or 0, image.get("height") or 0) for image in content["images"]]
    except _FAULTS as error:
        raise _not_coco(path, error) from None
    known = {}
    for image, photo, size, rows in zip(content["images"], photos, sizes, tables, strict=False):
        if known.setdefault(photo, image) is not image:
            raise DatasetError(
                f"{_where(path, image)}: is the same photo as image {known[photo]['id']}, {photo.name}; give "
                "it one id, or correct the file_name"
            )
        group = clean_text(image.get("group") or "")
        yield make_sample(photo, size, rows, split, _where(path, image), group)


def _is_parent(category, children):
    """Whether it is the supercategory of others, as the first that Roboflow writes.

    Args:
        children: {name: number of all categories that have it as supercategory}; one may be its own.
    """
    return children[category["name"]] > (category.get("supercategory") == category["name"])
