"""The page's address names what the visit has, once a stay on the page."""

from types import SimpleNamespace

from streamlit.testing.v1 import AppTest

from skushare.album import Album
from skushare.app import visits
from skushare.app.visits import _all_visits, _count_photos, keep_dropped
from skushare.live.session import Dropped
from skushare.visits import Visits


def visit():
    """A script of two pages, one of which keeps a list; ``cut`` stops a run before it tells the address."""
    from types import SimpleNamespace

    import streamlit as st

    from skushare.album import Album
    from skushare.app.navigation import note_page
    from skushare.app.visits import of_visit, put_in_address

    place = st.session_state.get("place", "photos")
    note_page(SimpleNamespace(url_path=place))
    if place == "photos":
        of_visit("list", Album)
        if st.session_state.get("cut"):
            st.stop()
        put_in_address("list", st.session_state.get("again", False))


def address(app):
    return app.query_params.get("list")


def go_to(app, place, cut=False):
    """Another page by its link, which leaves no parameters in the address."""
    app.query_params.clear()
    app.session_state.place, app.session_state.cut = place, cut
    assert not app.run().exception


def test_the_address_is_told_at_each_stay_and_only_once():
    app = AppTest.from_function(visit).run()
    token = address(app)
    assert token
    app.query_params.clear()  # the browser's way back
    assert address(app.run()) is None
    go_to(app, "teach")
    assert address(app) is None
    go_to(app, "photos")
    assert address(app) == token


def test_what_was_added_after_the_browser_s_way_back_is_told_again():
    app = AppTest.from_function(visit).run()
    token = address(app)
    app.query_params.clear()
    app.session_state.again = True
    assert address(app.run()) == token


def sweep():
    """A script of a page that keeps a sweep."""
    from types import SimpleNamespace

    from skushare.app.navigation import note_page
    from skushare.app.visits import of_visit, put_in_address
    from skushare.live.session import LiveSession

    stub = SimpleNamespace(threshold=lambda mode: 0.4, live_sizes=(640, 416), facing_size=30)
    note_page(SimpleNamespace(url_path="live"))
    of_visit("sweep", lambda: LiveSession(stub))
    put_in_address("sweep")


def test_who_reloads_a_sweep_often_does_not_push_out_that_of_another(monkeypatch):
    monkeypatch.setattr("skushare.app.visits.MOST_SWEEPS", 3)
    _all_visits.clear()
    other, app = (AppTest.from_function(sweep).run().query_params["sweep"] for _ in range(2))
    for _ in range(4):
        again = AppTest.from_function(sweep)
        again.query_params["sweep"] = app
        app = again.run().query_params["sweep"]
    kept = _all_visits()["sweep"]
    _all_visits.clear()
    assert kept.open(other) is not None and kept.open(app) is not None


def test_a_list_and_its_copies_count_each_photo_once():
    album = Album()
    album.photos = dict(zip("abc", (object() for _ in "abc"), strict=True))
    copy = album.copy()
    copy.photos["d"] = object()
    assert _count_photos([album, copy, copy.copy()]) == 4


def test_a_run_that_is_cut_short_leaves_telling_the_address_to_the_next():
    app = AppTest.from_function(visit).run()
    token = address(app)
    go_to(app, "teach")
    go_to(app, "photos", cut=True)
    assert address(app) is None
    app.session_state.cut = False
    assert address(app.run()) == token


def test_what_is_begun_anew_is_no_copy_of_what_the_address_named(monkeypatch):
    kept = Visits(3, list)
    oldest, opened = kept.keep(["oldest"]), kept.keep(["opened"])
    streamlit = SimpleNamespace(session_state={}, query_params={"lesson": opened})
    monkeypatch.setattr(visits, "st", streamlit)
    monkeypatch.setattr(visits, "stay", lambda: 1)
    monkeypatch.setattr(visits, "_all_visits", lambda: {"lesson": kept})
    visits.of_visit("lesson", list)
    visits.start_anew("lesson")
    visits.go_back_to("lesson", ["begun"])
    visits.put_in_address("lesson")
    kept.keep(["newest"])  # copies would go before the oldest
    assert kept.open(opened) == ["opened"] and kept.open(oldest) is None


def test_a_count_that_other_brands_ended_is_told_once(monkeypatch):
    state, toasts = SimpleNamespace(get=lambda name: getattr(state, name, None)), []
    streamlit = SimpleNamespace(session_state=state, toast=lambda text, icon: toasts.append(text))
    monkeypatch.setattr(visits, "st", streamlit)
    first = Dropped(3, object(), None, 1, None)
    waits = first._replace(begun=2)  # as nothing was counted since
    for dropped, kept, told in ((first, first, 1), (waits, waits, 1), (None, waits, 1)):
        keep_dropped(dropped)
        assert (state.dropped, len(toasts)) == (kept, told)
    keep_dropped(Dropped(2, object(), None, 3, None))
    assert state.dropped.facings == len(toasts) == 2
