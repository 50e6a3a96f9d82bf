"""The bridge between a WebRTC video track and a :class:`~skushare.live.session.LiveSession`."""

import av
from aiortc.contrib.media import MediaRelay

# 4:3 is the whole sensor of most cameras, so a shelf keeps its top and bottom rows; larger frames
# cost more to encode than they add to what the live detector sees.
CONSTRAINTS = {
    "video": {
        "facingMode": {"ideal": "environment"},
        "width": {"ideal": 960},
        "height": {"ideal": 720},
        "frameRate": {"ideal": 15, "max": 30},
    },
    "audio": False,
}


class NewestFrameRelay(MediaRelay):
    """Hands frames on without a queue: whoever is slow gets the newest frame, not the next one.

    aiortc's own relay keeps every frame until it is taken. Where sending the picture back is slower
    than the camera, that queue grows, and the picture lags further and further behind the shelf.
    """

    def subscribe(self, track, buffered=False):
        """A proxy of ``track`` for one consumer."""
        return super().subscribe(track, buffered)


def frame_callback(session):
    """A callback that takes a video frame and returns it with the facings drawn."""

    def callback(frame):
        drawn = session.process(frame.to_ndarray(format="rgb24"))
        return av.VideoFrame.from_ndarray(drawn, format="rgb24")

    return callback
