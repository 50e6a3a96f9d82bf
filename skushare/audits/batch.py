"""Auditing many photos into one audit, which goes on where it was killed."""

import hashlib
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from skushare.audits import store
from skushare.audits.audit import Audit, AuditPhoto, label_brands, made_with, with_brands
from skushare.brands.recognition import recognise
from skushare.database import pictures
from skushare.errors import AuditError, ImageError
from skushare.images import read_image
from skushare.shelf.gaps import doubtful_boxes
from skushare.shelf.rows import assign_rows


class Taken(NamedTuple):
    """What became of one file.

    Attributes:
        name: of the file.
        facings: how many were found.
        known: whether this photo was in the audit already, and so was not counted again.
        error: why it could not be read, or ``None``.
    """

    name: str
    facings: int = 0
    known: bool = False
    error: ImageError | None = None


class Finder:
    """Finds the facings of a photo with their rows and brands.

    Args:
        detector: a :class:`~skushare.detector.runtime.Detector`.
        mode: ``photo`` or ``live``.
        min_score: facings count from it on; default: the detector's.
        gallery: a :class:`~skushare.brands.gallery.Gallery` or brand map that names the brands; without one,
            the detector's labels are taken for brands if there are several, and all is unknown if not.
        embedder: the :class:`~skushare.brands.embedder.Embedder` of the gallery.

    Attributes:
        brands: names of the brands, by brand id.
        made_with: what an :class:`~skushare.audits.audit.Audit` tells of its making.
    """

    def __init__(self, detector, mode="photo", min_score=None, gallery=None, embedder=None):
        self.detector, self.mode, self.gallery, self.embedder = detector, mode, gallery, embedder
        self.min_score = detector.threshold(mode) if min_score is None else min_score
        self.brands = label_brands(detector.labels) if gallery is None else gallery.brands
        self.made_with = made_with(detector, mode, self.min_score, gallery)

    def find(self, image):
        """What is in ``image``, (h, w, 3) uint8 RGB.

        Returns:
            The :class:`~skushare.detections.Detections` that count, and the doubtful boxes as an
            :class:`~skushare.audits.audit.AuditPhoto` has them.
        """
        least = min(self.detector.doubtful_score(self.mode), self.min_score)
        seen = self.detector.detect(image, mode=self.mode, min_score=least)
        doubtful, found = doubtful_boxes(seen, self.min_score), assign_rows(seen.above(self.min_score))
        if self.gallery is None:
            return with_brands([found], self.detector.labels)[0][0], doubtful
        return recognise(image, found, self.embedder, self.gallery, self.detector.labels), doubtful


def open_batch(finder, words, planned, source, time=None, files=None):
    """The unfinished audit that was asked for in the same words with the same models, or a new one.

    Args:
        finder: a :class:`Finder`.
        words: {"store", "shelf", "category", "note", "time": value}, as an audit has them; what is missing is
            empty, the time now.
        planned: how many photos it is to have.
        source: JSON value that tells where the photos are from.
        time: when the photos were taken, if that was asked for: an unfinished audit of another time is
            another one then, while a time among the ``words`` is only that of a new one.
        files: the photos, as of :func:`run_batch`: an unfinished audit that has a photo which is none of them
            is another one, because the photos of its ``source`` were replaced.

    Returns:
        Its number.
    """
    words = {"time": datetime.now(), **words} | ({"time": time} if time else {})
    begun = Audit((), finder.brands, **words, **finder.made_with)
    request = {
        "from": source,
        "words": [begun.store, begun.shelf, begun.category, begun.note],
        "made_with": [begun.model_digest, begun.gallery_digest, begun.thresholds],
    }
    for batch in store.unfinished_audits():
        if batch["request"] != request or (time and batch["time"] != begun.time):
            continue
        if files is None or _are_all(store.pictures_of(batch["audit"]), files):
            return batch["audit"]
    return store.begin_audit(begun, planned, request)


def _are_all(digests, files):
    """Whether all of the photos with these SHA-256 ``digests`` are among ``files``."""
    for _, read in files:
        if not digests:
            break
        with suppress(ImageError):
            digests.discard(hashlib.sha256(read()).hexdigest())
    return not digests


def run_batch(number, files, finder):
    """Add photos to the unfinished audit ``number``, then finish it; yields a :class:`Taken` for each file.

    A photo that is in the audit already, by its content, is not looked at again. Stopped midway, whether by
    the caller or a crash, it goes on when called again.

    Args:
        files: (name, read) of each; ``read()`` gives the bytes of the file.
        finder: a :class:`Finder`.

    Raises:
        AuditError: no photo at all could be read; the audit is then removed.
    """
    done = store.pictures_of(number)
    for name, read in files:
        try:
            taken = _take(number, name, read(), finder, done)
        except ImageError as error:
            taken = Taken(name, error=error)
        yield taken
    if not done:
        store.delete_audit(number)
        raise AuditError("no photo could be read, so that no audit was saved")
    store.finish_audit(number)


def _take(number, name, data, finder, done):
    digest = hashlib.sha256(data).hexdigest()
    if digest in done:
        return Taken(name, known=True)
    image = read_image(data, name)
    height, width = image.shape[:2]
    found, doubtful = finder.find(image)
    store.add_photo(number, AuditPhoto(name, pictures.put(data), width, height, found, doubtful=doubtful))
    done.add(digest)
    return Taken(name, len(found))
