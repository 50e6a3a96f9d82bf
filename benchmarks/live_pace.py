"""Frames a second that the server manages for one camera, with brands and counting once.

python benchmarks/live_pace.py [--frames 240] [--csv results/live_pace.csv]

The camera: a hand-held sweep (dataset/synthetic/sweep.py) along a made-up shelf, 960 x 720, coded as VP8 as a
browser sends it. A frame is decoded, counted, named and tracked by the Live page's own session, drawn, and
coded to be sent back. The ways take turns frame by frame, so that other work on the machine hits all alike;
`ratio` is how many times as long a frame takes as without brands and tracking in the same run. `cpu_ms`,
processor time of all threads, is what other work changes less; `load` is how many processes wanted to run on
the machine meanwhile (mean of a minute). `size` is the mean of the frames' sizes: each of the model's sizes,
then what the session itself chooses among them (skushare/live/pace.py). At last frames go through as in
the app, where decoding and coding have threads of their own beside counting; the camera is never waited for.
"""

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from queue import Queue

import av
import numpy as np
import pandas as pd
from aiortc.codecs.vpx import Vp8Decoder, Vp8Encoder, vp8_depayload
from aiortc.jitterbuffer import JitterFrame

from skushare.brands.embedder import Embedder
from skushare.brands.gallery_files import read_gallery
from skushare.dataset.synthetic import generate_shelf, sweep
from skushare.detector.runtime import Detector
from skushare.live.session import LiveSession
from skushare.live.video import MAX_LAG, frame_callback
from skushare.samples import DEMO_GALLERY

SIZE, FPS = (960, 720), 15
PATH = ((0.0, 0.0, False), (1.0, 0.0, False), (9.0, 1.0, False), (18.0, 0.0, False))
SETTLING = 110  # frames that are not counted: until every pace is found
BAR = 12  # frames a second
ALL = "count, name and track"


class Untracked:
    """In the place of a tracker, to have the frame without."""

    def update(self, image, detections):
        return detections

    def __len__(self):
        return 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=240)
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()
    if args.frames <= SETTLING:
        parser.error(f"--frames must be more than {SETTLING}: those are not counted")
    detector, embedder = Detector.load(), Embedder.load()
    gallery = read_gallery(DEMO_GALLERY, embedder)
    ways = {"count": Way(detector), "count and track": Way(detector)}
    for way in ways.values():
        way.session.look_at(detector.live_sizes[:1])
    ways["count"].session._tracker = Untracked()
    for size in detector.live_sizes:
        ways[f"{ALL}, {size} px"] = way = Way(detector)
        way.session.name_by(gallery, embedder)
        way.session.look_at((size,))
    ways[f"{ALL}, automatic"] = way = Way(detector)
    way.session.name_by(gallery, embedder)
    shelf = generate_shelf(7, (3 * SIZE[0], SIZE[1]), theme="cereal")
    encoder, facings = Vp8Encoder(), []
    for number, view in enumerate(sweep(shelf.image, shelf.boxes, SIZE, path=PATH, fps=FPS)):
        if number == args.frames:
            break
        packets = coded(encoder, av.VideoFrame.from_ndarray(view.image, format="rgb24"), number)
        facings.append(len(view.boxes))
        for way in ways.values():
            way.take(packets, number)
    base = np.median(ways["count"].wall[SETTLING:])
    rows = []
    for name, way in ways.items():
        wall, cpu = np.array(way.wall[SETTLING:]), np.array(way.cpu[SETTLING:])
        rows.append(
            {
                "way": name,
                "size": round(np.mean(way.size[SETTLING:])),
                "frames_a_second": round(1000 / wall.mean(), 1),
                "median_ms": round(np.median(wall), 1),
                "cpu_ms": round(cpu.mean(), 1),
                "codec_cpu_ms": round(np.mean(way.codec[SETTLING:]), 1),
                "ratio": round(np.median(wall) / base, 2),
                "facings_a_frame": round(np.mean(facings)),
                "cores": os.cpu_count(),
                "load": round(os.getloadavg()[0], 1),
            }
        )
    del ways
    rows.append(side_by_side(detector, gallery, embedder, shelf, args.frames, round(np.mean(facings))))
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    for row in rows:
        if row["way"].startswith(ALL):
            met = "met" if row["frames_a_second"] >= BAR else "not met"
            print(f"{row['way']}: {row['frames_a_second']} frames a second; the bar of {BAR} is {met}")
    if args.csv:
        table.to_csv(args.csv, index=False)


def side_by_side(detector, gallery, embedder, shelf, frames, facings):
    """The row of the automatic way with decoding, counting and coding in a thread each."""
    views = sweep(shelf.image, shelf.boxes, SIZE, path=PATH, fps=FPS)
    encoder = Vp8Encoder()
    sent = [
        coded(encoder, av.VideoFrame.from_ndarray(view.image, format="rgb24"), number)
        for number, view in zip(range(frames), views, strict=False)
    ]
    way = Way(detector)
    way.session.name_by(gallery, embedder)
    decoded, drawn = Queue(MAX_LAG), Queue(MAX_LAG)
    sizes, times = [], []

    def decode():
        for number, packets in enumerate(sent):
            decoded.put(way.decode(packets, number))

    def count():
        for _ in sent:
            drawn.put(way.count(decoded.get()))

    with ThreadPoolExecutor(2) as threads:
        jobs = [threads.submit(decode), threads.submit(count)]
        for number in range(len(sent)):
            if number == SETTLING:
                cpu = time.process_time()
            way.encode(drawn.get(), number)
            times.append(time.perf_counter())
            sizes.append(way.session.size)
        cpu = 1000 * (time.process_time() - cpu) / (len(sent) - SETTLING)
        for job in jobs:
            job.result()
    seconds = np.diff(times[SETTLING - 1 :])
    return {
        "way": f"{ALL}, automatic, coding beside",
        "size": round(np.mean(sizes[SETTLING:])),
        "frames_a_second": round(1 / seconds.mean(), 1),
        "median_ms": round(1000 * np.median(seconds), 1),
        "cpu_ms": round(cpu, 1),
        "facings_a_frame": facings,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


class Way:
    """A camera of its own: what a frame's way through the server takes, in milliseconds."""

    def __init__(self, detector):
        self.session = LiveSession(detector)
        self.count = frame_callback(self.session)
        self._decoder, self._encoder = Vp8Decoder(), Vp8Encoder()
        self.wall, self.cpu, self.codec, self.size = [], [], [], []

    def take(self, packets, number):
        """Let the coded frame through."""
        started, cpu = time.perf_counter(), time.process_time()
        frame = self.decode(packets, number)
        decoded = time.process_time()
        drawn = self.count(frame)
        counted = time.process_time()
        self.encode(drawn, number)
        ended = time.process_time()
        self.wall.append(1000 * (time.perf_counter() - started))
        self.cpu.append(1000 * (ended - cpu))
        self.size.append(self.session.size)
        self.codec.append(1000 * (decoded - cpu + ended - counted))

    def decode(self, packets, number):
        data = b"".join(vp8_depayload(packet) for packet in packets)
        (frame,) = self._decoder.decode(JitterFrame(data=data, timestamp=number))
        return frame

    def encode(self, frame, number):
        coded(self._encoder, frame, number)


def coded(encoder, frame, number):
    """The payloads of the packets that carry ``frame``."""
    frame.pts, frame.time_base = number * 90_000 // FPS, Fraction(1, 90_000)
    return encoder.encode(frame)[0]


if __name__ == "__main__":
    main()
