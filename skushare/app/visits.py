"""The list of photos, the sweep and the lesson of a visit, named in the page's address for a reload."""

import streamlit as st

from skushare.album import MAX_PHOTOS, Album
from skushare.app.navigation import stay
from skushare.app.teach import Lesson
from skushare.live.session import LiveSession
from skushare.visits import Visits

MOST_SWEEPS = 20  # of some 12 MB each
MOST_LESSONS = 100  # of some 3 kB a facing, besides their galleries


@st.cache_resource(show_spinner=False)
def _all_visits():
    """{name in the address: the :class:`Visits` that keep what it names}."""
    return {
        "list": Visits(MAX_PHOTOS, Album.copy, _count_photos),
        "sweep": Visits(MOST_SWEEPS, LiveSession.copy),
        "lesson": Visits(MOST_LESSONS, Lesson.copy),
    }


def _count_photos(albums):
    """How many different photos ``albums`` have; an album and its copies share theirs."""
    # A tuple, because another visitor may be adding photos.
    return len({photo for album in albums for photo in tuple(album.photos.values())})


def of_visit(name, new, found=None):
    """What this visit works on under ``name``: at first a copy of what the address names, else ``new()``.

    If what the address names is no longer kept, the address is cleared; see :func:`tell_gone`.

    Args:
        found: called once with what the address names, to take up its settings.
    """
    state, key = st.session_state, f"visit_{name}"
    if key not in state:
        token = st.query_params.get(name, "")
        kept = _all_visits()[name].open(token)
        state[key] = new() if kept is None else kept
        state[f"{key}_opened"] = token
        if kept is not None and found is not None:
            found(kept)
        if token and kept is None:
            state[f"{key}_gone"] = stay()
            del st.query_params[name]
    return state[key]


def tell_gone(name, what, advice):
    """Say, until the visitor leaves the page, if the address named something that is no longer kept.

    Args:
        what: it was, as the beginning of a sentence; advice: what to do now, a sentence.
    """
    if st.session_state.get(f"visit_{name}_gone") == stay():
        st.warning(
            f"{what} of this address is no longer kept: it was cleared or replaced, the server was "
            f"restarted, or it is too old. {advice}",
            icon=":material/link_off:",
        )


def put_in_address(name, again=False):
    """Put a token for what the visit has under ``name`` into the address, so that a reload finds it.

    Done once for each stay on the page, as the browser's back button goes through every address.

    Args:
        again: also if the visitor has gone back from it in this stay, as when there is more to be found.
    """
    state, key = st.session_state, f"visit_{name}"
    token = _all_visits()[name].keep(state[key], state[f"{key}_opened"])
    if again or state.get(f"{key}_put") != (stay(), token):
        state[f"{key}_put"] = stay(), token
        if st.query_params.get(name) != token:
            st.query_params[name] = token


def start_anew(name):
    """Give what the visit has under ``name`` and forget it: the next run begins with a new one."""
    unwanted = st.session_state.pop(f"visit_{name}")
    _all_visits()[name].drop(unwanted)
    st.query_params.pop(name, None)
    st.session_state[f"visit_{name}_opened"] = ""  # what comes now is no copy of it
    return unwanted


def go_back_to(name, wanted):
    """Go on with ``wanted``, which :func:`start_anew` gave, under ``name``."""
    st.session_state[f"visit_{name}"] = wanted


def keep_dropped(dropped):
    """Keep a count that was dropped because other brands were chosen, so that it can be taken back; say so.

    ``dropped`` is as ``LiveSession.name_by`` gives it. One that the visitor was told of is not told again.
    """
    if dropped is not None:
        last = st.session_state.get("dropped")
        st.session_state.dropped = dropped
        if dropped.facings and (last is None or dropped.tracker is not last.tracker):
            st.toast("Other brands: the count starts over", icon=":material/restart_alt:")
