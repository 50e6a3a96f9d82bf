"""A detector that needs no model, and the app's scripts run on it."""

import threading
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import local_script_runner

from skushare.app.galleries import Teaching
from skushare.database.engine import close
from skushare.detections import Detections
from skushare.detector.runtime import Detector

PATIENCE = 300  # seconds that a page may take, on a machine that does other work too


class StubDetector:
    """Finds two sure facings and a doubtful one in every image."""

    name = "stub"
    digest = "d" * 64
    labels = ("facing",)
    min_score = 0.4
    live_sizes = (640, 416)
    facing_size = 44.0

    def __init__(self):
        self.calls = 0

    def doubtful_score(self, mode):
        return 0.15

    def threshold(self, mode):
        return self.min_score

    def detect(self, image, mode="photo", min_score=None, max_detections=None, size=None):
        self.calls += 1
        found = Detections(
            np.float32([[10, 10, 60, 90], [70, 10, 120, 90], [0, 0, 8, 8]]), [0.9, 0.6, 0.2], [0, 0, 0]
        )
        return found.above(self.min_score if min_score is None else min_score)


@pytest.fixture(scope="session", autouse=True)
def scanned_packages():
    """What Streamlit reads in every installed package for each visitor of a test it reads once."""
    with pytest.MonkeyPatch.context() as patch:
        scan = manifest_scanner.scan_component_manifests
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(scan))
        yield


@pytest.fixture(scope="session", autouse=True)
def awaited_runs():
    """Until a page has run Streamlit's tests would look each millisecond whether it has, in its time.

    And for no longer than three seconds, if not told otherwise.
    """
    with pytest.MonkeyPatch.context() as patch:
        look = local_script_runner.require_widgets_deltas

        def wait(runner, timeout):
            runner._script_thread.join(PATIENCE)
            look(runner, 1)  # what took too long is ended there

        patch.setattr(local_script_runner, "require_widgets_deltas", wait)
        yield


@pytest.fixture(autouse=True)
def visited_server(monkeypatch):
    """A server whose first visit is over; for Streamlit's tests every run is a first visit."""
    begin = PagesManager.__init__

    def begin_visited(self, *args, **kwargs):
        begin(self, *args, **kwargs)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", begin_visited)


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    """An empty workspace with a database of its own."""
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.delenv("SKUSHARE_DATABASE", raising=False)
    yield tmp_path / "workspace"
    close()


@pytest.fixture
def detector(monkeypatch):
    """The stub, in place of the shipped model."""
    stub = StubDetector()
    monkeypatch.setattr(Detector, "load", lambda name=None: stub)
    st.cache_resource.clear()
    yield stub
    st.cache_resource.clear()


@pytest.fixture
def camera(monkeypatch):
    """What the browser reports, which a test sets; the components themselves need a browser."""
    stream = SimpleNamespace(state=SimpleNamespace(playing=False, signalling=False), status="ready")

    def streamer(key, video_frame_callback, rtc_configuration, **kwargs):
        stream.frame, stream.configuration = video_frame_callback, rtc_configuration
        return stream

    monkeypatch.setattr("skushare.app.camera.webrtc_streamer", streamer)
    monkeypatch.setattr(
        "skushare.app.camera.component", lambda name: lambda **kwargs: {"status": stream.status}
    )
    return stream


@pytest.fixture
def held_save(monkeypatch):
    """The next save of a gallery waits: an event tells that it has begun, another lets it go on."""
    save, saving, go_on = Teaching.save, threading.Event(), threading.Event()

    def held(self, gallery):
        monkeypatch.setattr(Teaching, "save", save)
        saving.set()
        go_on.wait(PATIENCE)
        return save(self, gallery)

    monkeypatch.setattr(Teaching, "save", held)
    return saving, go_on
