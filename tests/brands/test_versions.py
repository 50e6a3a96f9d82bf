"""What is told of a version is what differs from the one before."""

from dataclasses import replace

import pytest

from skushare.brands.gallery import Sku
from skushare.brands.library import gallery_versions, save_gallery
from skushare.brands.versions import what_changed

pytestmark = pytest.mark.usefixtures("sqlite")


def with_many(gallery):
    return replace(gallery, skus=(*gallery.skus, *(Sku(f"n{i}", "x", "Neu") for i in range(4))))


@pytest.mark.parametrize(
    "change, told",
    [
        (lambda g: g.without("b"), "gone: Rot green; -2 examples"),
        (lambda g: g.without_examples([3]), "-1 example"),
        (lambda g: g.with_sku("c", name="Blau", brand="Blau"), "changed: Blau"),
        (lambda g: g.merged("a", "b"), "gone: Rot red"),
        (lambda g: replace(g, threshold=0.625), "threshold 0.50 to 0.62"),
        (lambda g: replace(g, embedder="other"), "embedded by another network"),
        (with_many, "new: 4 products"),
        (lambda g: replace(g, pictures=g.pictures[::-1]), ""),
    ],
)
def test_a_change_is_told(gallery, change, told):
    save_gallery(gallery)
    save_gallery(change(gallery))
    after, before = gallery_versions("shelf")
    assert what_changed(before, after) == told


def test_the_newest_versions_may_be_asked_for_alone(gallery):
    for count in range(1, 5):
        save_gallery(gallery.without_examples(range(4 - count)))
    assert [(each.version, each.examples) for each in gallery_versions("shelf", 2)] == [(4, 4), (3, 3)]
