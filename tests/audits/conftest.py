from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from skushare.audits.audit import Audit, AuditPhoto
from skushare.database import pictures
from skushare.detections import Detections
from skushare.jpeg import encode_jpeg

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=timezone(timedelta(hours=2)))  # a Monday


@pytest.fixture
def make_photo():
    """A function that gives a photo with a facing of each of ``ids``, its picture put among the pictures."""

    def make(ids=(0, 0, 1), name="shelf.jpg", shade=40, **columns):
        left = 20 * np.arange(len(ids), dtype=np.float32)
        boxes = np.stack([left, left * 0 + 5, left + 16, left * 0 + 35], 1)
        found = Detections(
            boxes, np.full(len(ids), 0.9), np.zeros(len(ids)), brand_ids=np.array(ids, int), **columns
        )
        width = max(40, 20 * len(ids))
        data = encode_jpeg(np.full((40, width, 3), shade, np.uint8))
        return AuditPhoto(name, pictures.put(data), width, 40, found)

    return make


@pytest.fixture
def make_audit(make_photo):
    """A function that gives an audit, one photo of two Astra and one Bello if not told otherwise."""

    def make(*photos, brands=("Astra", "Bello"), time=NOON, **values):
        return Audit(photos=photos or (make_photo(),), brands=brands, time=time, **values)

    return make
