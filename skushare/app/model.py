"""The detector that all visitors share."""

import streamlit as st

from skushare.album import SCORE_FLOOR
from skushare.app.notes import show_error
from skushare.app.text import plain
from skushare.detector.models import DEFAULT_MODEL, DESCRIPTION, chosen_folder, counting_model
from skushare.detector.runtime import Detector
from skushare.errors import ModelError
from skushare.live.pace import FRAMES_A_SECOND, LEAST_SIZE, automatic_sizes

AUTOMATIC = "Automatic"
MOST_SCORE = 0.95


@st.cache_resource(show_spinner="Loading the detector", max_entries=4)
def _load(name, written):
    return Detector.load(name)


def shared_detector(name=None):
    """The model that the app counts with, or the one called ``name``; else the page says why and ends.

    It is loaded once a server, and again after its description was changed.
    """
    name = name or counting_model()
    folder = chosen_folder(name)
    try:
        return _load(folder or name, folder and (folder / DESCRIPTION).stat().st_mtime_ns)
    except (ModelError, OSError) as error:  # its run may be deleted at this moment
        show_error(error)
        if name != DEFAULT_MODEL:
            st.info("The model is chosen on the Training page, or when the server is started.")
        st.stop()


def detector_of(own):
    """The detector to go on with: ``own``, if it counted so far, else the one that the app counts with.

    ``own`` also holds where the app uses another model by now: what one model began, no other goes on with.
    """
    detector = shared_detector()
    return detector if own is None or own.digest == detector.digest else own


def tell_model(own, anew):
    """Say which model counted what the page shows, unless it is the shipped one and still the chosen one.

    Args:
        own: the detector that counted it.
        anew: how to begin anew, as the beginning of a sentence.
    """
    detector = shared_detector()
    if own.digest != detector.digest:
        st.info(
            f"This was counted with the model {plain(own.name)}. {anew} to count with "
            f"{plain(detector.name)}, which the app uses now.",
            icon=":material/model_training:",
        )
    elif detector.name != DEFAULT_MODEL:
        st.caption(f"Counted with the model {plain(detector.name)}.")


def score_key(detector, mode):
    """The key of :func:`score_slider`; what was chosen for one model means nothing to another."""
    return f"{mode}_score_{detector.digest[:12]}"


def score_slider(detector, mode, start=None, persist_state=None):
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
        key=score_key(detector, mode),
        persist_state=persist_state,
        help="A facing's confidence is its score in tables and files. A lower minimum finds more "
        "facings and makes more mistakes; a higher one does the reverse. "
        f"{default:.2f} gave the most accurate counts on validation photos.",
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
        help="How large the detector sees a frame. Fewer pixels are faster on a slow computer, but "
        "miss small or distant facings. Automatic takes as many as leave "
        f"{FRAMES_A_SECOND} frames a second, {LEAST_SIZE} at least, and no more than large facings need.",
    )
    return automatic_sizes(sizes) if chosen == AUTOMATIC else (chosen,)
