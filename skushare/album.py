"""A list of counted photos that stays small in memory however many photos go in."""

import hashlib
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from skushare.detections import Detections
from skushare.draw import annotate
from skushare.errors import SkushareError
from skushare.files import atomic_write
from skushare.images import read_image
from skushare.jpeg import decode_jpeg, encode_jpeg, shrink
from skushare.shelf.share import share_of_shelves

# Detections are kept down to this score, so that a threshold can move without a new run.
SCORE_FLOOR = 0.05
PREVIEW_SIDE = 1280
MAX_PHOTOS = 300


@dataclass(frozen=True)
class Photo:
    """One counted photo: a small JPEG preview and what was found, in pixels of the original."""

    name: str
    width: int
    height: int
    preview: bytes = field(repr=False)
    detections: Detections = field(repr=False)

    def picture(self, min_score, labels=()):
        """JPEG bytes of the preview with the boxes of at least ``min_score`` drawn."""
        image = decode_jpeg(self.preview)
        found = self.detections.above(min_score)
        scale = [image.shape[1] / self.width, image.shape[0] / self.height] * 2
        return encode_jpeg(annotate(image, replace(found, boxes=found.boxes * scale), labels))


class Album:
    """Photos counted in one visit, in order of arrival.

    A photo is known by its content: the same one added twice is counted once.

    Attributes:
        photos: {content hash: :class:`Photo`}.
        failures: {content hash: message fit for the user}.
        repeats: names of files whose content was in the list already.
    """

    def __init__(self, max_photos=MAX_PHOTOS):
        self.max_photos = max_photos
        self.photos = {}
        self.failures = {}
        self.repeats = []
        self._taken = set()
        self._originals = tempfile.TemporaryDirectory(prefix="skushare-album-")  # goes with the album

    def __len__(self):
        return len(self.photos)

    def add(self, name, data, detector):
        """Count the photo in the bytes ``data``; a file that cannot be counted becomes a failure."""
        key = hashlib.sha256(data).hexdigest()
        if key in self.photos:
            self.repeats.append(name)
            return
        if len(self) >= self.max_photos:
            self.failures[key] = (
                f"{name}: not counted, the list is full at {self.max_photos}; download it, then clear it"
            )
            return
        try:
            image = read_image(data, name=name)
            detections = detector.detect(image, mode="photo", min_score=SCORE_FLOOR)
            with atomic_write(self._original(key)) as handle:
                handle.write(data)
        except SkushareError as error:
            self.failures[key] = str(error)
            return
        height, width = image.shape[:2]
        self.photos[key] = Photo(name, width, height, encode_jpeg(shrink(image, PREVIEW_SIDE)), detections)

    def original(self, key):
        """Bytes of the file whose content hash is ``key``, as it was added."""
        return self._original(key).read_bytes()

    def _original(self, key):
        return Path(self._originals.name, key)

    def take(self, files, detector, seconds):
        """Count files that were not taken yet, stopping after about ``seconds``.

        A page calls this again until nothing is left, and stays responsive in between.

        Args:
            files: (id, name, read) of each file; ``read()`` gives its bytes and is called
                once an id, so a long list costs no memory here.

        Returns:
            How many of ``files`` are left.
        """
        waiting = [file for file in files if file[0] not in self._taken]
        end = time.monotonic() + seconds
        while waiting:
            identity, name, read = waiting.pop(0)
            self.add(name, read(), detector)
            self._taken.add(identity)
            if time.monotonic() >= end:
                break
        return len(waiting)

    def counts(self, min_score):
        """One row a photo: name, facings, mean score of what is counted, size in pixels."""
        rows = []
        for photo in self.photos.values():
            found = photo.detections.above(min_score)
            mean = round(float(found.scores.mean()), 3) if len(found) else None
            rows.append((photo.name, len(found), mean, photo.width, photo.height))
        return pd.DataFrame(rows, columns=["photo", "facings", "mean score", "width", "height"])

    def facings(self, min_score, labels=(), photos=None):
        """One row a facing of ``photos`` (all by default), in pixels of the original photo."""
        photos = self.photos.values() if photos is None else photos
        tables = [p.detections.above(min_score).to_frame(labels).assign(photo=p.name) for p in photos]
        table = pd.concat([Detections().to_frame().assign(photo=""), *tables], ignore_index=True)
        return table[["photo", *table.columns.drop("photo")]]

    def shares(self, min_score, labels=()):
        """Share of shelf over all photos together."""
        return share_of_shelves((p.detections.above(min_score) for p in self.photos.values()), labels)
