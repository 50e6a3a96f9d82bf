"""Pictures on disk, each named by the SHA-256 of its bytes, so that the same one is kept once.

A picture is written before the row that names it: a crash between the two leaves a picture too many,
never a row without its picture.
"""

import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path

from skushare.errors import DatabaseError
from skushare.files import drop_leftovers, make_folder, write_file
from skushare.workspace import workspace


def pictures_folder():
    """``$SKUSHARE_PICTURES``, or ``pictures/`` in the workspace."""
    return Path(os.environ.get("SKUSHARE_PICTURES") or workspace() / "pictures")


def picture_path(digest, folder=None):
    """Where the picture of this SHA-256 lies, if it is kept.

    ``folder``: :func:`pictures_folder`; who has many pictures asks for it once, as asking takes longer than
    the rest. So in :func:`put` and :func:`get`.
    """
    return (folder or pictures_folder()).joinpath(digest[:2], digest)


def put(data, folder=None):
    """Keep the bytes ``data`` of a picture; they are on the disk when this returns.

    Returns:
        Their SHA-256 in hexadecimal, by which :func:`get` finds them.

    Raises:
        SkushareError: the folder cannot be written, or the disk is full.
    """
    digest = hashlib.sha256(data).hexdigest()
    path = picture_path(digest, folder)
    with suppress(OSError):  # not there, or another's: then it is written
        os.utime(path)  # spares it from a clean-up that may run before its row is saved
        if path.read_bytes() == data:  # a damaged one may have the same length
            return digest
    make_folder(path.parent)
    drop_leftovers(path.parent, ".*.")
    write_file(path, data)
    _sync(path.parent)
    return digest


def age(digest):
    """Seconds since the picture of this SHA-256 was put last; endless for one that is not there."""
    try:
        return time.time() - picture_path(digest).stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def remove(digest, spared):
    """Remove the picture of this SHA-256 unless it was put within the last ``spared`` seconds.

    It is moved aside before its age is looked at, so that who puts it at this moment either makes it young,
    and it is moved back, or finds it gone and writes it again.

    Returns:
        Whether it was removed.
    """
    path = picture_path(digest)
    aside = path.with_name(f".{digest}.old")
    try:
        path.rename(aside)
    except FileNotFoundError:
        return False
    if time.time() - aside.stat().st_mtime > spared:
        aside.unlink()
        return True
    aside.replace(path)
    return False


def get(digest, folder=None):
    """The bytes of the picture of this SHA-256.

    Raises:
        DatabaseError: it is missing or damaged.
    """
    path = picture_path(digest, folder)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatabaseError(
            f"{path}: the picture cannot be read ({error.strerror}); restore it from a copy"
        ) from None
    if hashlib.sha256(data).hexdigest() != digest:
        raise DatabaseError(
            f"{path}: the picture is damaged (its SHA-256 is another); restore it from a copy"
        )
    return data


def _sync(folder):
    """Have a new file's entry in ``folder`` on the disk, too: fsync of the file is not enough for that."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
