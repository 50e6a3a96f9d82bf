"""Brand shares of recorded videos of a moving camera, against the labels' and those of the still photo.

    python benchmarks/video_brands.py DATA [--split test] [--photos 4] [--paces 0.3 0.6] [--csv FILE]

A camera goes along the tobacco photos of most packs of the ten brands at ``pace`` frame widths a second, with
a hand's shake and blur, in H.264 at 30 frames a second. They are counted as by
``skushare detect FILE.mp4 --gallery``, with five examples a brand from the training photos, which show other
shelves. ``DATA`` is described in ``skushare/brands/crops.py``. "still" is the photo itself, "labels" what is
labelled. ``off`` is half the sum of the absolute differences between the found and the labels' shares of all
brands and of unknown, which other brands are; ``unknown`` is the share that has no brand; both are means over
the photos, in percent.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from recorded_video import film

from skushare.brands.crops import OTHER, cut, tobacco
from skushare.brands.embedder import Embedder
from skushare.brands.frames import FrameNamer
from skushare.brands.gallery import Gallery, Sku
from skushare.brands.recognition import recognise
from skushare.detector.runtime import Detector
from skushare.evaluation.table import append_row
from skushare.images import read_image
from skushare.live.recording import find_in_video

SHOTS, SIZE = 5, (540, 720)  # examples a brand; the frame of a phone held upright


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--split", default="test", help="of tobacco")
    parser.add_argument("--photos", type=int, default=4)
    parser.add_argument("--paces", nargs="*", type=float, default=[0.3, 0.6])
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()
    detector, embedder = Detector.load(), Embedder.load()
    gallery = _taught(args.data, embedder)
    photos = {}
    for crop in tobacco(args.data, args.split):
        photos.setdefault(crop.path, []).append(crop)
    known = {path: sum(c.label != OTHER for c in crops) for path, crops in photos.items()}
    chosen = sorted(photos, key=lambda path: (-known[path], path))[: args.photos]
    truths = [_shares("unknown" if c.label == OTHER else c.label for c in photos[path]) for path in chosen]
    for pace in ["labels", "still", *args.paces]:
        found = truths
        if pace != "labels":
            found = [_count(read_image(path), pace, detector, embedder, gallery) for path in chosen]
        off = float(np.mean([_off(*both) for both in zip(found, truths, strict=True)]))
        row = {"pace": pace, "photos": len(chosen), "off": round(off, 1)}
        row |= {"unknown": round(float(np.mean([shares["unknown"] for shares in found])), 1)}
        print(row, flush=True)
        if args.csv:
            append_row(args.csv, row)


def _taught(data, embedder):
    """A gallery of ``SHOTS`` examples of each brand, the same each time."""
    packs = [c for c in tobacco(data, "train") if c.label != OTHER]
    rng, gallery = np.random.default_rng(0), Gallery("tobacco")
    for number, brand in enumerate(sorted({c.label for c in packs})):
        own = [c for c in packs if c.label == brand]
        crops = [own[i] for i in rng.choice(len(own), SHOTS, replace=False)]
        vectors = embedder.embed_pictures(cut(crops, embedder.size))
        gallery = gallery.with_examples(
            Sku(f"sku-{number}", brand, brand), vectors, [b"%d" % i for i in range(SHOTS)], embedder
        )
    return gallery


def _count(image, pace, detector, embedder, gallery):
    """The shares of what is found on the still ``image``, or in a video along it."""
    if pace == "still":
        parts = [recognise(image, detector.detect(image), embedder, gallery)]
    else:
        height, width = image.shape[:2]
        window = height * SIZE[0] / SIZE[1]
        seconds = max(1.0, (width / window - 1) / pace)
        with tempfile.TemporaryDirectory() as folder:
            video = Path(folder, "walk.mp4")
            film(video, image, [], SIZE, path=((0.0, 0.0, False), (seconds, 1.0, False)))
            found = find_in_video(video, detector, FrameNamer(embedder, gallery))
        parts = [each.detections for each in found]
    return _shares(
        gallery.brands[i] if i >= 0 else "unknown" for part in parts for i in part.brand_ids.tolist()
    )


def _off(found, true):
    return sum(abs(found[brand] - true[brand]) for brand in found.keys() | true.keys()) / 2


def _shares(names):
    counts = Counter(names)
    return Counter({name: 100 * count / counts.total() for name, count in counts.items()})


if __name__ == "__main__":
    main()
