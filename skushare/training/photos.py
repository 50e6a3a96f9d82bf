"""Photos as training wants them: decoded, no larger than its crops can show, kept while there is room."""

import contextlib
import hashlib
import os
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
import psutil

from skushare.errors import ImageError, SkushareError
from skushare.files import write_file
from skushare.images import read_image
from skushare.jpeg import encode_jpeg
from skushare.workspace import copies_folder

MUCH_LARGER = 0.8  # a photo is scaled when its sides shrink to this or less; else it is not worth it
DISK_LIMIT = 10 << 30  # bytes of scaled copies that are left when a run begins
QUALITY = 95  # of the scaled copies, JPEG


def cache_limit():
    """Bytes of decoded photos to keep: 3 GB, or a quarter of a smaller machine's memory."""
    return min(3 << 30, psutil.virtual_memory().total // 4)


class Photos:
    """Reads photos, scaled down where they are much larger than needed.

    Decoded ones stay in memory, the least recently used dropped when full; scaled ones stay on
    disk as well (``cache/photos`` in the workspace, which may be deleted at any time), because a
    photo of 8 megapixels takes ten times as long to decode as its copy of one.

    Args:
        useful_scale: function of (width, height) in pixels, 1 or less: the scale at which a photo
            still has all detail that will be seen.
        limit: bytes of decoded photos to keep.
    """

    def __init__(self, useful_scale, limit):
        self.useful_scale, self.limit, self.size = useful_scale, limit, 0
        self._images = OrderedDict()
        self._lock = Lock()

    def get(self, sample):
        """The picture of ``sample``, (h, w, 3) uint8 RGB, and the sample with its boxes in pixels of it."""
        with self._lock:
            image = self._images.get(sample.path)
            if image is not None:
                self._images.move_to_end(sample.path)
        if image is None:
            image = self._read(sample)
            self._keep(sample.path, image)
        height, width = image.shape[:2]
        if (width, height) == (sample.width, sample.height):
            return image, sample
        factor = np.tile(np.float32([width / sample.width, height / sample.height]), 2)
        return image, replace(sample, width=width, height=height, boxes=sample.boxes * factor)

    def bytes_of(self, samples):
        """How many bytes these take in memory once all were read, of those that may be kept."""
        total = 0
        for sample in samples:
            width, height = self._size(sample)
            total += width * height * 3
        return min(total, self.limit)

    def _size(self, sample):
        scale = self.useful_scale(sample.width, sample.height)
        if scale > MUCH_LARGER:
            return sample.width, sample.height
        return max(1, round(sample.width * scale)), max(1, round(sample.height * scale))

    def _read(self, sample):
        size = self._size(sample)
        if size == (sample.width, sample.height):
            return read_image(sample.path)
        copy = _copy_path(sample.path, size)
        with contextlib.suppress(SkushareError):  # not there yet, or damaged: made anew
            return read_image(copy)
        image = cv2.resize(read_image(sample.path), size, interpolation=cv2.INTER_AREA)
        data = encode_jpeg(image, QUALITY)
        # On a full disk training goes on without the copy, on the very same pixels.
        with contextlib.suppress(SkushareError, OSError):
            copy.parent.mkdir(parents=True, exist_ok=True)
            write_file(copy, data)
        return read_image(data)

    def _keep(self, path, image):
        with self._lock:
            if path not in self._images:
                self._images[path] = image
                self.size += image.nbytes
            while self.size > self.limit and len(self._images) > 1:
                self.size -= self._images.popitem(last=False)[1].nbytes


def prune_copies(limit=DISK_LIMIT):
    """Delete the oldest scaled copies on disk until the rest takes at most ``limit`` bytes."""
    copies = []
    for path in copies_folder().glob("*"):  # also what a killed process left half-written
        with contextlib.suppress(FileNotFoundError):  # another run prunes as well
            status = path.stat()
            copies.append((status.st_mtime, status.st_size, path))
    total = 0
    for _, size, path in sorted(copies, reverse=True):
        total += size
        if total > limit:
            path.unlink(missing_ok=True)


def _copy_path(path, size):
    try:
        status = os.stat(path)
    except OSError as error:  # the dataset was deleted meanwhile
        raise ImageError(f"{path}: cannot be read ({error.strerror}); check the file") from None
    content = f"{Path(path).resolve()} {status.st_mtime_ns} {status.st_size} {size} {QUALITY}"
    return copies_folder() / f"{hashlib.sha256(os.fsencode(content)).hexdigest()[:32]}.jpg"
