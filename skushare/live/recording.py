"""Videos of a shelf that were recorded before: their frames, and their facings, each once."""

from pathlib import Path

import av
import numpy as np

from skushare.brands.frames import track_and_name
from skushare.detections import Detections
from skushare.detector.batch import Found
from skushare.errors import ImageError, SweepError
from skushare.images import MAX_PIXELS
from skushare.jpeg import decode_jpeg
from skushare.shelf.tracking import SEEN, ShelfTracker

SUFFIXES = (".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi", ".3gp")
RATE = 10.0  # frames a second: neighbours overlap enough to be laid upon each other, and no more are decoded
WHOLE = 0.9  # of the length that a file states: its sound may go on for longer
LARGEST = 1280  # pixels of the longer side that a frame is given at


def read_frames(source, name=None):
    """Yield (share of the video that is past, frame) for about ``RATE`` frames a second.

    Decodes as it goes: memory does not grow with the video's length.

    Args:
        source: a path or a binary file object.
        name: what error messages call the video; default: the path.

    Yields:
        (float from 0 to 1, (h, w, 3) uint8 RGB): upright, in square pixels, no larger than ``LARGEST``.

    Raises:
        ImageError: the file is missing, no video, too short, too large in pixels, cut off or damaged;
            frames before the damage have been given by then.
    """
    name, given = name or str(source), 0
    try:
        with av.open(source if hasattr(source, "read") else str(source)) as container:
            if not container.streams.video:
                raise ImageError(f"{name}: has sound but no picture; take a video of the shelf")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            if stream.width * stream.height > MAX_PIXELS:
                raise ImageError(
                    f"{name}: is too large with {stream.width} x {stream.height} pixels; save it smaller"
                )
            length = float(stream.duration * stream.time_base) if stream.duration else _seconds(container)
            wide = float(stream.sample_aspect_ratio or 1)
            rate = float(stream.average_rate or RATE)  # of frames that tell no time, without a container
            begin = due = None
            for number, frame in enumerate(container.decode(stream)):
                at = frame.time if frame.time is not None else number / rate
                begin, due = (at, at) if begin is None else (begin, due)
                if at < due:
                    continue
                due = max(due + 1 / RATE, at)
                yield min(1.0, (at - begin) / length) if length else 0.0, _picture(frame, wide)
                given += 1
        if given and at - begin < WHOLE * length - 1:
            raise ImageError(
                f"{name}: is cut off after {at - begin:.0f} of its {length:.0f} seconds; copy it again"
            )
    except FileNotFoundError:
        raise ImageError(f"{name}: no such file; check the path") from None
    except (av.FFmpegError, OSError, ValueError) as error:
        damage = "is damaged after its first frames" if given else "is not a video that can be read"
        raise ImageError(
            f"{name}: {damage} ({getattr(error, 'strerror', None) or error}); save it as MP4 or MOV"
        ) from None
    if not given:
        raise ImageError(f"{name}: has no frame that can be read; save it as MP4 or MOV")
    if given < SEEN:
        raise ImageError(f"{name}: is too short to count on; film for a second at least, or take a photo")


def sweep_video(path, detector, namer=None, min_score=None):
    """The facings of the shelf that a video moves along, each once, on as few of its frames as show them.

    Args:
        path: of the video.
        detector: a :class:`~skushare.detector.runtime.Detector`; takes the largest size of live frames.
        namer: one of :mod:`skushare.brands.frames`, that names the brands; or ``None``.
        min_score: least score that counts; default: the model's for live frames.

    Returns:
        (list of :class:`~skushare.shelf.sweep_pictures.SweepPicture`, the :class:`ImageError` of an
        unreadable, damaged or too long video or ``None``); what was found before is kept.
    """
    tracker, error = ShelfTracker(), None
    try:
        for past, image in read_frames(path):
            detections = detector.detect(image, "live", min_score, size=detector.live_sizes[0])
            try:
                track_and_name(image, detections, tracker, namer)
            except SweepError:
                raise ImageError(
                    f"{path}: is too long a way for one count, which ends after {100 * past:.0f} % of the "
                    "video; cut it there, and count the rest by itself"
                ) from None
    except ImageError as problem:
        error = problem
    return tracker.pictures(), error


def find_in_video(path, *args, on_image=None):
    """What :func:`sweep_video` finds: a :class:`~skushare.detector.batch.Found` a frame, an error last.

    Args:
        on_image: called with (name, frame, detections) for each frame that is given.
    """
    path = Path(path)
    pictures, error = sweep_video(path, *args)
    found = []
    for number, picture in enumerate(pictures, 1):
        name = path.with_name(f"{path.name} picture {number}.jpg")
        if on_image is not None:
            on_image(name, decode_jpeg(picture.jpeg), picture.detections)
        partial = len(pictures) > 1
        found.append(Found(name, picture.width, picture.height, picture.detections, partial=partial))
    if error or not found:
        found.append(Found(path, 0, 0, Detections(), error))
    return found


def _seconds(container):
    """The length of Matroska's files, which state at what time they end: cut or joined ones begin late."""
    return max(0, (container.duration or 0) - (container.start_time or 0)) / av.time_base


def _picture(frame, wide):
    """``frame``, whose pixels are ``wide`` times as wide as high, in square pixels and upright."""
    width, height = frame.width * wide, frame.height
    scale = min(1.0, LARGEST / max(width, height))
    width, height = (max(1, round(side * scale)) for side in (width, height))
    pixels = frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA")
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))
