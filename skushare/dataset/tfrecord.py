"""TFRecord files with the TF Object Detection API's features, and a list of what is in each.

The files themselves show every damage but one: an end cut off between two records. So
``tfrecord.json`` beside them holds the number of records and the SHA-256 of each file.
"""

import hashlib
import itertools
import json
import os
import re
from dataclasses import replace
from math import ceil
from pathlib import Path
from struct import Struct

import google_crc32c
import numpy as np
from google.protobuf.message import DecodeError

from skushare.dataset.dataset import Dataset, make_sample
from skushare.dataset.label_text import read_text, unreadable
from skushare.dataset.labelmap import NAME as LABEL_MAP
from skushare.dataset.labelmap import Classes, write_label_map
from skushare.dataset.layout import label_files, labelled_path, plain_files, unique_names
from skushare.dataset.messages import Example
from skushare.dataset.split_names import by_split, known_split, split_of, split_order
from skushare.errors import DatasetError
from skushare.files import atomic_write, sha256, write_file
from skushare.image_files import SUFFIXES
from skushare.images import read_header, read_image
from skushare.jpeg import encode_jpeg
from skushare.workspace import numbered

SIDECAR = "tfrecord.json"
SHARD_BYTES = 256 << 20
_ENDING = r"\.(?:tfrecords?|records?)"
_SHARD = re.compile(rf"(.+?)(?:{_ENDING})?-(\d{{5}})-of-(\d{{5}})(?:{_ENDING})?")
_WHOLE = re.compile(rf"(.+?){_ENDING}")
_PLAIN = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png"}  # what TensorFlow decodes, by Pillow's names
_IGNORED = ("is_crowd", "group_of", "difficult")  # what makes a box a region to be ignored
_LENGTH, _CRC = Struct("<Q"), Struct("<I")
_REPAIR = "copy it again, or write it again with skushare data convert"


def tfrecord_files(folder):
    """``[(split, path)]`` of the TFRecord files in ``folder``, or else in its folders named like splits.

    Raises:
        DatasetError: one file of a series NAME-00000-of-00003 is missing.
    """
    if found := _files_in(folder):
        return found
    parts = sorted(path for path in folder.iterdir() if path.is_dir() and known_split(path.name))
    pairs = [(known_split(part.name), path) for part in parts for _, path in _files_in(part)]
    return sorted(pairs, key=lambda pair: (split_order(pair[0]), pair[1]))


def _files_in(folder):
    files, numbers = {}, {}
    for path in plain_files(folder, "*"):
        if match := _SHARD.fullmatch(path.name):
            numbers.setdefault((match[1], int(match[3])), set()).add(int(match[2]))
        match = match or _WHOLE.fullmatch(path.name)
        if match:
            files[path] = match[1]
    for (name, count), found in numbers.items():
        missing = sorted(set(range(count)) - found)
        if missing:
            raise DatasetError(f"{folder}: {name}: file {missing[0]:05} of {count:05} is missing; {_REPAIR}")
    names = {name: known_split(re.split("[_.-]", name)[-1]) for name in files.values()}
    if len(names) > 1:
        names = {name: known or split_of(name) for name, known in names.items()}
    pairs = [(names[name] or "", path) for path, name in files.items()]
    return sorted(pairs, key=lambda pair: (split_order(pair[0]), pair[1]))


def read_tfrecord(source, images=None, raw=False):
    """The :class:`Dataset` in a TFRecord file, or in a folder of them.

    The pictures in the records are written to a folder as files; those that are there already
    from an earlier reading stay. Where a class's name and number disagree, the name counts; numbers are
    those of the label map in the file's own folder.
    A weight, 1 at most, is taken for the score of a machine-made label; groups, crowds and what is difficult
    are regions to be ignored.

    Args:
        source: the file or folder.
        images: where the pictures go; default: ``images`` beside their records.
        raw: keep the boxes as they stand in the file, wrong ones too.

    Raises:
        DatasetError: a file is missing, damaged, cut short, or not as ``tfrecord.json`` tells;
            or a picture's place is taken by another file. The message names file and record.
    """
    name, files = label_files(source, tfrecord_files, "TFRecord files")
    folders = dict.fromkeys(path.parent for _, path in files)
    classes, taken, samples, verified = Classes(folders), set(), [], True
    for folder in folders:
        parts = [(split, path) for split, path in files if path.parent == folder]
        expected = _read_sidecar(folder, [path.name for _, path in parts], Path(source).is_dir())
        verified = verified and bool(expected)
        home = Path(images) if images else folder / "images"
        classes.number_by(folder)
        for split, path in parts:
            for number, record in enumerate(read_records(path, expected.get(path.name)), 1):
                where = f"{path}, record {number}"
                try:
                    samples.append(_read_example(record, home, taken, split, classes, where))
                except (DecodeError, ValueError, TypeError, AttributeError, IndexError) as error:
                    raise DatasetError(f"{where}: not an example of object detection ({error})") from None
    samples, labels = classes.finish(samples)
    provenance = {"source": str(source), "format": "tfrecord", "verified": verified}
    dataset = Dataset(name, samples, labels, provenance)
    return dataset if raw else dataset.cleaned()


def write_tfrecord(dataset, folder, progress=iter):
    """Write ``dataset`` to the empty ``folder``: ``train-00000-of-00004.tfrecord``, ..., and a label map.

    TensorFlow reads JPEG and PNG and does not turn photos, so others are encoded anew, upright.
    The score of a machine-made label becomes its weight.

    Args:
        progress: wraps a list of what is to do in an iterator that shows progress.

    Raises:
        DatasetError: an image is missing or no image, or its size is unknown.
        SkushareError: the disk is full or not writable.
    """
    plan = []
    for split, part in by_split(unique_names(dataset.samples)).items():
        count = min(ceil(sum(_file_size(sample.path) for _, sample in part) / SHARD_BYTES) or 1, len(part))
        for number, (name, sample) in enumerate(part):
            shard = f"{split}-{number * count // len(part):05}-of-{count:05}.tfrecord"
            plan.append((shard, name, sample))
    contents = {}
    for shard, entries in itertools.groupby(progress(plan), key=lambda entry: entry[0]):
        records = (_example(name, sample, dataset.labels) for _, name, sample in entries)
        count, digest = write_records(folder / shard, records)
        contents[shard] = {"records": count, "sha256": digest}
    write_label_map(folder / LABEL_MAP, dataset.labels)
    contents[LABEL_MAP] = {"sha256": sha256(folder / LABEL_MAP)}
    write_file(folder / SIDECAR, json.dumps(contents, indent=1))


def masked_crc(data):
    """The checksum in TFRecord files: CRC-32C of ``data``, rotated and offset."""
    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def write_records(path, records):
    """Write bytes objects as a TFRecord file, whole or not at all.

    Returns:
        number of records, SHA-256 of the file in hexadecimal.
    """
    count, digest = 0, hashlib.sha256()
    with atomic_write(path) as file:
        for record in records:
            length = _LENGTH.pack(len(record))
            for part in (length, _CRC.pack(masked_crc(length)), record, _CRC.pack(masked_crc(record))):
                digest.update(part)
                file.write(part)
            count += 1
    return count, digest.hexdigest()


def read_records(path, expected=None):
    """Yield the records of a TFRecord file, each checked.

    Args:
        expected: (number of records, SHA-256) as from :func:`write_records`; checked at the end.

    Raises:
        DatasetError: the file is missing, damaged, cut short, or not as ``expected``.
    """
    count, digest = 0, hashlib.sha256()
    try:
        with open(path, "rb") as file:
            left = os.fstat(file.fileno()).st_size
            while left:
                where = f"{path}, record {count + 1}"
                record = _take_record(file, left, digest, where)
                left -= 16 + len(record)
                count += 1
                yield record
    except OSError as error:
        raise unreadable(path, error) from None
    if expected and (count, digest.hexdigest()) != expected:
        raise DatasetError(
            f"{path}: its {count} records are not the {expected[0]} that {SIDECAR} tells of; {_REPAIR}"
        )


def _take_record(file, left, digest, where):
    """The next record of a file with ``left`` more bytes."""
    size = 8
    for last in (False, True):  # a length, then so many bytes, each with a checksum
        left -= size + 4
        if left < 0:
            raise DatasetError(f"{where}: is cut short; {_REPAIR}")
        data, crc = file.read(size), file.read(4)
        digest.update(data)
        digest.update(crc)
        if crc != _CRC.pack(masked_crc(data)):
            raise DatasetError(f"{where}: is damaged; {_REPAIR}")
        if not last:
            (size,) = _LENGTH.unpack(data)
    return data


def _read_sidecar(folder, names, whole):
    """``{file: (records, SHA-256)}`` of the list beside the files; empty if there is none.

    Args:
        names: of the files that are read; whole: whether these are all in the folder.
    """
    path = folder / SIDECAR
    if not path.exists():
        return {}
    try:
        listed = {str(name): dict(entry) for name, entry in json.loads(read_text(path)).items()}
        digest = listed.pop(LABEL_MAP)["sha256"]
        listed = {name: (int(entry["records"]), entry["sha256"]) for name, entry in listed.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DatasetError(f"{path}: damaged ({error}); {_REPAIR}") from None
    for name in sorted(set(names) ^ set(listed) if whole else set(names) - set(listed)):
        problem = "is missing" if name in listed else f"is not in {SIDECAR}"
        raise DatasetError(f"{folder / name}: {problem}; {_REPAIR}")
    label_map = folder / LABEL_MAP
    if not label_map.is_file() or sha256(label_map) != digest:
        raise DatasetError(f"{label_map}: is missing or not the one that {SIDECAR} tells of; {_REPAIR}")
    return listed


def _example(name, sample, labels):
    """A serialised ``tf.train.Example`` of a sample."""
    header = read_header(sample.path)
    if header.format in _PLAIN and header.mode in ("RGB", "L") and not header.turned:
        encoded, kind = Path(sample.path).read_bytes(), _PLAIN[header.format]
    else:
        encoded, kind = encode_jpeg(read_image(sample.path), 95), "jpeg"
        name = f"{Path(name).stem}.jpg"
    left, top, right, bottom = sample.fractions().T
    floats = {
        "image/object/bbox/xmin": left,
        "image/object/bbox/ymin": top,
        "image/object/bbox/xmax": right,
        "image/object/bbox/ymax": bottom,
    }
    if (sample.scores != 1).any():
        floats["image/object/weight"] = sample.scores
    integers = {
        "image/height": [sample.height],
        "image/width": [sample.width],
        "image/object/class/label": sample.class_ids + 1,
    }
    if sample.ignored.any():
        integers["image/object/difficult"] = sample.ignored.tolist()
    texts = {
        "image/encoded": [encoded],
        "image/format": [kind.encode()],
        "image/filename": [name.encode()],
        "image/source_id": [name.encode()],
        "image/key/sha256": [hashlib.sha256(encoded).hexdigest().encode()],
        "image/object/class/text": [labels[class_id].encode() for class_id in sample.class_ids],
    }
    example = Example()
    for kind, values in (("float_list", floats), ("int64_list", integers), ("bytes_list", texts)):
        for key, value in values.items():
            getattr(example.features.feature[key], kind).value.extend(value)
    return example.SerializeToString()


def _read_example(record, images, taken, split, classes, where):
    """The sample in a record, its picture written to a file below ``images`` that is not in ``taken``."""
    features = Example.FromString(record).features.feature

    def values(key, missing=()):
        kind = features[key].WhichOneof("kind") if key in features else None
        found = getattr(features[key], kind).value if kind else ()
        return list(found or missing)  # some programs write an empty list of what they do not know

    (encoded,) = values("image/encoded")
    for digest in values("image/key/sha256"):
        if digest.decode() != hashlib.sha256(encoded).hexdigest():
            raise ValueError("its picture has another SHA-256 than it tells")
    corners = [values(f"image/object/bbox/{side}") for side in ("xmin", "ymin", "xmax", "ymax")]
    count = len(corners[0])
    names = [text.decode() for text in values("image/object/class/text")]
    names = names or [classes.numbered.get(n, f"class {n}") for n in values("image/object/class/label")]
    scores = values("image/object/weight", [1.0] * count)
    marks = [values(f"image/object/{key}", [0] * count) for key in _IGNORED]
    table = [
        (*box, classes.id_of(name), 0.0 if any(marked) else min(score, 1.0))
        for *box, name, score, marked in zip(*corners, names, scores, zip(*marks, strict=True), strict=True)
    ]
    name = next(filter(None, values("image/filename") + values("image/source_id")), b"")
    (kind,) = values("image/format", [b"jpeg"])
    path = _save(encoded, kind.decode(), name.decode(), images, taken, where)
    (size,) = zip(values("image/width", [0]), values("image/height", [0]), strict=True)
    sample = make_sample(path, size, table, split, where)
    return replace(sample, boxes=sample.boxes * np.tile(np.float32([sample.width, sample.height]), 2))


def _save(encoded, kind, name, images, taken, where):
    """Write a picture to a file of its name, numbered where another record has it; returns its path."""
    path = labelled_path(images, name, where)
    if path.suffix.lower() not in SUFFIXES:
        path = path.with_name(f"{path.name}.{'png' if kind == 'png' else 'jpg'}")
    names = map(path.with_name, numbered(path.stem, "_", path.suffix))
    path = next(each for each in names if str(each).casefold() not in taken)
    taken.add(str(path).casefold())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        there = path.read_bytes() if path.exists() else b""
        if not encoded.startswith(there):  # its beginning would be from a reading that was interrupted
            raise DatasetError(
                f"{path}: another file is where the picture of {where} goes; "
                "name an empty folder with --images"
            )
        if there != encoded:
            path.write_bytes(encoded)
    except OSError as error:
        raise DatasetError(
            f"{path}: the picture of {where} cannot be written ({error.strerror}); "
            "name another folder with --images"
        ) from None
    return path


def _file_size(path):
    try:
        return os.path.getsize(path)
    except OSError as error:
        raise unreadable(path, error) from None
