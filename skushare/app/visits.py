"""The list of photos and the sweep of a visit, named in the page's address for a reload."""

import streamlit as st

from skushare.album import MAX_PHOTOS, Album
from skushare.app.navigation import stay
from skushare.live.session import LiveSession
from skushare.visits import Visits

MOST_SWEEPS = 20  # of some 12 MB each


@st.cache_resource(show_spinner=False)
def _all_visits():
    """{name in the address: the :class:`Visits` that keep what it names}."""
    return {"list": Visits(MAX_PHOTOS, Album.copy, len), "sweep": Visits(MOST_SWEEPS, LiveSession.copy)}


def of_visit(name, new, found=None):
    """What the visit has under ``name``: at first what the address names, or else what ``new()`` gives.

    Args:
        found: called once with what the address names, to take up its settings.
    """
    state, key = st.session_state, f"visit_{name}"
    if key not in state:
        kept = _all_visits()[name].open(st.query_params.get(name, ""))
        state[key] = new() if kept is None else kept
        if kept is not None and found is not None:
            found(kept)
    return state[key]


def put_in_address(name):
    """Have the address name what the visit has under ``name``, from now on.

    Once a stay on the page, in whichever of its runs comes so far: the browser's way back goes through
    each address.
    """
    state, key = st.session_state, f"visit_{name}"
    token = _all_visits()[name].keep(state[key])
    if state.get(f"{key}_put") != (stay(), token):
        state[f"{key}_put"] = stay(), token
        if st.query_params.get(name) != token:
            st.query_params[name] = token


def start_anew(name):
    """Let go what the visit has under ``name``: the next run begins with a new one."""
    _all_visits()[name].drop(st.session_state.pop(f"visit_{name}"))
    st.query_params.pop(name, None)
