"""Teach the shipped model some photos by heart: are its size and its steps what limits it, or the photos?

    python benchmarks/by_heart.py DATA RUNS --photos 30 236 --csv results/by_heart.csv [--steps 500]

``DATA`` holds the labelled photos of the model card, ``RUNS`` takes the runs, which go on where they were
killed. For each number of photos a run goes on from the shipped weights on so many of SKU-110K's training
photos, evenly spaced, with crops near their true size and no variation of light and colours, and all layers
learn. Rows: AP of the shipped and of the taught weights, on the photos taught and on those of validation, in
one look of 1024 pixels and float32. A network that is too small, or an optimiser that is too slow, would not
get ahead on the photos taught; too few photos show in the validation photos, which fall behind.
"""

import argparse
from dataclasses import replace
from pathlib import Path

TRAIN, VALIDATION = "sku110k/train.json", "sku110k/val.json"
NARROW = {"min_scale": 0.7, "max_scale": 1.3, "aspect_jitter": 0.05, "photometric": False}
PACE = {"learning_rate": 1e-3, "warmup_steps": 100, "ema": 0.99, "weight_decay": 0.0}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--photos", type=int, nargs="+", required=True)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()

    from skushare.dataset.coco import read_coco
    from skushare.detector.models import WEIGHTS, read_model
    from skushare.detector.network import build_network
    from skushare.detector.weights import load_weights
    from skushare.evaluation.table import append_row
    from skushare.training.config import TrainingConfig
    from skushare.training.trainer import Validator, train

    model = read_model()
    shipped = model.path(WEIGHTS)
    network = build_network(model.config)
    whole, validation = (read_coco(args.data / name).as_one_class() for name in (TRAIN, VALIDATION))
    for photos in args.photos:
        places = [i * len(whole) // photos for i in range(photos)]
        taught = replace(whole, samples=[whole.samples[i] for i in places])
        run = args.runs / f"{photos}_{args.steps}"
        settings = TrainingConfig(steps=args.steps, validate_every=args.steps, **NARROW, **PACE)
        train(run, model.config, settings, [(taught, 1.0)], validation, lambda n: load_weights(n, shipped))
        for steps, weights in ((0, shipped), (args.steps, run / "best.npz")):
            load_weights(network, weights)
            for name, dataset in (("taught", taught), ("validation", validation)):
                figures, _ = Validator(model.config, dataset)(network)
                row = {"taught": photos, "steps": steps, "photos": name}
                row |= {key: figures[key] for key in ("AP", "AP50", "AP75", "AR300", "count_mae")}
                print(row, flush=True)
                if args.csv:
                    append_row(args.csv, row)


if __name__ == "__main__":
    main()
