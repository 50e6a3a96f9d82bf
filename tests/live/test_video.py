"""Frames on their way: nothing queues for long."""

import asyncio
from types import SimpleNamespace

import av
import numpy as np
import pytest
import streamlit_webrtc.relay
from aiortc import MediaStreamTrack

import skushare.app.camera  # noqa: F401  (sets the relay that streams use)
from skushare.live.video import MAX_LAG, ShortRelay, frame_callback


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


def test_a_slow_consumer_lags_by_a_few_frames_at_most():
    async def lags():
        camera = Camera()
        proxy = ShortRelay().subscribe(camera)
        await proxy.recv()
        found = []
        for _ in range(5):
            for _ in range(100):
                await asyncio.sleep(0)
            found.append(camera.given - await proxy.recv())
        proxy.stop()
        return found

    assert max(asyncio.run(lags())) <= MAX_LAG


def test_a_quick_consumer_gets_every_frame():
    async def frames():
        proxy = ShortRelay().subscribe(Camera())
        return [await proxy.recv() for _ in range(20)]

    assert asyncio.run(frames()) == list(range(20))


def test_a_frame_that_comes_again_is_handed_on_once():
    class Slow(Camera):
        """Gives each frame three times, as a stream that is counted slower than its camera."""

        async def recv(self):
            return await super().recv() // 3

    async def frames():
        proxy = ShortRelay().subscribe(Slow())
        return [await proxy.recv() for _ in range(20)]

    assert asyncio.run(frames()) == list(range(20))


def test_streams_use_the_short_relay(monkeypatch):
    monkeypatch.setattr(streamlit_webrtc.relay.Runtime, "instance", SimpleNamespace)
    loop = asyncio.new_event_loop()
    monkeypatch.setattr(streamlit_webrtc.relay, "get_global_event_loop", lambda: loop)
    assert isinstance(streamlit_webrtc.relay.get_global_relay(), ShortRelay)
    loop.close()


def sent(pixels):
    """What goes back to the browser of a frame on which nothing is found."""
    session = SimpleNamespace(process=lambda image: image)
    return frame_callback(session)(av.VideoFrame.from_ndarray(pixels, format="rgb24"))


def test_small_frames_keep_their_size_and_colours():
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:, :32] = (200, 40, 90)
    assert np.array_equal(sent(pixels).to_ndarray(format="rgb24"), pixels)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((960, 720), (768, 576)), ((720, 960), (576, 768)), ((1921, 1081), (768, 432)), ((4000, 30), (768, 6))],
)
def test_large_frames_are_sent_smaller_in_the_same_shape_and_colours(size, expected):
    width, height = size
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = (200, 40, 90)
    frame = sent(pixels)
    assert (frame.width, frame.height) == expected
    colours = frame.to_ndarray(format="rgb24")[0, [10, -10]].astype(int)
    assert np.abs(colours - [(200, 40, 90), (0, 0, 0)]).max() <= 3
