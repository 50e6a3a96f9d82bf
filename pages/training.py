"""Training: start a run, watch it, compare it with others."""

import streamlit as st

from skushare.app.navigation import require_navigation
from skushare.app.notes import show_error, show_notes
from skushare.app.training_compare import show_comparison
from skushare.app.training_form import show_form
from skushare.app.training_state import COMPARE, NEW, RUNS, take_next
from skushare.app.training_watch import show_runs
from skushare.dataset.store import dataset_names
from skushare.errors import SkushareError
from skushare.training import runs

require_navigation()

st.title("Training")
show_notes()

try:
    runs.wake()  # after a restart of the machine the queue goes on from here
except SkushareError as error:
    show_error(error)
names, known = dataset_names(), runs.list_runs()
if not names and not known:
    st.markdown(
        "Teach the detector your own products. Training needs a dataset: photos of shelves with a box "
        "around each product."
    )
    if st.button("Add a dataset", type="primary", icon=":material/shelves:"):
        st.switch_page("pages/datasets.py")
    st.stop()

take_next()
runs_tab, new_tab, compare_tab = st.tabs(
    [RUNS, NEW, COMPARE], default=RUNS if known else NEW, key="training_tab", on_change="rerun"
)
with runs_tab:
    if known:
        show_runs(known)
    else:
        st.info("No runs yet. Start one under New run.", icon=":material/exercise:")
with new_tab:
    if names:
        show_form(names)
    else:
        st.info("A new run needs a dataset.", icon=":material/shelves:")
        st.page_link("pages/datasets.py", label="Add a dataset", icon=":material/add:")
if compare_tab.open:  # it reads the figures of every run
    with compare_tab:
        if known:
            show_comparison(known)
        else:
            st.info("Nothing to compare yet.", icon=":material/stacked_line_chart:")
