"""`skushare evaluate`: measure a model on a labelled dataset."""

import os
from pathlib import Path

from skushare.commands.common import add_model, command, complain, fraction, input_size, shown
from skushare.files import check_folder, make_folder, write_file


def add(commands):
    parser = command(
        commands,
        "evaluate",
        run,
        "Measure a model on a labelled dataset.\n\n"
        "AP, AP50, AP75 and AR300 by COCO's rules at 300 detections a photo, with a bootstrap interval of\n"
        "AP over photos; precision, recall and the counting error at the model's threshold; calibration\n"
        "(ece); AP of small, medium and large facings. What is detected is kept in the workspace: an\n"
        "interrupted evaluation continues where it stopped.",
        "examples:\n"
        "  skushare evaluate mine/test.json --csv results/accuracy.csv\n"
        "  skushare evaluate mydata@val --model runs/first/model --details out --set-threshold\n",
    )
    parser.add_argument(
        "data", metavar="DATA", help="labels in a known format, or a stored dataset as NAME or NAME@SPLIT"
    )
    add_model(parser)
    parser.add_argument("--size", type=input_size, help="longest input side in pixels (default: the model's)")
    parser.add_argument("--min-score", type=fraction, help="count at this threshold (default: the model's)")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="append the figures as a row")
    parser.add_argument(
        "--details",
        type=Path,
        metavar="DIR",
        help="write figures, tables (photos, sizes, densities, curves, classes) and predictions (COCO)",
    )
    parser.add_argument(
        "--loss", action="store_true", help="also the training loss on these photos, which takes longer"
    )
    parser.add_argument(
        "--set-threshold",
        action="store_true",
        help="store the threshold that counts best here in the model (on validation photos, at its own size)",
    )
    parser.add_argument(
        "--force", action="store_true", help="let --set-threshold change a model that is shipped"
    )


def run(args):
    from skushare.dataset.formats import read_dataset
    from skushare.detector.models import read_model
    from skushare.evaluation import report
    from skushare.evaluation.evaluate import make_row
    from skushare.evaluation.evaluation import Evaluation
    from skushare.evaluation.table import append_row, check_table
    from skushare.evaluation.threshold import (
        caution,
        check_storable,
        is_by_machine,
        is_unlabelled,
        store_threshold,
    )

    if args.loss:
        os.environ.setdefault("KERAS_BACKEND", "numpy")  # formulas alone need no more
    dataset, model = read_dataset(args.data), read_model(args.model)
    if args.set_threshold:
        check_storable(model, dataset, args.force, args.mode, args.size)
    if args.csv:
        make_folder(args.csv.parent)
        check_table(args.csv)
    if args.details:
        check_folder(make_folder(args.details))

    evaluation = Evaluation(model, dataset, args.mode, args.size)
    done = evaluation.run(args.loss, progress=shown("photos"))
    if done is None:
        complain("stopped; start again to go on")
        return 130
    result, saved = done
    min_score = evaluation.min_score if args.min_score is None else args.min_score
    row = make_row(evaluation.about, result, saved, min_score)
    for name, value in row.items():
        print(f"{name:12} {value:.4f}" if isinstance(value, float) else f"{name:12} {value}")
    if args.csv:
        append_row(args.csv, row)
        print(f"{args.csv}: a row more")
    if args.details:
        failures = saved["failures"].values()
        for name, content in report.files(row, result, saved, min_score, failures).items():
            write_file(args.details / name, content)
        print(f"{args.details}: figures, tables and predictions")
    if args.set_threshold:
        store_threshold(model, args.mode, row["best_score"], dataset, args.force)
        print(f"{model.folder}: counts from {row['best_score']:.2f} on in {args.mode} mode now.", end=" ")
        print(caution(len(result.samples)))
    if is_unlabelled(dataset):
        complain(f"{dataset.name} has no labelled box: AP, AR and recall say nothing")
    if is_by_machine(dataset):
        complain(
            f"some labels of {dataset.name} were made by a machine: the figures tell how far the model "
            "agrees with it, not how often it is right"
        )
    if saved["trained"]:
        complain(saved["trained"])
    for message in saved["failures"].values():
        complain(message)
    return 1 if saved["failures"] else 0
