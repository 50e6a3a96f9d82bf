"""The detector that all visitors share."""

import streamlit as st

from skushare.album import SCORE_FLOOR
from skushare.detector.runtime import Detector
from skushare.errors import ModelError
from skushare.live.pace import FRAMES_A_SECOND, LEAST_SIZE, automatic_sizes

AUTOMATIC = "Automatic"
MOST_SCORE = 0.95


@st.cache_resource(show_spinner="Loading the detector")
def _load():
    return Detector.load()


def shared_detector():
    """The default model, loaded once a server; without one the page says so and ends."""
    try:
        return _load()
    except ModelError as error:
        st.error(str(error), icon=":material/error:")
        st.stop()


def reload_detector():
    """Have the default model read again, after its description changed."""
    _load.clear()


def score_slider(detector, mode, key, start=None, persist_state=None):
    """The slider for the least score that counts in ``mode``; returns its value.

    Args:
        start: where it stands at first; default: the detector's threshold.
        persist_state: as that of Streamlit's fields.
    """
    default = detector.threshold(mode)
    start = round(default if start is None else start, 2)
    return st.slider(
        "Minimum confidence",
        min_value=SCORE_FLOOR,
        max_value=MOST_SCORE,
        value=min(MOST_SCORE, max(SCORE_FLOOR, start)),
        step=0.01,
        key=key,
        persist_state=persist_state,
        help="A facing's confidence is its score in tables and files. Lower finds more facings and makes "
        "more mistakes; higher the other way round. "
        f"{default:.2f} gave the truest counts on validation photos.",
    )


def choose_sizes(detector, key):
    """The choice of the size of live frames, where the model has several; returns those to be used.

    As :meth:`~skushare.live.session.LiveSession.look_at` takes them: one, or several.
    """
    sizes = detector.live_sizes
    if len(sizes) == 1:
        return sizes
    chosen = st.segmented_control(
        "Detail",
        (AUTOMATIC, *sizes),
        default=AUTOMATIC,
        required=True,
        key=key,
        format_func=lambda size: size if size == AUTOMATIC else f"{size} px",
        help="How large the detector sees a frame. Fewer pixels are faster on a slow computer, and small or "
        "distant facings are missed then. Automatic takes as many as leave "
        f"{FRAMES_A_SECOND} frames a second, {LEAST_SIZE} at least, and no more than large facings need.",
    )
    return automatic_sizes(sizes) if chosen == AUTOMATIC else (chosen,)
