"""What the picture files of a dataset are really like: readable or damaged, how large, alike or not."""

import os
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from skushare.dataset.label_text import clean_text
from skushare.errors import ImageError
from skushare.images import FORMATS, MAX_PIXELS, MIN_SIDE, read_image
from skushare.jpeg import shrink
from skushare.orientation import exif_orientation, lies_on_side, upright
from skushare.workspace import scan_file

HASH_SIDE = 16  # 256 bits; with the customary 64, unlike shelves are as near to each other as like ones

_LEAST = 128  # pixels a side that the hash is made from
_BATCH = 200  # pictures after which the cache is saved
# What libjpeg goes on after, with rubbish in the picture; but for stuffing before the end, which is harmless.
_RUBBISH = re.compile(r"(Corrupt JPEG data|Premature end)(?!.*extraneous bytes before marker 0xd9)")
_TABLE = "scan_2"  # another number for another meaning of the columns


@dataclass(frozen=True, eq=False)
class Scan:
    """Facts about n picture files.

    Attributes:
        widths, heights: (n,) int32, pixels of the upright picture; 0 if it cannot be read.
        orientations: (n,) int32, EXIF's, 1 to 8; 1 for any PNG whose width and height it leaves as they are.
        hashes: (n, 4) uint64, bits of a perceptual hash; see :mod:`skushare.dataset.duplicates`.
        faults: n texts, what is wrong with the file; empty if nothing is.
    """

    widths: np.ndarray
    heights: np.ndarray
    orientations: np.ndarray
    hashes: np.ndarray
    faults: tuple[str, ...]

    @property
    def readable(self):
        """(n,) bool."""
        return np.array([not fault for fault in self.faults], bool)

    def __getitem__(self, rows):
        """The facts about the pictures with these numbers, a list of integers."""
        arrays = (self.widths, self.heights, self.orientations, self.hashes)
        return Scan(*(array[rows] for array in arrays), tuple(self.faults[row] for row in rows))


def scan(paths, progress=iter, cache=None):
    """The :class:`Scan` of the picture files ``paths``, each of which is decoded once and then remembered.

    Args:
        progress: wraps a list of what is to do in an iterator that shows progress.
        cache: the file of what is remembered; default: ``scan.db`` in the workspace. A
            file is looked at again when its size or date changes.
    """
    paths = [os.path.abspath(path) for path in paths]
    with closing(_open_cache(cache or scan_file())) as database:
        facts = _remembered(database, paths)
        missing = [path for path in dict.fromkeys(paths) if path not in facts]
        pool, fresh = ThreadPoolExecutor(os.cpu_count()), []
        try:
            looks = pool.map(_look, missing)
            for number, path in enumerate(progress(missing), 1):
                stamp, facts[path] = next(looks)
                if stamp:
                    fresh.append((os.fsencode(path), *stamp, *facts[path]))
                if number % _BATCH == 0 or number == len(missing):
                    _remember(database, fresh)
                    fresh = []
        finally:
            pool.shutdown(cancel_futures=True)
    rows = [facts[path] for path in paths]
    numbers = np.array([row[:3] for row in rows], np.int32).reshape(-1, 3)
    hashes = np.frombuffer(b"".join(row[3] for row in rows), np.uint64).reshape(-1, 4)
    return Scan(*numbers.T, hashes, tuple(row[4] for row in rows))


# The cache: whatever is wrong with it, such as a full disk, must not cost the scan.


def _open_cache(path):
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(path, timeout=30)
        database.execute(
            f"CREATE TABLE IF NOT EXISTS {_TABLE} (path TEXT PRIMARY KEY, size INTEGER, changed INTEGER,"
            " width INTEGER, height INTEGER, orientation INTEGER, hash BLOB, fault TEXT)"
        )
        return database
    except (OSError, sqlite3.Error):
        return sqlite3.connect(":memory:")


def _remembered(database, paths):
    """``{path: facts}`` of the files that have not changed since they were looked at."""
    wanted, facts = set(paths), {}
    with suppress(sqlite3.Error):
        for path, size, changed, *row in database.execute(f"SELECT * FROM {_TABLE}"):
            path = os.fsdecode(path)  # text in rows of earlier versions
            if path in wanted and _stamp(path) == (size, changed):
                facts[path] = tuple(row)
    return facts


def _remember(database, rows):
    """Save rows of the table in one short transaction, as others cannot write during it."""
    with suppress(sqlite3.Error), database:
        database.executemany(f"INSERT OR REPLACE INTO {_TABLE} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


# The pictures


def _stamp(path):
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _look(path):
    """The stamp of a file and its facts: width, height, orientation, hash, fault."""
    stamp = _stamp(path)
    try:
        grey, size, orientation = _glance(path) or _read(path)
    except ImageError as error:
        return stamp, (0, 0, 1, bytes(HASH_SIDE**2 // 8), clean_text(str(error).removeprefix(f"{path}: ")))
    return stamp, (*size, orientation, _hash(grey), "")


def _glance(path):
    """A small grey picture of a plain JPEG, upright, with its whole size; ``None`` for other files.

    All of the file's data is looked at, although most of the pixels are never made.
    """
    import simplejpeg  # OpenCV and Pillow do not tell when a JPEG lacks its lower half

    try:
        with Image.open(path, formats=FORMATS) as picture:
            width, height = picture.size
            plain = picture.format in ("JPEG", "MPO") and picture.mode in ("RGB", "L")
            if not plain or width * height > MAX_PIXELS or min(width, height) < MIN_SIDE:
                return None
            orientation = exif_orientation(picture)
        data = Path(path).read_bytes()
        grey = simplejpeg.decode_jpeg(data, "gray", min_height=_LEAST, min_width=_LEAST)[..., 0]
    except Exception as error:
        if _RUBBISH.match(str(error)):
            raise ImageError(f"{path}: is damaged inside ({error}); copy or download it again") from None
        return None
    size = (height, width) if lies_on_side(orientation) else (width, height)
    return upright(grey, orientation), size, orientation


def _read(path):
    """As :func:`_glance`, for any kind of picture."""
    image = read_image(path)
    with Image.open(path, formats=FORMATS) as picture:
        # Of a PNG, Pillow decodes all once more to look for EXIF behind the pixels.
        unturned = picture.format == "PNG" and picture.size == image.shape[1::-1]
        orientation = 1 if unturned else exif_orientation(picture)
    grey = cv2.cvtColor(shrink(image, 4 * _LEAST), cv2.COLOR_RGB2GRAY)
    return grey, image.shape[1::-1], orientation


def _hash(grey):
    from imagehash import phash

    return np.packbits(phash(Image.fromarray(grey), hash_size=HASH_SIDE).hash).tobytes()
