"""Datasets in any known format: recognised, read and written."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np

from skushare.dataset.archive import ARCHIVES
from skushare.dataset.coco import coco_files, read_coco, write_coco
from skushare.dataset.labelme import is_labelme, labelme_files, read_labelme, write_labelme
from skushare.dataset.layout import plain_files, with_found_photos
from skushare.dataset.sku110k import csv_files, read_csv, write_csv
from skushare.dataset.tfrecord import read_tfrecord, tfrecord_files, write_tfrecord
from skushare.dataset.voc import read_voc, voc_files, write_voc
from skushare.dataset.yolo import read_yolo, write_yolo, yolo_files
from skushare.errors import DatasetError, UnknownFormatError
from skushare.files import atomic_folder
from skushare.text import counted, tidy_name
from skushare.workspace import datasets_folder


@dataclass(frozen=True)
class Format:
    """How a format is recognised, read and written.

    Attributes:
        read: ``(source, images, raw) -> Dataset``.
        write: ``(dataset, folder, progress)``, into an empty folder.
        files: ``folder -> list``, the label files in it; empty if it is another format.
        suffixes: how the endings of its label files begin.
    """

    read: Callable
    write: Callable
    files: Callable
    suffixes: tuple[str, ...]


# In the order in which a folder is tried: YOLO's is the one that looks most like others.
FORMATS = {
    "tfrecord": Format(read_tfrecord, write_tfrecord, tfrecord_files, (".tfrecord", ".tfrecords", ".record")),
    "voc": Format(read_voc, write_voc, voc_files, (".xml",)),
    "coco": Format(read_coco, write_coco, coco_files, (".json",)),
    "labelme": Format(read_labelme, write_labelme, labelme_files, (".json",)),
    "csv": Format(read_csv, write_csv, csv_files, (".csv",)),
    "yolo": Format(read_yolo, write_yolo, yolo_files, (".yaml", ".yml")),
}

# What is not read, such as what other tools write for themselves: endings, patterns of the first bytes, and
# what to do instead.
FOREIGN = (
    (
        ".json",
        b'"rectanglelabels"',
        "Label Studio's own JSON; export it there as COCO or as YOLO with images",
    ),
    (".json", b'"shape_attributes"', "a project of VIA; export it there as COCO"),
    (".json", rb'\A\s*\[(?s:.*)"coordinates"\s*:\s*\{', "labels for CreateML; export them as COCO or YOLOv8"),
    (
        ".csv",
        b'""rectanglelabels""',
        "Label Studio's own CSV; export it there as COCO or as YOLO with images",
    ),
    (".csv", b"region_shape_attributes", "a table of VIA; export it there as COCO"),
    (".xml", b"<annotations>", "an XML file of CVAT; export it there as COCO 1.0 or YOLO 1.1"),
    (
        ".txt",
        rb"(?mi)^\S.*\.(jpe?g|png|bmp|webp|tiff?) \d+(,\d+){4}\b",
        "labels for YOLOv4 PyTorch or YOLOv3 Keras; export them as COCO or YOLOv8",
    ),
)
_IN_PIXELS = ("voc", "coco", "labelme", "csv")
_FRACTIONS_END = 1.5
_FIRST_BYTES = 1 << 16
_FILES_TRIED = 1000


def detect_format(source):
    """Name of the format, one of ``FORMATS``, of a label file or of a folder.

    Raises:
        UnknownFormatError: it is none of them.
        DatasetError: it is what a labelling tool writes for itself; the message names a format to export.
    """
    source = _unwrapped(Path(source))
    if source.is_file():
        _refuse_foreign(source)
        if source.suffix.lower() == ".json" and is_labelme(source):  # it ends as COCO's do
            return "labelme"
    for name, format_ in FORMATS.items():
        if format_.files(source) if source.is_dir() else source.suffix.lower().startswith(format_.suffixes):
            return name
    if source.suffix.lower() in ARCHIVES:
        raise UnknownFormatError(
            f"{source}: an archive; unpack it and give the folder, or store a zip by skushare data import"
        )
    if source.is_dir():
        endings = {ending for ending, *_ in FOREIGN}
        # Roboflow puts one into the folder of each split.
        files = chain(plain_files(source, "*"), plain_files(source, "*/*"))
        for file in islice((file for file in files if file.suffix.lower() in endings), _FILES_TRIED):
            _refuse_foreign(file)
    known = ", ".join(FORMATS)
    raise UnknownFormatError(
        f"{source}: no labels of a known format ({known}); docs/datasets.md shows their layouts"
    )


def read_dataset(source, images=None, format=None, raw=False):
    """The :class:`~skushare.dataset.dataset.Dataset` that ``source`` stands for.

    Args:
        source: a file or a folder in a known format, or the name of a stored dataset;
            with ``@split`` at its end, that split alone; with ``@`` alone, what has no split.
        images: folder of the images, where it is not at its usual place.
        format: one of ``FORMATS``, where it should not be recognised.
        raw: keep boxes outside of their image, inverted and tiny ones, as they stand in
            the file; otherwise boxes are clipped and those without area dropped.

    Raises:
        DatasetError: there is nothing of that name, or it is damaged; the message names
            the file and the place in it. Or its boxes are fractions where the format has pixels,
            or pixels where it has fractions. Or a class has no name but spaces.
    """
    if known := stored_source(source):
        dataset = _stored(known[0], raw)
        return dataset if known[0] == source else dataset.only(known[1])
    text = str(source)
    base, _, split = text.rpartition("@")
    if base and not os.path.exists(text) and os.path.exists(base):
        return read_dataset(Path(base), images, format, raw).only(split)
    path = Path(os.path.abspath(text))
    if path.parent == Path(os.path.abspath(datasets_folder())) and _is_stored(path.name):
        return _stored(path.name, raw)  # by its name, so that edits count
    if not os.path.exists(text):  # "", an unset variable of a shell, is not this folder
        return _stored(text, raw)
    source = _unwrapped(path)
    # Raw at first: without its photo, a box may have no picture yet to lie in.
    format = format or detect_format(source)
    dataset = FORMATS[format].read(source, images, True)
    if format in _IN_PIXELS and _are_fractions(dataset):
        raise DatasetError(f"{source}: its boxes look like fractions of the picture; {format} needs pixels")
    if format == "yolo" and _are_pixels(dataset):
        raise DatasetError(
            f"{source}: its boxes look like pixels; yolo needs fractions of the picture, from 0 to 1"
        )
    if not all(map(tidy_name, dataset.labels)):
        raise DatasetError(f"{source}: a class has a name of spaces alone; correct it in the labels")
    if any(label != tidy_name(label) for label in dataset.labels):
        dataset = dataset.renamed({})
    dataset = with_found_photos(dataset, images or (source if source.is_dir() else source.parent))
    return dataset if raw else dataset.cleaned()


def _are_fractions(dataset):
    """Whether no box of ``dataset`` reaches beyond a pixel or so from the corner of its picture."""
    boxes = np.concatenate([np.zeros((0, 4)), *(sample.boxes for sample in dataset.samples)])
    # Some give the centre in place of the corner.
    return bool(boxes.any() and boxes.min() >= 0 and boxes.max() <= _FRACTIONS_END)


def _are_pixels(dataset):
    """Whether most boxes of ``dataset``, read as fractions, end far beyond their picture."""
    ends = np.concatenate([np.zeros(0), *(sample.fractions().max(axis=1) for sample in dataset.samples)])
    return bool((ends > _FRACTIONS_END).sum() > len(ends) / 2)


def stored_source(source):
    """(name, split) of the stored dataset that the text ``source`` names; or ``None``.

    The split is empty for the whole dataset, NAME, as for its photos without a split, NAME@.
    A stored dataset comes before a file or folder of its name, which ``./NAME`` or ``NAME/`` stands for.
    """
    from skushare.dataset.store import dataset_names  # which reads COCO by this package

    if not isinstance(source, str):
        return None
    names, (base, _, split) = dataset_names(), source.rpartition("@")
    return (source, "") if source in names else (base, split) if base in names else None


def write_dataset(dataset, out, format, progress=iter):
    """Write ``dataset`` to the folder ``out`` in a format, images and splits included, whole or not at all.

    Args:
        format: one of ``FORMATS``.
        progress: wraps a list of what is to do in an iterator that shows progress.

    Raises:
        DatasetError: ``out`` is there already, ``dataset`` is empty, or an image is missing.
        SkushareError: the disk is full or not writable.
    """
    if not dataset.samples:
        raise DatasetError(f"{dataset.name}: has no images; there is nothing to write")
    with atomic_folder(out) as folder:
        FORMATS[format].write(dataset, folder, progress)


def left_out(raw, dataset, format):
    """What ``dataset``, which is ``raw`` cleaned, lacks of it as written in a format: texts for people."""
    boxes = [sum(len(sample.boxes) for sample in one.samples) for one in (raw, dataset)]
    ignored = sum(int(sample.ignored.sum()) for sample in dataset.samples)
    told = []
    if dropped := boxes[0] - boxes[1]:
        told.append(f"left out {counted(dropped, 'box')} without area or outside of their image")
    if format == "yolo" and ignored:
        told.append(f"left out {counted(ignored, 'region')} to be ignored, which yolo has no mark for")
    return told


def _unwrapped(path):
    """The folder within folders that hold nothing else, as archives make them."""
    while path.is_dir():
        inner = [entry for entry in path.iterdir() if not entry.name.startswith((".", "__MACOSX"))]
        if len(inner) != 1 or not inner[0].is_dir() or inner[0].name.lower() in ("images", "annotations"):
            break
        path = inner[0]
    return path


def _refuse_foreign(file):
    """Raise a :class:`DatasetError` that names the tool whose own format ``file`` has."""
    suffix = file.suffix.lower()
    if not any(suffix == known for known, *_ in FOREIGN):
        return
    with file.open("rb") as handle:
        start = handle.read(_FIRST_BYTES)
    for known, mark, remedy in FOREIGN:
        if suffix == known and re.search(mark, start):
            raise DatasetError(f"{file}: {remedy}, which skushare reads")


def _is_stored(name):
    from skushare.dataset import store  # which reads COCO by this package

    return name in store.dataset_names()


def _stored(name, raw):
    from skushare.dataset import store

    if not _is_stored(name):
        known = ", ".join(store.dataset_names()) or "none"
        raise DatasetError(
            f"{name or repr('')}: no such file or folder, nor a stored dataset (there are: {known})"
        )
    dataset = store.open_dataset(name)
    return dataset if raw else dataset.cleaned()
