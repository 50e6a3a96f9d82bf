"""Every visit goes through ``streamlit_app.py``, and ends on the page that was asked for."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from skushare.app.component import component


def require_navigation():
    """Begin the run again through ``streamlit_app.py`` where Streamlit ran a page by itself.

    A server whose first visitor opens a page's own address takes the ``pages`` folder for Streamlit's
    older kind of app, without our navigation and layout, until ``st.navigation`` was called once. Others who
    come at that moment may be on their way already, so it is the visit that tells.
    """
    if "page" not in st.session_state:
        PagesManager.uses_pages_directory = False
        st.rerun()


def note_page(page):
    """Remember which :class:`st.Page` this run is of, for :func:`stay`."""
    state = st.session_state
    if state.get("page") != page.url_path:
        state.page, state.stay = page.url_path, stay() + 1


def stay():
    """Number of the stay on the page of this run: one more whenever the visitor goes to another page."""
    return st.session_state.get("stay", 0)


def close_menu():
    """Have a phone's menu close once the visitor has come to a page by it."""
    component("close_menu")(key=f"close_menu_{stay()}", height=0)


def open_page(path):
    """Switch to another page from one that has fragments which run by themselves.

    Such a fragment's request may reach the server after the switch. Streamlit 1.67 answers it once the
    new page has run, in the name of the old page, and the browser then empties the new one for good.
    """
    st.session_state.just_opened = True
    st.switch_page(path)


def settle_page():
    """Run a page once more that ``open_page`` has opened: a whole run takes in all that wait."""
    if st.session_state.pop("just_opened", False):
        st.rerun()
