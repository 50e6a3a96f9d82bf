"""The audit: what was found at one shelf at one time, and with what."""

from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pandas as pd

from skushare import __version__
from skushare.audits import corrections as corrected_by
from skushare.detections import Detections
from skushare.shelf.gaps import find_gaps
from skushare.shelf.share import UNKNOWN, share_of_shelves
from skushare.text import tidy, tidy_name

UNFINISHED = (
    "Not finished: it lacks photos, is in no list, and cannot be corrected yet. "
    "To continue, add the same photos again with the same details."
)  # of an audit that is shown before all its photos are in


@dataclass(frozen=True, eq=False)
class AuditPhoto:
    """One photo of an audit.

    Attributes:
        name: of its file, for people.
        picture: SHA-256 of its file, by which :func:`skushare.database.pictures.get` finds it; empty where a
            phone kept the picture.
        width, height: in pixels, as it stands upright.
        detections: its facings; their ``brand_ids`` index the audit's ``brands``, a negative one is unknown.
        id: its number in the database, ``None`` before it is saved.
        role: ``joined`` for a picture joined of overlapping photos, whose facings count, ``part`` for one of
            these photos, kept without facings; empty for all others.
        doubtful: boxes (m, 4) float32 in pixels that scored too low to count, and may yet fill a gap;
            ``None`` where they are not known, as of a camera's frames and of audits of former versions.
    """

    name: str
    picture: str
    width: int
    height: int
    detections: Detections = field(repr=False)
    id: int | None = None
    role: str = ""
    doubtful: np.ndarray | None = field(default=None, repr=False)

    def __post_init__(self):
        object.__setattr__(self, "name", tidy_name(self.name))

    def gaps(self):
        """The :class:`~skushare.shelf.gaps.Gaps` between its facings."""
        return find_gaps(self.detections, self.doubtful)


@dataclass(frozen=True, eq=False)
class Audit:
    """What was found at one shelf at one time; see :func:`with_brands` for photos without brands.

    Attributes:
        photos: :class:`AuditPhoto` in the order they were taken in.
        brands: names of the brands, by brand id.
        store, shelf, category, note: the user's words; any of them may be empty.
        time: when the shelf looked like this, with its time zone.
        source: ``photos``, ``live`` (one frame), ``sweep`` (a camera moved along the shelf: each facing is
            on one of its frames, the others show it without a box) or ``phone`` (imported from one).
        model, model_digest: name and SHA-256 of the detector.
        gallery, gallery_digest: of the gallery or brand map that named the brands; empty where class labels
            did.
        gallery_version: this :class:`~skushare.brands.gallery.Gallery` itself, which is saved with the audit;
            ``None`` on an audit that was saved.
        thresholds: {name: value} of what decided whether a facing and its brand count.
        software: version of skushare.
        id: its number, ``None`` before it is saved.
        corrections: :class:`~skushare.audits.corrections.Correction` in their order; ``photos`` are
            always those of the original, :meth:`corrected` gives what holds now.
        finished: whether all its photos are in; before, it cannot be corrected.
    """

    photos: tuple[AuditPhoto, ...]
    brands: tuple[str, ...]
    time: datetime
    store: str = ""
    shelf: str = ""
    category: str = ""
    note: str = ""
    source: str = "photos"
    model: str = ""
    model_digest: str = ""
    gallery: str = ""
    gallery_digest: str = ""
    gallery_version: object = field(default=None, repr=False)
    thresholds: dict = field(default_factory=dict)
    software: str = __version__
    id: int | None = None
    corrections: tuple = ()
    finished: bool = True

    def __post_init__(self):
        put = object.__setattr__
        put(self, "photos", tuple(self.photos))
        put(self, "brands", tuple(tidy_name(name) for name in self.brands))
        for name in ("store", "shelf", "category", "model", "gallery"):
            put(self, name, tidy_name(getattr(self, name)))
        put(self, "note", tidy(self.note))
        if self.time.tzinfo is None:
            put(self, "time", self.time.astimezone())  # the clock of this computer
        put(self, "time", self.time.replace(microsecond=0))
        for photo in self.photos:
            ids = photo.detections.brand_ids
            if ids is None or (len(ids) and ids.max() >= len(self.brands)):
                raise ValueError(f"{photo.name}: every facing needs a brand id below {len(self.brands)}")

    @property
    def facings(self):
        """How many facings the photos hold together."""
        return sum(len(photo.detections) for photo in self.photos)

    @property
    def photos_taken(self):
        """How many photos were taken: a joined picture is none."""
        return sum(photo.role != "joined" for photo in self.photos)

    def corrected(self):
        """The audit as it stands after its corrections, which are then part of its photos."""
        if not self.corrections:
            return self
        brands = list(self.brands)
        photos = [corrected_by.correct(photo, self.corrections, brands).photo for photo in self.photos]
        return replace(self, photos=tuple(photos), brands=tuple(brands), corrections=())

    def shares(self):
        """The brands' shares over all photos, as :func:`~skushare.shelf.share.share_of_shelves` gives them.

        Of the photos as they are: call it on :meth:`corrected` for what holds now.
        """
        names, found = self.by_brand()
        return share_of_shelves(found, brands=names)

    def gaps(self, find=AuditPhoto.gaps):
        """The :class:`~skushare.shelf.gaps.Gaps` of each photo, a list; of the photos as they are.

        ``None`` for a sweep over several pictures: there a place without a box may hold a facing that has its
        box on another picture.

        Args:
            find: gives those of an :class:`AuditPhoto`.
        """
        if self.source == "sweep" and len(self.photos) > 1:
            return None
        return [find(photo) for photo in self.photos]

    def by_brand(self):
        """(names of the brands, each once; detections of each photo, whose ``brand_ids`` count in them)."""
        names, ids = distinct(self.brands)
        ids = np.array([*ids, -1])  # the last one of an unknown brand
        found = (photo.detections for photo in self.photos)
        return names, [replace(d, brand_ids=ids[np.maximum(d.brand_ids, -1)]) for d in found]

    def table(self):
        """All facings, as :func:`facings_of` gives them of several audits."""
        return facings_of([self])


def facings_of(audits):
    """All facings of ``audits``: a DataFrame of ``photo``, ``brand``, scores and the box's corners in pixels.

    ``row`` counts from 1, the topmost; a negative ``row`` or ``sku`` is unknown, and so is a ``brand_score``
    that is not a number. Columns have their types without a facing too.
    """
    photos = [photo for audit in audits for photo in audit.photos]
    found = [Detections(brand_ids=[]), *(photo.detections for photo in photos)]
    brands = [name for a in audits for p in a.photos for name in brand_names(p.detections, a.brands)]
    names = [name for photo in photos for name in [photo.name] * len(photo.detections)]

    def column(values, unknown, dtype):
        parts = [np.full(len(f), unknown) if v is None else v for v, f in zip(values, found, strict=True)]
        return np.concatenate(parts, dtype=dtype)

    corners = np.concatenate([each.boxes for each in found]).T
    return pd.DataFrame(
        {
            "photo": pd.Series(names, dtype=str),
            "brand": pd.Series(brands, dtype=str),
            "brand_score": column([each.brand_scores for each in found], np.nan, np.float32),
            "score": np.concatenate([each.scores for each in found]),
            "row": np.concatenate([each.row_numbers() for each in found]),
            "sku": column([each.sku_ids for each in found], -1, np.int32),
            **dict(zip(("left", "top", "right", "bottom"), corners, strict=True)),
        }
    )


def made_with(detector, mode, min_score, gallery=None, size=None):
    """What an :class:`Audit` tells of its making, as keyword arguments of it.

    Args:
        detector: a :class:`~skushare.detector.runtime.Detector`.
        mode: ``photo`` or ``live``.
        min_score: from which on its facings count.
        gallery: the gallery or brand map that named the brands, if one did.
        size: longest side in pixels that frames were resized to, where it was chosen.
    """
    thresholds = {"mode": mode, "score": round(float(min_score), 4)}
    if size is not None:
        thresholds["size"] = int(size)
    values = {"model": detector.name, "model_digest": detector.digest, "thresholds": thresholds}
    if gallery is None:
        return values
    if not gallery.by_label:
        thresholds["brand"] = round(float(gallery.threshold), 4)
    return values | {"gallery": gallery.name, "gallery_digest": gallery.digest, "gallery_version": gallery}


def told_thresholds(thresholds):
    """An audit's ``thresholds`` by the app's words: "mode photo, minimum confidence 0.42"."""
    words = {
        "score": "minimum confidence",
        "size": "pixels of a frame's longer side",
        "brand": "least certainty of a brand",
    }
    return ", ".join(f"{words.get(name, name)} {value}" for name, value in thresholds.items())


def label_brands(labels):
    """The class labels that can stand for brands: none, where a single class means any facing."""
    return tuple(labels) if len(labels) > 1 else ()


def with_brands(detections, labels, brands=()):
    """``detections`` with brand ids, and the brands' names: the class labels, if nothing else named brands.

    Looks ("look A") are no brands, as another photo's look A is another one: what is beyond ``brands`` is
    unknown.

    Args:
        detections: :class:`~skushare.detections.Detections` of several photos, a list.
        labels: the detector's class names.
        brands: names of the brands by id, where all detections have brand ids; none, where these are looks,
            whose brand scores tell nothing of a brand.

    Returns:
        (list of detections, tuple of names).
    """
    detections = list(detections)
    if all(found.brand_ids is not None for found in detections):
        return [_without(found, len(brands)) for found in detections], tuple(brands)
    names = label_brands(labels)
    return [_without(replace(found, brand_ids=found.class_ids), len(names)) for found in detections], names


def _without(detections, count):
    """``detections`` in which brand ids of ``count`` or more, with their products and scores, are unknown.

    Without a brand there are no scores: none of the facings was refused.
    """
    named = detections.brand_ids < count
    skus, scores = detections.sku_ids, detections.brand_scores
    return replace(
        detections,
        brand_ids=np.where(named, detections.brand_ids, -1),
        sku_ids=None if skus is None else np.where(named, skus, -1),
        brand_scores=None if scores is None or not count else np.where(named, scores, 0),
    )


def brand_names(detections, brands):
    """The brand's name of each facing, a list."""
    return [brands[b] if 0 <= b < len(brands) else UNKNOWN for b in detections.brand_ids.tolist()]


def distinct(names):
    """The different names among ``names``, and for each of ``names`` its index in them."""
    different = {name: None for name in names}
    index = {name: i for i, name in enumerate(different)}
    return tuple(different), [index[name] for name in names]
