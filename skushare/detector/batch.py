"""Detecting in many photos, one after the other."""

from typing import NamedTuple

from skushare.detections import Detections
from skushare.errors import ImageError
from skushare.images import read_image


class Found(NamedTuple):
    """What was found in one photo file.

    Attributes:
        error: why there is nothing.
        partial: whether facings that it shows may be among another's, as on the frames of a video.
    """

    path: object
    width: int
    height: int
    detections: Detections
    error: ImageError | None = None
    partial: bool = False


def detect_files(detector, paths, on_image=None, **options):
    """Yield a :class:`Found` for each of ``paths``; an unreadable file does not stop the rest.

    Args:
        detector: a ``Detector``; options: of its ``detect``.
        on_image: called with (path, image, detections) while the photo is in memory.
    """
    for path in paths:
        try:
            image = read_image(path)
        except ImageError as error:
            yield Found(path, 0, 0, Detections(), error)
            continue
        detections = detector.detect(image, **options)
        if on_image is not None:
            on_image(path, image, detections)
        height, width = image.shape[:2]
        yield Found(path, width, height, detections)
