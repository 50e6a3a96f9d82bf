"""Every facing is in one pile or learnt, whatever is done to the piles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.brands.gallery import Gallery, GalleryError, Sku
from skushare.brands.piles import Piles
from skushare.jpeg import encode_jpeg
from tests.brands.conftest import ColorEmbedder, picture

SHADES = ("red", "red", "red", (230, 60, 60), "green", "green", "blue")


@pytest.fixture
def piles(embedder):
    shown = [picture(color) for color in SHADES]
    return Piles.by_look(map(encode_jpeg, shown), embedder.embed_pictures(shown), embedder.likeness)


def sizes(piles):
    return [len(piles.members(pile)) for pile in piles.numbers]


def test_like_facings_share_a_pile_the_largest_first(piles):
    assert sizes(piles) == [4, 2, 1]


def test_no_facings_are_no_piles(embedder):
    empty = Piles.by_look([], np.zeros((0, 3), np.float32), 0.5)
    assert len(empty) == 0 and empty.suggestions(Gallery("g"), embedder) == {}


def test_the_most_typical_facing_is_shown_first(piles):
    assert piles.members(0)[-1] == 3  # the other red


def test_moving_merging_and_splitting(piles):
    assert sizes(piles.moved([3])) == [3, 2, 1, 1]
    assert sizes(piles.moved([3], 2)) == [3, 2, 2]
    assert sizes(piles.moved(piles.members(1), 0)) == [6, 1]
    assert sizes(piles.split(0, 0.9)) == [3, 2, 1, 1]  # the other red apart
    assert sizes(piles.split(1, 0.9)) == [4, 1, 1, 1]  # equals are halved
    assert sizes(piles.split(2, 0.9)) == [4, 2, 1]  # one cannot be


def test_every_facing_of_a_named_pile_is_learnt_and_gone(piles, embedder):
    left, gallery = piles.learnt(0, Gallery("g"), "Rot", "", embedder)
    assert sizes(left) == [2, 1] and len(gallery.pictures) == 4
    left, gallery = left.learnt(left.numbers[0], gallery, "Gruen", "lime", embedder)
    ids, _ = gallery.recognise(
        embedder.embed_pictures([picture("red"), picture("green"), picture("blue")]), embedder
    )
    assert [gallery.skus[i].brand if i >= 0 else None for i in ids] == ["Rot", "Gruen", None]


def test_what_is_learnt_and_put_back_is_piled_by_look_apart_from_the_rest(piles, embedder):
    put_back = piles.moved([2, 3, 6], -1).put_back([2, 6], embedder.likeness)
    assert sizes(put_back) == [2, 2, 1, 1] and put_back.piles[3] == -1


def test_a_known_product_gets_further_examples(piles, embedder):
    left, gallery = piles.moved([3]).learnt(0, Gallery("g"), "Rot", "", embedder)
    _, gallery = left.learnt(3, gallery, " Rot ", "Rot", embedder)
    assert len(gallery.skus) == 1 and len(gallery.pictures) == 4


@pytest.mark.parametrize("product", ["", "lime"])
def test_what_is_an_example_already_is_not_learnt_once_more(piles, embedder, product):
    _, first = piles.moved([3]).learnt(0, Gallery("g"), "Rot", product, embedder)
    left, again = piles.learnt(0, first, " rot ", product, embedder)
    assert sizes(left) == [2, 1] and again.pictures == (*first.pictures, piles.pictures[3])
    assert piles.learnt(0, again, "Rot", product, embedder)[1] is again
    _, other = piles.learnt(0, again, "Rot", "another", embedder)
    assert np.bincount(other.example_skus).tolist() == [0, 4]


@pytest.mark.parametrize(
    "wrong, right",
    [
        (("Fnta", ""), ("Fanta", "")),
        (("Fnta", "can"), ("Fanta", "can")),
        (("Fnta", ""), ("Fanta", "can")),
        (("Fanta", "can"), ("Fanta", "bottle")),
        (("Fanta", ""), ("Fanta", "can")),
    ],
)
def test_what_was_taught_under_a_wrong_name_is_put_right_by_teaching_it_again(piles, embedder, wrong, right):
    _, other = piles.learnt(1, Gallery("g"), "Sprite", "", embedder)
    _, gallery = piles.learnt(0, other, *wrong, embedder)
    _, gallery = piles.learnt(0, gallery, *right, embedder)
    found, _ = gallery.recognise(piles.embeddings[piles.members(0)], embedder)
    known = {(gallery.skus[i].brand, gallery.skus[i].name) for i in found}
    assert known == {(right[0], right[1] or right[0])}
    assert len(gallery.pictures) == len(other.pictures) + 4
    _, direct = piles.learnt(0, other, *right, embedder)  # and is calibrated as if nothing had been wrong
    assert gallery.middle(embedder.middle) == direct.middle(embedder.middle)


def test_a_further_product_of_a_brand_is_in_its_category(piles, embedder):
    _, gallery = piles.learnt(0, Gallery("g"), "Cola", "can", embedder)
    _, gallery = piles.learnt(1, gallery.with_sku("sku-1", category="Drinks"), "Cola", "bottle", embedder)
    assert [(sku.name, sku.category) for sku in gallery.skus] == [("can", "Drinks"), ("bottle", "Drinks")]


def test_examples_that_two_names_share_are_put_right_where_nothing_is_new(piles, embedder):
    shown = [piles.pictures[i] for i in piles.members(0)]
    _, gallery = piles.learnt(0, Gallery("g"), "Fanta", "", embedder)
    vectors = piles.embeddings[piles.members(0)]
    twins = gallery.with_examples(Sku("x", "Fnta", "Fnta"), vectors, shown, embedder)
    assert piles.learnt(0, twins, "Fanta", "", embedder)[1].pictures == gallery.pictures


@pytest.mark.parametrize(
    "product, names", [("", ["Oats", "Oats 2"]), ("Oats", ["Oats"]), (" porridge ", ["porridge"])]
)
def test_unlike_piles_of_a_brand_are_one_product_only_where_it_is_named(piles, embedder, product, names):
    gallery, left = Gallery("g"), piles
    for pile in (0, 1):
        left, gallery = left.learnt(pile, gallery, "Oats", product, embedder)
    assert [sku.name for sku in gallery.skus] == names and gallery.brands == ("Oats",)
    ids, _ = gallery.recognise(gallery.embeddings, embedder)
    assert (ids >= 0).all() == (product == "")  # unlike looks of one product are as no look is


def test_a_pile_without_a_brand_is_not_learnt(piles, embedder):
    with pytest.raises(GalleryError, match="brand"):
        piles.learnt(0, Gallery("g"), " ", "", embedder)


def test_what_is_known_least_comes_first(piles, gallery, embedder):
    order = piles.suggestions(gallery.without("b"), embedder)
    assert [each.sku and each.sku.name for each in order.values()] == [None, "red", "blue"]


@pytest.mark.parametrize(
    "colors, doubtful",
    [
        (("blue", "blue", "green"), (2,)),  # another product
        (("blue", (90, 90, 90), "blue", "red"), (1, 3)),  # unknown, and another product
        (("blue", "blue"), ()),
    ],
)
def test_a_pile_with_doubtful_facings_comes_before_sure_ones_and_names_them(
    gallery, embedder, colors, doubtful
):
    shown = [*map(picture, colors), *[picture("red")] * 9]
    numbers = np.array([0] * len(colors) + [1] * 9)
    piles = Piles(tuple(map(encode_jpeg, shown)), embedder.embed_pictures(shown), numbers)
    found = piles.suggestions(gallery, embedder)
    assert list(found) == ([0, 1] if doubtful else [1, 0])
    assert found[0].sku.name == "blue" and found[0].sure == pytest.approx(0.95)
    assert found[0].doubtful == doubtful and found[1].doubtful == ()


def test_the_least_sure_facing_is_the_first_to_check(gallery, embedder):
    shades = ["blue", (80, 20, 200), (120, 20, 200), (40, 20, 200)]
    shown = [picture(color) for color in shades]
    embedder.certainty = lambda similarity, middle: np.clip(similarity - 0.3, 0, 1)
    piles = Piles((b"",) * 4, embedder.embed_pictures(shown), np.zeros(4, np.int32))
    assert piles.suggestions(gallery, embedder)[0].doubtful == (2, 1, 3)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("moved"), st.sets(st.integers(0, 6), min_size=1)),
            st.tuples(st.just("split"), st.integers(0, 12)),
            st.tuples(st.just("merged"), st.integers(0, 12)),
        ),
        max_size=12,
    )
)
def test_no_facing_is_lost_or_doubled(steps):
    embedder = ColorEmbedder()
    shown = [picture(color) for color in SHADES]
    piles = Piles.by_look(map(encode_jpeg, shown), embedder.embed_pictures(shown), embedder.likeness)
    for name, argument in steps:
        if name == "moved":
            piles = piles.moved(argument)
        elif argument in piles.numbers:
            piles = (
                piles.split(argument, 0.9)
                if name == "split"
                else piles.moved(piles.members(argument), piles.numbers[0])
            )
    assert sorted(i for pile in piles.numbers for i in piles.members(pile)) == list(range(len(SHADES)))
