"""Share of shelf by product, missing ones too."""

from types import SimpleNamespace

import numpy as np
import pytest

from skushare.brands.product_shares import knows_products, share_by_product
from skushare.detections import Detections

SKUS = [
    SimpleNamespace(brand=brand, name=name)
    for brand, name in (("Rot", "mild"), ("Rot", "hot"), ("Blau", "Blau"), ("Gelb", "mild"))
]
BRANDS = ("Rot", "Blau", "Gelb", "look A")


def found(sku_ids, brand_ids, width=30):
    left = 40.0 * np.arange(len(brand_ids))
    boxes = np.stack([left, left * 0, left + width, left * 0 + 60], 1)
    return Detections(boxes, left * 0 + 1, left * 0, sku_ids=sku_ids, brand_ids=brand_ids)


def rows(table):
    return list(table.itertuples(index=False, name=None))


@pytest.mark.parametrize(
    "photos, expected",
    [
        ([], [("Blau", "Blau", 0), ("Gelb", "mild", 0), ("Rot", "hot", 0), ("Rot", "mild", 0)]),
        (
            [found([0, 0, 2], [0, 0, 1]), found([0], [0])],
            [("Rot", "mild", 3), ("Blau", "Blau", 1), ("Gelb", "mild", 0), ("Rot", "hot", 0)],
        ),
        (  # a brand that a person gave, a look, and what is unknown have no product
            [found([-1, -1, -1, 3], [0, 3, -1, 2]), found(None, [0])],
            [
                ("Rot", "unknown", 2),
                ("unknown", "unknown", 2),
                ("Gelb", "mild", 1),
                ("Blau", "Blau", 0),
                ("Rot", "hot", 0),
                ("Rot", "mild", 0),
            ],
        ),
    ],
)
def test_each_product_has_a_row_missing_ones_too(photos, expected):
    table = share_by_product(photos, SKUS, BRANDS)
    assert rows(table[["brand", "product", "facings"]]) == expected
    total = max(sum(map(len, photos)), 1)
    assert table["share"].tolist() == pytest.approx([facings / total for *_, facings in expected])


def test_the_share_is_of_the_measure_that_is_asked_for():
    photo = found([0, 2], [0, 1])
    photo.boxes[1, 3] = 20  # a third as high
    table = share_by_product([photo], SKUS, BRANDS, "area")
    shares = dict(zip(table["brand"], table["share"], strict=True))
    assert shares["Blau"] == pytest.approx(0.25, abs=0.02)


def test_of_what_is_kept_the_share_is_told_and_all_products_are_listed():
    photo = found([0, 2, 0], [0, 1, 0])
    table = share_by_product([photo], SKUS, BRANDS, kept=[np.array([True, False, False])])
    assert rows(table[["product", "facings", "share"]])[0] == ("mild", 1, 1.0) and len(table) == len(SKUS)


@pytest.mark.parametrize("skus, known", [(SKUS, True), (SKUS[2:3], False), ([], False)])
def test_products_are_known_where_they_have_names_of_their_own(skus, known):
    assert knows_products(skus) == known
