"""Pascal VOC: one XML file an image, splits as lists of names."""

import math
import os
import re
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import numpy as np

from skushare.dataset.dataset import Dataset, make_sample
from skushare.dataset.label_text import finite, number_text, read_lines, read_text
from skushare.dataset.labelmap import NAME, Classes, write_label_map
from skushare.dataset.layout import (
    beside_images,
    label_files,
    labelled_images,
    own_image,
    place_images,
    plain_files,
    unique_names,
)
from skushare.dataset.split_names import by_split, known_split, split_of, split_order
from skushare.errors import DatasetError
from skushare.files import atomic_write
from skushare.geometry import turned

_HOMES = ("Annotations", "annotations", "labels")  # the last as FiftyOne has it, with data beside
_NOT_XML = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def voc_files(folder):
    """``[(split, path)]`` of the XML files in ``folder``.

    They lie in ``Annotations`` (or ``labels``) and its subfolders, with splits as lists in
    ``ImageSets/Main``, or in one of a folder for each split; or else beside the images, in the folder
    itself or in one folder a split.
    """
    if found := _annotated(folder):
        return found
    parts = sorted(path for path in folder.iterdir() if path.is_dir() and known_split(path.name))
    pairs = [(known_split(part.name), path) for part in parts for _, path in _annotated(part)]
    return sorted(pairs, key=lambda pair: split_order(pair[0])) or beside_images(
        folder, "*.xml", _looks_like_voc
    )


def _annotated(folder):
    """``[(split, path)]`` of the XML files in the folder of annotations in ``folder``, if it has one."""
    for annotations in (folder / home for home in _HOMES):
        # CVAT keeps the folders of the pictures, and lists them as "shop/shelf 1".
        names = ((path, path.relative_to(annotations)) for path in plain_files(annotations, "**/*.xml"))
        files = {
            name.with_suffix("").as_posix(): path
            for path, name in names
            if not any(part.startswith(".") for part in name.parts)
        }
        # Folders of labels are of other formats as well.
        if files and (annotations.name != "labels" or any(map(_looks_like_voc, files.values()))):
            return _by_lists(folder / "ImageSets" / "Main", files, _image_folder(annotations))
    return []


def read_voc(source, images=None, raw=False):
    """The :class:`Dataset` in one XML file of Pascal VOC, or in a folder of them.

    Coordinates are taken as they are, in pixels from 0. The order of the classes is that of
    a label map in the folder, if there is one. An object's optional ``score`` marks a
    machine-made label; one that is ``difficult`` is a region to be ignored. Of a box that CVAT or
    roLabelImg (``robndbox``) has turned, the one around it is taken.

    Args:
        source: the folder or file.
        images: folder of the images; default: ``JPEGImages``, ``images`` or ``data`` beside the
            annotations' folder, or the folder of the XML file. Images of annotations in a
            subfolder may lie in its like.
        raw: keep the boxes as they stand in the file, wrong ones too.

    Raises:
        DatasetError: something is missing or makes no sense, or two files label one image; the
            message names the file.
    """
    name, files = label_files(source, voc_files, "XML files of Pascal VOC")
    source = Path(source)
    classes = Classes([source if source.is_dir() else source.parent])
    whole = Path(os.path.abspath(source))
    found, named = [], []
    for _, path in files:
        above = (home for home in reversed(path.parents) if home.name in _HOMES and whole in home.parents)
        home = next(above, path.parent)
        folder, place = Path(images) if images else _image_folder(home), path.parent.relative_to(home)
        file_name, *labelled = _read(path, classes)
        found.append(labelled)
        named.append((path, file_name.removeprefix(f"{place.as_posix()}/"), folder / place))
    samples = [
        make_sample(image, size, rows, split, path)
        for image, (size, rows), (split, path) in zip(labelled_images(named), found, files, strict=True)
    ]
    samples, labels = classes.finish(samples)
    dataset = Dataset(name, samples, labels, {"source": str(source), "format": "voc"})
    return dataset if raw else dataset.cleaned()


def write_voc(dataset, folder, progress=iter):
    """Write ``dataset`` to the empty ``folder``: ``Annotations``, ``JPEGImages``, ``ImageSets/Main``.

    Args:
        progress: wraps a list of what is to do in an iterator that shows progress.

    Raises:
        DatasetError: an image is missing, or a name has characters that XML cannot hold.
        SkushareError: the disk is full or not writable.
    """
    named = unique_names(dataset.samples)
    place_images(named, folder / "JPEGImages", progress)
    (folder / "Annotations").mkdir()
    (folder / "ImageSets" / "Main").mkdir(parents=True)
    for split, part in by_split(named).items():
        for name, sample in part:
            text = _xml(name, sample, dataset.labels)
            # All of the folder appears at once at the end, so its many small files need no care each.
            Path(folder, "Annotations", name).with_suffix(".xml").write_text(text, encoding="utf-8")
        with atomic_write(folder / "ImageSets" / "Main" / f"{split}.txt") as file:
            file.writelines(f"{Path(name).stem}\n".encode() for name, _ in part)
    write_label_map(folder / NAME, dataset.labels)


def _by_lists(lists, files, images):
    """``files`` with the splits that the text files in ``lists`` give them.

    Those in no list have none, or the one that their subfolder is named after. Of those in subfolders that
    are called as one above them, what has no picture of its own in ``images`` is an earlier copy, left out.
    """
    found, listed = [], set()
    paths = sorted(plain_files(lists, "*.txt"), key=lambda path: (split_order(split_of(path.stem)), path))
    for path in paths:
        stems = [line.rstrip("\r\n") for _, line in read_lines(path) if line.strip()]
        if known_split(path.stem):
            missing = next((stem for stem in stems if stem not in files), None)
            if missing is not None:
                raise DatasetError(f"{path}: lists {missing!r}, but Annotations has no {missing}.xml")
        else:
            # Lists of one class, and unions such as trainval, are no splits.
            stems = [stem for stem in stems if stem in files and stem not in listed]
        found += [(split_of(path.stem), files[stem]) for stem in stems]
        listed.update(stems)

    def is_copy(stem):
        place = Path(stem)
        return "/" in stem and place.name in files and not own_image(images / place.parent, files[stem])

    rest = [stem for stem in files if stem not in listed and not is_copy(stem)]
    splits = [known_split(stem.split("/")[0]) if "/" in stem else None for stem in rest]
    pairs = [(split or "", files[stem]) for split, stem in zip(splits, rest, strict=True)]
    return found + sorted(pairs, key=lambda pair: split_order(pair[0]))


def _read(path, classes):
    """(name of the image, its size, its boxes as for ``make_sample``) in an XML file."""
    text = read_text(path)
    if "<!DOCTYPE" in text:
        raise DatasetError(f"{path}: has a document type, which annotations do not need; remove it")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise DatasetError(f"{path}: not an XML file ({error})") from None
    if root.tag != "annotation":
        raise DatasetError(f"{path}: not an annotation of Pascal VOC, but {root.tag!r}")
    rows, where = [], path
    try:
        size = _texts(root.find("size"))
        size = [int(finite(size.get(side) or "0")) for side in ("width", "height")]
        for number, item in enumerate(root.iter("object"), 1):
            where = f"{path}, object {number}"
            if item.find("polygon") is not None and item.find("bndbox") is None:
                raise ValueError(
                    "is of LabelMe 3.0; export it as COCO 1.0 or Pascal VOC, which skushare reads"
                )
            corners, degrees = _box(item)
            if degrees:
                corners = turned(corners, degrees)[0]
            about = _texts(item)
            if not about["name"]:
                raise ValueError("its name is empty")
            ignored = (about.get("difficult") or "").strip().lower() in ("1", "true")
            score = 0.0 if ignored else finite(about.get("score") or "1")
            rows.append((*corners, classes.id_of(about["name"]), score))
    except KeyError as error:
        raise DatasetError(f"{where}: has no {error.args[0]}") from None
    except ValueError as error:
        raise DatasetError(f"{where}: {error}") from None
    return root.findtext("filename") or "", size, np.array(rows)  # an array takes far less than its rows


def _box(item):
    """Left, top, right and bottom of an object, and the degrees by which it is turned about its centre."""
    if (turned_box := item.find("robndbox")) is not None:
        texts = _texts(turned_box)
        x, y, w, h, angle = (finite(texts[name] or "") for name in ("cx", "cy", "w", "h", "angle"))
        return [x - w / 2, y - h / 2, x + w / 2, y + h / 2], math.degrees(angle)
    texts = _texts(item.find("bndbox"))
    return [finite(texts[side] or "") for side in ("xmin", "ymin", "xmax", "ymax")], _rotation(item)


def _rotation(item):
    """Degrees by which CVAT has turned the box of an object about its centre."""
    for attribute in map(_texts, item.iterfind("attributes/attribute")):
        if attribute.get("name") == "rotation":
            with suppress(ValueError):  # of an attribute of the user's own
                return finite(attribute.get("value") or "0")
    return 0.0


def _texts(element):
    """The texts of an element's children by their tags."""
    return {child.tag: child.text for child in element} if element is not None else {}


def _image_folder(home):
    folders = [home.parent / name for name in ("JPEGImages", "images", "data")] if home.name in _HOMES else []
    return next((folder for folder in folders if folder.is_dir()), home)


def _looks_like_voc(path):
    with open(path, "rb") as file:
        return re.search(rb"<annotation[\s>]", file.read(4096)) is not None


def _xml(name, sample, labels):
    size = f"<width>{sample.width}</width><height>{sample.height}</height><depth>3</depth>"
    lines = ["<annotation>", f"  <filename>{_escaped(name)}</filename>", f"  <size>{size}</size>"]
    for box, class_id, score in zip(sample.boxes, sample.class_ids, sample.scores, strict=True):
        corners = zip(("xmin", "ymin", "xmax", "ymax"), map(number_text, box), strict=True)
        mark = f"<difficult>{int(score == 0)}</difficult>"
        if score not in (0, 1):
            mark += f"<score>{number_text(score)}</score>"
        lines += [
            "  <object>",
            f"    <name>{_escaped(labels[class_id])}</name>",
            f"    <truncated>0</truncated>{mark}",
            f"    <bndbox>{''.join(f'<{side}>{value}</{side}>' for side, value in corners)}</bndbox>",
            "  </object>",
        ]
    return "\n".join([*lines, "</annotation>", ""])


def _escaped(text):
    if _NOT_XML.search(text):
        raise DatasetError(f"{text!r}: has a character that XML cannot hold; rename it")
    return escape(text)
