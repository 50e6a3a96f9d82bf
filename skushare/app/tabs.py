"""Tabs of a page, of which only the open one is drawn."""

import streamlit as st


def show_tabs(views, key, *args):
    """Show tabs and draw what is in the open one.

    Args:
        views: {title: function that draws the tab, called with ``args``}.
        key: of the widget; the session's state has the open tab's title under it.
    """
    for tab, show in zip(st.tabs(list(views), key=key, on_change="rerun"), views.values(), strict=True):
        if tab.open:
            with tab:
                show(*args)
