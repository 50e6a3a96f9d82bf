"""The journal of a dataset's edits: a file of JSON lines that only grows.

A line is either an edit or the undoing or redoing of one, so that nothing is ever
overwritten and a process that is killed loses at most the line that it was writing.
"""

import errno
import json
import logging
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from functools import cache, cached_property, lru_cache
from pathlib import Path

import numpy as np

from skushare.errors import DatasetError

log = logging.getLogger(__name__)

REMEMBERED = 4  # journals, with what was made of them


@dataclass(frozen=True)
class Edit:
    """One thing that was changed.

    Attributes:
        number: counts the lines of the journal from 1.
        time: when, ISO 8601, UTC.
        reason: what was done, for people.
        image: file name of the image that was changed; empty where none or everything was.
        before, after: tuples of the same length with, in each place, a box (left, top, right,
            bottom, class id, score) as it was and as it became; ``None`` where there was none.
        version: number of the folder that holds all labels from here on; 0 where that stays.
        dropped: whether the image was taken out of the dataset.
        labels: names of the classes that came since that folder's labels, the newest last; empty where none
            came by this edit. All, so that each keeps its number where another's line is damaged.
    """

    number: int
    time: str
    reason: str
    image: str = ""
    before: tuple = ()
    after: tuple = ()
    version: int = 0
    dropped: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class History:
    """What a journal says.

    Attributes:
        done: edits that hold, oldest first.
        undone: edits that can be redone, the next one last.
        last: number of the last line.
        size: bytes up to the end of the last whole line.
        warnings: what of the journal could not be read.
    """

    done: tuple[Edit, ...] = ()
    undone: tuple[Edit, ...] = ()
    last: int = 0
    size: int = 0
    warnings: tuple[str, ...] = ()

    @cached_property
    def version(self):
        """Number of the folder with the labels that the changes apply to; 0 for the imported ones."""
        return max((edit.version for edit in self.done), default=0)

    @cached_property
    def changes(self):
        """The edits of images and new classes since that version, oldest first."""
        versions = [edit.version for edit in self.done]
        return self.done[versions.index(self.version) + 1 if self.version else 0 :]

    @property
    def labels(self):
        """Names of the classes that came since that version, in the order of their numbers."""
        return next((edit.labels for edit in reversed(self.changes) if edit.labels), ())


def read_history(path):
    """The :class:`History` in the journal ``path``; empty where there is none.

    A last line without its end was being written when its process died; it is left out
    with a warning, and so is a line that cannot be understood.

    Raises:
        DatasetError: the file cannot be read.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        return History()
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error.strerror}); check the file") from None
    size = data.rfind(b"\n") + 1
    last_read = _last_read(path)
    known, past = last_read[0]
    if not data.startswith(known):  # it did not only grow, as where the edits were folded
        known, past = b"", History()
    if size > len(known):
        past = _continued(past, path, known.count(b"\n"), data[len(known) : size])
        last_read[0] = data[:size], past
    if size < len(data):
        cut_off = f"{path}: the last edit was cut off while it was being saved; it is left out"
        past = replace(past, warnings=(*past.warnings, cut_off))
    for warning in past.warnings:
        _log_once(warning)
    return past


@lru_cache(REMEMBERED)
def _last_read(path):
    """A one-item list, cached by path: the bytes of the journal when it was last read, and their history."""
    return [(b"", History())]


def _continued(past, path, count, data):
    """The history ``past``, made of ``count`` lines, continued by the lines in ``data``."""
    done, undone, warnings, last = list(past.done), list(past.undone), list(past.warnings), past.last
    for number, line in enumerate(data.split(b"\n")[:-1], count + 1):
        try:
            record = json.loads(line)
            last = max(last, record["number"])
            if "undo" in record:
                if done and done[-1].number == record["undo"]:
                    undone.append(done.pop())
            elif "redo" in record:
                if undone and undone[-1].number == record["redo"]:
                    done.append(undone.pop())
            else:
                done.append(_edit(record))
                undone.clear()
        except (ValueError, KeyError, TypeError, AttributeError):
            warnings.append(f"{path}: line {number} cannot be understood; the edit in it is left out")
    return History(tuple(done), tuple(undone), last, past.size + len(data), tuple(warnings))


def change_table(table, before, after):
    """The boxes of an image, ``table`` (k, 6) float32, after those in ``before`` were changed to ``after``.

    Returns ``None`` where one of ``before`` is not there.
    """
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


def append_edit(path, history, **values):
    """Add an :class:`Edit` to the journal, after ``history``; the caller holds the dataset's lock."""
    edit = Edit(history.last + 1, _now(), **values)
    _append(path, history, {key: value for key, value in asdict(edit).items() if value not in ("", (), 0)})


def append_undo(path, history):
    """Undo the last edit that holds."""
    _append(path, history, {"number": history.last + 1, "time": _now(), "undo": history.done[-1].number})


def append_redo(path, history):
    """Do the last undone edit again."""
    _append(path, history, {"number": history.last + 1, "time": _now(), "redo": history.undone[-1].number})


def _edit(record):
    before, after = (
        tuple(None if box is None else tuple(map(float, box)) for box in record.get(key, ()))
        for key in ("before", "after")
    )
    if len(before) != len(after) or any(box is not None and len(box) != 6 for box in before + after):
        raise ValueError("boxes of six numbers, as many before as after")
    return Edit(
        int(record["number"]),
        str(record["time"]),
        str(record["reason"]),
        str(record.get("image", "")),
        before,
        after,
        int(record.get("version", 0)),
        bool(record.get("dropped", False)),
        tuple(map(str, record.get("labels", ()))),
    )


@cache
def _log_once(warning):
    log.warning(warning)


def _append(path, history, record):
    line = json.dumps(record).encode() + b"\n"
    try:
        with open(path, "ab", buffering=0) as file:
            file.truncate(history.size)  # drops a line that was cut off
            try:
                if file.write(line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(file.fileno())
            except OSError:
                file.truncate(history.size)
                raise
    except OSError as error:
        raise DatasetError(
            f"{path}: the edit could not be saved ({error.strerror}); check the free space, then try again"
        ) from None


def _now():
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
