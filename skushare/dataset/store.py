"""The stored datasets: one folder each, with labels, images, a cache and the journal of edits.

``datasets_folder()/NAME/`` holds ``dataset.json`` (class names, provenance, the COCO file of
each split), those COCO files, ``images/``, ``edits.jsonl``, ``versions/`` (all labels after a
change of everything, numbered) and ``cache/``, which can be deleted at any time.
"""

import fcntl
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from skushare.dataset.coco import read_coco
from skushare.dataset.dataset import Dataset
from skushare.dataset.edits import append_edit, append_redo, append_undo, read_history
from skushare.dataset.index import Index, read_index
from skushare.errors import DatasetError
from skushare.files import atomic_write
from skushare.geometry import to_xywh
from skushare.workspace import checked_name, datasets_folder

_HEAD = "dataset.json"
_JOURNAL = "edits.jsonl"
_FOLDING = ".folding"
_TAKEN = {"": "all", "all": "all_", "dataset": "dataset_"}  # names of COCO files that are not the split's own


def dataset_names():
    """Names of the stored datasets, sorted."""
    return sorted(head.parent.name for head in datasets_folder().glob(f"[!.]*/{_HEAD}"))


def add_dataset(dataset, name, copy=True, progress=None):
    """Store ``dataset`` as ``name``; either all of it is there in the end, or nothing.

    Args:
        copy: copy the images into the store; otherwise it keeps their paths.
        progress: wraps the list of samples in an iterator that shows progress.

    Returns:
        Path of its folder.

    Raises:
        ConfigError: ``name`` or a split's name cannot be the name of a file.
        DatasetError: there is a dataset of that name.
        SkushareError: the disk is full or not writable.
    """
    folder = datasets_folder() / checked_name(name)
    _check_free(folder)
    with _whole_folder(folder) as new:
        (new / "images").mkdir()
        dataset = _by_split(dataset)
        samples = progress(dataset.samples) if progress else dataset.samples
        index = Index.of(dataset, _take_images(samples, new / "images", copy))
        _write_labels(new, index, dataset.provenance)
        _write_cache(new, 0, index)
    return folder


def open_dataset(name):
    """The stored dataset ``name`` with its edits.

    Raises:
        DatasetError: there is none, or its files are damaged.
    """
    folder = _folder(name)
    past = history(name)
    return _dataset(name, folder, past, _index(folder, past))


def open_index(name):
    """The stored dataset ``name`` with its edits, as columns. Raises as :func:`open_dataset`."""
    return _index(_folder(name), history(name))


def history(name):
    """The :class:`~skushare.dataset.edits.History` of the stored dataset ``name``."""
    return read_history(_folder(name) / _JOURNAL)


def revision(name):
    """A value that is another one after each change of the stored dataset ``name``."""
    folder = _folder(name)
    version = history(name).version
    return json.dumps([_stamp(folder / _JOURNAL), *_stamps(folder, version)])


def image_path(name, image):
    """Path of the file ``image`` of the stored dataset ``name``."""
    return _folder(name) / "images" / image


def change_boxes(name, image, before, after, reason):
    """Save an edit of the boxes on one image.

    Args:
        image: its file name in the index.
        before: list of the boxes (left, top, right, bottom, class id, score) to change, as they
            were when the user saw them, with ``None`` where a box is new.
        after: what they become, in the same order, with ``None`` where a box is deleted.
        reason: what was done, for people.

    Raises:
        DatasetError: the image or one of the boxes is no longer as it was seen, because
            somebody else changed it; nothing is saved then.
    """
    folder = _folder(name)
    with _locked(folder):
        past = history(name)
        index = _index(folder, past)
        if image not in index.rows:
            raise DatasetError(f"{image}: no longer in {name}; load the page again")
        if _changed(index.table(index.rows[image]), before, after) is None:
            raise DatasetError(
                f"{image}: its boxes were changed elsewhere in the meantime, so this edit was not saved; "
                "open the picture again and repeat it"
            )
        rows = [
            tuple(None if box is None else [float(v) for v in box] for box in side)
            for side in (before, after)
        ]
        append_edit(folder / _JOURNAL, past, image=image, before=rows[0], after=rows[1], reason=reason)


def undo(name, number):
    """Undo the last edit, which the user saw as ``number``.

    Raises:
        DatasetError: another edit was saved or undone in the meantime.
    """
    folder = _folder(name)
    with _locked(folder):
        past = history(name)
        _check_last(name, past.done, number)
        append_undo(folder / _JOURNAL, past)


def redo(name, number):
    """Do the edit ``number``, the one undone last, again. Raises as :func:`undo`."""
    folder = _folder(name)
    with _locked(folder):
        past = history(name)
        _check_last(name, past.undone, number)
        append_redo(folder / _JOURNAL, past)


def replace_dataset(name, dataset, reason, seen=None):
    """Give the stored dataset ``name`` the samples, splits and classes of ``dataset``; can be undone.

    Args:
        dataset: made from the stored one; images from elsewhere are copied in.
        reason: what was done, for people.
        seen: the :func:`revision` that ``dataset`` was made from.

    Raises:
        DatasetError: the stored dataset is no longer at ``seen``; nothing is changed then.
    """
    folder = _folder(name)
    with _locked(folder):
        if seen is not None and seen != revision(name):
            raise DatasetError(
                f"{name}: it was edited elsewhere in the meantime, so nothing was changed; try again"
            )
        past = history(name)
        version = _write_version(folder, dataset)
        append_edit(folder / _JOURNAL, past, version=version, reason=reason)


def fold_edits(name):
    """Write all edits into the dataset's COCO files and empty the journal; they can no longer be undone."""
    folder = _folder(name)
    with _locked(folder):
        past = history(name)
        version = past.version
        if past.changes:
            version = _write_version(folder, _dataset(name, folder, past, _index(folder, past)))
        with atomic_write(folder / _FOLDING) as file:
            file.write(str(version).encode())
        _finish_fold(folder)


def delete_dataset(name):
    """Delete the stored dataset ``name`` with its images, at once and for good."""
    folder = _folder(name)
    with _locked(folder):
        grave = tempfile.mkdtemp(prefix=f".{name}.deleted-", dir=folder.parent)
        os.replace(folder, Path(grave) / name)
    shutil.rmtree(grave, ignore_errors=True)


# One folder


def _folder(name):
    folder = datasets_folder() / checked_name(name)
    if not (folder / _HEAD).is_file():
        known = ", ".join(dataset_names()) or "none yet"
        raise DatasetError(f"{name}: no such dataset in {datasets_folder()}; there are: {known}")
    return folder


def _check_free(folder):
    if folder.exists():
        raise DatasetError(
            f"{folder.name}: there is a dataset of this name already; choose another name or delete it"
        )


@contextmanager
def _whole_folder(folder):
    """A new folder to fill, which becomes ``folder`` at the end."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.new-", dir=folder.parent))
    try:
        yield new
        new.chmod(0o755)
        _check_free(folder)
        os.replace(new, folder)
    except OSError as error:
        raise DatasetError(
            f"{folder}: cannot be written ({error.strerror or error}); check the folder and the free space"
        ) from None
    finally:
        shutil.rmtree(new, ignore_errors=True)


@contextmanager
def _locked(folder):
    """Hold the lock of a dataset against other threads, tabs and programs."""
    with open(folder / ".lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if (folder / _FOLDING).exists():
            _finish_fold(folder)
        yield


def _finish_fold(folder):
    """Make the version that is being folded the dataset's own labels; goes on where a crash left off.

    Until the journal is empty, each file is looked for in the version's folder first, so
    readers see the same labels at any moment.
    """
    version = int((folder / _FOLDING).read_text())
    if version:
        source = folder / "versions" / str(version)
        for path in source.glob("*.json"):
            os.replace(path, folder / path.name)
        if _cache_file(folder, version).exists():
            os.replace(_cache_file(folder, version), _cache_file(folder, 0))
    with atomic_write(folder / _JOURNAL):
        pass
    shutil.rmtree(folder / "versions", ignore_errors=True)
    for path in (folder / "cache").glob("index-[1-9]*.npz"):
        path.unlink()
    (folder / _FOLDING).unlink()


def _check_last(name, edits, number):
    if not edits or edits[-1].number != number:
        raise DatasetError(f"{name}: it was edited elsewhere in the meantime; look again, then undo or redo")


# Images


def _take_images(samples, images, copy=True):
    """File names for the samples: below ``images`` for a file that is there or is copied there."""
    names, taken = [], set()
    images = Path(os.path.abspath(images))
    for sample in samples:
        path = Path(os.path.abspath(sample.path))
        inside = path.is_relative_to(images)
        name = path.relative_to(images).as_posix() if inside else str(path)
        # A picture that is listed twice has labels of its own each time, so it needs two names.
        if name in taken or (copy and not inside):
            name = _free_name(path, images, taken)
            if path.is_file():  # a missing one stays listed, for the health check to name it
                shutil.copyfile(path, images / name)
        taken.add(name)
        names.append(name)
    return names


def _free_name(path, images, taken):
    name, number = path.name, 1
    while name in taken or (images / name).exists():
        number += 1
        name = f"{path.stem}_{number}{path.suffix}"
    return name


# Labels


def _by_split(dataset):
    """The samples in the order that reading one COCO file after the other gives."""
    order = {split: i for i, split in enumerate(dataset.splits)}
    return replace(dataset, samples=tuple(sorted(dataset.samples, key=lambda s: order[s.split])))


def _place(folder, version, file_name):
    """Where a file of a version's labels lies; a fold moves them one by one to the dataset's folder."""
    path = folder / "versions" / str(version) / file_name
    return path if version and path.exists() else folder / file_name


def _read_head(folder, version):
    path = _place(folder, version, _HEAD)
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


def _label_files(folder, version):
    files = _read_head(folder, version)["files"].values()
    return [_place(folder, version, file) for file in (_HEAD, *files)]


def _write_version(folder, dataset):
    """Put the labels of ``dataset`` beside those in use; returns the number of the new version."""
    versions = folder / "versions"
    version = 1 + max((int(path.name) for path in versions.glob("[0-9]*")), default=0)
    dataset = _by_split(dataset)
    names = _take_images(dataset.samples, folder / "images")
    index = Index.of(dataset, names)
    with _whole_folder(versions / str(version)) as new:
        _write_labels(new, index, dataset.provenance)
    _write_cache(folder, version, index)
    return version


def _write_labels(folder, index, provenance):
    files = {split: f"{_TAKEN.get(split) or checked_name(split)}.json" for split in index.splits}
    if len({file.lower() for file in files.values()}) < len(files):
        raise DatasetError(f"the splits {', '.join(files)} differ in case alone; rename one")
    for number, file in enumerate(files.values()):
        _write_coco(folder / file, index, np.flatnonzero(index.split_ids == number))
    head = {"labels": index.labels, "files": files, "provenance": provenance}
    with atomic_write(folder / _HEAD) as handle:
        handle.write(json.dumps(head, indent=2).encode())


def _write_coco(path, index, rows):
    with atomic_write(path) as file:
        file.write(b'{"images": [')
        for number, row in enumerate(rows, 1):
            image = {
                "id": number,
                "file_name": index.names[row],
                "width": int(index.widths[row]),
                "height": int(index.heights[row]),
            }
            file.write(b",\n" * (number > 1) + json.dumps(image).encode())
        file.write(b'],\n"annotations": [')
        written = 0
        for number, row in enumerate(rows, 1):
            boxes = slice(index.starts[row], index.starts[row + 1])
            table = zip(
                to_xywh(index.boxes[boxes]).tolist(),
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


# Columns


def _dataset(name, folder, past, index):
    return index.dataset(name, folder / "images", _read_head(folder, past.version)["provenance"])


def _index(folder, past):
    """The columns of a dataset with the edits of ``past``."""
    index = _read_columns(folder, past.version)
    tables = {}
    for edit in past.changes:
        row = index.rows.get(edit.image)
        if row is not None:
            table = tables[row] if row in tables else index.table(row)
            changed = _changed(table, edit.before, edit.after)
            tables[row] = table if changed is None else changed
    return index.with_tables(tables)


def _read_columns(folder, version):
    """The columns of a version's COCO files, from the cache unless the files were changed since."""
    index = read_index(_cache_file(folder, version), _stamps(folder, version))
    if index is None:
        head = _read_head(folder, version)
        samples = []
        for split, file in head["files"].items():
            # Wrong boxes are for the health checks to see, and images that were not copied have whole paths.
            part = read_coco(_place(folder, version, file), folder / "images", raw=True, confined=False)
            samples += [replace(sample, split=split) for sample in part.samples]
        names = _take_images(samples, folder / "images", copy=False)
        index = Index.of(Dataset("", tuple(samples), head["labels"]), names)
        _write_cache(folder, version, index)
    return index


def _write_cache(folder, version, index):
    path = _cache_file(folder, version)
    path.parent.mkdir(exist_ok=True)
    index.write(path, _stamps(folder, version))


def _cache_file(folder, version):
    return folder / "cache" / f"index-{version}.npz"


def _stamps(folder, version):
    return [_stamp(path) for path in _label_files(folder, version)]


def _stamp(path):
    """What changes whenever the file at ``path`` does."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return [path.name, 0, 0]
    return [path.name, status.st_size, status.st_mtime_ns]


def _changed(table, before, after):
    """``table`` (k, 6) with the boxes ``before`` become ``after``; ``None`` where one is not there."""
    changed, free, kept, added = table.copy(), np.ones(len(table), bool), np.ones(len(table), bool), []
    for old, new in zip(before, after, strict=True):
        if old is None:
            added.append(new)
            continue
        found = np.flatnonzero(free & (table == np.float32(old)).all(axis=1))
        if not len(found):
            return None
        free[found[0]] = False
        if new is None:
            kept[found[0]] = False
        else:
            changed[found[0]] = new
    return np.concatenate([changed[kept], np.float32(added).reshape(-1, 6)])
