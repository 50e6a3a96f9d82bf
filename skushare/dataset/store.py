"""The stored datasets: one folder each, with labels, images, a journal of edits and a cache.

``datasets_folder()/NAME/`` holds ``dataset.json`` (class names, provenance, the COCO file of
each split), those COCO files, ``images/``, ``edits.jsonl``, ``versions/`` (all labels after a
change of everything) and ``cache/``, which can be deleted at any time.
"""

import json
import math
import os
import shutil
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from skushare.dataset import class_names, versions
from skushare.dataset.edits import (
    REMEMBERED,
    append_edit,
    append_redo,
    append_undo,
    change_table,
    read_history,
)
from skushare.dataset.index import Index
from skushare.dataset.label_text import clean_text
from skushare.dataset.layout import copy_image
from skushare.dataset.thumbnails import THUMBNAILS, thumbnails
from skushare.errors import DatasetError
from skushare.files import atomic_folder, drop_leftovers
from skushare.lock import hold
from skushare.workspace import checked_name, datasets_folder, workspace

_JOURNAL = "edits.jsonl"
_LOOKED_AT_FIRST = 20  # images; a page of the gallery
_PATIENCE = 60  # seconds; folding 12,000 images takes about as long


def dataset_names():
    """Names of the stored datasets, sorted."""
    return sorted(head.parent.name for head in datasets_folder().glob(f"[!.]*/{versions.HEAD}"))


def add_dataset(dataset, name, copy=True, progress=None):
    """Store ``dataset`` as ``name``; either all of it is there in the end, or nothing.

    An image whose file is missing stays listed, for the health checks to name it.

    Args:
        copy: copy the images into the store; otherwise only their paths are kept.
        progress: wraps the list of samples in an iterator that shows progress.

    Returns:
        Path of its folder.

    Raises:
        ConfigError: ``name`` cannot be the name of a folder.
        DatasetError: there is a dataset of that name.
        SkushareError: the disk is full or not writable.
    """
    folder = new_folder(name)
    drop_leftovers(datasets_folder(), ".*.")  # no other hidden folder, as .git
    with atomic_folder(folder) as new:
        (new / "images").mkdir()
        dataset, names = _take(dataset, new / "images", copy, progress or iter)
        versions.write_labels(new, dataset, names)
        versions.cache_columns(new, 0, Index.of(dataset, names), versions.stamps(new, 0))
    # After the folder has its name, which thumbnails go by: who looks first need not wait.
    thumbnails([folder / "images" / name for name in names[:_LOOKED_AT_FIRST]], folder / THUMBNAILS)
    return folder


def new_folder(name):
    """Where the dataset ``name`` will be stored. Raises as :func:`add_dataset` where it cannot be."""
    folder = datasets_folder() / checked_name(name)
    if folder.exists():
        raise DatasetError(f"{name}: this name is taken; choose another, or delete that dataset first")
    return folder


def open_dataset(name):
    """The stored dataset ``name`` with its edits.

    Raises:
        DatasetError: there is none, or its files are damaged.
    """
    folder = dataset_folder(name)
    return _unchanged(folder, lambda past: _dataset(name, folder, past))


def open_index(name):
    """The stored dataset ``name`` with its edits, as columns. Raises as :func:`open_dataset`."""
    folder = dataset_folder(name)
    return _unchanged(folder, lambda past: _index(folder, past))


def history(name):
    """The :class:`~skushare.dataset.edits.History` of the stored dataset ``name``."""
    return read_history(dataset_folder(name) / _JOURNAL)


def revision(name):
    """Text that is another one after each change of the stored dataset ``name``."""
    folder = dataset_folder(name)
    stamps = versions.stamps(folder, history(name).version)
    return json.dumps([versions.file_stamp(folder / _JOURNAL), *stamps])


def dataset_folder(name):
    """Folder of the stored dataset ``name``.

    Raises:
        DatasetError: there is none of that name.
    """
    folder = datasets_folder() / checked_name(name)
    if not (folder / versions.HEAD).is_file():
        known = ", ".join(dataset_names()) or "none yet"
        raise DatasetError(f"{name}: no such dataset in {datasets_folder()}; there are: {known}")
    return folder


def change_boxes(name, image, before, after, reason, seen=None):
    """Save an edit of the boxes on one image.

    Args:
        image: its file name in the index.
        before: list of the boxes (left, top, right, bottom, class id, score) to change, as they
            were when the user saw them, with ``None`` where a box is new.
        after: what they become, in the same order, with ``None`` where a box is deleted.
        reason: what was done, for people.
        seen: the :func:`~skushare.dataset.class_names.stamp` of the classes that the ids are from.

    Raises:
        DatasetError: a box is wrong; or the classes, the image or a box are no longer as they were
            seen, because somebody else changed them. Nothing is saved then.
    """
    folder = dataset_folder(name)
    with _locked(folder):
        past = history(name)
        index = _index(folder, past)
        if seen is not None and seen != class_names.stamp(index.labels):
            raise DatasetError(
                f"{image}: the classes of {name} were changed elsewhere in the meantime, so this edit was "
                "not saved; look at them as they are now, and repeat the edit"
            )
        for box in after:
            _check_box(box, len(index.labels))
        row = index.rows.get(image)
        if row is None or change_table(index.table(row), before, after) is None:
            raise DatasetError(
                f"{image}: was changed elsewhere in the meantime, so this edit was not saved; "
                "look at it as it is now, and repeat the edit"
            )
        append_edit(folder / _JOURNAL, past, image=image, before=before, after=after, reason=reason)


def drop_image(name, image):
    """Take an image out of the stored dataset ``name``; can be undone, so its file stays.

    Raises:
        DatasetError: it is no longer in it.
    """
    folder = dataset_folder(name)
    with _locked(folder):
        past = history(name)
        if image not in _index(folder, past).rows:
            raise DatasetError(f"{image}: is no longer in {name}; somebody else took it out")
        append_edit(folder / _JOURNAL, past, image=image, dropped=True, reason="took out the picture")


def add_class(name, label):
    """Put the class ``label`` behind the others of the stored dataset ``name``; can be undone.

    Raises:
        DatasetError: there is a class of this name.
    """
    folder = dataset_folder(name)
    with _locked(folder):
        past = history(name)
        if label in _index(folder, past).labels:
            raise DatasetError(f"{name}: has a class {label!r} already")
        append_edit(folder / _JOURNAL, past, labels=(*past.labels, label), reason=f"added the class {label}")


def undo(name, edit):
    """Undo the last edit that holds, which the user saw to be ``edit``.

    Raises:
        DatasetError: it is another one, because something was saved, undone or folded in the meantime.
    """
    folder = dataset_folder(name)
    with _locked(folder):
        past = history(name)
        _check_last(name, past.done, edit)
        append_undo(folder / _JOURNAL, past)


def redo(name, edit):
    """Do ``edit``, the one undone last, again. Raises as :func:`undo`."""
    folder = dataset_folder(name)
    with _locked(folder):
        past = history(name)
        _check_last(name, past.undone, edit)
        append_redo(folder / _JOURNAL, past)


def replace_dataset(name, dataset, reason, seen=None):
    """Give the stored dataset ``name`` the samples, splits and classes of ``dataset``; can be undone.

    Args:
        dataset: made from the stored one; images from elsewhere are taken in.
        reason: what was done, for people.
        seen: the :func:`revision` that ``dataset`` was made from.

    Raises:
        DatasetError: the stored dataset is no longer at ``seen``; nothing is changed then.
    """
    folder = dataset_folder(name)
    with _locked(folder):
        if seen is not None and seen != revision(name):
            raise DatasetError(
                f"{name}: was edited elsewhere in the meantime, so nothing was changed; try again"
            )
        past = history(name)
        known = versions.read_columns(folder, past.version).rows
        version = versions.add_version(folder, *_take(dataset, folder / "images", True, iter, known))
        append_edit(folder / _JOURNAL, past, version=version, reason=reason)


def fold_edits(name):
    """Write all edits into the dataset's COCO files and empty the journal; they can no longer be undone."""
    folder = dataset_folder(name)
    with _locked(folder):
        past = history(name)
        version = past.version
        if past.changes:
            version = versions.add_version(folder, _dataset(name, folder, past), _index(folder, past).names)
            # From here on its changes apply to no file, wherever this process ends.
            append_edit(folder / _JOURNAL, past, version=version, reason="wrote the edits into the files")
        versions.begin_fold(folder, version)
        versions.finish_fold(folder, folder / _JOURNAL)


def delete_dataset(name):
    """Delete the stored dataset ``name`` with its images, for good."""
    folder = dataset_folder(name)
    with _locked(folder):
        grave = tempfile.mkdtemp(prefix=f".{name}.deleted.", dir=folder.parent)
        os.replace(folder, Path(grave, name))
    shutil.rmtree(grave, ignore_errors=True)


@contextmanager
def _locked(folder):
    """Keep other threads, tabs and programs from changing a dataset."""
    with hold(folder / ".lock", _PATIENCE) as mine:
        if not mine:
            raise DatasetError(f"{folder.name}: is being changed by another program; try again later")
        versions.finish_fold(folder, folder / _JOURNAL)
        yield


def _unchanged(folder, read):
    """The result of ``read`` on the journal's history; read again if the journal changed meanwhile."""
    while True:
        stamp = versions.file_stamp(folder / _JOURNAL)
        try:
            made = read(read_history(folder / _JOURNAL))
        except DatasetError:  # a fold may have taken a file away
            if versions.file_stamp(folder / _JOURNAL) == stamp:
                raise
            continue
        if versions.file_stamp(folder / _JOURNAL) == stamp:
            return made


def _dataset(name, folder, past):
    provenance = versions.read_head(folder, past.version)["provenance"]
    return _index(folder, past).dataset(name, folder / "images", provenance)


def _index(folder, past):
    """The columns of a dataset with the edits of ``past``."""
    stamps = versions.stamps(folder, past.version)  # before the columns are read, which may be newer
    index = versions.read_columns(folder, past.version)
    index = replace(index, labels=index.labels + past.labels)
    edits = {}
    for edit in past.changes:
        if edit.image in index.rows:
            edits.setdefault(index.rows[edit.image], []).append(edit)
    last = _last_replayed(folder)
    stamp, known = last[0]  # looked at once: other threads replace it
    known = known if stamp == stamps else {}
    tables = {row: _table(index, row, edits[row], *known.get(row, ([], None))) for row in edits}
    last[0] = stamps, {row: (edits[row], tables[row]) for row in edits}
    return index.with_tables(tables).without([row for row in edits if any(e.dropped for e in edits[row])])


@lru_cache(REMEMBERED)
def _last_replayed(folder):
    """A one-item list, cached by folder: (stamps of the labels, {image: (edits, its boxes after them)})."""
    return [(None, {})]


def _table(index, row, edits, known, table):
    """The boxes of an image after ``edits``; ``table``: after ``known``, which may be the first of these."""
    if not known or edits[: len(known)] != known:
        known, table = [], index.table(row)
    for edit in edits[len(known) :]:
        changed = change_table(table, edit.before, edit.after)
        # A class is not there where the line that brought it is damaged.
        if changed is not None and changed[:, 4].max(initial=0) < len(index.labels):
            table = changed
    return table


def _take(dataset, images, copy, progress, known=()):
    """(dataset in the order of its splits, file names of its samples), with the files in ``images``.

    Those in ``known`` stay where they are.
    """
    # In the order in which reading one COCO file after the other gives the samples.
    order = {split: i for i, split in enumerate(dataset.splits)}
    dataset = replace(dataset, samples=tuple(sorted(dataset.samples, key=lambda s: order[s.split])))
    names, taken, numbers = [], set(), Counter()
    for sample in progress(dataset.samples):
        name = versions.image_name(sample.path, images)
        # A picture that is listed twice has labels of its own each time, so it needs two names.
        if name.casefold() in taken or (copy and os.path.isabs(name) and name not in known):
            name = _free_name(sample.path, images, taken, numbers)
            if sample.path.is_file():
                _copy(sample.path, images / name)
        taken.add(name.casefold())
        names.append(name)
    return dataset, names


def _free_name(path, images, taken, numbers):
    """The file's own name, or it with a number; ``numbers`` counts how often each was asked for."""
    own = Path(clean_text(path.name))  # other bytes than text would stop programs that show it
    name = own.name
    while name.casefold() in taken or (images / name).exists():
        numbers[own.name] += 1
        name = f"{own.stem}_{numbers[own.name] + 1}{own.suffix}"
    return name


def _copy(source, target):
    try:
        if not Path(source).is_relative_to(os.path.abspath(workspace())):
            raise OSError("a link would change with the user's file")
        os.link(os.path.realpath(source), target)
    except OSError:  # or another disk, or one without links
        copy_image(source, target)


def _check_box(box, classes):
    if box is None:
        return
    left, top, right, bottom, class_id, score = box
    if not (all(map(math.isfinite, box)) and right > left and bottom > top and class_id in range(classes)):
        raise DatasetError(
            f"a box from {left:g}, {top:g} to {right:g}, {bottom:g} of class {class_id:g} is wrong"
        )


def _check_last(name, edits, edit):
    if edits[-1:] != (edit,):  # not by its number: they begin anew after a fold
        raise DatasetError(f"{name}: was edited elsewhere in the meantime; look again, then undo or redo")
