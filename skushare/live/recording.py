"""The frames of a video of a shelf that was recorded before."""

import av
import numpy as np

from skushare.errors import ImageError
from skushare.images import MAX_PIXELS

SUFFIXES = (".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi", ".3gp")
RATE = 10.0  # frames a second: neighbours overlap enough to be laid upon each other, and no more are decoded
LARGEST = 1280  # pixels of the longer side that a frame is given at


def read_frames(source, name=None, rate=RATE):
    """Yield (share of the video that is past, frame) for about ``rate`` frames a second.

    Decodes as it goes: memory does not grow with the video's length.

    Args:
        source: a path or a binary file object.
        name: what error messages call the video; default: the path.

    Yields:
        (float from 0 to 1, (h, w, 3) uint8 RGB): upright, and no larger than ``LARGEST``.

    Raises:
        ImageError: the file is missing, no video, too large in pixels, or damaged; frames before the
            damage have been given by then.
    """
    name, given = name or str(source), 0
    try:
        with av.open(source if hasattr(source, "read") else str(source)) as container:
            if not container.streams.video:
                raise ImageError(f"{name}: has sound but no picture; take a video of the shelf")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            if stream.width * stream.height > MAX_PIXELS:
                raise ImageError(f"{name}: is too large with {stream.width} x {stream.height} pixels")
            length = float(stream.duration * stream.time_base) if stream.duration else _seconds(container)
            begin = due = None
            for frame in container.decode(stream):
                at = frame.time if frame.time is not None else given / rate
                begin, due = (at, at) if begin is None else (begin, due)
                if at < due:
                    continue
                due = max(due + 1 / rate, at)
                yield min(1.0, (at - begin) / length) if length else 0.0, _picture(frame)
                given += 1
    except FileNotFoundError:
        raise ImageError(f"{name}: no such file; check the path") from None
    except (av.FFmpegError, OSError, ValueError) as error:
        damage = "is damaged after its first frames" if given else "is not a video that can be read"
        raise ImageError(
            f"{name}: {damage} ({getattr(error, 'strerror', None) or error}); save it as MP4 or MOV"
        ) from None
    if not given:
        raise ImageError(f"{name}: has no frame that can be read; save it as MP4 or MOV")


def _seconds(container):
    return container.duration / av.time_base if container.duration else 0.0


def _picture(frame):
    scale = min(1.0, LARGEST / max(frame.width, frame.height))
    width, height = (max(1, round(side * scale)) for side in (frame.width, frame.height))
    pixels = frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA")
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))
