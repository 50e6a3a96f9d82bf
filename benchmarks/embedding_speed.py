"""Milliseconds to embed and recognise 150 facings of a photo, and of the Live page's frames with brands.

python benchmarks/embedding_speed.py --csv results/embedding_speed.csv
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from skushare.brands.embedder import Embedder
from skushare.brands.frames import FrameNamer
from skushare.brands.gallery_files import read_gallery
from skushare.detections import Detections
from skushare.detector.runtime import Detector
from skushare.images import read_image
from skushare.jpeg import shrink
from skushare.live.session import LiveSession
from skushare.samples import DEMO_GALLERY, sample_pictures

FACINGS = 150


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--repeats", type=int, default=20)
    args = parser.parse_args()
    detector, embedder = Detector.load(), Embedder.load()
    gallery = read_gallery(DEMO_GALLERY, embedder)
    image = read_image(sample_pictures()[0])
    boxes = detector.detect(image).boxes
    boxes = np.resize(boxes, (FACINGS, 4))
    frame = shrink(image, 960)
    moved = [np.roll(frame, shift, axis=1) for shift in range(0, 4 * args.repeats, 4)]  # a camera in motion
    plain, named = LiveSession(detector), LiveSession(detector)
    named.namer = FrameNamer(embedder, gallery)
    tasks = {
        "embed and recognise 150 facings": lambda i: gallery.recognise(
            embedder.embed(image, boxes), embedder
        ),
        "live frame, no brands": lambda i: plain.process(moved[i]),
        "live frame, brands": lambda i: named.process(moved[i]),
        "brands of a frame alone, all anew": lambda i: FrameNamer(embedder, gallery).name(
            moved[i], Detections(boxes, np.ones(FACINGS), np.zeros(FACINGS))
        ),
    }
    times, used = {name: [] for name in tasks}, {name: [] for name in tasks}
    for i in range(args.repeats):  # turn by turn, so that other work hits all alike
        for name, task in tasks.items():
            started, cpu = time.perf_counter(), time.process_time()
            task(i)
            used[name].append(1000 * (time.process_time() - cpu))
            times[name].append(1000 * (time.perf_counter() - started))
    rows = [
        {
            "task": name,
            "median_ms": round(float(np.median(ms[2:])), 1),
            "best_ms": round(min(ms), 1),
            "cpu_ms": round(min(used[name]), 1),
        }
        for name, ms in times.items()
    ]
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    if args.csv:
        table.to_csv(args.csv, index=False)


if __name__ == "__main__":
    main()
