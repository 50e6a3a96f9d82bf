"""Detecting in many photos, one after the other."""

from typing import NamedTuple

from skushare.detections import Detections
from skushare.errors import ImageError
from skushare.images import read_image
from skushare.shelf.gaps import doubtful_boxes


class Found(NamedTuple):
    """What was found in one photo file.

    Attributes:
        error: why there is nothing.
        partial: whether facings that it shows may be among another's, as on the frames of a video.
        doubtful: boxes (m, 4) in pixels that score too low to count, and may yet fill a gap; ``None`` if not
            known.
    """

    path: object
    width: int
    height: int
    detections: Detections
    error: ImageError | None = None
    partial: bool = False
    doubtful: object = None


def detect_files(detector, paths, on_image=None, name=None, mode="photo", min_score=None, **options):
    """Yield a :class:`Found` for each of ``paths``; an unreadable file does not stop the rest.

    Args:
        detector: a ``Detector``; mode, min_score, options: of its ``detect``.
        on_image: called with (path, image, detections) while the photo is in memory.
        name: gives the detections their brands, called with (image, detections); or ``None``.
    """
    min_score = detector.threshold(mode) if min_score is None else min_score
    least = min(detector.doubtful_score(mode), min_score)
    for path in paths:
        try:
            image = read_image(path)
        except ImageError as error:
            yield Found(path, 0, 0, Detections(), error)
            continue
        seen = detector.detect(image, mode=mode, min_score=least, **options)
        detections, doubtful = seen.above(min_score), doubtful_boxes(seen, min_score)
        if name is not None:
            detections = name(image, detections)
        if on_image is not None:
            on_image(path, image, detections)
        height, width = image.shape[:2]
        yield Found(path, width, height, detections, doubtful=doubtful)
