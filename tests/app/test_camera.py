"""The camera's stream, on streamlit-webrtc's own record of it."""

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest
from streamlit_webrtc import component

from skushare.app import camera


def page():
    import streamlit as st

    from skushare.app.camera import camera_stream, without_stream

    if st.session_state.get("no_camera"):
        without_stream()
    else:
        camera_stream(None)


class Worker:
    """What answers the browser, until it is stopped."""

    stopped = False

    def stop(self):
        self.stopped = True


@pytest.fixture
def runs(monkeypatch):
    """The number of the run that is next, as streamlit-webrtc is told it."""
    session = SimpleNamespace(script_run_count=1)
    monkeypatch.setattr(component, "get_this_session_info", lambda: session)
    monkeypatch.setattr(camera, "webrtc_streamer", lambda key, **_: component._get_or_create_context(key))
    return session


@pytest.mark.parametrize(
    ("between", "stays"),
    [("nothing", True), ("cut runs", True), ("another page", False), ("no camera", False)],
)
def test_a_stream_ends_where_it_was_left_and_not_by_runs_that_were_cut_short(runs, between, stays):
    app = AppTest.from_function(page).run()
    worker = Worker()
    app.session_state[camera.STREAM]._set_worker(worker)
    if between == "no camera":
        app.session_state["no_camera"] = True
        app.run()
        app.session_state["no_camera"] = False
    if between == "another page":
        app.session_state["stay"] = 2
    runs.script_run_count += 1 if between == "nothing" else 3
    app.run()
    assert not app.exception and worker.stopped is not stays
