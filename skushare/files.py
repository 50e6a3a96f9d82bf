"""Files: written so that a crash or a full disk never leaves half of one, read where they may be damaged."""

import glob
import hashlib
import io
import json
import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from skushare.errors import SkushareError

_A_DAY = 24 * 3600  # seconds; nothing that is still being written stands still for so long
_UMASK = os.umask(0)  # can only be read by setting it
os.umask(_UMASK)


@contextmanager
def atomic_write(path):
    """Open a temporary file beside ``path`` for writing bytes; it takes ``path``'s place at the end.

    On an error the old file stays as it was and the temporary one is removed. Of a link it is the place that
    it leads to.

    Raises:
        SkushareError: the folder is missing, not writable, or the disk is full; or ``path`` is a device.
    """
    path = _target(path)
    temporary = None
    try:
        with writing(path):
            with tempfile.NamedTemporaryFile(
                dir=path.parent, prefix=f".{path.name}.", delete=False
            ) as handle:
                temporary = handle.name
                yield handle
                handle.flush()
                os.fchmod(handle.fileno(), 0o666 & ~_UMASK)  # temporary files are private, results are not
                os.fsync(handle.fileno())
            os.replace(temporary, path)
            temporary = None
    finally:
        if temporary is not None:
            os.unlink(temporary)


def write_file(path, content):
    """Have the file ``path`` hold ``content``, bytes or text (UTF-8). Raises as :func:`atomic_write`."""
    with atomic_write(path) as handle:
        handle.write(content.encode() if isinstance(content, str) else content)


def write_arrays(path, arrays):
    """Have the ``.npz`` file ``path`` hold ``arrays``, a dict by name. Raises as :func:`atomic_write`."""
    import numpy as np

    content = io.BytesIO()  # a zip archive that fails half way complains once more when it is let go
    np.savez(content, **arrays)
    write_file(path, content.getbuffer())


def read_json(path, kind=dict):
    """What the JSON file ``path`` holds; an empty ``kind`` where it is missing, damaged or something else."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = None
    return content if isinstance(content, kind) else kind()


@contextmanager
def writing(path):
    """Have an ``OSError`` that is met inside say, as a :class:`SkushareError`, what could not be written."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise SkushareError(
            f"{path}: cannot be written ({reason}); check the folder and the free space"
        ) from error


def make_folder(path):
    """The folder ``path``, made with its parents where it is missing.

    Raises:
        SkushareError: it cannot be, or a file has its name.
    """
    path = Path(path)
    if os.path.isfile(path):
        raise SkushareError(f"{path}: is a file; name a folder")
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def check_target(path):
    """Look before the work whether the file ``path`` can be written after it.

    Raises:
        SkushareError: it is a folder or a device, or its folder is missing or not writable.
    """
    if os.path.isdir(path):
        raise SkushareError(f"{path}: is a folder; name a file")
    check_folder(_target(path).parent)


def check_folder(path):
    """Look before the work whether files can be written in the folder ``path``. Raises as above."""
    with writing(path), tempfile.TemporaryFile(dir=path):
        pass


def _target(path):
    """Where the file ``path`` is written; a device or a pipe, as /dev/null, would be lost to all programs."""
    # Not by Path's methods, which raise where a folder may not be entered; writing tells that.
    special = os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)
    if special or _is_stream(path):
        raise SkushareError(f"{path}: is a device or a pipe; name an ordinary file")
    return Path(os.path.realpath(path) if os.path.islink(path) else path)


def _is_stream(path):
    """Whether ``path`` stands for an open file, as /dev/stdout; others may write to what it is, too."""
    folder = os.path.realpath(os.path.dirname(path))
    return os.path.islink(path) and (folder == "/dev" or folder.startswith("/proc/"))


def drop_leftovers(folder, *prefixes, seconds=_A_DAY):
    """Delete files and folders in ``folder`` that killed processes left: of tempfile's names, and old.

    Args:
        prefixes: how their names begin, as glob patterns.
        seconds: how old they are at least; 0 where no other process can be writing them.
    """
    for left in (path for prefix in prefixes for path in Path(folder).glob(prefix + "[a-z0-9_]" * 8)):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime >= seconds:
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def check_new(folder):
    """Look before the work whether the new folder ``folder`` can be written after it.

    Raises:
        SkushareError: it exists and is no empty folder, or is where a disk is mounted, or it cannot be made.
    """
    if os.path.ismount(folder):  # nothing can take its place
        raise SkushareError(f"{folder}: is where a disk is mounted; name a new folder in it")
    with writing(folder):
        if os.path.exists(folder) and not (os.path.isdir(folder) and not os.listdir(folder)):
            raise SkushareError(f"{folder}: exists already; choose another name or delete it")
    check_folder(next(filter(os.path.exists, Path(folder).absolute().parents)))


@contextmanager
def atomic_folder(path):
    """A temporary folder beside ``path`` to fill; it takes ``path``'s place at the end, or goes on an error.

    Of a link it is the place that it leads to.

    Raises:
        SkushareError: as :func:`check_new`; or ``path`` cannot be written, or the disk is full.
    """
    path = _target(path)
    with writing(path):
        check_new(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        drop_leftovers(path.parent, f".{glob.escape(path.name)}.")
        with tempfile.TemporaryDirectory(
            dir=path.parent, prefix=f".{path.name}.", ignore_cleanup_errors=True
        ) as temporary:
            folder = Path(temporary, "new")
            folder.mkdir()
            try:
                yield folder
            except SkushareError as error:  # the folder is gone by the time that its name is read
                raise type(error)(str(error).replace(str(folder), str(path))) from error
            try:
                os.replace(folder, path)
            except OSError:
                check_new(path)  # another process may have been faster
                raise


def sha256(path):
    """Hexadecimal SHA-256 of the file ``path``."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
