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
    """Number of the photos of ``albums``; a list and its copies share theirs."""
    # A tuple, because another visitor may be adding photos.
    return len({photo for album in albums for photo in tuple(album.photos.values())})


def of_visit(name, new, found=None):
    """What the visit has under ``name``: at first a copy of what the address names, or else ``new()``.

    An address that names what is not kept any more is cleared; see :func:`tell_gone`.

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
    """Say during the first stay on the page that the address named what is not kept any more, if it did.

    Args:
        what: is called so, as the beginning of a sentence; advice: what to do now, a sentence.
    """
    if st.session_state.get(f"visit_{name}_gone") == stay():
        st.warning(
            f"{what} of this address is not kept any more: it was cleared or replaced, the server was "
            f"started anew since, or it is too old. {advice}",
            icon=":material/link_off:",
        )


def put_in_address(name, again=False):
    """Have the address name what the visit has under ``name``, from now on.

    Once a stay on the page, in whichever of its runs comes so far: the browser's way back goes through
    each address.

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
    """Let go what the visit has under ``name`` and give it: the next run begins with a new one."""
    unwanted = st.session_state.pop(f"visit_{name}")
    _all_visits()[name].drop(unwanted)
    st.query_params.pop(name, None)
    st.session_state[f"visit_{name}_opened"] = ""  # what comes now is no copy of it
    return unwanted


def go_back_to(name, wanted):
    """Have the visit have ``wanted`` under ``name`` again, that :func:`start_anew` gave."""
    st.session_state[f"visit_{name}"] = wanted


def keep_dropped(dropped):
    """Keep a count that other brands ended, as ``LiveSession.name_by`` gives it, to be taken back; say so.

    One that was dropped before, and only waits on, is not told of once more.
    """
    if dropped is not None:
        last = st.session_state.get("dropped")
        st.session_state.dropped = dropped
        if dropped.facings and (last is None or dropped.tracker is not last.tracker):
            st.toast("Other brands: counting begins anew", icon=":material/restart_alt:")
