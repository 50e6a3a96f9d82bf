"""Audits of an album: joined photos count once, looks are no brands."""

from dataclasses import replace
from datetime import datetime, timezone

import numpy as np
import pytest

from skushare.album import Album
from skushare.audits.album import audit_of_shelves
from skushare.audits.store import open_audit, save_audit
from skushare.database import pictures
from skushare.images import read_image
from skushare.jpeg import encode_jpeg
from tests.app.conftest import StubDetector
from tests.brands.conftest import ColorEmbedder, color_gallery
from tests.test_album_shelves import FOUND, shelf

pytestmark = pytest.mark.usefixtures("sqlite")

TIME = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)
WORDS = {"store": "North", "shelf": "", "category": "", "time": TIME, "note": ""}


@pytest.fixture
def detector():
    return StubDetector()


@pytest.fixture
def album(detector):
    made = Album()
    for shade in (40, 200):
        made.add(f"{shade}.jpg", encode_jpeg(np.full((120, 160, 3), shade, np.uint8)), detector)
    return made


def test_a_look_is_saved_as_unknown_whatever_the_model_s_labels(detector, album):
    gallery = color_gallery(ColorEmbedder())
    key = next(iter(album.photos))
    found = replace(FOUND, brand_scores=[0.8, 1])
    audit = audit_of_shelves([shelf("a.jpg", found, key)], album, detector, 0.4, WORDS, gallery)
    assert audit.brands == ("Rot", "Blau")
    assert audit.table()["brand"].tolist() == ["Rot", "unknown"]
    assert audit.table()["brand_score"].tolist() == pytest.approx([0.8, 0])  # no sure unknown
    audit = audit_of_shelves([shelf("a.jpg", FOUND, key)], album, detector, 0.4, WORDS)
    assert audit.brands == () and set(audit.table()["brand"]) == {"unknown"}
    detector.labels = ("cola", "water")
    audit = audit_of_shelves([shelf("a.jpg", FOUND, key)], album, detector, 0.4, WORDS)
    assert audit.brands == () and set(audit.table()["brand"]) == {"unknown"}  # as on the page


def test_where_nothing_names_brands_several_classes_are_the_brands(detector, album):
    detector.labels, key = ("cola", "water"), next(iter(album.photos))
    found = replace(FOUND, brand_ids=None)
    audit = audit_of_shelves([shelf("a.jpg", found, key)], album, detector, 0.4, WORDS)
    assert audit.brands == ("cola", "water") and set(audit.table()["brand"]) == {"cola"}


def test_joined_photos_are_saved_as_one_picture_and_its_parts(detector, album):
    joined = shelf("40.jpg + 200.jpg", FOUND, None, tuple(album.photos.items()))
    audit = open_audit(save_audit(audit_of_shelves([joined], album, detector, 0.4, WORDS)))
    assert [photo.role for photo in audit.photos] == ["joined", "part", "part"]
    assert audit.facings == 2 and audit.photos_taken == 2
    first = audit.photos[0]
    assert (first.width, first.height) == (80, 60)
    assert read_image(pictures.get(first.picture)).shape == (60, 80, 3)
    assert np.allclose(first.detections.boxes, FOUND.boxes / 2)  # in pixels of the kept picture
    assert pictures.get(audit.photos[1].picture) == album.original(next(iter(album.photos)))
