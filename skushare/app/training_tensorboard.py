"""TensorBoard for the training runs, beside the app."""

from urllib.parse import urlsplit

import streamlit as st

from skushare.app.notes import note, show_error
from skushare.app.polling import poll
from skushare.errors import SkushareError
from skushare.training.tensorboard import TensorBoard
from skushare.workspace import runs_folder

REFRESH = 2.0  # seconds


@st.cache_resource(show_spinner=False, on_release=TensorBoard.close)
def _tensorboard(folder, address):
    return TensorBoard(folder, address)


def offer_tensorboard():
    """A button that starts TensorBoard, then the link to it."""
    if not st.session_state.get("training_tensorboard"):
        if st.button("Open TensorBoard", icon=":material/monitoring:"):
            st.session_state.training_tensorboard = True
            st.rerun()
        return
    poll(_show_tensorboard, REFRESH)


def _show_tensorboard():
    try:
        board = _tensorboard(str(runs_folder()), st.get_option("server.address"))
    except SkushareError as error:
        show_error(error)
        return
    if board.failed():
        _tensorboard.clear()
        st.session_state.training_tensorboard = False
        note("TensorBoard has ended; open it again", failed=True)
        st.rerun()
    page = urlsplit(st.context.url or "")
    ready = board.ready()
    st.link_button(
        "TensorBoard" if ready else "TensorBoard is starting",
        f"http://{page.hostname or 'localhost'}:{board.port}",
        icon=":material/open_in_new:",
        disabled=not ready,
    )
    if page.scheme == "https":
        st.caption(
            f"It speaks plain http at port {board.port} of the app's computer. If a proxy keeps you from "
            f"that, forward the port to yours: `ssh -L {board.port}:localhost:{board.port} {page.hostname}`"
        )
