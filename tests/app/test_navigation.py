"""Each visit has the whole app around a page, whoever else comes at the same moment."""

import streamlit as st
from streamlit.testing.v1 import AppTest


def page():
    import streamlit as st

    from skushare.app.navigation import require_navigation

    require_navigation()
    st.title("Count facings on photos")


def test_a_page_that_streamlit_runs_by_itself_begins_again_also_when_another_visit_has_set_things_right(
    monkeypatch,
):
    monkeypatch.setattr(st, "rerun", st.stop)
    app = AppTest.from_function(
        page
    ).run()  # of an app without a folder of pages, as it is for Streamlit then
    assert not app.title
    app.session_state.page = "photos"
    assert [title.value for title in app.run().title] == ["Count facings on photos"]
