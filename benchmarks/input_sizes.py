"""Accuracy and time by input size, by the size that a typical facing is brought to, and by looks at a photo.

    python benchmarks/input_sizes.py VAL.json [VAL.json ...] [--model NAME|DIR]
        [--sizes 320 416 ...] [--facings 40 52 ...] [--views 1 1+1m 1+0.75m ...]
        [--photo-size 1024] [--least 320 512 ...]

A view is a fraction of the fitting size, with an m for a mirrored one; + joins the views of one photo.
``--least`` are sizes below which no photo is resized to fit, in place of the side of training crops.

The shipped sizes were chosen with this on validation photos, never on test photos.
"""

import argparse
import time
from dataclasses import replace

import pandas as pd

from skushare.dataset.coco import read_coco
from skushare.detector.models import read_model
from skushare.detector.runtime import Detector
from skushare.evaluation.evaluate import evaluate


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="+", metavar="VAL.json", help="COCO files")
    parser.add_argument("--model", help="a model of models/ by name, or a model folder")
    parser.add_argument("--sizes", nargs="*", type=int, default=[320, 416, 512, 640, 768, 896, 1024, 1152])
    parser.add_argument("--facings", nargs="*", type=float, default=[40, 46, 52, 58, 64])
    parser.add_argument("--views", nargs="*", default=["1", "1+1m", "1+0.75m", "1+1m+0.75+0.75m"])
    parser.add_argument("--least", nargs="*", type=int, default=[])
    parser.add_argument(
        "--photo-size", type=int, help="upper limit of the fitting size, in place of the model's"
    )
    args = parser.parse_args()
    model = read_model(args.model)
    if args.photo_size:
        model = replace(model, config=replace(model.config, photo_size=args.photo_size))
    rows = []
    for path in args.data:
        dataset = read_coco(path)
        runs = [(f"longest side {size}", model, size) for size in args.sizes]
        for facing in args.facings:
            config = replace(model.config, facing_size=facing)
            runs.append((f"facing {facing:g}", replace(model, config=config), None))
        for text in args.views:
            views = tuple((float(view.removesuffix("m")), view.endswith("m")) for view in text.split("+"))
            config = replace(model.config, photo_views=views)
            runs.append((f"views {text}", replace(model, config=config), None))
        for least in args.least:
            config = replace(model.config, input_size=least)
            runs.append((f"least {least}", replace(model, config=config), None))
        for name, changed, size in runs:
            started = time.perf_counter()
            row = evaluate(Detector(changed), dataset, "photo", size, resamples=0)
            milliseconds = 1000 * (time.perf_counter() - started) / len(dataset)
            row = {key: row[key] for key in ("AP", "AP50", "AP75", "AR300", "best_mae", "best_score")}
            rows.append({"dataset": dataset.name, "input": name, **row, "ms a photo": milliseconds})
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
