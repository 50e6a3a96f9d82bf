"""Facings get the gallery's brands, and a look where it knows none."""

import numpy as np
import pytest

from skushare.brands.naming import name_facings
from skushare.detections import Detections
from skushare.shelf.share import REFUSED
from tests.brands.conftest import picture


def facings(*colors):
    """Detections of as many facings, and the pictures of them."""
    return Detections(np.zeros((len(colors), 4)), np.ones(len(colors)), np.zeros(len(colors)))


@pytest.fixture
def photos(embedder):
    """Two photos: red, yellow, yellow; white, green, and one that was not embedded."""
    colors = [("red", (250, 250, 10), (250, 250, 10)), ((250, 250, 250), "green", "green")]
    vectors = [embedder.embed_pictures([picture(c) for c in shown]) for shown in colors]
    vectors[1][2] = 0
    return [facings(*shown) for shown in colors], vectors


def names(naming):
    return [[naming.brands[i] if i >= 0 else "?" for i in d.brand_ids] for d in naming.detections]


def test_without_a_gallery_all_goes_by_look(photos, embedder):
    naming = name_facings(*photos, embedder, by_look=True)
    assert names(naming)[0][1] == names(naming)[0][2] == "look A"
    assert naming.brands == ("look A", "look B", "look C", "look D") and names(naming)[1][2] == "?"
    assert naming.looks[0] in ((0, 1), (0, 2))


@pytest.mark.parametrize("by_look, yellow, white", [(False, "?", "?"), (True, "look A", "look B")])
def test_a_gallery_comes_first(photos, gallery, embedder, by_look, yellow, white):
    naming = name_facings(*photos, embedder, gallery, by_look)
    assert names(naming) == [["Rot", yellow, yellow], [white, "Rot", "?"]]
    assert naming.detections[0].sku_ids.tolist() == [0, -1, -1]


@pytest.mark.parametrize(
    "by_look, scores", [(False, [0.95, 0.05, 0.05]), (True, [0.95, 1 - REFUSED, 1 - REFUSED])]
)
def test_a_look_is_as_sure_as_what_the_gallery_did_not_know(photos, gallery, embedder, by_look, scores):
    naming = name_facings(*photos, embedder, gallery, by_look)
    assert naming.detections[0].brand_scores.tolist() == pytest.approx(scores)


@pytest.mark.parametrize("by_look", [False, True])
def test_no_photos_and_empty_photos(embedder, gallery, by_look):
    assert name_facings([], [], embedder, gallery, by_look).detections == []
    naming = name_facings([Detections()], [np.zeros((0, 3), np.float32)], embedder, gallery, by_look)
    assert len(naming.detections[0].brand_ids) == 0 and naming.brands == gallery.brands
