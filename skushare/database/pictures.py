"""Pictures on disk, each named by the SHA-256 of its bytes, so that the same one is kept once.

A picture is written before the row that names it: a crash between the two leaves a picture too many,
never a row without its picture.
"""

import hashlib
import os
import time
from pathlib import Path

from skushare.errors import DatabaseError
from skushare.files import atomic_write
from skushare.workspace import workspace


def pictures_folder():
    """``$SKUSHARE_PICTURES``, or ``pictures/`` in the workspace."""
    return Path(os.environ.get("SKUSHARE_PICTURES") or workspace() / "pictures")


def picture_path(digest):
    """Where the picture of this SHA-256 lies, if it is kept."""
    return pictures_folder() / digest[:2] / digest


def put(data):
    """Keep the bytes ``data`` of a picture; they are on the disk when this returns.

    Returns:
        Their SHA-256 in hexadecimal, by which :func:`get` finds them.

    Raises:
        SkushareError: the folder cannot be written, or the disk is full.
    """
    digest = hashlib.sha256(data).hexdigest()
    path = picture_path(digest)
    if path.is_file() and path.stat().st_size == len(data):
        path.touch()  # spares it from a clean-up that may run before its row is saved
        return digest
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"{path.parent}: cannot be made ({error.strerror}); check the folder and the free space"
        ) from error
    with atomic_write(path) as handle:
        handle.write(data)
    _sync(path.parent)
    return digest


def age(digest):
    """Seconds since the picture of this SHA-256 was put last; endless for one that is not there."""
    try:
        return time.time() - picture_path(digest).stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def get(digest):
    """The bytes of the picture of this SHA-256.

    Raises:
        DatabaseError: it is missing or damaged.
    """
    path = picture_path(digest)
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
