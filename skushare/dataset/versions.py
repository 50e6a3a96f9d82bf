"""The labels of a stored dataset: ``dataset.json``, a COCO file a split, and their cached columns.

Version 0 lies in the dataset's folder itself. A change of everything makes a new version,
``versions/1/`` and so on, of which the journal says whether it holds, until it is folded.
"""

import json
import os
import shutil
from dataclasses import replace

import numpy as np

from skushare.dataset.coco import read_coco
from skushare.dataset.dataset import Dataset
from skushare.dataset.index import Index, read_index
from skushare.errors import DatasetError
from skushare.files import atomic_folder, atomic_write
from skushare.workspace import checked_name

HEAD = "dataset.json"
_FOLDING = ".folding"
_TAKEN = {"": "all", "all": "all_", "dataset": "dataset_"}  # names of COCO files that are not the split's own


def write_labels(folder, index, provenance):
    """Write a version's files to the empty ``folder``."""
    files = {split: f"{_TAKEN.get(split) or checked_name(split)}.json" for split in index.splits}
    if len({file.lower() for file in files.values()}) < len(files):
        raise DatasetError(f"the splits {', '.join(files)} differ in case alone; rename one")
    for number, file in enumerate(files.values()):
        _write_coco(folder / file, index, np.flatnonzero(index.split_ids == number))
    head = {"labels": index.labels, "files": files, "provenance": provenance}
    with atomic_write(folder / HEAD) as handle:
        handle.write(json.dumps(head, indent=2).encode())


def add_version(folder, index, provenance):
    """Put new labels beside those in use; returns the number of their version."""
    versions = folder / "versions"
    version = 1 + max((int(path.name) for path in versions.glob("[0-9]*")), default=0)
    with atomic_folder(versions / str(version)) as new:
        write_labels(new, index, provenance)
    cache_columns(folder, version, index)
    return version


def read_head(folder, version):
    """Class names, COCO files by split, and provenance of a version.

    Raises:
        DatasetError: the file is missing or damaged.
    """
    path = _place(folder, version, HEAD)
    try:
        head = json.loads(path.read_text(encoding="utf-8"))
        return {
            "labels": tuple(head["labels"]),
            "files": dict(head["files"]),
            "provenance": dict(head["provenance"]),
        }
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror}); import the dataset again") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{path}: damaged ({error}); import the dataset again") from None


def stamps(folder, version):
    """What changes whenever one of a version's files does, as plain JSON."""
    files = read_head(folder, version)["files"].values()
    return [file_stamp(_place(folder, version, file)) for file in (HEAD, *files)]


def file_stamp(path):
    """Name, size and time of change of the file at ``path``; zeros where there is none."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return [path.name, 0, 0]
    return [path.name, status.st_size, status.st_mtime_ns]


def read_columns(folder, version):
    """The :class:`Index` of a version, from the cache unless a file was changed since.

    Raises:
        DatasetError: a file is missing or damaged.
    """
    index = read_index(_cache(folder, version), stamps(folder, version))
    if index is None:
        head = read_head(folder, version)
        samples, images = [], folder / "images"
        for split, file in head["files"].items():
            # Wrong boxes are for the health checks to see; images that were not copied have whole paths.
            part = read_coco(_place(folder, version, file), images, raw=True, confined=False)
            samples += [replace(sample, split=split) for sample in part.samples]
        index = Index.of(
            Dataset("", tuple(samples), head["labels"]), [image_name(s.path, images) for s in samples]
        )
        cache_columns(folder, version, index)
    return index


def cache_columns(folder, version, index):
    """Keep the columns of a version whose files are written."""
    path = _cache(folder, version)
    path.parent.mkdir(exist_ok=True)
    index.write(path, stamps(folder, version))


def image_name(path, images):
    """What the labels call the file ``path``: its place below the folder ``images``, or its whole path."""
    path, images = os.path.abspath(path), os.path.abspath(images)
    inside = path.startswith(images + os.sep)
    return path[len(images) + 1 :].replace(os.sep, "/") if inside else path


def begin_fold(folder, version):
    """Decide that a version becomes number 0; :func:`finish_fold` does it, now or after a crash."""
    with atomic_write(folder / _FOLDING) as file:
        file.write(str(version).encode())


def finish_fold(folder, journal):
    """Make the version that was decided on number 0, and empty the journal; does nothing where none was.

    Until the journal is empty, each file is looked for in the version's folder first, so
    that readers see the same labels at any moment.
    """
    if not (folder / _FOLDING).exists():
        return
    version = int((folder / _FOLDING).read_text())
    if version:
        for path in (folder / "versions" / str(version)).glob("*.json"):
            os.replace(path, folder / path.name)
        if _cache(folder, version).exists():
            os.replace(_cache(folder, version), _cache(folder, 0))
    with atomic_write(journal):
        pass
    shutil.rmtree(folder / "versions", ignore_errors=True)
    for path in (folder / "cache").glob("index-[1-9]*.npz"):
        path.unlink()
    (folder / _FOLDING).unlink()


def _place(folder, version, file):
    path = folder / "versions" / str(version) / file
    return path if version and path.exists() else folder / file


def _cache(folder, version):
    return folder / "cache" / f"index-{version}.npz"


def _to_xywh(boxes):
    boxes = boxes.astype(np.float64)  # in which the corners come back exactly
    boxes[:, 2:] -= boxes[:, :2]
    return boxes


def _write_coco(path, index, rows):
    with atomic_write(path) as file:
        file.write(b'{"images": [')
        for number, row in enumerate(rows, 1):
            image = {
                "id": number,
                "file_name": index.names[row],
                "width": int(index.widths[row]),
                "height": int(index.heights[row]),
                **({"group": index.groups[row]} if index.groups[row] else {}),
            }
            file.write(b",\n" * (number > 1) + json.dumps(image).encode())
        file.write(b'],\n"annotations": [')
        written = 0
        for number, row in enumerate(rows, 1):
            boxes = slice(index.starts[row], index.starts[row + 1])
            table = zip(
                _to_xywh(index.boxes[boxes]).tolist(),
                index.class_ids[boxes].tolist(),
                index.scores[boxes].tolist(),
                strict=True,
            )
            for box, class_id, score in table:
                annotation = {
                    "id": written + 1,
                    "image_id": number,
                    "category_id": class_id + 1,
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": 0,
                    **({"score": score} if score != 1 else {}),
                }
                file.write(b",\n" * (written > 0) + json.dumps(annotation).encode())
                written += 1
        categories = [{"id": i, "name": name} for i, name in enumerate(index.labels, 1)]
        file.write(b'],\n"categories": ' + json.dumps(categories).encode() + b"}\n")
