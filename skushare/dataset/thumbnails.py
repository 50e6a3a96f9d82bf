"""Small pictures of a dataset's images, made when they are first looked at and kept as files."""

import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from skushare.errors import ImageError
from skushare.images import read_image
from skushare.jpeg import encode_jpeg, shrink

THUMBNAILS = Path("cache", "thumbnails")  # in the folder of a dataset
SIDE = 320  # pixels of the longer side
QUALITY = 75  # of the JPEG: a page of them must come quickly

_END = b"\xff\xd9"  # of a JPEG; a file without it was cut off


def thumbnails(paths, folder):
    """JPEG bytes of each image in ``paths`` at most ``SIDE`` pixels large, kept in ``folder``.

    They are made side by side by several threads, and again when an image changes. In the
    place of an image that cannot be read is the :class:`~skushare.errors.ImageError` that
    says why.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda path: _thumbnail(path, Path(folder)), paths))


def _thumbnail(path, folder):
    try:
        status = os.stat(path)
        key = f"{os.path.abspath(path)}\n{status.st_size}\n{status.st_mtime_ns}\n{SIDE}"
        digest = hashlib.sha256(os.fsencode(key)).hexdigest()
        # 256 folders: some file systems are slow with 12,000 files in one.
        kept = folder / digest[:2] / f"{digest[2:32]}.jpg"
        jpeg = kept.read_bytes()
        if jpeg.endswith(_END):
            return jpeg
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        return ImageError(f"{path}: cannot be read ({error}); check the file")
    try:
        jpeg = encode_jpeg(shrink(read_image(path, name=Path(path).name, side=SIDE), SIDE), QUALITY)
    except ImageError as error:
        return error
    with suppress(OSError):  # a full disk must not keep anyone from looking
        folder.mkdir(exist_ok=True)  # but not its parents: the dataset may just have been deleted
        kept.parent.mkdir(exist_ok=True)
        # Not atomic_write, which waits for the disk: what a crash loses is made again.
        temporary = kept.with_suffix(f".{threading.get_ident()}")
        temporary.write_bytes(jpeg)
        temporary.replace(kept)
    return jpeg
