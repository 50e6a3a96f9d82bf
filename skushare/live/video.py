"""The bridge between a WebRTC video track and a :class:`~skushare.live.session.LiveSession`."""

import asyncio
import os

import av
import cv2
from aiortc.contrib.media import MediaRelay

# 4:3 is the whole sensor of most cameras, so a shelf keeps its top and bottom rows; larger frames
# cost more to encode than they add to what the live detector sees. A camera without this size gives the
# nearest that it has as it is: cut to 4:3, a wide picture would lose a quarter of the shelf.
CONSTRAINTS = {
    "video": {
        "facingMode": {"ideal": "environment"},
        "width": {"ideal": 960},
        "height": {"ideal": 720},
        "resizeMode": {"ideal": "none"},
        "frameRate": {"ideal": 15, "max": 30},
    },
    "audio": False,
}
SENT_SIDE = 768  # pixels; at the bit rate of a call, larger pictures look no sharper and cost more to code
FEW_CORES = 4
MAX_LAG = 3  # frames; frames come in bursts, and with less than this a busy machine drops too many

# OpenCV's threads wait for each other by spinning, for which few cores have no time. With more of them, what
# else the app does with OpenCV, such as joining photos, gains more than a frame would.
if (os.cpu_count() or 1) <= FEW_CORES:
    cv2.setNumThreads(1)


class _ShortQueue(asyncio.Queue):
    """When full, lets the oldest go for the newest. What is put again at once is let go."""

    _last = None

    def put_nowait(self, item):
        if item is self._last and item is not None:
            return
        self._last = item
        if self.full():
            self.get_nowait()
        super().put_nowait(item)


class ShortRelay(MediaRelay):
    """Hands each frame on to consumers once, and lets none lag by more than ``MAX_LAG`` frames.

    aiortc's own relay keeps every frame until it is taken. Where sending the picture back is slower
    than the camera, that queue grows, and the picture lags further and further behind the shelf. And where
    counting is slower than the camera, streamlit-webrtc gives the last counted frame again for each frame of
    the camera, and each would be coded anew.
    """

    def subscribe(self, track, buffered=True):
        """A proxy of ``track`` for one consumer."""
        proxy = super().subscribe(track, buffered)
        if buffered:
            proxy._queue = _ShortQueue(MAX_LAG)
        return proxy


def frame_callback(session):
    """A callback that takes a video frame and returns it with the facings drawn, not above ``SENT_SIDE``."""

    def callback(frame):
        drawn = av.VideoFrame.from_ndarray(session.process(frame.to_ndarray(format="rgb24")), format="rgb24")
        scale = SENT_SIDE / max(drawn.width, drawn.height)
        if scale >= 1:
            return drawn
        width, height = (2 * round(side * scale / 2) for side in (drawn.width, drawn.height))
        return drawn.reformat(width, height, "yuv420p")  # as it will be coded: even sides

    return callback
