"""Locks between processes that end with their holder, however it dies."""

import fcntl
import time
from contextlib import contextmanager

from skushare.files import writing


@contextmanager
def hold(path, seconds=0.0):
    """Hold the lock file ``path``, which is made if missing; yields whether it could be had.

    Args:
        path: in an existing folder.
        seconds: how long to try.

    Raises:
        SkushareError: the file cannot be written.
    """
    with _open(path) as handle:
        end = time.monotonic() + seconds
        while not (mine := _take(handle, fcntl.LOCK_EX)) and time.monotonic() < end:
            time.sleep(0.02)
        yield mine  # closing the file gives the lock back


def _open(path):
    with writing(path):
        return open(path, "a")


def is_held(path):
    """Whether some process holds the lock file ``path``."""
    try:
        with open(path) as handle:
            return not _take(handle, fcntl.LOCK_SH)  # shared: readers do not see one another
    except (FileNotFoundError, NotADirectoryError):
        return False


def _take(handle, kind):
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
