from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from skushare.audits import store
from skushare.audits.corrections import Facing
from skushare.audits.lessons import lessons, teach
from skushare.brands.gallery import Gallery
from skushare.errors import DatabaseError

pytestmark = pytest.mark.usefixtures("sqlite")


@pytest.fixture
def embedder():
    def embed(image, boxes):
        return np.eye(3, dtype=np.float32)[: len(boxes)]

    return SimpleNamespace(digest="d" * 64, dimensions=3, embed=embed)


@pytest.fixture
def corrected(make_audit):
    """An audit of two Astra and a Bello: one Astra is removed, one is Corva, the Bello is unknown."""
    number = store.save_audit(make_audit())
    saved = store.open_audit(number)
    (photo,) = saved.photos
    boxes = [tuple(box) for box in photo.detections.boxes.tolist()]
    for box, before, after in zip(
        boxes, ("Astra", "Astra", "Bello"), (None, "Corva", "unknown"), strict=True
    ):
        store.save_correction(number, photo.id, Facing(box, before), after and Facing(box, after))
    return store.open_audit(number)


def test_facings_that_were_given_a_brand_are_lessons(corrected):
    (facings,) = lessons(corrected).values()
    assert [facing.brand for facing in facings] == ["Corva"]


def test_a_lesson_that_was_taken_back_is_none(corrected):
    store.take_back(corrected.id, corrected.corrections[1])
    taught = [
        facing.brand for facings in lessons(store.open_audit(corrected.id)).values() for facing in facings
    ]
    assert "Corva" not in taught


def test_an_untouched_audit_teaches_nothing(make_audit, embedder):
    gallery = Gallery("mine")
    assert lessons(make_audit()) == {} and teach(gallery, make_audit(), embedder) is gallery


def test_a_gallery_learns_each_corrected_facing_once_a_brand(corrected, embedder):
    once = teach(Gallery("mine"), corrected, embedder)
    twice = teach(once, corrected, embedder)
    assert [(sku.brand, sku.name) for sku in twice.skus] == [("Corva", "Corva")]
    assert len(once.pictures) == 1 and once.pictures[0].startswith(b"\xff\xd8")
    assert twice.example_skus.tolist() == [0, 0]


def test_a_lost_photo_is_said(corrected, embedder):
    lost = replace(corrected, photos=(replace(corrected.photos[0], picture="0" * 64),))
    with pytest.raises(DatabaseError, match="restore it from a copy"):
        teach(Gallery("mine"), lost, embedder)
