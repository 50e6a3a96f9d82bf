from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from skushare.audits import lessons as lessons_module
from skushare.audits import store
from skushare.audits.corrections import Facing
from skushare.audits.lessons import lessons, teach
from skushare.brands.gallery import Gallery, Sku
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


def test_photos_without_a_correction_are_not_looked_at(corrected, make_photo, monkeypatch):
    looked_at, names = [], lessons_module.brand_names
    monkeypatch.setattr(lessons_module, "brand_names", lambda *args: looked_at.append(1) or names(*args))
    others = [replace(make_photo(), id=1000 + i) for i in range(3)]
    assert lessons(replace(corrected, photos=(*corrected.photos, *others))) == lessons(corrected)
    assert len(looked_at) == 2


def test_a_lesson_that_was_taken_back_is_none(corrected):
    store.take_back(corrected.id, corrected.corrections[1])
    assert lessons(store.open_audit(corrected.id)) == {}


def test_facings_whose_box_alone_was_moved_are_no_lessons_and_added_ones_are(corrected):
    photo, number = corrected.photos[0].id, corrected.id
    added, moved = (80, 10, 95, 50), (82, 10, 97, 50)
    store.save_correction(number, photo, None, Facing(added, "Astra"))
    store.save_correction(number, photo, Facing(added, "Astra"), Facing(moved, "Astra"))
    assert lessons(store.open_audit(number))[photo][1:] == [Facing(moved, "Astra")]
    box = tuple(corrected.photos[0].detections.boxes[2].tolist())
    other = (*box[:3], box[3] - 2)
    store.save_correction(number, photo, Facing(box, "unknown"), Facing(box, "Bello"))
    store.save_correction(number, photo, Facing(box, "Bello"), Facing(other, "Bello"))
    assert [facing.brand for facing in lessons(store.open_audit(number))[photo]] == ["Corva", "Astra"]


def test_an_untouched_audit_teaches_nothing(make_audit, embedder):
    gallery = Gallery("mine")
    assert lessons(make_audit()) == {} and teach(gallery, make_audit(), embedder) is gallery


def test_a_gallery_learns_each_corrected_facing_once_as_what_it_is_called(corrected, embedder):
    once = teach(Gallery("mine"), corrected, embedder)
    twice = teach(once, corrected, embedder)
    assert [(sku.brand, sku.name) for sku in once.skus] == [("Corva", "Corva")]
    assert len(once.pictures) == 1 and once.pictures[0].startswith(b"\xff\xd8")
    assert twice is once
    other = teach(once.with_brand("Corva", brand="Dalva"), corrected, embedder)
    assert other.example_skus.tolist() == [1] and other.brands == ("Dalva", "Corva")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("photos", [1, 2])
def test_of_facings_with_the_same_picture_the_last_named_one_counts_and_once(
    make_audit, make_photo, embedder, order, photos
):
    shown = [make_photo((0,) * 3, shade=40), make_photo((0,) * 4, shade=40)][:photos]
    number = store.save_audit(make_audit(*shown))
    saved = store.open_audit(number)
    places = [(saved.photos[0], 0), (saved.photos[-1], 1)]
    for place, brand in zip(order, ("Corva", "Dalva"), strict=True):
        photo, facing = places[place]
        box = tuple(photo.detections.boxes[facing].tolist())
        store.save_correction(number, photo.id, Facing(box, "Astra"), Facing(box, brand))
    saved = store.open_audit(number)
    learnt = teach(Gallery("mine"), saved, embedder)
    assert learnt.brands == ("Dalva",) and len(learnt.pictures) == 1
    assert teach(learnt, saved, embedder) is learnt


def test_a_brand_s_first_own_product_is_in_its_category(corrected, embedder):
    learnt = teach(Gallery("mine", [Sku("a", "can", "Corva", "tea", True)]), corrected, embedder)
    assert [(sku.name, sku.category, sku.own) for sku in learnt.skus[1:]] == [("Corva", "tea", True)]


def test_a_brand_in_another_case_is_the_brand_that_the_gallery_has(corrected, embedder):
    known = teach(Gallery("mine"), corrected, embedder).with_brand("Corva", brand="CORVA")
    learnt = teach(known, corrected, embedder)
    assert learnt.brands == ("CORVA",) and learnt is known


def test_a_lost_photo_is_said(corrected, embedder):
    lost = replace(corrected, photos=(replace(corrected.photos[0], picture="0" * 64),))
    with pytest.raises(DatabaseError, match="restore it from a copy"):
        teach(Gallery("mine"), lost, embedder)
