"""Facings are grouped by look alone, the most frequent look first."""

import numpy as np
import pytest

from skushare.brands.gallery import LONGEST_NAME, Gallery, GalleryError
from skushare.brands.looks import SAMPLE, group_looks, look_name, taught_look
from skushare.shelf.share import is_look
from tests.brands.conftest import picture


def clouds(sizes, spread=0.02, seed=0):
    """Vectors around as many axes as there are ``sizes``, and their axes, shuffled."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    vectors = np.eye(8, dtype=np.float32)[truth] + rng.normal(0, spread, (len(truth), 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), truth


@pytest.mark.parametrize("count", [0, 1])
def test_few_facings(count):
    assert group_looks(np.ones((count, 4), np.float32) / 2, 0.5).tolist() == [0] * count


@pytest.mark.parametrize("sizes", [(5, 9, 2), (1, 1), (4,), (SAMPLE, SAMPLE // 2, 30)])
def test_like_facings_are_one_look_the_largest_first(sizes):
    vectors, truth = clouds(sizes)
    looks = group_looks(vectors, 0.7)
    pairs = set(zip(looks.tolist(), truth.tolist(), strict=True))
    assert len(pairs) == len(sizes)  # one look for each true group
    assert np.bincount(looks).tolist() == sorted(sizes, reverse=True)


def test_equal_facings_are_one_look():
    assert group_looks(np.tile(np.float32([0.6, 0.8]), (6, 1)), 0.99).tolist() == [0] * 6


@pytest.mark.parametrize("number, name", [(0, "look A"), (25, "look Z"), (26, "look AA"), (702, "look AAA")])
def test_look_names(number, name):
    assert look_name(number) == name and is_look(name)


@pytest.mark.parametrize("name", ["Look A", "look a", "look", "look A1", "look A\n", "my look A"])
def test_other_names_are_no_looks(name):
    assert not is_look(name)


def test_looks_of_one_brand_are_all_known_as_it_whatever_they_look_like(embedder):
    gallery = Gallery("mine")
    for look, (color, count) in enumerate(
        (("red", 9), ("blue", 2), ((250, 60, 20), 1), ("green", 3), ((20, 60, 250), 1)),
    ):
        vectors = embedder.embed_pictures([picture(color)] * count)
        gallery = taught_look(gallery, " Oats ", vectors, [b"%d" % look] * count, embedder)
        assert (gallery.recognise(vectors, embedder)[0] == gallery.example_skus[-1]).all()
    assert [sku.name for sku in gallery.skus] == ["Oats", "Oats 2", "Oats 3"]
    assert gallery.brands == ("Oats",)
    assert np.bincount(gallery.example_skus).tolist() == [10, 3, 3]


def test_a_further_look_of_a_brand_is_in_its_category(embedder):
    vectors = embedder.embed_pictures([picture("red"), picture("blue")])
    gallery = taught_look(Gallery("g"), "Cola", vectors[:1], [b"red"], embedder)
    gallery = gallery.with_brand("Cola", category="Drinks", own=True)
    gallery = taught_look(gallery, "Cola", vectors[1:], [b"blue"], embedder)
    assert [(sku.name, sku.category, sku.own) for sku in gallery.skus] == [
        ("Cola", "Drinks", True),
        ("Cola 2", "Drinks", True),
    ]


def test_a_look_takes_any_name_that_a_brand_may_have(embedder):
    gallery, longest = Gallery("mine"), "x" * LONGEST_NAME
    for color in ("red", "blue"):
        vectors = embedder.embed_pictures([picture(color)])
        gallery = taught_look(gallery, longest, vectors, [color.encode()], embedder)
    assert gallery.brands == (longest,) and len(gallery.skus) == 2
    for brand in (" ", longest + "x"):
        with pytest.raises(GalleryError):
            taught_look(gallery, brand, embedder.embed_pictures([picture("red")]), [b""], embedder)


def test_a_look_that_is_named_anew_is_no_example_of_the_name_before(embedder):
    vectors, gallery = embedder.embed_pictures([picture("red")]), Gallery("g")
    for brand in ("Fnta", "Fanta", "fanta"):
        gallery = taught_look(gallery, brand, vectors, [brand.encode()], embedder)
    assert gallery.brands == ("Fnta", "Fanta") and gallery.example_skus.tolist() == [1]


def test_what_of_a_look_is_an_example_of_its_brand_already_is_not_taught_once_more(embedder):
    vectors = embedder.embed_pictures([picture("red"), picture("blue")])
    gallery = taught_look(Gallery("g"), "Cola", vectors, [b"red", b"blue"], embedder)
    assert taught_look(gallery, " cola", vectors[::-1], [b"blue", b"red"], embedder) is gallery
    reddish = embedder.embed_pictures([picture((250, 60, 20))])[0]
    # Another page cuts its pictures out of another copy of the photo.
    more = taught_look(gallery, "Cola", [*vectors, reddish], [b"RED", b"BLUE", b"new"], embedder)
    assert more.pictures == (b"red", b"blue", b"new") and (more.embeddings[2] == reddish).all()


def test_another_spelling_of_a_brand_is_the_brand(embedder):
    gallery = Gallery("g")
    for brand, color in (("West", "red"), (" west ", "red"), ("WEST", "blue"), ("Wests", "green")):
        vectors = embedder.embed_pictures([picture(color)])
        gallery = taught_look(gallery, brand, vectors, [color.encode()], embedder)
    assert gallery.brands == ("West", "Wests")
    assert [sku.name for sku in gallery.skus] == ["West", "West 2", "Wests"]
    assert gallery.with_brand("Wests", brand="WEST").spelled("WEST") == "WEST"  # written so on purpose
