"""Train the shipped model on to tell brands apart: how many steps that takes, by the learning rate.

    python benchmarks/classes_apart.py RUNS --csv results/classes_apart.csv [--steps 300 1500]
        [--rates 0.0005 0.0015]

60 made-up shelves of twelve brands are taught and 20 others measured, in one look of 1024 pixels and float32,
all settings but steps and rate being the default: a row a validation. ``RUNS`` takes shelves and runs, which
go on where they were killed. Made-up brands differ more than many real ones do.
"""

import argparse
import json
from dataclasses import replace
from itertools import product
from pathlib import Path

PHOTOS = {"train": (60, 1), "val": (20, 2)}  # (how many, seed)
THEMES = ("cereal", "drinks")
FIGURES = ("AP", "AP50", "class_AP", "count_mae")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path)
    parser.add_argument("--steps", type=int, nargs="+", default=[300, 1500])
    parser.add_argument("--rates", type=float, nargs="+", default=[5e-4, 1.5e-3])
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()

    from skushare.detector.models import WEIGHTS, read_model
    from skushare.detector.weights import load_matching
    from skushare.evaluation.table import append_row
    from skushare.training.recipes import recipe
    from skushare.training.runs import Run
    from skushare.training.trainer import train

    taught, others = (brands(args.runs / split, *about) for split, about in PHOTOS.items())
    model = read_model()
    usual = recipe("shelf_dense")
    config = replace(usual.detector, labels=taught.labels)
    for steps, rate in product(args.steps, args.rates):
        settings = usual.lasting(steps, model.name)
        settings = replace(settings, learning_rate=rate, validate_every=max(75, steps // 10))
        run = args.runs / f"{steps}_{rate:g}"
        train(
            run,
            config,
            settings,
            [(taught, 1.0)],
            others,
            lambda network: load_matching(network, model.path(WEIGHTS), config, model.config.labels),
        )
        for _, found in Run(run).metrics().iterrows():
            row = {"photos": len(taught), "steps": steps, "rate": f"{rate:g}", "step": int(found["step"])}
            row |= {name: float(found[name]) for name in FIGURES}
            print(row, flush=True)
            if args.csv:
                append_row(args.csv, row)


def brands(folder, count, seed):
    """So many made-up shelves, each facing of the class of its brand."""
    from skushare.dataset.coco import read_coco
    from skushare.dataset.synthetic import write_dataset

    path = folder / "annotations.json"
    if not path.exists():
        write_dataset(folder, count, seed, THEMES)
        content = json.loads(path.read_text())
        names = sorted({annotation["brand"] for annotation in content["annotations"]})
        content["categories"] = [{"id": number, "name": name} for number, name in enumerate(names, 1)]
        for annotation in content["annotations"]:
            annotation["category_id"] = names.index(annotation["brand"]) + 1
        path.write_text(json.dumps(content))
    return read_coco(path)


if __name__ == "__main__":
    main()
