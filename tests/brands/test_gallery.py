"""Galleries are values: what goes in is checked, what is asked for is found, nothing changes in place."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.brands.gallery import (
    SAME_FACING,
    Gallery,
    GalleryError,
    Sku,
    categories_of_brands,
    checked_text,
)
from skushare.text import tidy_name
from tests.brands.conftest import picture

OTHER_FILES = [b"1", b"2", b"3"]  # as another page cuts facings out of the photo


def test_an_empty_gallery_knows_nothing(embedder):
    ids, scores = Gallery("empty").recognise(np.eye(3, dtype=np.float32), embedder)
    assert ids.tolist() == [-1, -1, -1] and scores.tolist() == [0, 0, 0]
    assert Gallery("empty").brands == ()


def test_no_facings_have_no_products(gallery, embedder):
    ids, scores = gallery.recognise(np.zeros((0, 3), np.float32), embedder)
    assert ids.shape == scores.shape == (0,)


@pytest.mark.parametrize(
    "color, expected", [("red", 0), ("green", 1), ("blue", 2), ((200, 30, 30), 0), ((250, 250, 250), -1)]
)
def test_the_nearest_product_or_unknown(gallery, embedder, color, expected):
    ids, scores = gallery.recognise(embedder.embed_pictures([picture(color)]), embedder)
    assert ids.tolist() == [expected]
    assert (scores[0] >= gallery.threshold) == (expected >= 0)


def shelf(likeness, products, embedder, examples=6):
    """A gallery of products that are ``likeness`` to each other, each of equal examples."""
    first = np.full((products, 1), np.sqrt(likeness))
    vectors = np.float32(np.hstack([first, np.sqrt(1 - likeness) * np.eye(products)]))
    gallery = Gallery("g")
    for number, vector in enumerate(vectors):
        sku = Sku(f"p{number}", "x", f"brand {number}")
        embedder.dimensions = products + 1
        gallery = gallery.with_examples(sku, [vector] * examples, [b"jpeg"] * examples, embedder)
    return gallery


@pytest.mark.parametrize("likeness", [0.2, 0.5, 0.8])
def test_the_more_alike_its_products_the_stricter_a_gallery_is(likeness, embedder):
    expected = (36 * (1 + likeness) / 2 + 20 * 0.7) / 56
    assert shelf(likeness, 6, embedder).middle(0.7) == pytest.approx(expected, abs=1e-4)


def test_few_brands_that_differ_do_not_make_a_gallery_lax(embedder):
    middles = [shelf(0.1, brands, embedder, 60 // brands).middle(0.7) for brands in (1, 2, 3, 6)]
    assert middles == sorted(middles, reverse=True)
    assert middles[1] > 0.7 - (0.7 - middles[-1]) / 4


@pytest.mark.parametrize("products, examples", [(0, 0), (1, 6), (5, 1)])
def test_what_cannot_be_compared_is_not_calibrated(products, examples, embedder):
    assert shelf(0.5, products, embedder, examples).middle(0.7) == 0.7


def test_brands_are_counted_once_in_the_order_of_their_products(gallery):
    assert gallery.brands == ("Rot", "Blau")
    assert gallery.brand_ids.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    "categories, expected",
    [
        ((), ""),
        (("",), ""),
        (("tea",), "tea"),
        (("tea", "tea"), "tea"),
        (("tea", "coffee"), ""),
        (("tea", ""), ""),
    ],
)
def test_a_brand_has_a_category_where_all_its_products_have_it(categories, expected):
    skus = [Sku(f"a{i}", f"a{i}", "Rot", category) for i, category in enumerate(categories)]
    assert categories_of_brands([*skus, Sku("b", "b", "Blau", "milk")], ("Rot", "Blau")) == [expected, "milk"]


def test_examples_of_another_network_are_refused_and_can_be_embedded_anew(gallery, embedder):
    foreign = replace(gallery, embedder="other")
    with pytest.raises(GalleryError, match="another network"):
        foreign.recognise(gallery.embeddings, embedder)
    again = foreign.embedded_by(embedder)
    np.testing.assert_allclose(again.embeddings, gallery.embeddings, atol=0.02)
    assert again.recognise(gallery.embeddings, embedder)[0].tolist() == [0, 1, 1, 2]


def test_a_product_without_examples_is_never_the_answer(gallery, embedder):
    bare = gallery.without_examples([3])
    assert len(bare.skus) == 3
    assert bare.recognise(embedder.embed_pictures([picture("blue")]), embedder)[0].tolist() == [-1]


def test_removing_a_product_keeps_the_examples_of_the_others(gallery):
    kept = gallery.without("a")
    assert [sku.id for sku in kept.skus] == ["b", "c"] and kept.example_skus.tolist() == [0, 0, 1]
    assert len(gallery.skus) == 3  # the old value is as it was


@pytest.mark.parametrize(
    "identity, into, skus, examples",
    [
        ("a", "b", ["b", "c"], [0, 0, 0, 1]),
        ("c", "a", ["a", "b"], [0, 1, 1, 0]),
        ("a", "a", list("abc"), [0, 1, 1, 2]),
    ],
)
def test_merging_gives_the_examples_away(gallery, identity, into, skus, examples):
    merged = gallery.merged(identity, into)
    assert [sku.id for sku in merged.skus] == skus and merged.example_skus.tolist() == examples


@pytest.mark.parametrize(
    "gone, kept, merged",
    [
        (("Cola", "Drinks", True, "#ff0000"), ("Cola",), ("Cola", "Drinks", True, "#ff0000")),
        (
            ("Cola", "Drinks", True, "#ff0000"),
            ("Cola", "Cans", False, "#0000ff"),
            ("Cola", "Cans", True, "#0000ff"),
        ),
        (("Cola",), ("Cola", "Drinks", True, "#ff0000"), ("Cola", "Drinks", True, "#ff0000")),
        (("Kola", "Drinks", True, "#ff0000"), ("Cola",), ("Cola", "", False, "")),
    ],
)
def test_merging_keeps_what_the_brand_was_given(gone, kept, merged):
    gallery = Gallery("g", [Sku("a", "x", *gone), Sku("b", "y", *kept)])
    assert gallery.merged("a", "b").skus == (Sku("b", "y", *merged),)


@pytest.mark.parametrize(
    "known, own, expected",
    [
        ([], True, ("", True)),
        ([("Drinks", True)], False, ("Drinks", True)),
        ([("Drinks", True), ("Drinks", False)], False, ("Drinks", True)),
        ([("Drinks", False), ("Cans", False)], False, ("", False)),
    ],
)
def test_a_new_product_is_as_its_brand_is(known, own, expected):
    skus = [Sku(f"sku-{number}", f"{number}", "Cola", *each) for number, each in enumerate(known)]
    new = Gallery("g", [*skus, Sku("x", "x", "Aqua", "Water")]).new_sku("Cola", "new", own)
    assert (new.category, new.own) == expected and new.id not in {sku.id for sku in skus}


def test_renaming_a_brand_joins_it_with_one_of_that_name(gallery):
    assert gallery.with_brand("Blau", brand="Rot").brands == ("Rot",)
    assert gallery.with_brand("Rot", own=True).own_brands == ("Rot",)
    assert gallery.with_sku("c", name="sky").find("Blau", "sky").id == "c"


def test_new_ids_are_new(gallery, embedder):
    for _ in range(3):
        sku = Sku(gallery.new_id(), "x", "Neu")
        gallery = gallery.with_examples(sku, np.eye(3)[:1], [gallery.pictures[0]], embedder)
    assert len({sku.id for sku in gallery.skus}) == len(gallery.skus) == 6


@pytest.mark.parametrize(
    "brand, name, unlearnt",
    [("Rot", "", [1]), ("Rot", "red", [1, 2]), ("Blau", " blue ", [0, 2]), ("Neu", "", [0, 1, 2])],
)
def test_facings_that_are_examples_already_are_told(gallery, brand, name, unlearnt):
    vectors = np.float16(gallery.embeddings[[0, 3, 1]])  # as an album keeps them
    assert gallery.unlearnt(vectors, OTHER_FILES, brand, name) == unlearnt
    assert gallery.unlearnt([], [], brand, name) == []


def test_what_was_called_wrong_is_an_example_of_its_right_name_alone(gallery):
    facing = np.float16(gallery.embeddings[[0]]), OTHER_FILES[:1]
    assert gallery.corrected(*facing, "Rot") is gallery is gallery.corrected(*facing, "Rot", "red")
    for names in (("Blau",), ("Rot", "green")):
        other = gallery.corrected(*facing, *names)
        assert other.skus == gallery.skus and other.pictures == gallery.pictures[1:]
    other_pack = np.float32([[0.97, 0.23, 0.08]])
    assert gallery.corrected(other_pack / np.linalg.norm(other_pack), OTHER_FILES[:1], "Blau") is gallery
    assert Gallery("g").corrected(*facing, "Rot").pictures == ()


def test_facings_are_known_by_their_pictures_in_a_gallery_embedded_anew(gallery, embedder):
    facings = gallery.embeddings[[0, 3]], [gallery.pictures[0], gallery.pictures[3]]
    anew = replace(gallery, embeddings=np.roll(gallery.embeddings, 1, 1) * [1, 1, -1])
    assert anew.unlearnt(*facings, "Rot") == [1] and anew.unlearnt(*facings, "Rot", "green") == [0, 1]
    assert anew.corrected(*facings, "Rot").pictures == gallery.pictures[:3]
    assert anew.taught("Rot", "red", facings[0][:1], facings[1][:1], embedder) is anew
    right = anew.taught("Blau", "blue", *facings, embedder)  # of the red one
    assert right.pictures == (*gallery.pictures[1:], gallery.pictures[0])


def test_thousands_of_facings_are_compared_in_little_memory(monkeypatch):
    monkeypatch.setattr("skushare.brands.gallery.COMPARED", 20_000)
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, 1000)
    vectors = np.float32(np.c_[np.cos(angles), np.sin(angles)])
    pictures = [b"%d" % number for number in range(1000)]
    gallery = Gallery("g", [Sku("a", "a", "A")], np.zeros(700), vectors[:700], pictures[:700])
    asked = vectors[300:], [b""] * 700
    same = gallery.embeddings @ asked[0].T > SAME_FACING
    tracemalloc.start()
    examples, facings = gallery.shows(*asked)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (examples == same.any(1)).all() and (facings == same.any(0)).all() and peak < same.size


def test_the_digest_tells_any_change_and_nothing_else(gallery):
    same = gallery.without_examples([])
    others = [
        replace(gallery, threshold=0.6),
        gallery.with_brand("Rot", own=True),
        gallery.without_examples([0]),
        replace(gallery, pictures=gallery.pictures[::-1]),
        replace(gallery, embeddings=gallery.embeddings[::-1]),
    ]
    assert same.digest == gallery.digest
    assert len({other.digest for other in others} | {gallery.digest}) == 6


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"name": " "}, "empty"),
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"example_skus": [0, 1, 1, 9]}, "not in it"),
        ({"example_skus": [0, 1]}, "one product"),
        ({"embeddings": np.zeros((4, 3))}, "length 1"),
        ({"embeddings": np.full((4, 3), np.nan)}, "length 1"),
        ({"skus": (Sku("a", "x", "y"),) * 3}, "same id"),
    ],
)
def test_what_cannot_be_is_refused(gallery, changes, message):
    with pytest.raises(GalleryError, match=message):
        replace(gallery, **changes)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "../x"},
        {"id": ""},
        {"brand": ""},
        {"name": "\x00"},
        {"name": "\u200d"},
        {"brand": "x" * 10_000},
        {"color": "red"},
    ],
)
def test_a_product_needs_a_name_a_brand_and_a_plain_id(fields):
    with pytest.raises(GalleryError):
        Sku(**{"id": "a", "name": "n", "brand": "b", **fields})


@given(st.text())
def test_checked_text_is_one_line_that_audits_keep_or_refused(text):
    try:
        checked = checked_text(text, "name")
    except GalleryError:
        return
    assert checked == checked.strip() == tidy_name(checked) and 0 < len(checked) <= 200
    assert len(checked.splitlines()) == 1


@pytest.mark.parametrize(
    "call", [lambda g: g.without("z"), lambda g: g.sku("z"), lambda g: g.with_brand("z", own=True)]
)
def test_what_is_not_there_is_named(gallery, call):
    with pytest.raises(GalleryError, match="z"):
        call(gallery)
