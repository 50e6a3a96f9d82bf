"""Corrections by hand: they are kept beside the original, which stays, and what holds now is computed.

Facings of a photo are known by number: those of the original from 0 on in their order, then each that was
added. A correction says what one of them is from then on: a box and a brand, or ``None``, no facing.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np

from skushare.detections import Detections
from skushare.shelf.rows import assign_rows
from skushare.shelf.share import UNKNOWN

SAME_PLACE = 0.01  # pixels that a box may differ by, from the page's rounding, and not have moved


class Facing(NamedTuple):
    """What a correction says of a facing: its box in pixels of the photo and the name of its brand."""

    box: tuple[float, float, float, float]
    brand: str


@dataclass(frozen=True)
class Correction:
    """One change by a person.

    Attributes:
        photo: number of the photo in the database.
        facing: number of the facing in the photo.
        before, after: :class:`Facing`, ``None`` for none.
        who: as they call themselves; may be empty.
        time: when, with time zone.
    """

    photo: int
    facing: int
    before: Facing | None
    after: Facing | None
    who: str
    time: datetime

    @property
    def what(self):
        """What was done, in words."""
        if self.before is None:
            return f"added {self.after.brand}"
        if self.after is None:
            return f"removed {self.before.brand}"
        if self.before.brand != self.after.brand:
            return f"{self.before.brand} is {self.after.brand}"
        return f"moved the box of {self.after.brand}"


def told_correction(correction, audit):
    """A correction in words: "2026-05-04 14:00, Mia: added Astra, shelf row 2, number 3 from the left".

    Args:
        audit: the original :class:`~skushare.audits.audit.Audit`, by whose clock the time is told; where its
            photos are several, the photo is told too.
    """
    photo = next(photo for photo in audit.photos if photo.id == correction.photo)
    of = f", {photo.name}" if sum(each.role != "part" for each in audit.photos) > 1 else ""
    who = f", {correction.who}" if correction.who else ""
    time = f"{correction.time.astimezone(audit.time.tzinfo):%Y-%m-%d %H:%M}"
    return f"{time}{who}: {correction.what}, {_place((correction.after or correction.before).box, photo)}{of}"


def _place(box, photo):
    """Where ``box`` is on ``photo``: on the row of the facing beside it, without one by its middle."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    rows, (left, top, right, bottom) = photo.detections.row_ids, photo.detections.boxes.T
    away = np.where((top <= y) & (y <= bottom), abs((left + right) / 2 - x), np.inf)
    if rows is None or not np.isfinite(away).any() or (row := rows[away.argmin()]) < 0:
        return f"at {x / photo.width:.0%} of the width, {y / photo.height:.0%} of the height"
    before = (rows == row) & (right < x)
    return f"shelf row {row + 1}, number {before.sum() + 1} from the left"


class Corrected(NamedTuple):
    """A photo after corrections, and the number of each of its facings."""

    photo: object
    numbers: tuple[int, ...]


def correct(photo, corrections, brands):
    """``photo`` after those of ``corrections`` that are about it.

    Args:
        photo: :class:`~skushare.audits.audit.AuditPhoto` of the original.
        corrections: :class:`Correction` of its audit, oldest first.
        brands: list of the audit's brands; names that are new are appended.

    Returns:
        A :class:`Corrected`; facings that were not touched, or are again as they were found, keep all that
        was found about them; of others only what the correction says is known, and the product if the brand
        is still the same.
        Shelf rows come from all boxes together: they are found anew where one was added, removed or moved.
    """
    changed = {each.facing: each.after for each in corrections if each.photo == photo.id}
    found = photo.detections
    changed = {
        number: after for number, after in changed.items() if not _as_found(found, number, after, brands)
    }
    if not changed:
        return Corrected(photo, tuple(range(len(found))))
    kept = [number for number in range(len(found)) if number not in changed]
    touched = {number: after for number, after in changed.items() if after is not None}
    numbers = np.array([*kept, *touched], int)
    order = np.argsort(numbers)
    numbers = tuple(numbers[order].tolist())
    parts = [found[np.array(kept, int)], _as_detections(touched, found, brands)]
    merged = Detections.joined(parts)[order]
    stands = numbers == tuple(range(len(found))) and (abs(merged.boxes - found.boxes) < SAME_PLACE).all()
    if found.row_ids is not None and not stands:
        merged = assign_rows(merged)
    return Corrected(replace(photo, detections=merged), numbers)


def _as_found(found, number, facing, brands):
    """Whether the facing of this number is what was ``found``: a correction that was taken back."""
    return (
        facing is not None
        and number < len(found)
        and _brand(found, number, brands) == facing.brand
        and (abs(found.boxes[number] - facing.box) < SAME_PLACE).all()
    )


def _as_detections(facings, original, brands):
    """``facings``, {number: :class:`Facing`}, with every column that ``original`` has."""
    n = len(facings)
    brands.extend({f.brand: 0 for f in facings.values() if f.brand not in (UNKNOWN, *brands)})
    ids = [-1 if facing.brand == UNKNOWN else brands.index(facing.brand) for facing in facings.values()]
    old = np.array([number if number < len(original) else -1 for number in facings], int)
    same = [
        number < len(original) and _brand(original, number, brands) == facing.brand
        for number, facing in facings.items()
    ]

    def carried(name, missing):
        column = getattr(original, name)
        if column is None:
            return None
        values = np.full(n, missing, column.dtype)
        values[old >= 0] = column[old[old >= 0]]
        return values

    return Detections(
        np.float32([facing.box for facing in facings.values()]).reshape(-1, 4),
        np.ones(n),  # a person is sure
        carried("class_ids", 0),
        track_ids=carried("track_ids", -1),
        row_ids=carried("row_ids", -1),
        brand_ids=ids,
        sku_ids=None if original.sku_ids is None else np.where(same, carried("sku_ids", -1), -1),
        brand_scores=None if original.brand_scores is None else np.ones(n),
        present=None if original.present is None else np.ones(n),
    )


def _brand(detections, number, brands):
    index = detections.brand_ids[number]
    return brands[index] if index >= 0 else UNKNOWN
