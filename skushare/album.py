"""A list of counted photos that stays small in memory however many photos go in."""

import copy
import hashlib
import os
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from skushare.brands.naming import name_facings
from skushare.brands.recognition import example_picture
from skushare.detections import Detections
from skushare.draw import annotate, draw_blocks, draw_gaps
from skushare.errors import SkushareError
from skushare.files import write_file
from skushare.images import read_image
from skushare.jpeg import decode_jpeg, encode_jpeg, shrink
from skushare.shelf.blocks import brand_blocks
from skushare.shelf.share import share_of_shelves
from skushare.workspace import numbered

# Detections are kept down to this score, so that a threshold can move without a new run.
SCORE_FLOOR = 0.05
# Below it and the model's threshold, facings get no brand: there are as many of them as of the others.
BRAND_FLOOR = 0.2
PREVIEW_SIDE = 1280
MAX_PHOTOS = 300


@dataclass(frozen=True, eq=False)
class Photo:
    """One counted photo: a small JPEG preview and what was found, in pixels of the original.

    It equals itself alone: what is made of a photo is kept until the same file is counted anew.

    ``embeddings``: (n, d) float16 of the facings, zeros for those that score below ``BRAND_FLOOR`` and
    the model's own threshold; ``None`` without an embedder.
    """

    name: str
    width: int
    height: int
    preview: bytes = field(repr=False)
    detections: Detections = field(repr=False)
    embeddings: np.ndarray | None = field(default=None, repr=False)

    def drawn(self, found, names, by_row=False, gaps=(), colors=None, blocks=False):
        """JPEG bytes of the preview with ``found`` drawn, coloured by brand where it has brands.

        Args:
            found: :class:`~skushare.detections.Detections` in pixels of the original.
            names: of the brands, or else of the classes.
            by_row: colour by shelf row instead; ``found`` has its rows.
            gaps: boxes (n, 4) of empty places, which get a dashed frame.
            colors: {name: ``"#RRGGBB"``} as of :func:`~skushare.draw.annotate`.
            blocks: outline the facings of one brand that touch, in place of each facing.
        """
        image = decode_jpeg(self.preview)
        found = replace(found, boxes=self._on_preview(image, found.boxes))
        color_by = "row" if by_row else "class" if found.brand_ids is None else "brand"
        if blocks:
            ids = found.class_ids if found.brand_ids is None else found.brand_ids
            picture = draw_blocks(image, found.boxes, brand_blocks(found), ids, names, colors)
        else:
            picture = annotate(image, found, () if by_row else names, color_by, colors=colors)
        if len(gaps):
            picture = draw_gaps(picture, self._on_preview(image, gaps))
        return encode_jpeg(picture)

    def cutouts(self, facings):
        """JPEG bytes of each of ``facings``, numbers of the detections, cut out of the preview."""
        image = decode_jpeg(self.preview)
        boxes = self._on_preview(image, self.detections.boxes[facings])
        return [example_picture(image, box) for box in boxes]

    def _on_preview(self, image, boxes):
        return boxes * ([image.shape[1] / self.width, image.shape[0] / self.height] * 2)


class Album:
    """Photos counted in one visit, in order of arrival.

    A photo is known by its content: the same one added twice is counted once.

    Attributes:
        detector: that counted the photos, which all are to be counted by; ``None`` before the first.
        photos: {content hash: :class:`Photo`}.
        failures: {content hash: message fit for the user}.
        repeats: names of the files last taken whose content was in the list already; forgotten when a photo
            is removed.
        waiting: names of files that were to be counted and are not yet; they stay if the page was left, until
            files of these names are taken.
        choices: {name: value} of what a page has chosen for the list, to be replaced as a whole.
    """

    def __init__(self):
        self.detector = None
        self.photos = {}
        self.failures = {}
        self.repeats = []
        self.waiting = ()
        self.choices = {}
        self._taken, self._taking = set(), threading.Lock()
        self._originals = tempfile.TemporaryDirectory(prefix="skushare-album-")  # goes with the album

    def __len__(self):
        return len(self.photos)

    def copy(self):
        """An album of the same photos, which from then on changes by itself."""
        other = copy.copy(self)
        other.photos, other.failures = self.photos.copy(), self.failures.copy()
        other.repeats, other._taken = self.repeats.copy(), self._taken.copy()
        other._taking = threading.Lock()
        return other

    def add(self, name, data, detector, embedder=None):
        """Count the photo in the bytes ``data``; a file that cannot be counted becomes a failure.

        ``embedder`` prepares its facings for :meth:`named`.
        """
        key = hashlib.sha256(data).hexdigest()
        if key in self.photos:
            self.repeats.append(name)
            return
        if len(self) >= MAX_PHOTOS:
            self.failures[key] = (
                f"{name}: not counted, the list is full at {MAX_PHOTOS}; download it, then clear it"
            )
            return
        try:
            image = read_image(data, name=name)
            detections = detector.detect(image, mode="photo", min_score=SCORE_FLOOR)
            embeddings = None if embedder is None else _embed(image, detections, detector, embedder)
            write_file(self._original(key), data)
        except SkushareError as error:
            self.failures[key] = str(error)
            return
        self.detector = detector
        height, width = image.shape[:2]
        preview = encode_jpeg(shrink(image, PREVIEW_SIDE))
        self.photos[key] = Photo(self._unused(name), width, height, preview, detections, embeddings)
        self.failures.pop(key, None)  # of an earlier try

    def _unused(self, name):
        """``name``, with a number where another photo has it: some phones call every shot image.jpg."""
        used = {photo.name for photo in self.photos.values()}
        stem, suffix = os.path.splitext(name)
        return next(each for each in numbered(stem, "_", suffix) if each not in used)

    def remove(self, key):
        """Take the photo whose content hash is ``key`` off the list.

        Its file stays as long as the album, for an audit that was begun with it.
        """
        self.photos.pop(key, None)
        self.repeats.clear()

    def original(self, key):
        """Bytes of the file whose content hash is ``key``, as it was added.

        Raises:
            SkushareError: the server has cleared its temporary files since.
        """
        try:
            return self._original(key).read_bytes()
        except OSError:
            name = self.photos[key].name if key in self.photos else "a photo"
            raise SkushareError(
                f"{name}: the server no longer has it; empty the list and add it again"
            ) from None

    def _original(self, key):
        return Path(self._originals.name, key)

    def take(self, files, detector, seconds, embedder=None):
        """Count files that were not taken yet, stopping after about ``seconds``.

        A page calls this again until nothing is left, and stays responsive in between. Calls at the same
        time, as of a run that was cut short and of the next one, follow one another.

        Args:
            files: (id, name, read) of each file; ``read()`` gives its bytes and is called
                once an id, so a long list costs no memory here.

        Returns:
            How many of ``files`` are left.
        """
        with self._taking:
            left = [file for file in files if file[0] not in self._taken]
            if left and len(left) == len(files):
                self.repeats.clear()  # of what was added before
            end = time.monotonic() + seconds
            while left:
                waiting = Counter(self.waiting) | Counter(name for _, name, _ in left)
                self.waiting = tuple(waiting.elements())
                identity, name, read = left.pop(0)
                self.add(name, read(), detector, embedder)
                self._taken.add(identity)
                waiting[name] -= 1
                self.waiting = tuple(waiting.elements())
                if time.monotonic() >= end:
                    break
            return len(left)

    def named(self, min_score, embedder, gallery=None, by_look=False, labels=()):
        """Brands of the facings of at least ``min_score``: a :class:`~skushare.brands.naming.Naming`.

        Its detections are those of the photos, in their order; see
        :func:`~skushare.brands.naming.name_facings`.
        """
        found, vectors = [], []
        for photo in self.photos.values():
            shown = photo.detections.scores >= min_score
            found.append(photo.detections[shown])
            if photo.embeddings is None:
                vectors.append(np.zeros((len(found[-1]), embedder.dimensions), np.float32))
            else:
                vectors.append(photo.embeddings[shown].astype(np.float32))
        return name_facings(found, vectors, embedder, gallery, by_look, labels)

    def found(self, min_score):
        """Detections of each photo of at least ``min_score``."""
        return [photo.detections.above(min_score) for photo in self.photos.values()]

    def shares(self, min_score, labels=(), naming=None):
        """Share of shelf over all photos together, by the brands of ``naming`` if it is given."""
        if naming is None:
            return share_of_shelves(self.found(min_score), labels)
        return share_of_shelves(naming.detections, labels, naming.brands)


def _embed(image, detections, detector, embedder):
    # What counts with this model has a brand, as in an audit.
    sure = np.flatnonzero(detections.scores >= min(BRAND_FLOOR, detector.threshold("photo")))
    embeddings = np.zeros((len(detections), embedder.dimensions), np.float16)
    embeddings[sure] = embedder.embed(image, detections.boxes[sure])
    return embeddings
