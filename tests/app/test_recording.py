"""The frames of a video go through a session in order, each once, whichever run takes them."""

import io
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

import skushare.app.recording as module
from skushare.app.recording import Counting, count_recording
from skushare.errors import ImageError


def test_two_runs_count_each_frame_once_and_in_order():
    seen = []

    def process(image, live):
        time.sleep(0.005)
        seen.append(image)
        return -image

    counting = Counting(((n / 20, n) for n in range(20)), SimpleNamespace(process=process), "shelf.mp4")
    with ThreadPoolExecutor(2) as pool:
        steps = [step for pair in iter(lambda: [*pool.map(lambda _: counting.step(), range(2))], [None, None])
                 for step in pair if step]  # fmt: skip
    assert seen == list(range(20)) and sorted(steps) == [(n, n / 20, -n) for n in range(20)]


def test_damage_is_told_to_the_next_run_as_well():
    def frames():
        yield 0.5, 1
        raise ImageError("shelf.mp4: is damaged after its first frames")

    session = SimpleNamespace(process=lambda image, live: image)
    counting = Counting(frames(), session, "shelf.mp4")
    assert session.video == ("shelf.mp4", 0.0, "")
    assert counting.step() == (0, 0.5, 1) and session.video == ("shelf.mp4", 0.5, "")
    for _ in range(2):
        with pytest.raises(ImageError, match="damaged") as damage:
            counting.step()
    assert session.video == ("shelf.mp4", 0.5, str(damage.value))  # told as long as the count is


class Upload(io.BytesIO):
    name, file_id = "shelf.mp4", "1"


class State(dict):
    __getattr__, __setattr__ = dict.__getitem__, dict.__setitem__


@pytest.fixture
def session(monkeypatch):
    """A session that lists the frames it ``seen``, with a video of six in the field until it is emptied."""
    seen, upload = [], Upload(b"abcdef")
    session = SimpleNamespace(begun=0, look_at=lambda sizes: None, reading=lambda: SimpleNamespace(unique=0))

    def recount(last):
        dropped = list(seen) or last
        session.begun += 1
        seen.clear()
        return dropped

    def process(image, live):
        seen.append(image)
        if seen == [0, 1, 2] and session.begun == 1:
            raise Cut
        return image

    session.recount, session.process, session.seen = recount, process, seen
    widget = SimpleNamespace(progress=lambda *args, **more: None, image=lambda *args, **more: None)
    stub = SimpleNamespace(
        session_state=State(),
        file_uploader=lambda *args, key, **more: upload if key == "recording_0" else None,
        progress=lambda *args, **more: widget,
        empty=lambda: widget,
        rerun=lambda: None,
    )
    monkeypatch.setattr(module, "st", stub)
    monkeypatch.setattr(module, "put_in_address", lambda name: None)
    monkeypatch.setattr(
        module, "read_frames", lambda file, name: ((n / 6, n) for n in range(len(file.read())))
    )
    return session


class Cut(Exception):
    """The visitor's choice cuts the run short."""


def test_a_video_is_counted_from_its_beginning_after_other_brands_were_chosen(session):
    """The run of the choice cuts the counting short and the session begins anew: nothing may be lost."""
    with pytest.raises(Cut):
        count_recording(session, (640,))
    session.begun += 1  # as name_by does
    count_recording(session, (640,))
    assert session.seen == list(range(6)) and session.video is None


def test_what_the_camera_counted_before_a_video_can_be_taken_back(session):
    session.seen += ["camera"]
    with pytest.raises(Cut):
        count_recording(session, (640,))
    assert module.st.session_state.dropped == ["camera"]


def test_a_video_leaves_the_last_count_to_be_taken_back_where_none_was_made_since(session):
    module.st.session_state.dropped = ["camera"]
    with pytest.raises(Cut):
        count_recording(session, (640,))
    assert module.st.session_state.dropped == ["camera"]


def test_a_video_that_the_camera_interrupts_is_not_begun_anew_when_it_stops(session):
    with pytest.raises(Cut):
        count_recording(session, (640,))
    for playing in (True, True, False):
        count_recording(session, (640,), disabled=playing)
        session.seen.append("camera")
    assert session.seen == [0, 1, 2] + 3 * ["camera"] and session.video == ("shelf.mp4", 1 / 6, "")
