"""Facings counted once in recorded videos, against their true number and that of a still photo.

    python benchmarks/recorded_video.py [--photos LABELS.json [NAME ...]]... [--themes cereal drinks pantry]
        [--bays 4] [--csv FILE]

The videos: sweeps as in ``counting_once.py``, in H.264 at 30 frames a second and 8 Mbit/s, where the camera
shakes, blurs, stops, goes back, is covered for two seconds and returns to where it began. They are counted as
by ``skushare detect FILE.mp4``. "still" is what the detector counts on the whole picture at once, in photo
mode; "facings" what is labelled and came into view.
"""

import tempfile
from pathlib import Path

import av
import numpy as np
from counting_once import arguments, shelves

from skushare.dataset.synthetic import sweep
from skushare.detector.runtime import Detector
from skushare.evaluation.table import append_row
from skushare.live.recording import find_in_video

FPS, BITS_A_SECOND = 30, 8_000_000


def main():
    args = arguments(__doc__)
    detector = Detector.load()
    with tempfile.TemporaryDirectory() as folder:
        for name, picture, boxes, size in shelves(args):
            video = Path(folder, "walk.mp4")
            frames, seen = film(video, picture, boxes, size)
            pictures = find_in_video(video, detector)
            row = {"video": name, "frames": frames, "facings": len(seen)}
            row |= {"still": len(detector.detect(picture))}
            row |= {"counted": sum(len(each.detections) for each in pictures)}
            print(row, flush=True)
            if args.csv:
                append_row(args.csv, row)


def film(video, picture, boxes, size, **options):
    """Write a sweep as a video; gives its number of frames and the ids of the boxes that came into view.

    ``options`` are of :func:`~skushare.dataset.synthetic.sweep`.
    """
    frames, seen = 0, set()
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height = size
        stream.pix_fmt, stream.bit_rate = "yuv420p", BITS_A_SECOND
        for view in sweep(picture, boxes, size, fps=FPS, **options):
            frames += 1
            seen |= set(view.ids.tolist())
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(view.image), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return frames, seen


if __name__ == "__main__":
    main()
