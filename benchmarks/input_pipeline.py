"""Images a second of the training input alone and of training with it, turn by turn in one process.

    python benchmarks/input_pipeline.py TRAIN.json [--preset shelf_dense] [--batch-size 8]
        [--rounds 5] [--enlarge 1] [--csv results/input_pipeline.csv]

Training must not wait for its input: the first figure should be at least 1.5 times the second, with all
layers trained and with a frozen backbone, where a step is shortest. ``--enlarge 3`` measures on copies of
the photos, three times as long and wide, as cameras make them.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import cv2
import pandas as pd

from skushare.dataset.formats import read_dataset
from skushare.detector.presets import preset
from skushare.evaluation.table import append_row
from skushare.images import read_image, write_image
from skushare.quiet import load_keras
from skushare.training.batches import Batches
from skushare.training.config import TrainingConfig

# The first layer that learns. The heads alone are the shortest step that there is.
LAYERS = {
    "shelf_dense": ("", "block_3_expand", "lateral_0"),
    "ssd_mobilenet_v2_320": ("", "block_3_expand", "extra_2_1x1"),
}
STEPS = 6  # of training a round; the pipeline alone makes four times as many batches


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", metavar="TRAIN", help="dataset")
    parser.add_argument("--preset", choices=LAYERS, default="shelf_dense")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--enlarge", type=float, default=1.0, metavar="FACTOR")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="append the figures as rows")
    args = parser.parse_args()
    dataset = read_dataset(args.data).as_one_class()
    with tempfile.TemporaryDirectory() as folder:
        if args.enlarge != 1:
            dataset = enlarged(dataset, args.enlarge, Path(folder))
        load_keras()
        rows = [measure(dataset, args, layer) for layer in LAYERS[args.preset]]
    print(pd.DataFrame(rows).to_string(index=False, float_format=lambda v: f"{v:.2f}"))
    for row in rows if args.csv else ():
        append_row(args.csv, row)


def measure(dataset, args, layer):
    """A row of figures with all layers before ``layer`` kept as they are."""
    from skushare.training.trainer import make_learner

    config = preset(args.preset)
    training = TrainingConfig(batch_size=args.batch_size, freeze_before=layer)
    learner = make_learner(config, training)
    batches = Batches([(dataset, 1.0)], config, training)
    for sample in dataset.samples:  # every photo was seen once: an epoch is over
        batches.photos.get(sample)
    stream = batches.stream(0)
    learner.train_on_batch(*next(stream))
    alone, together = [], []
    for _ in range(args.rounds):
        alone.append(rate(lambda: next(stream), 4 * STEPS, batches.workers, args.batch_size))
        together.append(rate(lambda: learner.train_on_batch(*next(stream)), STEPS, 0, args.batch_size))
    stream.close()
    return {
        "dataset": dataset.name,
        "preset": args.preset,
        "trained_from": layer or "first",
        "batch": args.batch_size,
        "enlarged": args.enlarge,
        "input": median(alone),
        "training": median(together),
        "ratio": median(a / b for a, b in zip(alone, together, strict=True)),
    }


def rate(action, times, before, batch_size):
    """Images a second of ``action``, after ``before`` calls that take what was prepared ahead."""
    for _ in range(2 * before):
        action()
    started = time.perf_counter()
    for _ in range(times):
        action()
    return times * batch_size / (time.perf_counter() - started)


def enlarged(dataset, factor, folder):
    """A copy of ``dataset`` in ``folder``, its photos and boxes ``factor`` times as large."""
    samples = []
    for number, sample in enumerate(dataset.samples):
        image = cv2.resize(read_image(sample.path), None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        path = folder / f"{number}.jpg"
        write_image(path, image)
        height, width = image.shape[:2]
        samples.append(replace(sample, path=path, width=width, height=height, boxes=sample.boxes * factor))
    return replace(dataset, samples=tuple(samples))


if __name__ == "__main__":
    main()
