"""Colours: different in one chart, the same from chart to chart, legible on light and dark pages."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.config import get_option

from skushare.charts import WORDS_ON_DARK, WORDS_ON_LIGHT
from skushare.colors import NEUTRAL, PALETTE, ink_on, label_colors, shown_colors
from tests.test_draw import VISION

PAGES = {"light": "#ffffff", "dark": "#0f1a1a"}  # of .streamlit/config.toml
NAMES = st.text(max_size=6).filter(lambda name: name not in NEUTRAL)


def linear(color):
    values = np.frombuffer(bytes.fromhex(color[1:]), np.uint8) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def places(vision):
    """The palette in CIELAB as an eye of this kind sees it."""
    seen = (np.stack([linear(color) for color in PALETTE]) @ np.transpose(VISION[vision])).clip(0, 1)
    seen = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    return cv2.cvtColor(seen.astype(np.float32)[None], cv2.COLOR_RGB2LAB)[0]


def contrast(*colors):
    """Of two colours, from 1 to 21, as WCAG defines it."""
    low, high = sorted(linear(color) @ [0.2126, 0.7152, 0.0722] for color in colors)
    return (high + 0.05) / (low + 0.05)


def mixed(color, ground, part):
    """``part`` of ``color`` over ``ground``."""
    pairs = zip(bytes.fromhex(color[1:]), bytes.fromhex(ground[1:]), strict=True)
    return "#" + bytes(round(part * over + (1 - part) * below) for over, below in pairs).hex()


@pytest.mark.parametrize("vision", VISION)
def test_two_dozen_colours_can_be_told_apart(vision):
    lab = places(vision)
    distance = np.linalg.norm(lab[:, None] - lab, axis=-1) + 1000 * np.eye(len(lab))
    assert distance.min() > (24 if vision == "full" else 11)  # CIE 1976 delta E; 2.3 is just noticeable


@pytest.mark.parametrize("page", PAGES)
def test_every_colour_is_seen_on_the_page(page):
    for color in (*PALETTE, *NEUTRAL.values()):
        assert contrast(color, PAGES[page]) >= 2, color


@pytest.mark.parametrize("page", PAGES)
def test_what_is_to_be_read_has_the_contrast_that_wcag_asks_for(page):
    ground, text, code, primary = (
        get_option(f"theme.{page}.{name}Color") for name in ("background", "text", "codeText", "primary")
    )
    caption, command = mixed(text, ground, 0.6), mixed(code, ground, 0.6)  # as Streamlit has them
    chosen = mixed(primary, ground, 0.1), primary  # one of several buttons
    words = {"light": WORDS_ON_LIGHT, "dark": WORDS_ON_DARK}[page]
    assert ground == PAGES[page]
    for pair in (*((color, ground) for color in (text, caption, command, primary, words)), chosen):
        assert contrast(*pair) >= 4.5, pair


def test_ink_is_seen_on_every_colour():
    for color in (*PALETTE, *NEUTRAL.values()):
        assert contrast(color, ink_on(color)) >= 4, color


@given(st.lists(NAMES, unique=True, max_size=len(PALETTE)))
def test_names_of_one_chart_have_colours_of_their_own(names):
    colors = label_colors(names)
    assert list(colors) == names and len(set(colors.values())) == len(names)


@given(st.lists(NAMES, unique=True, max_size=40), st.lists(NAMES, unique=True, max_size=5))
def test_a_further_name_changes_no_colour(names, further):
    before, after = label_colors(names), label_colors([*names, *further])
    assert before == {name: after[name] for name in names}


@given(st.lists(NAMES, unique=True, min_size=1, max_size=30), st.data())
def test_a_chosen_colour_holds_and_no_other_name_has_one_like_it(names, data):
    chosen = {data.draw(st.sampled_from(names)): data.draw(st.sampled_from(PALETTE)).lower()}
    colors = label_colors(names, chosen)
    ((name, color),) = chosen.items()
    assert colors[name] == color.upper()
    if len(names) <= len(PALETTE):
        assert color.upper() not in {colors[other] for other in names if other != name}


def test_a_name_keeps_its_colour_where_only_some_are_shown():
    names = [f"brand {i}" for i in range(len(PALETTE))]
    assert shown_colors(names, names[::-3]) == label_colors(names)


def test_of_more_names_than_colours_those_shown_differ():
    names = [f"brand {i}" for i in range(200)]
    shown = names[100:120]
    colors = shown_colors(names, shown, {names[3]: "#123456"})
    assert len({colors[name] for name in shown}) == len(shown) and colors[names[3]] == "#123456"
    assert set(colors) == set(names)


def test_what_is_no_brand_is_grey():
    colors = label_colors(["unknown", "Oats", "other"])
    assert colors["unknown"] == NEUTRAL["unknown"] and colors["Oats"] in PALETTE


def test_alone_a_name_has_its_own_colour():
    assert label_colors(["Oats"])["Oats"] == label_colors(["Oats", "Rye"])["Oats"]
    assert label_colors(["Oats"], usual={"Oats": PALETTE[0]}) == {"Oats": PALETTE[0]}
    assert label_colors([]) == {}
