"""Small pictures of a dataset's images, made when they are first looked at and kept as files."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from skushare.errors import ImageError, SkushareError
from skushare.files import atomic_write
from skushare.images import read_image
from skushare.jpeg import encode_jpeg, shrink

SIDE = 360  # pixels of the longer side


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
        return kept.read_bytes()
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        return ImageError(f"{path}: cannot be read ({error}); check the file")
    try:
        jpeg = encode_jpeg(shrink(read_image(path, name=Path(path).name, side=SIDE), SIDE))
    except ImageError as error:
        return error
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(kept) as file:
            file.write(jpeg)
    except (OSError, SkushareError):
        pass  # a full disk must not keep anyone from looking
    return jpeg
