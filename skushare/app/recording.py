"""A recorded video of a shelf, counted as the camera's frames are."""

import threading
from io import BytesIO

import streamlit as st

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
        type=[suffix.removeprefix(".") for suffix in SUFFIXES],
        max_upload_size=MOST_MB,
        key=f"recording_{state.setdefault('recording_round', 0)}",
        disabled=disabled,
        help="Filmed slowly along the shelf, each facing counts once, as with the camera.",
    )
    if problem := state.pop("recording_problem", None):
        st.error(plain(problem), icon=":material/error:")
    counted, *_, begun = state.get("recording", (None, None))
    if upload is not None and (counted, begun) != (upload.file_id, session.begun):
        # Another video, or other brands, at whose choice the session has begun anew.
        session.recount()
        frames = read_frames(BytesIO(upload.getvalue()), upload.name)
        state.recording = upload.file_id, Counting(frames, session, upload.name), session.begun
    if upload is None or disabled:
        state.recording = (None, None)
        return
    put_in_address("sweep")  # a reload meanwhile is to find what was counted
    session.look_at(sizes[:1])
    bar, picture = st.progress(0.0, text="Counting the video"), st.empty()
    try:
        counting = state.recording[1]
        while (step := counting.step()) is not None:
            number, done, drawn = step
            if number % SHOWN_EVERY == 0:
                bar.progress(done, text=f"Counting the video: {session.reading().unique} facings so far")
                picture.image(drawn, width=WIDTH)
    except SkushareError as error:
        state.recording_problem = str(error)
    # A new key empties the field, and with it the server's copy of the file.
    state.recording = (None, None)
    state.recording_round += 1
    st.rerun()


def tell_left(session):
    """Say so where only a part of a video was counted by ``session``, and none is being counted."""
    if session.video:
        name, done = session.video
        st.warning(
            f"Only {min(99, int(100 * done))} % of {plain(name)} was counted before the page was left or "
            "the video taken away. Add it again for the whole count.",
            icon=":material/hourglass_disabled:",
        )


class Counting:
    """The frames of the video ``name`` on their way through a session, in order.

    A run that was cut short is still at work on a frame when the next one begins: they take turns.
    """

    def __init__(self, frames, session, name):
        self._frames, self._session, self._name = enumerate(frames), session, name
        session.video = name, 0.0
        self._turn, self._died = threading.Lock(), None

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
                self._session.video, self._died = None, error
                raise
            drawn = self._session.process(image)
            self._session.video = self._name, done
            return number, done, drawn
