"""Audits of the photos of an album."""

import numpy as np

from skushare.audits.audit import Audit, AuditPhoto, made_with, with_brands
from skushare.database import pictures
from skushare.detections import Detections
from skushare.jpeg import decode_jpeg


def audit_of_shelves(shelves, album, detector, min_score, words, known=None):
    """The :class:`~skushare.audits.audit.Audit` of what an album shows.

    Photos that are joined are one picture in it, on which each facing counts once; the photos themselves are
    kept beside it.

    Args:
        shelves: list of :class:`~skushare.album_shelves.Shelf`.
        album: the :class:`~skushare.album.Album` that they are of.
        known: the gallery that their brands come from, if one did.
    """
    found, brands = with_brands(
        (shelf.detections for shelf in shelves), detector.labels, known.brands if known else ()
    )
    photos = []
    for shelf, detections in zip(shelves, found, strict=True):
        photos.append(_photo_of(shelf, detections, album))
        photos += [_part(key, photo, album) for key, photo in shelf.parts]
    return Audit(photos, brands, **words, **made_with(detector, "photo", min_score, known))


def _photo_of(shelf, detections, album):
    photo = shelf.photo
    if shelf.key is not None:
        picture = pictures.put(album.original(shelf.key))
        return AuditPhoto(photo.name, picture, photo.width, photo.height, detections, doubtful=shelf.doubtful)
    height, width = decode_jpeg(photo.preview).shape[:2]
    scale = np.float32([width / photo.width, height / photo.height] * 2)
    scaled = detections.scaled(scale)
    picture, doubtful = pictures.put(photo.preview), shelf.doubtful * scale
    return AuditPhoto(photo.name, picture, width, height, scaled, role="joined", doubtful=doubtful)


def _part(key, photo, album):
    none = Detections(brand_ids=[])
    picture = pictures.put(album.original(key))
    return AuditPhoto(photo.name, picture, photo.width, photo.height, none, role="part")
