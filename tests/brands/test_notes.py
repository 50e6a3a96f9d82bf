"""What saved galleries say of brands is what their newest versions say."""

from dataclasses import replace

import pytest

from skushare.brands.gallery import Sku
from skushare.brands.library import delete_gallery, save_gallery
from skushare.brands.notes import brand_notes, library_state

pytestmark = pytest.mark.usefixtures("database")


def test_the_state_of_the_library_is_another_after_every_change(gallery):
    states = [library_state()]
    for change in (
        lambda: save_gallery(gallery),
        lambda: save_gallery(gallery.without("a")),
        lambda: delete_gallery("shelf"),
        lambda: save_gallery(replace(gallery, name="other")),  # which may get a number that was free again
        lambda: delete_gallery("other"),
        lambda: save_gallery(replace(gallery, name="third")),
    ):
        change()
        states.append(library_state())
    assert states.count(()) == 3 and len(set(states)) == 5


def test_notes_tell_what_the_newest_versions_say(gallery):
    save_gallery(gallery.with_brand("Rot", color="#111111", own=True))
    save_gallery(gallery.with_brand("Rot", color="#222222"))
    save_gallery(replace(gallery, name="other").with_brand("Blau", color="#333333", own=True))
    state = library_state()
    notes = brand_notes()
    assert notes.chosen == {"Blau": "#333333"}
    assert notes.own == {"Blau"}
    assert brand_notes(gallery.name).own == frozenset()
    assert brand_notes(gallery.name).usual["Rot"] == "#222222"
    assert notes.colors(["Blau", "unseen"])["Blau"] == "#333333"
    delete_gallery("other")
    assert library_state() != state and brand_notes().own == frozenset()


def test_a_brand_that_no_saved_gallery_has_is_own_where_its_own_gallery_says_so(gallery):
    save_gallery(gallery.with_brand("Blau", own=True))
    skus = [Sku(name, name, name, own=True) for name in ("Rot", "Gruen")] + [Sku("x", "x", "Gelb")]
    names = ("Gelb", "Gruen", "Rot", "Blau")
    assert brand_notes().own_among(names, skus) == ["Gruen", "Blau"]
    assert brand_notes().own_among(names) == ["Blau"]
