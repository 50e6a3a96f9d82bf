"""Give the shipped model wider heads and go on with its training: is their width what limits it?

    python benchmarks/wider_heads.py DATA RUN --channels 160 --steps 7000 --csv results/wider_heads.csv

``DATA`` holds the labelled photos of the model card, ``RUN`` takes the run, which goes on where it was
killed. The network begins as the shipped one and gives what that gives: channels are added to the neck and
the heads with fresh filters that nothing reads yet (function-preserving growth, Chen et al. 2016,
arXiv:1511.05641); or, with ``--start``, as an earlier such run ended. Rows: figures of the shipped and of
the trained weights on validation, both in float16, in photo mode and in live mode, and milliseconds a live
frame on all cores.
"""

import argparse
from dataclasses import replace
from pathlib import Path

DATA = {
    "sku110k/train.json": 3.0,
    "sku110k/train_machine.json": 2.0,
    "shelves/labels_machine.json": 1.5,
    "tobacco/train.json": 0.7,
}
VALIDATION = "sku110k/val.json"
COURSE = {"ema": 0.999, "min_scale": 0.3, "aspect_jitter": 0.3}
TAUGHT_FROM = "block_3_expand"


def main():
    parser = option_parser(__doc__)
    parser.add_argument("--channels", type=int, default=160, help="of the neck and heads")
    args = parser.parse_args()

    from skushare.detector.models import WEIGHTS, read_model
    from skushare.detector.network import build_network
    from skushare.detector.weights import load_weights

    model = read_model()
    narrow = build_network(model.config, (None, None))
    load_weights(narrow, model.path(WEIGHTS))
    config = replace(model.config, channels=args.channels)

    def begin(network):
        if args.start:
            load_weights(network, args.start)
        else:
            grow(narrow, network)

    train_on(args, config, begin)
    wide = build_network(config, (None, None))
    load_weights(wide, args.run / "best.npz")
    for steps, network, described in ((0, narrow, model.config), (args.steps, wide, config)):
        log(args, args.run / f"{described.channels}_channels", network, described, steps)


def option_parser(about):
    """Parser of the options of a script that trains on, described by ``about``."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--steps", type=int, default=7000)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument(
        "--max-scale", type=float, default=1.5, help="of crops, against photos of 1024 pixels"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path, metavar="NPZ", help="weights to begin with; default: shipped")
    parser.add_argument("--csv", type=Path)
    return parser


def train_on(args, config, begin, taught_from=TAUGHT_FROM):
    """Train a network, which ``begin`` fills at first, as the shipped one was last trained.

    Layers ahead of ``taught_from`` stay as they are.
    """
    from skushare.dataset.coco import read_coco
    from skushare.training.config import TrainingConfig
    from skushare.training.trainer import train

    datasets = [(read_coco(args.data / name).as_one_class(), weight) for name, weight in DATA.items()]
    settings = TrainingConfig(
        steps=args.steps,
        learning_rate=args.learning_rate,
        seed=args.seed,
        max_scale=args.max_scale,
        validate_every=max(args.steps // 8, 1),
        freeze_before=taught_from,
        **COURSE,
    )
    train(args.run, config, settings, datasets, read_coco(args.data / VALIDATION).as_one_class(), begin)


def log(args, folder, network, config, steps, photos=None, **also):
    """Write a row of the figures of ``network``, whose model goes to ``folder``; ``also`` is put in, too.

    ``photos`` are the labelled ones that it is measured on, by default those of validation.
    """
    from experiments import measure

    from skushare.dataset.coco import read_coco
    from skushare.detector.models import LITERT, write_description
    from skushare.evaluation.evaluate import evaluate
    from skushare.evaluation.table import append_row
    from skushare.export.litert import export_litert

    folder.mkdir(parents=True, exist_ok=True)
    (folder / LITERT).write_bytes(export_litert(network))
    write_description(folder, config, {})
    photos = photos or read_coco(args.data / VALIDATION).as_one_class()
    photo, live, ms = measure(folder, photos, evaluate)
    row = {"channels": config.channels, "steps": steps, "seed": args.seed, "max_scale": args.max_scale} | also
    row |= {key: photo[key] for key in ("AP", "AP50", "AP75", "AR300")}
    row |= {"count_mae": photo["best_mae"], "live_AP": live["AP"], "live_mae": live["best_mae"], "ms": ms}
    print(row, flush=True)
    if args.csv:
        append_row(args.csv, row)


def grow(narrow, wide):
    """Fill ``wide``, a network of more channels, so that it computes what ``narrow`` does.

    Filters of the added channels stay as they were drawn; what would read them is 0, and learns.
    """
    import keras

    for layer in wide.layers:
        if not layer.weights:
            continue
        filled = []
        for old, new in zip(narrow.get_layer(layer.name).get_weights(), layer.get_weights(), strict=True):
            depthwise = isinstance(layer, keras.layers.SeparableConv2D) and not filled
            if old.ndim == 4 and not depthwise:
                new[:, :, old.shape[2] :, : old.shape[3]] = 0.0
            new[tuple(map(slice, old.shape))] = old
            filled.append(new)
        layer.set_weights(filled)


if __name__ == "__main__":
    main()
