"""SKU-110K's CSV files: one row a box, one file a split."""

import codecs
import csv
import re
from array import array
from itertools import chain
from pathlib import Path

import numpy as np

from skushare.dataset.dataset import Dataset, make_sample
from skushare.dataset.label_text import finite, number_text, read_lines
from skushare.dataset.labelmap import NAME, Classes, write_label_map
from skushare.dataset.layout import (
    homes,
    image_folder,
    label_files,
    labelled_path,
    place_images,
    plain_files,
    unique_names,
)
from skushare.dataset.split_names import by_split, with_splits
from skushare.errors import DatasetError
from skushare.files import atomic_write
from skushare.image_files import SUFFIXES
from skushare.text import delimiter_of, is_delimiter_note

# Photos of the official archive that are cut short or damaged (eg4000/SKU110K_CVPR19, issue 99).
DAMAGED = frozenset(
    f"{split}_{number}.jpg"
    for split, numbers in {
        "train": "38 305 340 737 775 789 882 903 924 1239 2376 2903 2986 3240 3556 3560 3832 4222 5007 5137 "
        "5143 5762 5822 6052 6090 6138 6409 6722 6788 7576 7622 7883 8020 8146",
        "val": "147 286 296 386",
        "test": "22 132 184 232 274 521 853 910 923 1346 1929 2028 2321 2613 2643 2878",
    }.items()
    for number in numbers.split()
)
CLASS = "object"  # the one class of SKU-110K; own photos may have the name of a damaged one
# What tables call their columns, spaces, underscores and case apart, in the order of SKU-110K's.
COLUMNS = {
    "image": ("image", "imagename", "imagepath", "filename", "file", "path", "photo"),
    "left": ("left", "xmin", "x1"),
    "top": ("top", "ymin", "y1"),
    "right": ("right", "xmax", "x2"),
    "bottom": ("bottom", "ymax", "y2"),
    "class": ("class", "classname", "label", "category", "brand", "product", "sku"),
    "width": ("width", "imagewidth", "imgwidth"),
    "height": ("height", "imageheight", "imgheight"),
}
SIZE = ("width", "height")  # which a table may lack; then the pictures tell them
SCORE = ("score", "confidence")
_SIZE = re.compile(r"\d+(\.0*)?")  # some tables have all numbers with a point
_NUMBER = re.compile(r"\s*-?\d+([.,]\d*)?\s*")
# Of a table without a header, as keras-retinanet has it: SKU-110K's has two columns more.
_UNSIZED = {column: place for place, column in enumerate(COLUMNS) if column not in SIZE}


def csv_files(folder):
    """``[(split, path)]`` of the CSV files in ``folder``, its ``annotations``, or one a subfolder."""
    for pattern in ("*.csv", "annotations/*.csv", "*/_annotations.csv"):
        found = [path for path in plain_files(folder, pattern) if _has_boxes(path)]
        if found:
            return with_splits(found, [p.parent.name if p.name.startswith("_") else p.stem for p in found])
    return []


def read_csv(source, images=None, raw=False):
    """The :class:`Dataset` in a CSV file as SKU-110K's, or in a folder with one for each split.

    Columns: image, left, top, right, bottom, class, width and height of the image, and
    optionally the score of a machine-made label; in another order, and among others, where a
    header names them (``COLUMNS``). Without the size, which is the picture's then, there may be
    six columns. Spreadsheets may have written semicolons or
    tabs between them, with a comma in numbers. An image without boxes has one row with
    its size alone. The photos of SKU-110K that are known to be ``DAMAGED`` are left out
    and named in the provenance.

    Args:
        source: the CSV file or the folder.
        images: folder of the images; default: as :func:`~skushare.dataset.layout.image_folder` finds it.
        raw: keep the boxes as they stand in the file, wrong ones too.

    Raises:
        DatasetError: the file or the folder is missing, or a row makes no sense; the
            message names the line.
    """
    name, files = label_files(source, csv_files, "CSV file of boxes")
    classes = Classes(homes(files[0][1]))
    samples = []
    for split, path in files:
        rows, sizes = _read_rows(path, classes)
        folder, names = image_folder(path, images, list(rows)), {}
        for image in rows:
            where = f"{path}, {image}"
            file = labelled_path(folder, image, where)
            if names.setdefault(file, image) != image:
                raise DatasetError(f"{where}: is the same photo as {names[file]}; call it by one name")
            samples.append(make_sample(file, sizes[image], rows[image], split, where))
    samples, labels = classes.finish(samples)
    left_out = [s.path.name for s in samples if s.path.name in DAMAGED and _labels_of(s, labels) == {CLASS}]
    samples = tuple(sample for sample in samples if sample.path.name not in left_out)
    provenance = {"source": str(source), "format": "csv"}
    if left_out:
        provenance["left out"] = (
            f"{', '.join(left_out[:3])} ({len(left_out)} in all), known to be damaged in SKU-110K"
        )
    dataset = Dataset(name, samples, labels, provenance)
    return dataset if raw else dataset.cleaned()


def _labels_of(sample, labels):
    return {labels[class_id] for class_id in sample.class_ids}


def write_csv(dataset, folder, progress=iter):
    """Write ``dataset`` to the empty ``folder``: ``images/`` and ``annotations/annotations_train.csv``, ...

    There is a ninth column, the score, in files with machine-made labels.

    Args:
        progress: wraps a list of what is to do in an iterator that shows progress.

    Raises:
        DatasetError: an image is missing.
        SkushareError: the disk is full or not writable.
    """
    named = unique_names(dataset.samples)
    place_images(named, folder / "images", progress)
    (folder / "annotations").mkdir()
    for split, part in by_split(named).items():
        scored = any((sample.scores != 1).any() for _, sample in part)
        with atomic_write(folder / "annotations" / f"annotations_{split}.csv") as file:
            writer = csv.writer(codecs.getwriter("utf-8")(file), lineterminator="\n")
            for name, sample in part:
                writer.writerows(_rows_of(name, sample, dataset.labels, scored))
    write_label_map(folder / NAME, dataset.labels)


def _rows_of(name, sample, labels, scored):
    size = [sample.width, sample.height]
    if not len(sample.boxes):
        yield [name, "", "", "", "", "", *size]
    for box, class_id, score in zip(sample.boxes, sample.class_ids, sample.scores, strict=True):
        row = [name, *map(number_text, box), labels[class_id], *size]
        yield [*row, number_text(score)] if scored else row


def _read_rows(path, classes):
    """``{image: boxes}``, six numbers a box as for ``make_sample``, and ``{image: (width, height)}``."""
    boxes, sizes = {}, {}
    lines = (line for _, line in read_lines(path))
    first = next(lines, "")
    if skipped := is_delimiter_note(first):
        first = next(lines, "")
    delimiter = delimiter_of(first)
    reader = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
    places, has_names = None, False
    try:
        for row in reader:
            if reader.line_num == 1:
                places = _places(row)
                if places or _is_header(row):
                    continue
                if len(row) == len(_UNSIZED):
                    places = _UNSIZED
            if not any(row):
                continue
            if places:
                row = _in_order(row, places)
            image, left, top, right, bottom, label, width, height, *score = row
            if delimiter != ",":
                left, top, right, bottom, *score = (
                    text.replace(",", ".") for text in (left, top, right, bottom, *score)
                )
            if not boxes and _is_photo(label) and not _is_photo(image):  # makesense.ai's
                raise ValueError(f"{label} stands where the class is to be")
            sizes.setdefault(image, (_whole(width), _whole(height)))
            box = boxes.setdefault(image, array("d"))
            if left or label:
                if not label:
                    raise ValueError("the class has no name")
                has_names = has_names or not _NUMBER.fullmatch(label)
                corners = map(finite, (left, top, right, bottom))
                box.extend((*corners, classes.id_of(label), finite(score[0]) if score else 1.0))
    except (ValueError, csv.Error) as error:
        raise DatasetError(
            f"{path}, line {reader.line_num + skipped}: not a row of image, left, top, right, bottom, class, "
            f"with or without width and height, nor a header with such names ({error})"
        ) from None
    if places is _UNSIZED and any(boxes.values()) and not has_names:
        raise DatasetError(
            f"{path}: has six columns of numbers, which do not tell the class from the corners; "
            "name the columns in a line above them"
        )
    if places is _UNSIZED and _are_sides(boxes):
        raise DatasetError(
            f"{path}: most boxes end before they begin, as left, top, width and height do; write right and "
            "bottom instead, or name the columns in a line above them"
        )
    return boxes, sizes


def _is_photo(name):
    return Path(name.strip()).suffix.lower() in SUFFIXES


def _are_sides(boxes):
    """Whether most ``boxes``, of all images, have no area as corners, but as corner, width and height."""
    table = np.concatenate([np.zeros(0), *boxes.values()]).reshape(-1, 6)
    inverted = (table[:, 2:4] <= table[:, :2]).any(axis=1) & (table[:, 2:4] > 0).all(axis=1)
    return bool(inverted.sum() > len(table) / 2)


def _whole(text):
    if not _SIZE.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is no width or height")
    return int(float(text))


def _places(header):
    """``{column: where it is}`` by ``COLUMNS`` and ``SCORE``; ``None`` if too few are named."""
    names = [re.sub(r"[\W_]+", "", name).casefold() for name in header]
    named = {
        column: [names.index(name) for name in known if name in names]
        for column, known in (COLUMNS | {"score": SCORE}).items()
    }
    found = {column: places[0] for column, places in named.items() if places}
    return found if found.keys() >= COLUMNS.keys() - set(SIZE) else None


def _in_order(row, places):
    """The cells of ``row`` as SKU-110K has them, the size 0 where there is none."""
    cells = {column: row[place] for column, place in places.items() if place < len(row)}
    if missing := next((column for column in places if column not in cells and column != "score"), None):
        raise ValueError(f"it has no {missing}")
    score = [cells["score"]] if "score" in cells else []
    return [cells.get(column, "0") for column in COLUMNS] + score


def _is_header(row):
    return len(row) >= 8 and row[6].strip()[:1].isalpha()


def _has_boxes(path):
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        lines = [file.readline(4096) for _ in range(3)]
    lines = lines[1:] if is_delimiter_note(lines[0]) else lines[:2]
    rows = list(csv.reader(lines, delimiter=delimiter_of(lines[0])))
    return bool(rows and _places(rows[0])) or any(
        (len(row) in (8, 9) and all(map(_SIZE.fullmatch, row[6:8]))) or _is_unsized(row) for row in rows
    )


def _is_unsized(row):
    return (
        len(row) == len(_UNSIZED)
        and _is_photo(row[0])
        and [bool(_NUMBER.fullmatch(cell)) for cell in row[1:]] == [True] * 4 + [False]
        and bool(row[5].strip())
    )
