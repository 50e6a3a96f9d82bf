"""Audits of what a camera shows, as they come back from the database."""

from datetime import datetime, timezone

import numpy as np
import pytest

from skushare.audits.camera import CameraView, audit_of_frame, audit_of_sweep
from skushare.audits.store import open_audit, save_audit
from skushare.database import pictures
from skushare.detections import Detections
from skushare.images import read_image
from skushare.jpeg import encode_jpeg
from skushare.shelf.sweep_pictures import SweepPicture
from tests.brands.conftest import ColorEmbedder, color_gallery

pytestmark = pytest.mark.usefixtures("sqlite")

WORDS = {"store": "North", "time": datetime(2026, 3, 2, 12, tzinfo=timezone.utc)}


@pytest.fixture
def view():
    """A frame with a facing of each brand and a look, and a sweep over two pictures with one facing each."""
    image = np.full((60, 120, 3), 90, np.uint8)
    boxes = [[left, 10, left + 20, 50] for left in (0, 40, 80)]
    shown = Detections(boxes, [0.9, 0.8, 0.7], [0, 0, 0], brand_ids=[0, 1, 2])
    sweep = [SweepPicture(encode_jpeg(image + i), 120, 60, shown[i : i + 1]) for i in (0, 1)]
    gallery = color_gallery(ColorEmbedder())
    return CameraView((image, shown), sweep, gallery, {"model": "m", "gallery": gallery.name})


def test_the_frame_is_an_audit_of_one_photo_on_which_a_look_is_unknown(view):
    audit = open_audit(save_audit(audit_of_frame(view, ("facing",), WORDS)))
    (photo,) = audit.photos
    assert (audit.source, photo.name, audit.model, audit.store) == (
        "live",
        "live-20260302-120000-1.jpg",
        "m",
        "North",
    )
    assert audit.table()["brand"].tolist() == ["Rot", "Blau", "unknown"]
    assert audit.table()["row"].tolist() == [1, 1, 1]
    assert read_image(pictures.get(photo.picture)).shape == (60, 120, 3)


def test_a_sweep_is_an_audit_of_its_pictures_with_each_facing_once(view):
    audit = open_audit(save_audit(audit_of_sweep(view, ("facing",), WORDS)))
    assert audit.source == "sweep" and [len(photo.detections) for photo in audit.photos] == [1, 1]
    assert [photo.name for photo in audit.photos] == [
        "sweep-20260302-120000-1.jpg",
        "sweep-20260302-120000-2.jpg",
    ]
    assert audit.table()["brand"].tolist() == ["Rot", "Blau"] and audit.gaps() is None
