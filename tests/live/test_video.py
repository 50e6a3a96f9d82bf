"""Frames on their way: the newest one wins everywhere."""

import asyncio
from types import SimpleNamespace

import av
import numpy as np
import streamlit_webrtc.relay
from aiortc import MediaStreamTrack

import skushare.app.camera  # noqa: F401  (sets the relay that streams use)
from skushare.live.video import NewestFrameRelay, frame_callback


class Camera(MediaStreamTrack):
    """Gives the numbers 0, 1, 2 ... at the pace of the event loop."""

    kind = "video"

    def __init__(self):
        super().__init__()
        self.given = -1

    async def recv(self):
        await asyncio.sleep(0)
        self.given += 1
        return self.given


def test_a_slow_consumer_gets_the_newest_frame_and_no_queue():
    async def lag():
        camera = Camera()
        proxy = NewestFrameRelay().subscribe(camera)
        lags = []
        for _ in range(5):
            for _ in range(100):
                await asyncio.sleep(0)
            lags.append(camera.given - await proxy.recv())
        proxy.stop()
        return lags

    assert max(asyncio.run(lag())) <= 1


def test_streams_use_the_relay_without_a_queue(monkeypatch):
    monkeypatch.setattr(streamlit_webrtc.relay.Runtime, "instance", SimpleNamespace)
    loop = asyncio.new_event_loop()
    monkeypatch.setattr(streamlit_webrtc.relay, "get_global_event_loop", lambda: loop)
    assert isinstance(streamlit_webrtc.relay.get_global_relay(), NewestFrameRelay)
    loop.close()


def test_frames_keep_their_size_and_colours():
    session = SimpleNamespace(process=lambda image: image)
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:, :32] = (200, 40, 90)
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    assert np.array_equal(frame_callback(session)(frame).to_ndarray(format="rgb24"), pixels)
