"""The bridge between a WebRTC video track and a :class:`~skushare.live.session.LiveSession`."""

import av

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


def frame_callback(session):
    """A callback that takes a video frame and returns it with the facings drawn."""

    def callback(frame):
        drawn = session.process(frame.to_ndarray(format="rgb24"))
        return av.VideoFrame.from_ndarray(drawn, format="rgb24")

    return callback
