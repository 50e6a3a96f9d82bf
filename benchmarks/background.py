"""What work in the background costs a live frame: none, work that is nice, work whose session stands back.

    python benchmarks/background.py --csv results/background.csv

As many busy processes as there are cores are started as runs, evaluations and exports are; for "nice" alone
their sessions are put back to where Linux begins them. In turns of ``--seconds``; milliseconds a frame of the
shipped model at its live size.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from skushare.detector.runtime import Detector
from skushare.evaluation.table import append_row
from skushare.images import read_image
from skushare.processes import STANDS_BACK, start_detached
from skushare.samples import sample_pictures

BUSY = "while True: pass"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=8.0, help="of each way in a turn (8)")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--csv", type=Path, help="append the rows to this file")
    args = parser.parse_args()
    detector, image = Detector.load(), read_image(sample_pictures()[0])
    ways = {"alone": alone, "nice": nice, "stands back": stands_back}
    times = {way: [] for way in ways}
    for _ in range(args.turns):
        for way, start in ways.items():
            beside = start()
            try:
                times[way] += measure(detector, image, args.seconds)
            finally:
                for process in beside:
                    process.kill()
    usual = np.median(times["alone"])
    for way, taken in times.items():
        row = {
            "beside": way,
            "frames": len(taken),
            "ms": round(float(np.median(taken)), 1),
            "p90_ms": round(float(np.quantile(taken, 0.9)), 1),
            "times_alone": round(float(np.median(taken) / usual), 2),
        }
        print(row)
        if args.csv:
            append_row(args.csv, row)


def measure(detector, image, seconds):
    """Milliseconds of each frame that fits in ``seconds``."""
    detector.detect(image, mode="live")
    taken, end = [], time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        detector.detect(image, mode="live")
        taken.append(1000 * (time.perf_counter() - begun))
    return taken


def alone():
    return []


def stands_back():
    command = [sys.executable, "-c", BUSY]
    return [
        start_detached(command, subprocess.DEVNULL, niceness=STANDS_BACK) for _ in range(os.cpu_count() or 1)
    ]


def nice():
    processes = stands_back()
    for process in processes:
        Path(f"/proc/{process.pid}/autogroup").write_text("0")
    return processes


if __name__ == "__main__":
    main()
