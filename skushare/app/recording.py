"""A recorded video of a shelf, counted as the camera's frames are."""

import threading
from io import BytesIO

import streamlit as st

from skushare.app.notes import show_error
from skushare.app.text import plain
from skushare.app.visits import put_in_address
from skushare.errors import SkushareError
from skushare.live.recording import SUFFIXES, read_frames

SHOWN_EVERY = 5  # frames: drawing each would take longer than counting it
MOST_MB = 500
WIDTH = 480  # pixels of the picture that is shown meanwhile


def count_recording(session, sizes, disabled=False):
    """A field for a video, whose frames go through ``session`` until all are counted.

    A run that the visitor cuts short leaves the rest to the next one.

    Args:
        session: the visitor's :class:`~skushare.live.session.LiveSession`, which counts anew with a video.
        sizes: of frames, as of ``choose_sizes``: the largest is taken, because no camera waits.
        disabled: whether the camera is on, whose frames must not mix with these.
    """
    state = st.session_state
    upload = st.file_uploader(
        "Count a recorded video of a shelf",
        type=SUFFIXES,
        max_upload_size=MOST_MB,
        key=f"recording_{state.setdefault('recording_round', 0)}",
        disabled=disabled,
        help="Filmed slowly along the shelf, each facing counts once, as with the camera; film row by row "
        "only so that each pass shows half of what the one before it showed.",
    )
    if problem := state.pop("recording_problem", None):
        show_error(problem)
    if upload is None or disabled:
        state.recording = (None, None)
        if upload is not None:  # else it would be counted from its beginning once the camera stops
            leave_recording()
        return
    counted, *_, begun = state.get("recording", (None, None))
    if (counted, begun) != (upload.file_id, session.begun):
        # Another video, or other brands, at whose choice the session has begun anew.
        state.dropped = session.recount(state.get("dropped"))
        frames = read_frames(BytesIO(upload.getvalue()), upload.name)
        state.recording = upload.file_id, Counting(frames, session, upload.name), session.begun
    put_in_address("sweep")  # a reload meanwhile is to find what was counted
    session.look_at(sizes[:1])
    bar, picture = st.progress(0.0, text="Counting the video"), st.empty()
    try:
        counting = state.recording[1]
        while (step := counting.step()) is not None:
            number, done, drawn = step
            if number % SHOWN_EVERY == 0:
                bar.progress(done, text=f"Counting the video, facings so far: {session.reading().unique:,}")
                picture.image(drawn, width=WIDTH)
    except SkushareError as error:
        if not session.video:  # else told beside the count
            state.recording_problem = str(error)
    leave_recording()
    st.rerun()


def leave_recording():
    """Let go of the video that is in the field, counted or not."""
    state = st.session_state
    # A new key empties the field, and with it the server's copy of the file.
    state.recording, state.recording_round = (None, None), state.get("recording_round", 0) + 1


def tell_left(session):
    """Say so where only a part of a video was counted by ``session``, and none is being counted."""
    if session.video:
        name, done, damage = session.video
        if damage:
            text = f"{plain(damage)}. The count is of what could be read before."
        else:
            text = (
                f"Only {min(99, int(100 * done))} % of {plain(name)} was counted before the page was left, "
                "the video taken away or the camera started. Add it again for the whole count."
            )
        st.warning(text, icon=":material/hourglass_disabled:")


class Counting:
    """The frames of the video ``name`` on their way through a session, in order.

    A run that was cut short is still at work on a frame when the next one begins: they take turns.
    """

    def __init__(self, frames, session, name):
        self._frames, self._session, self._name = enumerate(frames), session, name
        session.video = name, 0.0, ""
        self._turn, self._died, self._past = threading.Lock(), None, None

    def step(self):
        """Count a frame: its number, the share of the video that is past, and its picture; or ``None``.

        Raises:
            SkushareError: the video is damaged; at each call from then on.
        """
        with self._turn:
            if self._died:
                raise self._died
            try:
                number, (done, image) = next(self._frames)
            except StopIteration:
                self._session.video = None
                return None
            except SkushareError as error:
                self._died = error
                self._session.video = None if self._past is None else (self._name, self._past, str(error))
                raise
            drawn = self._session.process(image, live=False)
            self._past = done
            self._session.video = self._name, done, ""
            return number, done, drawn
