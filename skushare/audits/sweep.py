"""Audits of what a camera passed: pictures of which each facing is on one."""

from skushare.audits.audit import Audit, AuditPhoto, with_brands
from skushare.database import pictures


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
