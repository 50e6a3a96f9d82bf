"""Train the shipped model on with few photos: what they give, and what they cost, by the learning rate.

    python benchmarks/fine_tuning.py DATA RUNS --csv results/fine_tuning.csv [--photos 20]
        [--rates 0.0015 0.0005 0.00015 1e-9] [--kinds upright sideways] [--batch-norms frozen taught]

``DATA`` holds the labelled photos of the model card, ``RUNS`` takes the runs, which go on where they were
killed. So many of SKU-110K's 50 validation photos are taught, with the settings that a run of so many photos
has by default but for the rate, and the others are measured, in one look of 1024 pixels and float32: a row a
validation, from step 0 on. ``upright`` photos are such as the model knows, which has little to gain;
``sideways`` ones are turned by a quarter, and stand for shelves that it does not know. Batch norm is frozen,
as it is by default, or taught along; a rate of next to nothing tells what its statistics alone do.
"""

import argparse
from dataclasses import replace
from itertools import product
from pathlib import Path

VALIDATIONS = 4
KINDS = ("upright", "sideways")
BATCH_NORMS = ("frozen", "taught")
FIGURES = ("AP", "AP50", "AP75", "AR300", "count_mae")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--rates", type=float, nargs="+", default=[1.5e-3, 5e-4, 1.5e-4, 1e-9])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--batch-norms", nargs="+", choices=BATCH_NORMS, default=BATCH_NORMS)
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()

    from skushare.dataset.coco import read_coco
    from skushare.detector.models import WEIGHTS, read_model
    from skushare.detector.weights import load_matching
    from skushare.evaluation.table import append_row
    from skushare.training.recipes import recipe
    from skushare.training.runs import Run
    from skushare.training.trainer import train

    model = read_model()
    whole = read_coco(args.data / "sku110k/val.json").as_one_class()
    places = {i * len(whole) // args.photos for i in range(args.photos)}
    settings = recipe("shelf_dense").training_for(args.photos)
    settings = replace(settings, validation_photos=0, validate_every=-(-settings.steps // VALIDATIONS))
    for kind in args.kinds:
        photos = whole if kind == "upright" else turned(whole, args.runs / kind)
        taught, others = (
            replace(photos, samples=tuple(s for i, s in enumerate(photos.samples) if (i in places) == among))
            for among in (True, False)
        )
        for batch_norm, rate in product(args.batch_norms, args.rates):
            run = args.runs / f"{kind}_{args.photos}_{batch_norm}_{rate:g}"
            train(
                run,
                model.config,
                replace(settings, learning_rate=rate, freeze_batch_norm=batch_norm == "frozen"),
                [(taught, 1.0)],
                others,
                lambda network: load_matching(network, model.path(WEIGHTS), model.config),
            )
            for _, found in Run(run).metrics().iterrows():
                row = {"photos": kind, "taught": args.photos, "batch_norm": batch_norm}
                row |= {"rate": f"{rate:g}", "step": int(found["step"])}
                row |= {name: float(found[name]) for name in FIGURES}
                print(row, flush=True)
                if args.csv:
                    append_row(args.csv, row)


def turned(dataset, folder):
    """``dataset`` with its photos and boxes turned clockwise by a quarter; the photos go to ``folder``."""
    import numpy as np

    from skushare.files import make_folder
    from skushare.images import read_image, write_image

    make_folder(folder)
    samples = []
    for sample in dataset.samples:
        path = folder / sample.path.name
        if not path.exists():
            write_image(path, np.ascontiguousarray(np.rot90(read_image(sample.path), -1)), quality=92)
        x1, y1, x2, y2 = sample.boxes.T
        boxes = np.stack([sample.height - y2, x1, sample.height - y1, x2], axis=1)
        samples.append(replace(sample, path=path, width=sample.height, height=sample.width, boxes=boxes))
    return replace(dataset, samples=tuple(samples))


if __name__ == "__main__":
    main()
