"""Naming the facings of a saved audit again, to check or to explain what it found."""

from dataclasses import replace

from skushare.brands.gallery import GalleryError
from skushare.brands.library import gallery_of
from skushare.brands.recognition import recognise
from skushare.database import pictures
from skushare.errors import AuditError
from skushare.images import read_image


def gallery_used(audit):
    """The :class:`~skushare.brands.gallery.Gallery` that named the brands of ``audit``.

    Raises:
        AuditError: none did but a brand map, or this version of it was not saved, or lacks pictures.
    """
    if not audit.gallery_digest:
        raise AuditError(f"audit {audit.id}: no gallery named its brands; choose one to name them by")
    try:
        gallery = gallery_of(audit.gallery_digest)
    except GalleryError as error:
        raise AuditError(
            f"audit {audit.id}: the version of the gallery {audit.gallery!r} that it was made with cannot be "
            f"opened ({error}); choose a gallery to name the brands by"
        ) from None
    if gallery.by_label:
        raise AuditError(
            f"audit {audit.id}: its brands are the model's own labels by {gallery.name!r} and stay so; "
            "choose a gallery to name them by"
        )
    return gallery


def recount(audit, gallery, embedder):
    """``audit`` as it was found, its facings named by ``gallery`` in the kept photos.

    The boxes are the stored ones, without corrections. With the gallery that the audit was made with, the
    facings of photos get the names that they got then. A camera's facings may get others: they were seen on
    several frames, and one of them is kept.

    Args:
        audit: a saved :class:`~skushare.audits.audit.Audit`; it is not changed.
        embedder: the :class:`~skushare.brands.embedder.Embedder` of the gallery.

    Raises:
        AuditError: a phone kept its pictures.
        GalleryError: the gallery's examples are of another embedder.
        DatabaseError: a photo is lost or damaged.
    """
    if not all(photo.picture for photo in audit.photos):
        raise AuditError(f"audit {audit.id}: the phone kept its picture, so that nothing can be named again")
    photos = []
    for photo in audit.photos:
        if len(photo.detections):
            image = read_image(pictures.get(photo.picture), photo.name)
            photo = replace(photo, detections=recognise(image, photo.detections, embedder, gallery))
        photos.append(photo)
    return replace(
        audit,
        photos=tuple(photos),
        brands=gallery.brands,
        corrections=(),
        gallery=gallery.name,
        gallery_digest=gallery.digest,
        thresholds=audit.thresholds | {"brand": round(float(gallery.threshold), 4)},
    )
