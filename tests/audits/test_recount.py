"""An audit named again by its own gallery is what it was; by another one, it is what that one knows."""

import hashlib
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from skushare.audits import store
from skushare.audits.audit import Audit, AuditPhoto
from skushare.audits.corrections import Facing
from skushare.audits.recount import gallery_used, recount
from skushare.brands.brand_map import read_brand_map
from skushare.brands.library import delete_gallery, save_gallery
from skushare.brands.recognition import recognise
from skushare.database import pictures
from skushare.detections import Detections
from skushare.errors import AuditError
from skushare.jpeg import encode_jpeg
from tests.brands.conftest import COLORS, ColorEmbedder, color_gallery

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def saved():
    """An audit of a red, a green and a grey facing, made with the colour gallery, as it comes back."""
    image = np.full((40, 60, 3), 90, np.uint8)
    image[:, :20], image[:, 20:40] = COLORS["red"], COLORS["green"]
    boxes = np.float32([[0, 0, 16, 40], [24, 0, 40, 40], [44, 0, 60, 40]])
    gallery = color_gallery(ColorEmbedder())
    found = recognise(image, Detections(boxes, np.full(3, 0.9), np.zeros(3)), ColorEmbedder(), gallery)
    photos = [
        AuditPhoto("a.jpg", pictures.put(encode_jpeg(image)), 60, 40, found),
        AuditPhoto("b.jpg", pictures.put(encode_jpeg(image[:, :20])), 20, 40, Detections(brand_ids=[])),
    ]
    about = {"gallery": gallery.name, "gallery_digest": gallery.digest, "gallery_version": gallery}
    return store.open_audit(store.save_audit(Audit(photos, gallery.brands, datetime.now(), **about)))


def test_the_gallery_that_an_audit_was_made_with_finds_the_same_though_it_changed_since(saved):
    save_gallery(color_gallery(ColorEmbedder()).without("a"))
    delete_gallery("shelf")
    again = recount(saved, gallery_used(saved), ColorEmbedder())
    assert again.table().equals(saved.table()) and again.shares().equals(saved.shares())
    assert again.gallery_digest == saved.gallery_digest


def test_another_gallery_names_the_same_boxes_by_what_it_knows(saved):
    taught = color_gallery(ColorEmbedder()).with_brand("Rot", brand="Rouge").without("b")
    again = recount(saved, taught, ColorEmbedder())
    assert again.table()["brand"].tolist() == ["Rouge", "unknown", "unknown"]
    np.testing.assert_array_equal(again.photos[0].detections.boxes, saved.photos[0].detections.boxes)
    assert store.open_audit(saved.id).table()["brand"].tolist() == ["Rot", "Rot", "unknown"]


def test_corrections_are_left_out(saved):
    box = tuple(saved.photos[0].detections.boxes[0].tolist())
    store.save_correction(saved.id, saved.photos[0].id, Facing(box, "Rot"), None)
    corrected = store.open_audit(saved.id)
    assert recount(corrected, gallery_used(corrected), ColorEmbedder()).facings == 3


@pytest.mark.parametrize(
    "digest, message",
    [("", "no gallery named"), ("f" * 64, r"'shelf' .*\(there is no gallery .*\); choose a gallery")],
)
def test_a_gallery_that_is_not_there_is_said(saved, digest, message):
    with pytest.raises(AuditError, match=message):
        gallery_used(replace(saved, gallery_digest=digest))


def test_a_gallery_whose_pictures_are_lost_is_not_taken_for_one_that_was_never_saved(saved):
    lost = color_gallery(ColorEmbedder()).pictures[0]
    pictures.picture_path(hashlib.sha256(lost).hexdigest()).unlink()
    with pytest.raises(AuditError, match="'shelf' .*pictures of 1 of its 4 examples are lost"):
        gallery_used(saved)


def test_brands_that_are_the_model_s_own_labels_are_not_looked_for_in_pictures(saved, tmp_path):
    path = tmp_path / "cans.csv"
    path.write_text("label,brand\ncan,Cola\n")
    labels = read_brand_map(path)
    save_gallery(labels)
    with pytest.raises(AuditError, match="own labels by 'cans .*choose a gallery"):
        gallery_used(replace(saved, gallery_digest=labels.digest))
