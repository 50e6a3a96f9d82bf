"""LabelMe's files, and AnyLabeling's: one JSON file an image, beside it."""

import json
import math
import re
from pathlib import Path

import numpy as np

from skushare.dataset.dataset import Dataset, make_sample
from skushare.dataset.label_text import clean_text, read_text
from skushare.dataset.labelmap import NAME, Classes, write_label_map
from skushare.dataset.layout import (
    bare_name,
    beside_images,
    label_files,
    labelled_images,
    place_images,
    unique_names,
)
from skushare.dataset.split_names import by_split
from skushare.errors import DatasetError

# With sorted keys, the picture itself may stand ahead of the shapes.
_KEYS = re.compile(rb'"(shapes|imageData)"\s*:')
_HEAD = 4096  # bytes of a file, in which one of the keys stands
_WITHOUT_AREA = ("point", "points", "line", "linestrip")
_FAULTS = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError)


def labelme_files(folder):
    """``[(split, path)]`` of the files in ``folder``, beside the images, or in one folder a split."""
    return beside_images(folder, "*.json", is_labelme)


def is_labelme(path):
    """Whether a JSON file is one of LabelMe's, by its beginning."""
    with open(path, "rb") as file:
        return _KEYS.search(file.read(_HEAD)) is not None


def read_labelme(source, images=None, raw=False):
    """The :class:`Dataset` in one file of LabelMe, or in a folder of them.

    Rectangles are taken in whatever order their corners were drawn, of polygons, circles and
    masks the box around them; points and lines are left out. The order of the classes is that
    of a label map in the folder, if there is one. As AnyLabeling writes them, a shape's ``score``
    marks a machine-made label, ``difficult`` a region to be ignored. Pictures within the files are not read.

    Args:
        source: the folder or file.
        images: folder of the images; default: that of the JSON file.
        raw: keep the boxes as they stand in the file, wrong ones too.

    Raises:
        DatasetError: something is missing or makes no sense, or two files label one image; the
            message names the file.
    """
    name, files = label_files(source, labelme_files, "JSON files of LabelMe")
    source = Path(source)
    classes = Classes([source if source.is_dir() else source.parent])
    found, named = [], []
    for _, path in files:
        file_name, *labelled = _read(path, classes)
        found.append(labelled)
        named.append((path, file_name, Path(images or path.parent)))
    samples = [
        make_sample(image, size, rows, split, path)
        for image, (size, rows), (split, path) in zip(labelled_images(named), found, files, strict=True)
    ]
    samples, labels = classes.finish(samples)
    dataset = Dataset(name, samples, labels, {"source": str(source), "format": "labelme"})
    return dataset if raw else dataset.cleaned()


def write_labelme(dataset, folder, progress=iter):
    """Write ``dataset`` to the empty ``folder``: images and JSON files in ``train``, ``val``, ... or ``all``.

    Args:
        progress: wraps a list of what is to do in an iterator that shows progress.

    Raises:
        DatasetError: an image is missing.
        SkushareError: the disk is full or not writable.
    """
    named = [
        (f"{split}/{name}", sample)
        for split, part in by_split(unique_names(dataset.samples)).items()
        for name, sample in part
    ]
    place_images(named, folder, progress)
    for name, sample in named:
        text = json.dumps(_content(Path(name).name, sample, dataset.labels), indent=2)
        # All of the folder appears at once at the end, so its many small files need no care each.
        Path(folder, name).with_suffix(".json").write_text(text, encoding="utf-8")
    write_label_map(folder / NAME, dataset.labels)


def _read(path, classes):
    """(name of the image, its size, its boxes as for ``make_sample``) in a JSON file."""
    rows, where = [], path
    try:
        content = json.loads(read_text(path))
        size = [content.get(side) or 0 for side in ("imageWidth", "imageHeight")]
        for number, shape in enumerate(content["shapes"], 1):
            where = f"{path}, shape {number}"
            if shape.get("shape_type") not in _WITHOUT_AREA:
                label, score = shape["label"], shape.get("score")
                if label in (None, ""):
                    raise ValueError("its label is empty")
                class_id = classes.id_of(clean_text(label))
                score = 0.0 if shape.get("difficult") else 1.0 if score is None else float(score)
                rows.append((*_box(shape), class_id, score))
        # An array takes far less than its rows.
        return bare_name(content.get("imagePath") or ""), size, np.array(rows)
    except _FAULTS as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else error
        raise DatasetError(f"{where}: not a file of LabelMe ({reason})") from None


def _box(shape):
    """Left, top, right and bottom of what has an area."""
    points = np.array(shape["points"], np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError("its points are no pairs of numbers")
    if shape.get("shape_type") == "circle":
        centre, edge = points
        return *(centre - math.dist(centre, edge)), *(centre + math.dist(centre, edge))
    return *points.min(axis=0), *points.max(axis=0)


def _content(name, sample, labels):
    shapes = []
    for box, class_id, score in zip(sample.boxes.tolist(), sample.class_ids, sample.scores, strict=True):
        shape = {"label": labels[class_id], "points": [box[:2], box[2:]], "group_id": None}
        shape |= {"shape_type": "rectangle", "flags": {}}
        if score == 0:
            shape["difficult"] = True
        elif score != 1:
            shape["score"] = float(score)
        shapes.append(shape)
    size = {"imageHeight": sample.height, "imageWidth": sample.width}
    # Of LabelMe 5; without the picture itself in it, LabelMe reads the file beside.
    return {"version": "5.5.0", "flags": {}, "shapes": shapes, "imagePath": name, "imageData": None, **size}
