"""The list of photos of a visit, which a reload of the page does not lose."""

import streamlit as st

from skushare.album import Album, Albums
from skushare.app.navigation import just_entered

NAME = "list"  # in the page's address


@st.cache_resource(show_spinner=False)
def _albums():
    return Albums()


def album_of_visit():
    """The visit's :class:`~skushare.album.Album`: at first the one that the address names, or a new one."""
    state = st.session_state
    if "album" not in state:
        state.album_token = st.query_params.get(NAME, "")
        state.album = _albums().open(state.album_token) or Album()
    return state.album


def put_in_address(album):
    """Have the address name ``album``, unless it is empty.

    Once a stay on the page: the browser's way back goes through each address.
    """
    if not album:
        return
    token, state = _albums().keep(album), st.session_state
    if just_entered() or state.get("album_token") != token:
        state.album_token = token
        if st.query_params.get(NAME) != token:
            st.query_params[NAME] = token


def start_anew():
    """Begin an empty album in place of the present one, which is let go."""
    _albums().drop(st.session_state.album)
    st.session_state.album = Album()
    st.query_params.pop(NAME, None)
