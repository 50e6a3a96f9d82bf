"""Unpacking archives of pictures and labels: zips, which may be hostile, and tar.gz."""

import errno
import gzip
import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from skushare.errors import DatasetError, SkushareError
from skushare.files import atomic_folder
from skushare.image_files import SUFFIXES

LABEL_SUFFIXES = frozenset(
    {".json", ".xml", ".txt", ".csv", ".yaml", ".yml", ".names", ".labels", ".pbtxt"}
    | {".tfrecord", ".tfrecords", ".record", ".records"}
)
ARCHIVES = frozenset({".zip", ".gz", ".tgz", ".tar", ".7z", ".rar"})

_SHARD = re.compile(r"-\d{5}-of-\d{5}$")  # as in train.tfrecord-00000-of-00010, or without an ending
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others unpack a whole block at once, however large
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    ValueError,
    NotImplementedError,  # of zipfile: a kind of zip that it does not know
    OSError,
)
_BLOCK = 1 << 20
_UTF8 = 1 << 11  # flag of a zip's entry: so its name is written
_GB = 1e9


class Limits(NamedTuple):
    """What an archive may become.

    Attributes:
        bytes: of all files together, unpacked.
        files: how many.
        ratio: bytes unpacked for each byte of the archive; photos have 1, label files up to 20.
        free: bytes that must be left on the disk.
    """

    bytes: int = 64 << 30
    files: int = 500_000
    ratio: int = 50
    free: int = 1 << 30


@dataclass(frozen=True)
class Unpacked:
    """What came out of an archive.

    Attributes:
        files: names of the files, relative to the folder, in the archive's order.
        skipped: names of those left out, which are neither pictures nor labels.
    """

    files: tuple[str, ...]
    skipped: tuple[str, ...]


class _Entry(NamedTuple):
    name: str
    size: int
    fault: str  # why it must not be unpacked; empty if it may
    open: Callable


def extract(archive, folder, limits=None, progress=None):
    """Unpack the pictures and label files of a zip from anyone into the new ``folder``.

    All of it or, on an error, nothing is there in the end. Entries that lead out of the
    folder, links, passwords, and more than ``limits`` make it refuse the archive; files of
    other kinds are left out.

    Args:
        archive: path or seekable binary file.
        folder: must not exist, or be empty.
        limits: :class:`Limits`; default: its own.
        progress: called with the bytes unpacked so far, file by file.

    Returns:
        :class:`Unpacked`.

    Raises:
        DatasetError: the archive is refused or damaged; the message says why.
        SkushareError: there is no such archive, or ``folder`` exists or cannot be written.
    """
    return _extract(_zip_entries, archive, folder, limits, progress)


def file_names(archive):
    """Paths of the files in a zip; none of one that :func:`extract` would refuse as no zip or as hostile.

    Args:
        archive: path or seekable binary file.

    Returns:
        list of :class:`~pathlib.PurePosixPath`.

    Raises:
        SkushareError: there is no such archive.
    """
    with _open(archive) as file:
        try:
            paths = [_checked(entry.name) for entry in _zip_entries(file) if not entry.name.endswith("/")]
        except (DatasetError, *_DAMAGE):
            return []
    return [path for path in paths if not _is_clutter(path)]


def inner_archive(names):
    """The first of the files ``names`` that is an archive itself, or ``None``."""
    return next((name for name in names if Path(name).suffix.lower() in ARCHIVES), None)


def extract_tar(archive, folder, limits=None, progress=None):
    """The same as :func:`extract` for a tar.gz from a source that is known."""
    return _extract(_tar_entries, archive, folder, limits, progress)


def _extract(read_entries, archive, folder, limits, progress):
    name = getattr(archive, "name", archive)
    with _open(archive) as file, atomic_folder(folder) as new:
        try:
            packed = file.seek(0, os.SEEK_END)
            file.seek(0)
            return _unpack(read_entries(file), packed, new, limits or Limits(), progress)
        except DatasetError as error:
            raise DatasetError(f"{name}: not unpacked, because {error}") from None
        except _DAMAGE as error:
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
                raise  # the disk's fault; a damaged archive makes gzip complain or seek to nowhere
            raise DatasetError(
                f"{name}: not unpacked, because it is damaged or another kind of file ({error}); "
                "make or download it again"
            ) from None


def _open(archive):
    if hasattr(archive, "read"):
        return nullcontext(archive)
    try:
        return open(archive, "rb")
    except OSError as error:
        raise SkushareError(f"{archive}: cannot be read ({error.strerror}); check the path") from None


def _zip_entries(file):
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            mode = stat.S_IFMT(info.external_attr >> 16)  # 0 where it was made without Unix's attributes
            fault = ""
            if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
                fault = "is a link or a device"
            elif info.flag_bits & 1:
                fault = "is protected by a password; make the zip without one"
            elif info.compress_type not in _METHODS:
                fault = "is packed by an unusual method; make the zip with deflate"
            name = _spelled(info).replace("\\", "/")  # as Windows PowerShell writes
            yield _Entry(name, info.file_size, fault, lambda info=info: archive.open(info))


def _spelled(info):
    """The name of a zip's entry, also where it is UTF-8 that the zip does not mark, as macOS leaves it."""
    if info.flag_bits & _UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode()
    except UnicodeError:
        return info.filename


def _tar_entries(file):
    # The gzip layer is ours, because tarfile's own does not compare the checksum at the end.
    with gzip.open(file) as plain, tarfile.open(fileobj=plain, mode="r|") as archive:
        for member in archive:
            fault = (
                "" if member.isdir() or member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) else "is a link"
            )
            name = f"{member.name}/" if member.isdir() else member.name
            yield _Entry(name, member.size, fault, lambda member=member: archive.extractfile(member))
        while plain.read(_BLOCK):
            pass


def _unpack(entries, packed, folder, limits, progress):
    files, skipped, total = [], [], 0
    room = shutil.disk_usage(folder).free - limits.free
    for entry in entries:
        path = _checked(entry.name)
        if entry.fault:
            raise DatasetError(f"{entry.name!r} in it {entry.fault}")
        if entry.name.endswith("/") or _is_clutter(path):
            continue
        if not is_wanted(path):
            skipped.append(str(path))
            continue
        files.append(str(path))
        total += entry.size
        _check(limits, len(files), total, packed, room)
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with entry.open() as source, open(target, "xb") as out:
                shutil.copyfileobj(source, out, _BLOCK)
        except (FileExistsError, NotADirectoryError):
            raise DatasetError(f"two entries of it become the same file {str(path)!r}") from None
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            raise DatasetError(
                f"the name {str(path)!r} in it is too long for this disk; shorten it"
            ) from None
        if progress:
            progress(total)
    if not files:
        inner = inner_archive(skipped)
        remedy = f", but the archive {inner!r}; unpack that, and give what is in it" if inner else ""
        raise DatasetError(f"there are neither pictures nor label files in it{remedy}")
    return Unpacked(tuple(files), tuple(skipped))


def _checked(name):
    """The relative path of an entry, if it stays below the folder on any system."""
    path = PurePosixPath(name)
    if (
        path.is_absolute()
        or ".." in path.parts
        or re.search(r"[\x00-\x1f\\]|^[A-Za-z]:", name)
        or not (path.parts or name.endswith("/"))
    ):
        raise DatasetError(f"the name {name!r} in it leads out of the folder or is no file name")
    return path


def _is_clutter(path):
    """Whether a file is one of those that systems add by themselves."""
    return any(part.startswith(".") for part in path.parts) or path.parts[0] == "__MACOSX"


def is_wanted(path):
    """Whether the file ``path`` is a picture or a label file by its name."""
    return bool(_SHARD.search(path.name)) or path.suffix.lower() in SUFFIXES | LABEL_SUFFIXES


def _check(limits, files, total, packed, room):
    if files > limits.files:
        raise DatasetError(f"it has more than {limits.files:,} files; split it")
    if total > limits.bytes:
        raise DatasetError(f"it holds more than {limits.bytes / _GB:.1f} GB; split it")
    if total > limits.ratio * packed + _BLOCK:
        raise DatasetError(
            f"it unpacks to more than {limits.ratio} times its size, as no archive of photos does"
        )
    if total > room:
        raise DatasetError(
            f"it needs more than the {max(room, 0) / _GB:.1f} GB that can be used; free some space"
        )
