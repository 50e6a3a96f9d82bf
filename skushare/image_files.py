"""Finding photos in files and folders, by the endings of their names."""

import os
import stat
from pathlib import Path

from skushare.errors import ImageError

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp")
    + (".tif", ".tiff", ".heic", ".heif", ".avif")
)


def find_images(paths):
    """The images that ``paths`` (files and folders) stand for.

    Folders are searched with all their subfolders for files with one of ``SUFFIXES``,
    in sorted order, without hidden files; subfolders that are links come last. A file given
    by itself is kept whatever its suffix. Each file comes once, where it was first met.

    Returns:
        list of :class:`~pathlib.Path`.

    Raises:
        ImageError: a path does not exist or is a pipe or device, or a folder cannot be searched.
    """
    found = {}
    for given in paths:
        path = Path(given)  # of "", this folder, which an unset variable of a shell does not mean
        if not os.path.exists(given):
            raise ImageError(f"{str(given) or repr('')}: no such file or folder; check the path")
        refuse_irregular(path, path)
        for image in _walk(path) if path.is_dir() else [path]:
            found.setdefault(os.path.realpath(image), image)  # a link may lead to itself
    return list(found.values())


def refuse_irregular(path, name):
    """Raise :class:`ImageError`, calling ``path`` by ``name``, if it is a pipe, a socket or a device."""
    if _is_irregular(path):
        raise ImageError(f"{name}: is a pipe or a device; give a file, or a folder of files")


def _walk(folder):
    left, seen = [folder], {str(parent) for parent in folder.resolve().parents}  # a link may lead back
    for start in left:
        for parent, folders, files in os.walk(start, onerror=_not_searched):
            real = os.path.realpath(parent)
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            left += [Path(parent, name) for name in folders if Path(parent, name).is_symlink()]
            for name in sorted(files):
                path = Path(parent, name)
                if not name.startswith(".") and path.suffix.lower() in SUFFIXES and not _is_irregular(path):
                    yield path


def _is_irregular(path):
    """Whether ``path`` is a pipe, a socket or a device, whose reading may never end."""
    try:
        mode = os.stat(path).st_mode
    except OSError:  # as of a broken link, which is told where it is read
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _not_searched(error):
    raise ImageError(
        f"{error.filename}: cannot be searched for photos ({error.strerror}); make the folder readable, "
        "or give the others by themselves"
    )
