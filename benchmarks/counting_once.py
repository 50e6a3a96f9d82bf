"""Facings counted once over a camera sweep, against their true number and other ways to count.

    python benchmarks/counting_once.py [--photos LABELS.json [NAME ...]]... [--themes cereal drinks pantry]
        [--bays 4] [--csv FILE]

The sweeps: a hand-held camera (dataset/synthetic/sweep.py) along wide made-up shelves, and, with --photos,
across photos of a COCO file, the widest ones or those named. It shakes, blurs, stops, goes back, is covered
for two seconds while it moves on, and returns to where it began.

The boxes: the shipped detector's in live mode at its largest size, as the Live page begins with and videos
are counted, and the true ones, a tenth left out at random and the rest jittered by 1.5 pixels, which shows
the tracking alone. "still" is what the detector counts on the whole picture at once, in photo mode: the
error that comes with the detector.

The ways to count: skushare's ShelfTracker; the same one without motion compensation; the sum over frames;
and, where the library `trackers` is installed, its ByteTrack (no motion compensation) and BoT-SORT (with).

Milliseconds are processor time a frame, of all threads, which other work on the machine changes little.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from skushare.dataset.coco import read_coco
from skushare.dataset.synthetic import generate_shelf, sweep
from skushare.detections import Detections
from skushare.detector.runtime import Detector
from skushare.images import read_image
from skushare.shelf.motion import Pose
from skushare.shelf.tracking import ShelfTracker

try:
    import supervision
    import trackers
except ImportError:
    trackers = None


def main():
    args = arguments(__doc__)
    detector, rows = Detector.load(), []
    for name, picture, boxes, size in shelves(args):
        still = len(detector.detect(picture))
        rows += compare(name, picture, boxes, size, detector, still)
        print(pd.DataFrame(rows).to_string(index=False), flush=True)
        if args.csv:
            pd.DataFrame(rows).to_csv(args.csv, index=False)


def arguments(description):
    """What the command line says, of a benchmark on these shelves."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", nargs="+", action="append", default=[], metavar="LABELS.json [NAME ...]")
    parser.add_argument("--widest", type=int, default=4, help="photos taken where none are named")
    parser.add_argument("--themes", nargs="*", default=["cereal", "drinks", "pantry"])
    parser.add_argument("--bays", type=int, default=4, help="width of a made-up shelf, in frames")
    parser.add_argument("--csv", type=Path)
    return parser.parse_args()


def shelves(args):
    """Yield (name, picture, boxes, size of the camera's frames) of the shelves that ``args`` ask for."""
    yield from made_up(args.themes, args.bays)
    yield from photographed(args.photos, args.widest)


def made_up(themes, bays):
    for theme in themes:
        shelf = generate_shelf(5, size=(1280 * bays, 960), rows=4, theme=theme)
        yield f"made-up {theme}", shelf.image, shelf.boxes, (960, 720)


def photographed(files, widest):
    for path, *names in files:
        samples = read_coco(path).samples
        chosen = [s for s in samples if s.path.name in names]
        for sample in chosen or sorted(samples, key=lambda s: s.width / s.height, reverse=True)[:widest]:
            # A tall window, as of a phone held upright, sees the photo's whole height.
            yield sample.path.stem, read_image(sample.path), sample.boxes, (720, 960)


def compare(name, picture, boxes, size, detector, still):
    rng = np.random.default_rng(1)
    sources = {
        "detector": lambda view: detector.detect(view.image, mode="live", size=detector.live_sizes[0]),
        "true": lambda v: noisy(v, rng),
    }
    ways = {(source, way): make() for source in sources for way, make in WAYS.items()}
    seconds, seen, frames = dict.fromkeys(ways, 0.0), set(), 0
    for view in sweep(picture, boxes, size):
        seen |= set(view.ids.tolist())
        frames += 1
        for source, find in sources.items():
            found = find(view)
            for way in WAYS:
                started = time.process_time()
                ways[source, way].update(view.image, found)
                seconds[source, way] += time.process_time() - started
    rows = []
    for (source, way), counter in ways.items():
        row = {"sweep": name, "frames": frames, "boxes": source, "way": way, "facings": len(seen)}
        error = round(100 * (len(counter) / len(seen) - 1), 1)
        row |= {"counted": len(counter), "error %": error, "still": still if source == "detector" else ""}
        rows.append(row | {"ms a frame": round(1000 * seconds[source, way] / frames, 1)})
    return rows


def noisy(view, rng):
    """The true boxes of a frame, as an unsteady detector finds them."""
    boxes = view.boxes[rng.random(len(view.boxes)) > 0.1]
    boxes = boxes + rng.normal(0, 1.5, boxes.shape)
    return Detections(boxes, np.full(len(boxes), 0.8), np.zeros(len(boxes)))


class Unmoved:
    """A camera that is taken to stand still."""

    def __init__(self):
        self.keys, self.links = [self], {}

    def locate(self, image):
        self.size = image.shape[1::-1]
        return Pose(0, np.eye(3))


class Sum:
    """Every box of every frame."""

    def __init__(self):
        self.count = 0

    def update(self, image, detections):
        self.count += len(detections)

    def __len__(self):
        return self.count


class Library:
    """Identities that a tracker of the library `trackers` gives out."""

    def __init__(self, tracker):
        self.tracker, self.ids = tracker, set()

    def update(self, image, detections):
        found = supervision.Detections(detections.boxes, None, detections.scores, detections.class_ids)
        if isinstance(self.tracker, trackers.BoTSORTTracker):
            tracked = self.tracker.update(found, image)
        else:
            tracked = self.tracker.update(found)
        self.ids |= {i for i in tracked.tracker_id.tolist() if i >= 0}

    def __len__(self):
        return len(self.ids)


WAYS = {
    "skushare": ShelfTracker,
    "without compensation": lambda: ShelfTracker(Unmoved()),
    "sum over frames": Sum,
}
if trackers:
    settings = {"track_activation_threshold": 0.4, "minimum_consecutive_frames": 3}
    WAYS["trackers: ByteTrack"] = lambda: Library(trackers.ByteTrackTracker(**settings))
    WAYS["trackers: BoT-SORT"] = lambda: Library(trackers.BoTSORTTracker(**settings))
    WAYS["trackers: BoT-SORT, long memory"] = lambda: Library(
        trackers.BoTSORTTracker(lost_track_buffer=100_000, **settings)
    )


if __name__ == "__main__":
    main()
