"""`skushare train`: train a detector."""

from pathlib import Path

from skushare.commands.common import command, load_keras, positive, read_data
from skushare.errors import SkushareError


def add(commands):
    parser = command(
        commands,
        "train",
        run,
        "Train a detector and write it as a model folder.\n\n"
        "DATA are COCO files, each with an optional weight (photos of a weight of 3 are seen three times\n"
        "as often). The run goes on where it stopped when started again with the same settings. The best\n"
        "averaged weights by validation AP become RUN/model, ready for --model.",
        "example:\n"
        "  skushare train --train mine/train.json:3 more/train.json --val mine/val.json --run runs/first\n",
    )
    parser.add_argument(
        "--train", nargs="+", required=True, metavar="DATA[:WEIGHT]", help="COCO files to train on"
    )
    parser.add_argument(
        "--val", required=True, type=Path, metavar="DATA", help="COCO file to choose the best on"
    )
    parser.add_argument(
        "--run", dest="folder", required=True, type=Path, metavar="RUN", help="folder of the run"
    )
    parser.add_argument(
        "--preset", default="shelf_dense", help="shelf_dense (default) or ssd_mobilenet_v2_320"
    )
    parser.add_argument(
        "--weights",
        default="",
        metavar="imagenet|FILE",
        help="start from: imagenet (downloaded), the weights.npz of a model of the same preset, or a\n"
        "backbone file of tools/import_backbone.py; default: random",
    )
    parser.add_argument("--one-class", action="store_true", help="teach all classes as one, facing")
    parser.add_argument("--licence", default="", help="what may be done with the weights; kept in model.json")
    parser.add_argument("--steps", type=positive, help="optimiser steps")
    parser.add_argument("--batch-size", type=positive, help="crops a step")
    parser.add_argument("--learning-rate", type=float, help="peak learning rate of AdamW")
    parser.add_argument("--warmup-steps", type=positive, help="steps of rising learning rate at first")
    parser.add_argument(
        "--freeze-before", metavar="LAYER", help="keep all layers before this one as they are"
    )
    parser.add_argument("--ema", type=float, help="decay a step of the averaged weights that are kept")
    parser.add_argument("--min-scale", type=float, help="smallest crop scale, against a photo of 1024 px")
    parser.add_argument("--max-scale", type=float, help="largest crop scale")
    parser.add_argument("--aspect-jitter", type=float, help="how much crops are stretched at random")
    parser.add_argument("--validate-every", type=positive, metavar="STEPS", help="validate and checkpoint")
    parser.add_argument("--seed", type=int)


def run(args):
    load_keras()
    from dataclasses import fields

    from skushare.detector.presets import preset
    from skushare.training.config import TrainingConfig
    from skushare.training.package import package_run
    from skushare.training.trainer import train

    def read(path):
        return read_data(path, args.one_class)

    names = {f.name for f in fields(TrainingConfig)}
    given = {name: value for name, value in vars(args).items() if name in names and value is not None}
    datasets = [(read(path), weight) for path, weight in map(_weighted, args.train)]
    validation = read(args.val)
    labels = validation.labels
    for dataset, _ in datasets:
        if dataset.labels != labels:
            raise SkushareError(
                f"{dataset.name}: its classes are not those of {validation.name}; "
                "make them agree or add --one-class"
            )
    config = preset(args.preset, labels=labels)
    train(args.folder, config, TrainingConfig(**given), datasets, validation, _initial_weights(args.weights))
    folder = package_run(args.folder, validation, about={"licence": args.licence} if args.licence else None)
    print(f"{folder}: use it with --model {folder}")
    return 0


def _weighted(text):
    """("path", weight) of "path:weight" or "path"."""
    path, _, weight = text.rpartition(":")
    if path and weight.replace(".", "", 1).isdigit():
        return path, float(weight)
    return text, 1.0


def _initial_weights(source):
    from skushare.detector import weights

    if not source:
        return None
    if source == "imagenet":
        return weights.load_imagenet
    return lambda network: weights.load_matching(network, source)
