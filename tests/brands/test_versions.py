"""What is told of a version is what differs from the one before, and its ids stand for the same products."""

from dataclasses import replace

import numpy as np
import pytest

from skushare.brands.gallery import Gallery, Sku
from skushare.brands.library import gallery_versions, save_gallery
from skushare.brands.versions import ids_from, what_changed

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


def shelf_of(text):
    """A gallery of products, each as "id,name,brand" with what its example shows, else its id."""
    rows = [each.split(",") for each in text.split()]
    pictures = [(row[3:] or row)[0].encode() for row in rows]
    return Gallery("g", [Sku(*row[:3]) for row in rows], range(len(rows)), np.eye(len(rows)), pictures)


@pytest.mark.parametrize(
    "skus, brand_ids, sku_ids",
    [
        ("a,red,Rot b,green,Grün c,blue,Blau d,ink,Ink", [0, 1, 2], [0, 1, 2]),  # one more
        ("b,green,Grün c,blue,Blau", [-1, 0, 1], [-1, 0, 1]),  # one fewer
        ("x,blue,Blau y,red,Rot z,green,Grün", [1, 2, 0], [1, 2, 0]),  # ids given anew, as in a brand map
        ("a,red,Pink b,lime,Grün c,ink,Ink", [0, 1, 2], [0, 1, 2]),  # renamed
        ("a,red,Pink x,lime,Lime,b", [0, 1, -1], [0, 1, -1]),  # examples that another product has by now
        ("a,red,Grün b,green,Grün c,blue,Blau", [0, 0, 1], [0, 1, 2]),  # brands joined
        ("a,red,Pink,new b,lime,Grün,new c,blue,Blau,new", [-1, 1, 2], [-1, -1, 2]),  # ids given to new ones
        ("", [-1, -1, -1], [-1, -1, -1]),
    ],
)
def test_the_ids_of_an_earlier_version_are_found_again(skus, brand_ids, sku_ids):
    earlier = shelf_of("a,red,Rot b,green,Grün c,blue,Blau")
    brands = {(number, -1): (brand, -1) for number, brand in enumerate(brand_ids)}
    pairs = enumerate(zip(brand_ids, sku_ids, strict=True))
    assert ids_from(earlier, shelf_of(skus)) == brands | {(number, number): pair for number, pair in pairs}


def test_a_product_that_was_moved_is_of_its_new_brand_and_the_others_stay(gallery):
    ids = ids_from(gallery, gallery.with_sku("b", brand="Blau"))
    assert ids == {(0, -1): (0, -1), (1, -1): (1, -1), (0, 0): (0, 0), (0, 1): (1, 1), (1, 2): (1, 2)}
    ids = ids_from(gallery, gallery.without("b"))
    assert ids == {(0, -1): (0, -1), (1, -1): (1, -1), (0, 0): (0, 0), (0, 1): (0, -1), (1, 2): (1, 1)}
    brand_map = Gallery("map", [Sku("sku-1", "can", "Cola")])  # has no examples that could tell
    assert ids_from(brand_map, brand_map.with_brand("Cola", brand="Kola"))[0, 0] == (0, 0)
    assert ids_from(brand_map, brand_map.with_sku("sku-1", name="jar", brand="Kola"))[0, 0] == (-1, -1)


def test_a_label_of_a_brand_map_goes_on_as_itself_wherever_its_line_is():
    earlier = Gallery("map", [Sku("sku-1", "bottle", "Cola"), Sku("sku-2", "can", "Kola")])
    lines = ("water", "Aqua"), ("bottle", "Cola"), ("can", "Cola")
    now = Gallery("map", [Sku(f"sku-{number}", *line) for number, line in enumerate(lines, 1)])
    ids = ids_from(earlier, now)
    assert ids == {(0, -1): (1, -1), (1, -1): (1, -1), (0, 0): (1, 1), (1, 1): (1, 2)}
    assert ids_from(now, earlier)[0, 0] == (-1, -1) and ids_from(now, earlier)[1, 2] == (1, 1)


@pytest.mark.parametrize("skus", ["a,Blau,Blau b,Rot,Rot", "a,Blau,Blau b,Grün,Grün c,Rot,Rot"])
def test_a_product_that_was_renamed_goes_on_whoever_has_its_name_now(skus):
    earlier = shelf_of("a,Rot,Rot b,Blau,Blau")
    ids = ids_from(earlier, shelf_of(skus))
    assert (ids[0, 0], ids[1, 1]) == ((0, 0), (1, 1))


def test_a_product_goes_on_by_its_name_where_another_one_took_its_id_and_one_example():
    earlier = Gallery("g", [Sku("a", "Rot", "Rot")], [0, 0], np.eye(2), [b"1", b"2"])
    now = replace(earlier, skus=[Sku("a", "Blau", "Blau"), Sku("b", "Rot", "Rot")], example_skus=[0, 1])
    assert ids_from(earlier, now) == {(0, -1): (1, -1), (0, 0): (1, 1)}


@pytest.mark.parametrize(
    "changes, here",
    [({"name": "x"}, (1, 1)), ({"brand": "Neu"}, (1, 1)), ({"name": "x", "brand": "Neu"}, (-1, -1))],
)
def test_a_product_without_examples_goes_on_where_only_its_name_or_brand_is_another(changes, here):
    skus = [Sku("a", "Rot", "Rot"), Sku("b", "Blau", "Blau")]
    earlier = Gallery("g", skus, [0], np.eye(1), [b"1"])
    assert ids_from(earlier, earlier.with_sku("b", **changes))[1, 1] == here


def test_a_brand_whose_products_went_to_several_is_that_of_the_first():
    ids = ids_from(shelf_of("a,red,Rot b,green,Rot"), shelf_of("a,red,Pink b,green,Lime"))
    assert ids == {(0, -1): (0, -1), (0, 0): (0, 0), (0, 1): (1, 1)}


def test_a_product_that_was_merged_is_the_one_that_has_its_examples():
    earlier = shelf_of("a,Rot,Rot b,Blau,Blau")
    ids = ids_from(earlier, earlier.merged("a", "b"))
    assert ids == {(0, -1): (0, -1), (1, -1): (0, -1), (0, 0): (0, 0), (1, 1): (0, 0)}
