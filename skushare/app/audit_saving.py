"""Keeping as an audit what a page shows."""

import threading

import streamlit as st

from skushare.app.audit_words import word_fields
from skushare.app.clock import now
from skushare.app.notes import show_error
from skushare.app.text import plain
from skushare.audits.store import save_audit
from skushare.errors import SkushareError

UNNAMED = "Looks are saved as unknown. Name them first to have their brands in the audit."


def save_as_audit(key, take, make, place=None, ways=(), about="", source=None, shown=None):
    """A button, after which a few words are asked for and the audit is saved.

    Args:
        key: of the widgets.
        take: called when the button is pressed; gives what is to be saved, or ``None`` for nothing yet.
        make: called with that and the words ({"store", "shelf", "category", "time", "note"}), and the chosen
            one of ``ways`` if there are any; gives the :class:`~skushare.audits.audit.Audit`.
        place: container of the button; default: where the form is.
        ways: what can be saved, to choose from.
        about: a sentence about what is saved, if there is something to tell.
        source: the object that the page shows; with another one, what was begun or saved is no longer shown.
        shown: what of it is shown, comparable; when that is no longer what was saved, the page says so.
    """
    state, taken, saved, kept = st.session_state, f"{key}_taken", f"{key}_number", f"{key}_kept"
    if state.get(f"{key}_source") is not source:
        state[taken] = state[kept] = state[f"{key}_source"] = None
        state.pop(saved, None)
    if (place or st).button("Save as audit", icon=":material/inventory:", key=f"{key}_begin"):
        view = take()
        state[taken] = None if view is None else Begun(view)
        state[f"{key}_source"], state[kept] = source, shown
        state.pop(saved, None)
        if view is None:
            st.info("There is nothing to save yet. Start the camera or add a video, then save again.")
    if state.get(taken) is not None:
        try:
            with st.form(f"{key}_form"):
                chosen = [st.radio("What to save", ways, key=f"{key}_way")] if ways else []
                if about:
                    st.caption(about)
                words = word_fields(key)
                if st.form_submit_button("Save", type="primary"):
                    words["time"] = words["time"] or now()
                    number = state[taken].save(lambda view: make(view, words, *chosen))
                    # Told, as Streamlit drops a word that was written and not entered.
                    place = " · ".join(filter(None, (words["store"], words["shelf"], words["category"])))
                    state[saved] = number, plain(place) or "without a store"
                    state.audit_words = words
                    state[taken] = None
                    st.rerun()
            if st.button("Do not save", key=f"{key}_cancel"):
                state[taken] = None
                st.rerun()
        except SkushareError as error:
            show_error(error)
    if saved in state:
        number, place = state[saved]
        changed = state[kept] != shown
        # A phone shows one line of it.
        after = f"Changed here since audit {number}: save it again"
        st.page_link(
            "pages/history.py",
            label=after if changed else f"Saved as audit {number}, {place}",
            icon=":material/warning:" if changed else ":material/check:",
            query_params={"audit": str(number)},
        )


class Begun:
    """What is to be saved as an audit, once: a second press may come while the first still saves."""

    def __init__(self, view):
        self._view, self._number, self._turn = view, None, threading.Lock()

    def save(self, make):
        """Save the audit that ``make`` makes of the view, unless that was done; gives its number."""
        with self._turn:
            if self._number is None:
                self._number = save_audit(make(self._view))
            return self._number
