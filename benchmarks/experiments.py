"""Train one change at a time on an equal, short budget, and log what each gives.

    python benchmarks/experiments.py DATA RUNS [NAME ...] --csv results/experiments.csv
        [--steps 200] [--seed 0] [--backbone FILE.npz]
    python benchmarks/experiments.py --list

``DATA`` holds the labelled photos of the model card, ``RUNS`` takes the runs, which go on where they were
killed. A run begins with the backbone of the shipped model, which stays as it is, and a fresh neck and heads:
so it comes far in few steps, and the whole table can be made on two cores in an afternoon. What concerns the
backbone itself, or the data that it has seen, cannot be told this way: ``--backbone`` begins with a published
one and trains most of it along, which takes longer and needs more steps. Figures are of the validation
photos: the float16 model, photos in one look at fitting size, live frames in the live size; ``ms`` is one
live frame on all cores, in whatever company.
"""

import argparse
import hashlib
import json
import time
from dataclasses import replace
from pathlib import Path

from skushare.training.config import TrainingConfig

DATA = {
    "sku110k/train.json": 3.0,
    "sku110k/train_machine.json": 1.0,
    "shelves/labels_machine.json": 1.0,
    "tobacco/train.json": 1.0,
}
HUMAN = ("sku110k/train.json",)
VALIDATION = "sku110k/val.json"
COMMON = {"ema": 0.99, "min_scale": 0.3, "max_scale": 1.5, "aspect_jitter": 0.3}
FIRST = {"fpn": "lateral_2", "ssd": "extra_2_1x1"}  # layer after the backbone
TAUGHT_FROM = "block_3_expand"  # the backbone's first layer that learns, of a published one

# What differs from the run "base": of the detector, of the training, of the data.
EXPERIMENTS = {
    "base": {},
    "neck: plain SSD maps": {"detector": {"neck": "ssd"}, "levels": 7},
    "anchors: three by k-means": {"anchors": ((1.98, 6.35), (3.09, 4.08), (5.78, 2.18))},
    "anchors: one square": {"anchors": ((3.55, 3.55),)},
    "class loss: focal": {"detector": {"class_loss": "focal"}},
    "class loss: varifocal": {"detector": {"class_loss": "varifocal"}},
    "box loss: smooth L1": {"detector": {"box_loss": "smooth_l1"}},
    "box loss: CIoU": {"detector": {"box_loss": "ciou"}},
    "assignment: IoU of .5": {"detector": {"matcher": "argmax"}},
    "heads: no tower": {"detector": {"tower": 0}},
    "heads: 64 channels": {"detector": {"channels": 64}},
    "heads: 160 channels": {"detector": {"channels": 160}},
    "crops: 416 px, 5 a step": {"detector": {"input_size": 416}, "training": {"batch_size": 5}},
    "crops: scales .6 to 1": {"training": {"min_scale": 0.6, "max_scale": 1.0, "aspect_jitter": 0.0}},
    "crops: light and colours as they are": {"training": {"photometric": False}},
    "crops: half of them mosaics": {"training": {"mosaic": 0.5}},
    "crops: three facings in ten pasted": {"training": {"paste": 0.3}},
    "weights: not averaged": {"training": {"ema": 0.0}},
    "freezing: ahead of block 13": {"training": {"freeze_before": "block_13_expand"}},
    "freezing: ahead of block 3": {"training": {"freeze_before": "block_3_expand"}},
    "labels: doubtful ones taught": {"training": {"min_label_score": 0.0}},
    "data: human labels of SKU-110K alone": {"data": HUMAN},
    "data: half of the photos": {"every": 2},
    "data: a quarter of the photos": {"every": 4},
    "data: a sixteenth of the photos": {"every": 16},
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("runs", type=Path, nargs="?")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--backbone", type=Path, help="published weights, to be trained along")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--list", action="store_true", help="only name the experiments")
    args = parser.parse_args()
    if args.list:
        print("\n".join(EXPERIMENTS))
        return
    from skushare.evaluation.table import append_row

    for name in args.names or EXPERIMENTS:
        row = experiment(name, args)
        print(row, flush=True)
        if args.csv:
            append_row(args.csv, row)


def settings(change, steps, seed, published=False):
    """The ``DetectorConfig`` and ``TrainingConfig`` of a change."""
    from skushare.detector.presets import preset

    config = replace(preset("shelf_dense"), photo_views=((1.0, False),), **change.get("detector", {}))
    sizes = change.get("anchors", config.anchors.sizes[0])
    levels = change.get("levels", len(config.anchors.sizes))
    config = replace(config, anchors=replace(config.anchors, sizes=(sizes,) * levels))
    training = TrainingConfig(steps=steps, warmup_steps=steps // 10, validate_every=steps, seed=seed)
    first = {"freeze_before": TAUGHT_FROM if published else FIRST[config.neck]}
    return config, replace(training, **{**COMMON, **first, **change.get("training", {})})


def experiment(name, args):
    """Train and measure; one row."""
    from skushare.dataset.coco import read_coco
    from skushare.detector.models import LITERT, WEIGHTS, read_model, write_description
    from skushare.detector.network import build_network
    from skushare.detector.weights import load_backbone, load_weights, save_weights
    from skushare.evaluation.evaluate import evaluate
    from skushare.export.litert import export_litert
    from skushare.training.trainer import train

    change = EXPERIMENTS[name]
    config, training = settings(change, args.steps, args.seed, args.backbone)
    datasets = []
    for source, weight in DATA.items():
        if source in change.get("data", DATA):
            dataset = read_coco(args.data / source).as_one_class()
            dataset = replace(dataset, samples=dataset.samples[:: change.get("every", 1)])
            datasets.append((dataset, weight))
    validation = read_coco(args.data / VALIDATION).as_one_class()
    config = replace(config, labels=validation.labels)
    weights = args.backbone or read_model().path(WEIGHTS)
    drawn = [(dataset.name, len(dataset), weight) for dataset, weight in datasets]
    drawn += [args.backbone.stem] if args.backbone else []
    content = json.dumps([config.to_json(), training.to_json(), drawn])
    key = hashlib.sha256(content.encode()).hexdigest()[:12]
    run = args.runs / key
    started = time.monotonic()
    train(run, config, training, datasets, validation, lambda n: load_backbone(n, weights))
    minutes = (time.monotonic() - started) / 60

    model = run / "model"
    model.mkdir(exist_ok=True)
    network = build_network(config, (None, None))
    load_weights(network, run / "best.npz")
    save_weights(network, model / WEIGHTS, "float16")
    (model / LITERT).write_bytes(export_litert(network))
    write_description(model, config, {})
    photo, live, ms = measure(model, validation, evaluate)
    row = {
        "experiment": f"{name}, from {args.backbone.stem}" if args.backbone else name,
        "configuration": key,
        "data": " ".join(f"{dataset.name}:{len(dataset)}" for dataset, _ in datasets),
        "seed": training.seed,
        "steps": training.steps,
        "minutes": minutes,
    }
    row |= {k: photo[k] for k in ("AP", "AP50", "AP75", "AR300")}
    return row | {"count_mae": photo["best_mae"], "live_AP": live["AP"], "live_AP50": live["AP50"], "ms": ms}


def measure(folder, validation, evaluate):
    """Figures of photo mode and of live mode, and milliseconds a live frame."""
    from skushare.detector.benchmark import benchmark
    from skushare.detector.runtime import Detector
    from skushare.images import read_image

    detector = Detector.load(folder)
    rows = [evaluate(detector, validation, mode, resamples=0) for mode in ("photo", "live")]
    frames = [read_image(sample.path) for sample in validation.samples[:4]]
    return *rows, float(benchmark(detector, frames, "live", 20, keras=False)["total"].iloc[0])


if __name__ == "__main__":
    main()
