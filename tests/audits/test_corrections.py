from datetime import datetime, timezone

import numpy as np
import pytest

from skushare.audits.audit import AuditPhoto
from skushare.audits.corrections import Correction, Facing, correct
from skushare.detections import Detections

A, B = Facing((0, 0, 10, 10), "Astra"), Facing((20, 0, 30, 10), "Bello")
MOVED = Facing((1, 2, 11, 12), "Astra")


def photo(*facings):
    boxes = np.float32([facing.box for facing in facings]).reshape(-1, 4)
    ids = [("Astra", "Bello").index(facing.brand) for facing in facings]
    found = Detections(boxes, np.full(len(ids), 0.5), np.zeros(len(ids)), brand_ids=ids)
    return AuditPhoto("shelf.jpg", "0" * 64, 100, 50, found, id=1)


def change(facing, before, after, of=1):
    return Correction(of, facing, before, after, "", datetime.now(timezone.utc))


@pytest.mark.parametrize(
    "facings, corrections, expected",
    [
        ((), [], {}),
        ((A, B), [], {0: A, 1: B}),
        ((A, B), [change(0, A, None)], {1: B}),
        ((A, B), [change(0, A, MOVED)], {0: MOVED, 1: B}),
        ((), [change(0, None, A)], {0: A}),
        ((A,), [change(1, None, B)], {0: A, 1: B}),
        ((A,), [change(1, None, B), change(1, B, None)], {0: A}),
        ((A,), [change(1, None, B), change(1, B, None), change(2, None, B)], {0: A, 2: B}),
        ((A,), [change(0, A, None), change(0, None, A)], {0: A}),
        ((A, B), [change(0, A, None), change(1, B, None)], {}),
        ((A,), [change(0, A, None, of=2)], {0: A}),
        ((A,), [change(0, A, A._replace(brand="Corva"))], {0: A._replace(brand="Corva")}),
        ((A,), [change(0, A, A._replace(brand="unknown"))], {0: A._replace(brand="unknown")}),
    ],
)
def test_the_newest_correction_of_a_facing_holds(facings, corrections, expected):
    brands = ["Astra", "Bello"]
    now, numbers = correct(photo(*facings), corrections, brands)
    found = now.detections
    names = [brands[i] if i >= 0 else "unknown" for i in found.brand_ids]
    boxes = [tuple(box) for box in found.boxes.tolist()]
    assert dict(zip(numbers, map(Facing, boxes, names), strict=True)) == expected


@pytest.mark.parametrize(
    "before, after, what",
    [
        (None, A, "added Astra"),
        (A, None, "removed Astra"),
        (A, MOVED, "moved the box of Astra"),
        (A, B, "Astra is Bello"),
    ],
)
def test_a_correction_tells_what_was_done(before, after, what):
    assert change(0, before, after).what == what
