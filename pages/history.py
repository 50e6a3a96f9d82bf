"""History: the audits that were saved, how shares go over time, and corrections by hand."""

from functools import partial

import streamlit as st

from skushare.app.audit_batch import show_batch
from skushare.app.audit_comparison import show_comparison
from skushare.app.audit_import import show_import
from skushare.app.audit_list import filter_bar, show_list, show_unfinished
from skushare.app.audit_trend import show_trend
from skushare.app.audit_view import show_audit
from skushare.app.audits import offer_list, opened
from skushare.app.navigation import require_navigation
from skushare.app.notes import note, show_error, show_notes
from skushare.app.tabs import show_tabs
from skushare.audits import store
from skushare.audits.listing import count_audits
from skushare.errors import SkushareError

IMPORT = "Import audits from a phone"

require_navigation()


def show_opened(numbers):
    """The audit of this number, or two side by side; where one cannot be opened, the way to the list."""
    try:
        audits = [store.open_audit(number) for number in numbers]
    except SkushareError as error:
        note(str(error), failed=True)  # what was just tried on it may have failed for the same reason
        show_notes()
        offer_list()
        return
    show_notes(scrolled=True)
    if len(audits) == 2:
        show_comparison(*audits)
    else:
        show_audit(*audits)


def show_audits(wanted):
    """Those that are finished, and below them those that are not."""
    show_list(wanted)
    show_unfinished()


try:
    numbers = opened()
    if numbers:
        show_opened(numbers)
        st.stop()
    st.title("History of audits")
    show_notes()
    if not count_audits():
        st.markdown(
            "An audit is a shelf counted for the record: its photos, every facing, the shares, and what they "
            "were made with. Save one on the Photos or Live page, or count a folder here."
        )
        with st.container(horizontal=True):
            st.page_link("pages/photos.py", label="Count photos", icon=":material/photo_library:")
            st.page_link("pages/live.py", label="Count live", icon=":material/videocam:")
        show_unfinished()
        show_batch()
        with st.expander(IMPORT, icon=":material/smartphone:"):
            show_import()
        st.stop()
    wanted = filter_bar()
    views = {
        "Audits": partial(show_audits, wanted),
        "Shares over time": partial(show_trend, wanted),
        "Audit a folder": show_batch,
        IMPORT: show_import,
    }
    show_tabs(views, "history_tab")
except SkushareError as error:
    show_error(error)
