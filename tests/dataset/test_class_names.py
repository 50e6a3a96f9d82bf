import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.dataset.class_names import first_names, spelling_variants


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({}, {}),
        ({"Cola": 1, "Fanta": 1}, {}),
        ({"coca cola": 3, "Coca-Cola": 9, "COCACOLA ": 1, "Fanta": 4}, {0: 1, 2: 1}),
        ({"Müsli": 5, "Musli": 2, "mu\u0308sli": 1}, {1: 0, 2: 0}),  # accents, composed or not
        ({"a": 2, "A": 2}, {1: 0}),  # the first of equals stays
        ({"Marlboro": 100, "Marlborro": 2}, {1: 0}),  # a letter added,
        ({"Marlboro": 100, "Marlbro": 2}, {1: 0}),  # left out,
        ({"Marlboro": 100, "Marlboto": 2}, {1: 0}),  # changed,
        ({"Marlboro": 100, "Malrboro": 2}, {1: 0}),  # moved
        ({"Marlboro": 100, "marlborro": 2, "MARLBORRO": 1}, {1: 0, 2: 0}),
        ({"Marlboro": 100, "Marlborro": 50}, {}),  # both are common
        ({"Milka 100 gramm": 100, "Milka 200 gramm": 2}, {}),  # other goods
        ({"Vitamin C": 100, "Vitamin D": 2}, {}),
        ({"Kent": 100, "Cent": 2}, {}),  # too short to tell
        ({"+": 3, "-": 2}, {}),
        ({"": 1, " ": 1}, {}),
    ],
)
def test_variants_of_a_name(names, expected):
    assert spelling_variants(tuple(names), list(names.values())) == expected


@given(
    st.lists(st.tuples(st.text("abAB -1", max_size=8), st.integers(0, 50)), unique_by=lambda pair: pair[0])
)
def test_every_variant_stands_for_a_name_that_stays(pairs):
    labels, counts = [p[0] for p in pairs], [p[1] for p in pairs]
    variants = spelling_variants(labels, counts)
    assert not set(variants) & set(variants.values())


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, ""), (1, "c0"), (5, "c0, c1, c2, c3, c4"), (1205, "c0, c1, c2, c3, c4 and 1,200 more")],
)
def test_the_first_names_stand_for_many(count, text):
    assert first_names([f"c{i}" for i in range(count)]) == text
