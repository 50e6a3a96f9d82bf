"""Every visit goes through ``streamlit_app.py``."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def require_navigation():
    """Begin the run again through ``streamlit_app.py`` where Streamlit ran a page by itself.

    A server whose first visitor opens a page's own address takes the ``pages`` folder for Streamlit's
    older kind of app, without our navigation and layout, until ``st.navigation`` was called once.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
