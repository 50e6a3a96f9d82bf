"""The command line: everything the app does, scriptable."""

import argparse
import os
import sys
from contextlib import contextmanager
from pathlib import Path

from skushare import __version__
from skushare.errors import SkushareError

# Heavy imports stay inside the commands: `skushare --help` must be instant.


def main(argv=None):
    """Run the command line; returns the exit status (0 fine, 1 some input failed, 2 nothing done)."""
    parser = build_parser()
    args = parser.parse_args(argv)
    try:
        return args.run(args)
    except SkushareError as error:
        print(f"skushare: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("skushare: interrupted", file=sys.stderr)
        return 130


def build_parser():
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="skushare",
        description="Find and count every facing on shelf photos; train and measure the detector for it.",
        epilog="Start with: skushare detect data --draw out",
    )
    parser.add_argument("--version", action="version", version=f"skushare {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_detect(commands)
    _add_train(commands)
    _add_package(commands)
    _add_evaluate(commands)
    _add_bench(commands)
    return parser


def _command(commands, name, run, description, epilog):
    parser = commands.add_parser(
        name,
        help=description.splitlines()[0],
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _add_model(parser):
    parser.add_argument(
        "--model",
        metavar="NAME|DIR",
        help="a model of models/ by name, or a model folder (default: the shipped one)",
    )
    parser.add_argument(
        "--mode",
        choices=("photo", "live"),
        default="photo",
        help="photo: accurate, large input; live: the fast input of the camera page (default: photo)",
    )


def _add_detect(commands):
    parser = _command(
        commands,
        "detect",
        _detect,
        "Find the facings in photos.\n\n"
        "PATHs are photos or folders, which are searched for photos with their subfolders. A photo that\n"
        "cannot be read is named, the rest goes on, and the exit status is 1.",
        "examples:\n"
        "  skushare detect shelf.jpg                            count, as a table\n"
        "  skushare detect photos/ --draw out/                  and pictures with the boxes drawn\n"
        "  skushare detect photos/ --format coco --out all.json every box, for other tools\n",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="photo or folder of photos")
    _add_model(parser)
    parser.add_argument(
        "--min-score", type=_fraction, help="count boxes from this score on (default: the model's)"
    )
    parser.add_argument(
        "--max-detections", type=_positive, help="boxes a photo at most (default: the model's)"
    )
    parser.add_argument("--format", choices=("table", "json", "csv", "coco"), default="table")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write there instead of to the terminal")
    parser.add_argument(
        "--draw", type=Path, metavar="DIR", help="also write each photo there with its boxes drawn"
    )


def _detect(args):
    from skushare.dataset import results
    from skushare.detector.batch import detect_files
    from skushare.detector.runtime import Detector
    from skushare.images import find_images

    paths = find_images(args.paths)
    detector = Detector.load(args.model)
    draw = _drawer(args.draw, detector.labels) if args.draw else None
    found = []
    with _progress(len(paths), "photos") as advance:
        for photo in detect_files(
            detector,
            paths,
            on_image=draw,
            mode=args.mode,
            min_score=args.min_score,
            max_detections=args.max_detections,
        ):
            if photo.error:
                print(f"skushare: {photo.error}", file=sys.stderr)
            found.append(photo)
            advance()
    text = {
        "table": lambda: results.to_table(found),
        "json": lambda: results.to_json(found, detector.labels),
        "csv": lambda: results.to_csv_text(found, detector.labels),
        "coco": lambda: results.to_coco(found, detector.labels),
    }[args.format]()
    if args.out:
        _write(args.out, text)
    else:
        print(text)
    if not found:
        print("skushare: no photos found; give photo files or a folder with some", file=sys.stderr)
        return 2
    return 1 if any(photo.error for photo in found) else 0


def _drawer(folder, labels):
    from skushare.draw import annotate
    from skushare.images import write_image

    folder.mkdir(parents=True, exist_ok=True)
    used = set()

    def draw(path, image, detections):
        # Photos of the same name in two folders must not overwrite each other.
        name, number = path.stem, 1
        while name in used:
            number += 1
            name = f"{path.stem}_{number}"
        used.add(name)
        write_image(folder / f"{name}.jpg", annotate(image, detections, labels))

    return draw


def _add_train(commands):
    parser = _command(
        commands,
        "train",
        _train,
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
    parser.add_argument("--steps", type=_positive, help="optimiser steps")
    parser.add_argument("--batch-size", type=_positive, help="crops a step")
    parser.add_argument("--learning-rate", type=float, help="peak learning rate of AdamW")
    parser.add_argument("--warmup-steps", type=_positive, help="steps of rising learning rate at first")
    parser.add_argument(
        "--freeze-before", metavar="LAYER", help="keep all layers before this one as they are"
    )
    parser.add_argument("--validate-every", type=_positive, metavar="STEPS", help="validate and checkpoint")
    parser.add_argument("--seed", type=int)


def _train(args):
    _load_keras()
    from dataclasses import fields

    from skushare.detector.presets import preset
    from skushare.training.config import TrainingConfig
    from skushare.training.package import package_run
    from skushare.training.trainer import train

    def read(path):
        return _read(path, args.one_class)

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


def _read(path, one_class):
    from skushare.dataset.coco import read_coco

    dataset = read_coco(path)
    return dataset.as_one_class() if one_class else dataset


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


def _add_package(commands):
    parser = _command(
        commands,
        "package",
        _package,
        "Write a run's best weights as a model folder.\n\n"
        "`train` does it at its end; this is for a run that goes on, was stopped, or was made where there\n"
        "is no TensorFlow. Thresholds are those that count best on the validation data.",
        "example:\n  skushare package runs/first --val mine/val.json --out models/mine\n",
    )
    parser.add_argument("folder", type=Path, metavar="RUN", help="folder of the run")
    parser.add_argument("--val", required=True, type=Path, metavar="DATA", help="COCO file")
    parser.add_argument("--out", type=Path, metavar="DIR", help="model folder (default: RUN/model)")
    parser.add_argument("--one-class", action="store_true", help="as in training")
    parser.add_argument("--licence", default="", help="what may be done with the weights; kept in model.json")


def _package(args):
    _load_keras()
    from skushare.training.package import package_run

    about = {"licence": args.licence} if args.licence else None
    folder = package_run(args.folder, _read(args.val, args.one_class), args.out, about)
    print(f"{folder}: use it with --model {folder}")
    return 0


def _add_evaluate(commands):
    parser = _command(
        commands,
        "evaluate",
        _evaluate,
        "Measure a model on a labelled dataset.\n\n"
        "AP, AP50, AP75 and AR300 by COCO's own evaluation at 300 detections a photo, with a bootstrap\n"
        "interval of AP over photos, and the counting error at the model's threshold.",
        "example:\n  skushare evaluate mine/test.json --csv results/accuracy.csv\n",
    )
    parser.add_argument("data", type=Path, metavar="DATA", help="COCO file")
    _add_model(parser)
    parser.add_argument("--size", type=_positive, help="longest input side in pixels (default: the model's)")
    parser.add_argument("--min-score", type=_fraction, help="count at this threshold (default: the model's)")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="append the figures as a row")


def _evaluate(args):
    from skushare.dataset.coco import read_coco
    from skushare.detector.runtime import Detector
    from skushare.evaluation.evaluate import append_row, evaluate

    dataset = read_coco(args.data)
    detector = Detector.load(args.model)

    def progress(samples):
        with _progress(len(samples), "photos") as advance:
            for sample in samples:
                yield sample
                advance()

    row = evaluate(detector, dataset, args.mode, args.size, args.min_score, progress=progress)
    for name, value in row.items():
        print(f"{name:12} {value:.4f}" if isinstance(value, float) else f"{name:12} {value}")
    if args.csv:
        append_row(args.csv, row)
    return 0


def _add_bench(commands):
    parser = _command(
        commands,
        "bench",
        _bench,
        "Milliseconds a frame, stage by stage, against the same network in Keras.\n\n"
        "The Keras network is run by model.predict with the same resizing and post-processing, in the\n"
        "same process, turn by turn. Needs TensorFlow.",
        "example:\n  skushare bench data/\n",
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="photos used as frames (default: the bundled ones)"
    )
    _add_model(parser)
    parser.set_defaults(mode="live")
    parser.add_argument("--frames", type=_positive, default=60)
    parser.add_argument("--no-keras", action="store_true", help="leave out the comparison")


def _bench(args):
    from skushare.detector.benchmark import benchmark
    from skushare.detector.runtime import Detector
    from skushare.images import find_images, read_image
    from skushare.samples import sample_pictures

    paths = find_images(args.paths) if args.paths else sample_pictures()
    images = [read_image(path) for path in paths[:8]]
    if not images:
        raise SkushareError("no photos to run on; give some as PATH")
    if not args.no_keras:
        _load_keras()
    table = benchmark(Detector.load(args.model), images, args.mode, args.frames, keras=not args.no_keras)
    print(table.to_string(index=False, float_format=lambda v: f"{v:.2f}"))
    return 0


def _load_keras():
    """Import Keras and its backend without the chatter of their native code on standard error."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # TensorFlow's loader logs past its own level, so the file descriptor itself is turned away.
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        import keras  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


@contextmanager
def _progress(total, what):
    """A progress bar on standard error where that is a terminal; yields ``advance()``."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def _write(path, text):
    from skushare.files import atomic_write

    with atomic_write(path) as handle:
        handle.write(text.encode("utf-8"))


def _fraction(text):
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"from 0 to 1, got {text}")
    return value


def _positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"at least 1, got {text}")
    return value
