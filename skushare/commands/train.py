"""`skushare train`: train a detector."""

import argparse
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from skushare.commands.common import command, drop_output, fraction, positive, terminal_bar
from skushare.training.backends import BACKENDS


def add(commands):
    parser = command(
        commands,
        "train",
        run,
        "Train a detector in this terminal and write it as a model folder.\n\n"
        "DATA is a label file, a folder in a known format or a stored dataset, each with an optional weight\n"
        "(photos of a weight of 3 are seen three times as often). A run continues where it stopped when\n"
        "started again with the same settings; Ctrl-C stops it cleanly. The best averaged weights by\n"
        "validation AP become RUN/model, ready for --model. `skushare runs start` trains in the background.\n"
        "\n"
        "The model's classes are those of all datasets to train on, joined by name in order of appearance.",
        "example:\n"
        "  skushare train --train mine/train.json:3 more/train.json --val mine/val.json --run runs/first\n",
    )
    parser.add_argument(
        "--run", dest="folder", required=True, type=Path, metavar="RUN", help="folder of the run"
    )
    add_plan(parser)


def add_plan(parser):
    """The options that make up a ``Plan``, see :func:`read_plan`."""
    parser.add_argument(
        "--train", nargs="+", required=True, metavar="DATA[:WEIGHT]", help="datasets to train on"
    )
    parser.add_argument("--val", required=True, metavar="DATA", help="dataset to choose the best on")
    recipe = parser.add_mutually_exclusive_group()
    recipe.add_argument(
        "--preset",
        default="shelf_dense",
        help="network and settings: shelf_dense (default), ssd_mobilenet_v2_320, or article: what the\n"
        "article on real-time SKU detection trained with",
    )
    recipe.add_argument(
        "--pipeline",
        type=Path,
        metavar="FILE",
        help="network and settings of a pipeline.config of the TF2 Object Detection API, for an SSD\n"
        "MobileNet v2; what has no effect is listed. The options below override it",
    )
    parser.add_argument(
        "--weights",
        metavar="imagenet|MODEL|FILE",
        help="start from: imagenet (downloaded), a model or run of the same preset or its weights file, a\n"
        "checkpoint or archive of the TF2 detection model zoo, or a backbone file of\n"
        "tools/import_backbone.py; default: as the pipeline.config says, or random",
    )
    parser.add_argument(
        "--one-class", action="store_true", help="teach all classes as one, facing (default: keep them)"
    )
    parser.add_argument(
        "--licence",
        default="",
        help="what may be done with the weights; kept in model.json (default: that of --weights)",
    )
    parser.add_argument(
        "--steps",
        type=positive,
        help="optimiser steps; in a short run, warm-up, averaging and validations become shorter, too\n"
        "(default: 40 epochs, within 100 and 6000 steps, at least 1500 to tell classes apart that the\n"
        "weights do not know; of article and a pipeline.config, their own)",
    )
    parser.add_argument("--batch-size", type=positive, help="crops a step")
    parser.add_argument(
        "--learning-rate",
        type=float,
        help="peak learning rate (default: 0.0005 where --weights are of a model or a run, and have no\n"
        "classes to learn to tell apart, else 0.0015; of article and a pipeline.config, their own)",
    )
    parser.add_argument("--warmup-steps", type=int, help="steps of rising learning rate at first; 0: none")
    parser.add_argument(
        "--freeze-before", metavar="LAYER", help="keep all layers before this one as they are"
    )
    parser.add_argument(
        "--freeze-batch-norm",
        action=argparse.BooleanOptionalAction,
        help="keep all batch norms as they are (default: where --weights are of a model or a run)",
    )
    parser.add_argument("--ema", type=float, help="decay a step of the averaged weights that are kept")
    parser.add_argument("--min-scale", type=float, help="smallest crop scale, against a photo of 1024 px")
    parser.add_argument("--max-scale", type=float, help="largest crop scale")
    parser.add_argument("--aspect-jitter", type=float, help="how much crops are stretched at random")
    parser.add_argument("--mosaic", type=float, help="chance that a crop is put together from four")
    parser.add_argument("--paste", type=float, help="share of facings replaced by packs of other photos")
    parser.add_argument(
        "--min-label-score",
        type=fraction,
        metavar="SCORE",
        help="labels by a model that score lower teach nothing, neither a facing nor background (default:\n"
        "0.5, which suits the shipped model; another's labels may need its own threshold)",
    )
    parser.add_argument("--validate-every", type=positive, metavar="STEPS", help="steps between validations")
    parser.add_argument(
        "--seed", type=int, help="of the random choices: new weights, crops and their changes"
    )
    parser.add_argument(
        "--backend",
        choices=BACKENDS,
        default="tensorflow",
        help="of Keras, if installed (default: tensorflow)",
    )
    parser.add_argument(
        "--devices",
        default="auto",
        metavar="auto|cpu|N",
        help="cpu, or a number of GPUs; several share each batch with the backend jax (default: auto)",
    )


def read_plan(args):
    """The ``Plan`` that the options of :func:`add_plan` describe.

    Raises:
        ConfigError: there is no such preset, or the pipeline.config or an option is wrong.
        DatasetError: the photos to train on, which say how long it takes without ``--steps``, are not there.
    """
    from dataclasses import fields, replace

    from skushare.training.config import TrainingConfig
    from skushare.training.plan import Plan, licence_of
    from skushare.training.recipes import recipe

    begun = _begun(args)
    if args.pipeline:
        detector, training, weights = _pipeline(args.pipeline)
    else:
        chosen = recipe(args.preset)
        detector, training, weights = chosen.detector, _lasting(chosen, args, begun), ""
    weights = weights if args.weights is None else args.weights
    names = {f.name for f in fields(TrainingConfig)}
    given = {name: value for name, value in vars(args).items() if name in names and value is not None}
    return Plan(
        train=tuple(map(_weighted, args.train)),
        validation=args.val,
        detector=detector,
        training=replace(training, **given),
        weights=weights,
        one_class=args.one_class,
        backend=args.backend,
        devices=args.devices,
        # The weights may tell it in other words by now, as after an update.
        licence=args.licence or (begun.licence if begun else licence_of(weights)),
    )


def _begun(args):
    """The ``Plan`` of the run with a checkpoint in the folder of ``skushare train``; ``None`` without one.

    The same command goes on with it.
    """
    from skushare.training.checkpoint import Checkpoints
    from skushare.training.runs import Run

    folder = getattr(args, "folder", None)
    return Run(folder).plan if folder and Checkpoints(folder) else None


def _lasting(chosen, args, begun):
    """The ``TrainingConfig`` of a recipe, as long as options, a ``begun`` plan or the photos say."""
    from dataclasses import replace

    from skushare.dataset.dataset import joined_labels
    from skushare.dataset.formats import read_dataset
    from skushare.training.plan import known_labels

    if chosen.as_it_is and not args.steps:
        return chosen.training
    weights = args.weights or ""
    if begun:
        training = chosen.lasting(args.steps or begun.training.steps, weights)
        # The weights may be gone by now, and with earlier versions these did not hang on them.
        kept = {name: getattr(begun.training, name) for name in ("learning_rate", "freeze_batch_norm")}
        return replace(training, **kept)
    # Else the rate hangs on whether the weights know the classes.
    if args.steps and (args.one_class or not known_labels(weights)):
        return chosen.lasting(args.steps, weights)
    datasets = [read_dataset(source) for source, _ in map(_weighted, args.train)]
    labels = () if args.one_class else joined_labels(dataset.labels for dataset in datasets)
    if args.steps:
        return chosen.lasting(args.steps, weights, labels)
    return chosen.training_for(sum(map(len, datasets)), weights, labels)


def read_columns(plan):
    """The ``Index`` of each dataset that ``plan`` trains on, and of the one it is validated on, the last.

    Raises:
        DatasetError: one of them, or a split of it, is not there or damaged.
    """
    from skushare.dataset.formats import read_dataset
    from skushare.dataset.statistics import columns

    return [columns(read_dataset(source)) for source in (*(name for name, _ in plan.train), plan.validation)]


def warn(plan, indexes=()):
    """Tell on standard error what will go wrong with ``plan``; ``indexes`` are its :func:`read_columns`."""
    from skushare.training.advice import advise

    *indexes, validation = indexes or [None]
    for warning in advise(plan, indexes, validation):
        print(f"warning: {warning}", file=sys.stderr)


def _pipeline(path):
    """What the ``pipeline.config`` at ``path`` says; names on standard error what has no effect."""
    from skushare.errors import ConfigError
    from skushare.training.pipeline import read_pipeline

    try:
        pipeline = read_pipeline(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{path}: cannot be read ({reason}); check the file") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    for ignored in pipeline.ignored:
        print(f"{path}, {ignored}", file=sys.stderr)
    return pipeline[:3]


def run(args):
    from skushare.errors import SkushareError
    from skushare.training import job, runs
    from skushare.training.backends import environment

    plan = read_plan(args)
    os.environ.update(environment(plan))
    this = runs.prepare(args.folder, plan)
    try:
        indexes = read_columns(plan)
    except SkushareError:  # the run ends with it, and tells it then
        indexes = ()
    warn(plan, indexes)

    def show(line):
        try:
            print(line, flush=True)
        except OSError:  # as tee by Ctrl-C or a terminal that was closed; the run goes on
            drop_output()

    def say(line):
        show(line)
        with (this.folder / runs.LOG).open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")

    with steps_bar(plan.training.steps) as bar:
        status = job.run_job(this, [bar], say, anew=True)
    if status == runs.FINISHED and this.model_folder.is_dir():
        show(f"{args.folder / 'model'}: use it with --model {args.folder / 'model'}")
    return 0 if status == runs.FINISHED else 1  # stopped: what a script has next must not go on without it


@contextmanager
def steps_bar(steps):
    """An ``Observer`` that shows steps, loss and the time left as a bar where there is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    from skushare.training.observer import Observer

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(),
    )

    class Bar(Observer):
        def began(self, step, validated, steps):
            progress.reset(task, completed=step, total=steps, description="training")

        def stepped(self, step, losses):
            progress.update(task, completed=step, loss=f"loss {losses['loss']:.4g}")

        def validating(self, step):
            progress.update(task, description="validating")

        def validated(self, step, row, pictures):
            progress.update(task, description="training")

        def ended(self):
            progress.stop()

    with terminal_bar(*columns, transient=False) as progress:
        task = progress.add_task("preparing", total=steps, loss="")
        yield Bar()


def _weighted(text):
    """("path", weight) of "path:weight" or "path"."""
    path, _, weight = text.rpartition(":")
    if path and weight.replace(".", "", 1).isdecimal():
        return path, float(weight)
    return text, 1.0
