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
        ({"Milk_a": 100, "Milk_b": 2}, {}),
        ({"Coke 1.5 l": 50, "Coke 15 l": 40, "Coke 1,5 L.": 3}, {2: 0}),
        ({"Milk 3.5%": 100, "Milk 35%": 2, "Milk 3/5 %": 2}, {}),
        ({"Cream ½ l": 5, "Cream 12 l": 4, "Cream 1/2 l": 1}, {2: 0}),
        ({"Bottle 10.50l": 100, "Bottle 1.050l": 2}, {}),
        ({"ハス": 50, "バス": 40, "バス ": 3, "ﾊﾞｽ": 2}, {2: 1, 3: 1}),  # marks make letters of their own,
        ({"ขาว": 50, "ข้าว": 40, "ข่าว": 3}, {}),
        ({"काला": 50, "कील": 40, "कल": 3}, {}),
        ({"Чай ё": 5, "чай е": 2, "Ά": 3, "α": 1}, {1: 0, 3: 2}),  # and here accents
        ({"Cola ❤️": 5, "Cola ❤": 2}, {1: 0}),
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
