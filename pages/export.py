"""Export: a folder that turns any phone's browser into the auditor, with no network."""

import streamlit as st

from skushare.app.export_form import show_form
from skushare.app.exports import choose_export, show_export
from skushare.app.navigation import require_navigation
from skushare.app.notes import show_error
from skushare.errors import SkushareError
from skushare.export.jobs import list_exports

require_navigation()

st.title("Export")
st.markdown(
    "Puts a model, your gallery and the auditor into one folder that runs in a phone's browser, "
    "with no server and no network. No picture leaves the phone."
)
try:
    exports = list_exports()
    with st.expander("New export", expanded=not exports, icon=":material/add:"):
        show_form()
    if exports:
        show_export(choose_export(exports))
except SkushareError as error:
    show_error(error)
