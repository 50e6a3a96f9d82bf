"""skushare in the browser: run with ``streamlit run streamlit_app.py``."""

import streamlit as st

from skushare.app import ICON
from skushare.app.annotator import save_waiting
from skushare.app.navigation import close_menu, note_page, settle_page

# On a dark page no colour has a contrast of 4.5 both as text (of tabs) and below white text (on buttons).
_BUTTONS = """<style>
button[data-testid^="stBaseButton-primary"] { background: #0b7a75; border-color: #0b7a75; }
</style>"""

st.set_page_config(page_title="skushare", page_icon=ICON, layout="wide")
st.logo(ICON, size="large")
st.html(_BUTTONS)
save_waiting()

page = st.navigation(
    [
        st.Page("pages/start.py", title="Start", icon=":material/home:", default=True),
        st.Page("pages/photos.py", title="Photos", icon=":material/photo_library:"),
        st.Page("pages/live.py", title="Live", icon=":material/videocam:"),
        st.Page("pages/teach.py", title="Teach", icon=":material/school:"),
        st.Page("pages/history.py", title="History", icon=":material/history:"),
        st.Page("pages/datasets.py", title="Datasets", icon=":material/shelves:"),
        st.Page("pages/training.py", title="Training", icon=":material/model_training:"),
        st.Page("pages/evaluate.py", title="Evaluate", icon=":material/query_stats:"),
        st.Page("pages/export.py", title="Export", icon=":material/ios_share:"),
    ],
    position="top",
)
note_page(page)
close_menu()
page.run()
settle_page()
