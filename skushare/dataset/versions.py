"""The labels of a stored dataset: ``dataset.json``, a COCO file a split, and their cached columns.

Version 0 lies in the dataset's folder itself. A change of everything makes a new version,
``versions/1/`` and so on, of which the journal says whether it holds, until it is folded.
"""

import json
import os
import shutil
from contextlib import suppress
from dataclasses import replace

from skushare.dataset.coco import coco_text, read_coco
from skushare.dataset.dataset import Dataset
from skushare.dataset.index import Index, read_index
from skushare.dataset.split_names import split_files
from skushare.errors import DatasetError, SkushareError
from skushare.files import atomic_folder, atomic_write, write_file

HEAD = "dataset.json"
_FOLDING = ".folding"
_TAKEN = {"": "all", "all": "all_", "dataset": "dataset_"}  # names of COCO files that are not the split's own


def write_labels(folder, dataset, names):
    """Write a version's files to the empty ``folder``.

    Args:
        dataset: its samples in the order of its splits.
        names: file names of the samples.
    """
    others = split_files((s for s in dataset.splits if s not in _TAKEN), {*_TAKEN, *_TAKEN.values()})
    files = {split: f"{(_TAKEN | others)[split]}.json" for split in dataset.splits}
    for split, file in files.items():
        named = [pair for pair in zip(names, dataset.samples, strict=True) if pair[1].split == split]
        with atomic_write(folder / file) as handle:
            handle.writelines(piece.encode() for piece in coco_text(dataset, named))
    head = {"labels": dataset.labels, "files": files, "provenance": dataset.provenance}
    write_file(folder / HEAD, json.dumps(head, indent=2))


def add_version(folder, dataset, names):
    """Put new labels beside those in use, as :func:`write_labels`; returns the number of their version."""
    versions = folder / "versions"
    version = 1 + max((int(path.name) for path in versions.glob("[0-9]*")), default=0)
    with atomic_folder(versions / str(version)) as new:
        write_labels(new, dataset, names)
    cache_columns(folder, version, Index.of(dataset, names), stamps(folder, version))
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
    stamp = stamps(folder, version)  # before the files are read: another process may fold edits into them
    index = read_index(_cache(folder, version), stamp)
    if index is None:
        head = read_head(folder, version)
        samples, images = [], folder / "images"
        for split, file in head["files"].items():
            # Wrong boxes are for the health checks to see; images that were not copied have whole paths.
            part = read_coco(_place(folder, version, file), images, raw=True, confined=False)
            if unknown := [label for label in part.labels if label not in head["labels"]]:
                raise DatasetError(
                    f"{_place(folder, version, file)}: has a class {unknown[0]!r}, which {HEAD} does not "
                    "list; add it to the end of the labels there, or import the dataset again"
                )
            # By name: a category of another program's that is the parent of others is no class.
            part = part.with_labels(head["labels"])
            samples += [replace(sample, split=split) for sample in part.samples]
        index = Index.of(
            Dataset("", tuple(samples), head["labels"]), [image_name(s.path, images) for s in samples]
        )
        cache_columns(folder, version, index, stamp)
    return index


def cache_columns(folder, version, index, stamp):
    """Keep the columns of a version, where there is a place to keep them.

    Args:
        stamp: the :func:`stamps` of the files that ``index`` was made from.
    """
    path = _cache(folder, version)
    with suppress(OSError, SkushareError):
        path.parent.mkdir(exist_ok=True)
        index.write(path, stamp)


def image_name(path, images):
    """What the labels call the file ``path``: its place below the folder ``images``, or its whole path."""
    path, images = os.path.abspath(path), os.path.abspath(images)
    inside = path.startswith(images + os.sep)
    return path[len(images) + 1 :].replace(os.sep, "/") if inside else path


def begin_fold(folder, version):
    """Decide that a version becomes number 0; :func:`finish_fold` does it, now or after a crash."""
    write_file(folder / _FOLDING, str(version))


def finish_fold(folder, journal):
    """Finish what :func:`begin_fold` began, if it did: make that version number 0, and empty the journal.

    Until the journal is empty, each file is looked for in the version's folder first, so
    that readers see the same labels at any moment.
    """
    if not (folder / _FOLDING).exists():
        return
    version = int((folder / _FOLDING).read_text())
    if version:
        _drop_stale(folder, version)
        new = (folder / "versions" / str(version)).glob("*.json")
        for path in sorted(new, key=lambda path: path.name == HEAD):  # last, as it tells what is stale
            os.replace(path, folder / path.name)
        if _cache(folder, version).exists():
            os.replace(_cache(folder, version), _cache(folder, 0))
    write_file(journal, b"")
    shutil.rmtree(folder / "versions", ignore_errors=True)
    for path in (folder / "cache").glob("index-[1-9]*.npz"):
        path.unlink()
    (folder / _FOLDING).unlink()


def _drop_stale(folder, version):
    """Delete the COCO files of splits that a version no longer has; other programs would read them still."""
    with suppress(DatasetError):  # a damaged head names none
        old, new = (set(read_head(folder, number)["files"].values()) for number in (0, version))
        for path in folder.glob("*.json"):
            if path.name in old - new:
                path.unlink()


def _place(folder, version, file):
    path = folder / "versions" / str(version) / file
    return path if version and path.exists() else folder / file


def _cache(folder, version):
    return folder / "cache" / f"index-{version}.npz"
