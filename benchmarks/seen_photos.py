"""How much better a run of ``experiments.py`` does on the photos that it has seen.

    python benchmarks/seen_photos.py DATA RUN ... --csv results/seen_photos.csv

``DATA`` holds the labelled photos of the model card. Of SKU-110K's training photos, three parts of 15 are
scored by each run's network in one look of 1024 pixels and float32: "first", which the runs on a sixteenth, a
quarter and all of the photos have all seen; "second", which that on a sixteenth has not; "third", which the
run on all alone has. A network that knows its photos by heart does much better on them than on others.
"""

import argparse
from dataclasses import replace
from pathlib import Path

SOURCE = "sku110k/train.json"
PARTS = {
    "first": 0,
    "second": 8,
    "third": 2,
}  # of each sixteen photos; of each four, the run on a quarter has one
EVERY = 16


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()

    from skushare.dataset.coco import read_coco
    from skushare.detector.models import WEIGHTS, read_model
    from skushare.detector.network import build_network
    from skushare.detector.weights import load_weights
    from skushare.evaluation.table import append_row
    from skushare.training.trainer import Validator

    whole = read_coco(args.data / SOURCE).as_one_class()
    parts = {name: replace(whole, samples=whole.samples[first::EVERY]) for name, first in PARTS.items()}
    for run in args.runs:
        model = read_model(run)
        network = build_network(model.config)
        load_weights(network, model.path(WEIGHTS))
        for name, part in parts.items():
            figures, _ = Validator(model.config, part)(network)
            row = {"configuration": run.name, "part": name, "photos": len(part)}
            row |= {key: figures[key] for key in ("AP", "AP50", "AP75", "AR300", "count_mae")}
            print(row, flush=True)
            if args.csv:
                append_row(args.csv, row)


if __name__ == "__main__":
    main()
