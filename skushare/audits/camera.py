"""Audits of what a camera shows: its newest frame, or its sweep, with each facing on one picture."""

from typing import NamedTuple

from skushare.audits.audit import Audit, AuditPhoto, made_with, with_brands
from skushare.brands.gallery import Gallery
from skushare.database import pictures
from skushare.jpeg import encode_jpeg
from skushare.shelf.rows import assign_rows
from skushare.shelf.sweep_pictures import SweepPicture

QUALITY = 95  # of a camera's frame as JPEG


class CameraView(NamedTuple):
    """What a live session shows at one moment.

    Attributes:
        frame: the newest one, as of ``LiveSession.newest()``; sweep: as of ``LiveSession.sweep()``.
        known: the session's gallery.
        about: what an audit tells of its making.
    """

    frame: tuple
    sweep: list
    known: Gallery | None
    about: dict

    @classmethod
    def of(cls, session):
        """What ``session`` shows now; ``None`` before its first frame."""
        if (frame := session.newest()) is None:
            return None
        known = session.gallery
        about = made_with(session.detector, "live", session.min_score, known, session.size)
        return cls(frame, session.sweep(), known, about)


def audit_of_frame(view, labels, words):
    """The :class:`~skushare.audits.audit.Audit` of the newest frame of a :class:`CameraView`.

    ``labels``: the detector's class names.
    """
    image, detections = view.frame
    height, width = image.shape[:2]
    seen = SweepPicture(encode_jpeg(image, QUALITY), width, height, assign_rows(detections))
    return _audit_of_camera(view, [seen], labels, words, "live")


def audit_of_sweep(view, labels, words):
    """The :class:`~skushare.audits.audit.Audit` of the sweep of a :class:`CameraView`.

    ``labels``: the detector's class names.
    """
    return _audit_of_camera(view, view.sweep, labels, words, "sweep")


def audit_of_pictures(seen, labels, brands, time, source="sweep", **about):
    """The :class:`~skushare.audits.audit.Audit` of a camera's pictures, which are put into the store.

    Args:
        seen: :class:`~skushare.shelf.sweep_pictures.SweepPicture` of each.
        labels: the detector's class names.
        brands: names of the brands, by brand id; empty where nothing named them.
        time: when they were taken, a datetime.
        source: ``sweep``, or ``live`` for a single frame.
        about: what else an audit tells, as its keyword arguments.
    """
    found, brands = with_brands((each.detections for each in seen), labels, brands)
    photos = [
        AuditPhoto(
            f"{source}-{time:%Y%m%d-%H%M%S}-{number}.jpg",
            pictures.put(each.jpeg),
            each.width,
            each.height,
            detections,
        )
        for number, (each, detections) in enumerate(zip(seen, found, strict=True), 1)
    ]
    return Audit(photos, brands, time, source=source, **about)


def _audit_of_camera(view, seen, labels, words, source):
    known = view.known.brands if view.known else ()
    return audit_of_pictures(seen, labels, known, source=source, **words, **view.about)
