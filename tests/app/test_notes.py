"""What a page tells once leaves the rest of the page where it is."""

from concurrent.futures import Future
from types import SimpleNamespace

from streamlit.testing.v1 import AppTest

from skushare.errors import SkushareError


def page():
    """Shows what was noted, and below it a field that takes a file."""
    import streamlit as st

    from skushare.app.notes import attempt, show_notes
    from skushare.app.work import watch_work

    attempt(watch_work)
    show_notes()
    st.file_uploader("A zip")


def place_of_the_field(app):
    assert not app.exception
    (place,) = (place for place, each in app.main.children.items() if each.type == "file_uploader")
    return place


def test_a_field_below_a_note_stays_in_its_place_when_the_note_is_gone():
    # A browser draws a field anew that moves, and drops the file that it was just given.
    app = AppTest.from_function(page)
    app.session_state.notes = [("shelf.zip: damaged", True), ("lines.zip: damaged", True)]
    app.run()
    assert len(app.error) == 2
    told = place_of_the_field(app)
    app.run()
    assert not app.error
    assert place_of_the_field(app) == told


def test_a_field_below_work_that_failed_stays_in_its_place_in_the_next_run():
    app = AppTest.from_function(page)
    app.session_state.work = SimpleNamespace(future=Future(), then=None)
    app.session_state.work.future.set_exception(SkushareError("shelf.zip: damaged"))
    app.run()
    assert len(app.error) == 1
    told = place_of_the_field(app)
    app.run()
    assert not app.error
    assert place_of_the_field(app) == told
