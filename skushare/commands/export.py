"""`skushare export`: write the browser bundle, or a model in another program's format."""

import argparse
import json
import signal
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

from skushare.commands.common import add_brands, command, named, open_brands, terminal_bar
from skushare.files import make_folder

FORMATS = ("bundle", "tfjs", "savedmodel", "litert")
PRECISIONS = ("float32", "float16", "uint8")
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20}


def add(commands):
    parser = command(
        commands,
        "export",
        run,
        "Write a model so that it runs elsewhere, and prove that it does.\n\n"
        "With --out alone: the whole browser bundle of the shipped model, a folder that turns a phone's\n"
        "browser into the auditor, without a network; skushare serve shows it. The folder appears when all\n"
        "is done and proved. An earlier export in its place is replaced, unless it was changed.\n\n"
        "The proof: every operation is one that TensorFlow.js has; the stored weights are the model's; the\n"
        "graph gives what the network gives; and on golden pictures Chromium (or Chrome, Edge), else Node,\n"
        "finds what Python finds. report.md tells how it went, what is how large, what each precision costs.",
        "examples:\n"
        "  skushare export --out shelf                          the bundle, of 26 MB\n"
        "  skushare export --gallery coffee --out shelf         with the brands of a gallery\n"
        "  skushare export --model runs/first --out mine        of a training run\n"
        "  skushare export --format tfjs --precision uint8 --out js\n"
        "  skushare export --format savedmodel --names object_detection_api --out saved\n",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", required=True, help="folder to write; missing, empty or an export"
    )
    parser.add_argument(
        "--model",
        type=named,
        metavar="NAME|DIR",
        help="a model of models/, runs/NAME, or the folder of a model or run (default: the shipped one)",
    )
    add_brands(parser)
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="bundle",
        help="bundle: app, model and gallery; tfjs: a TensorFlow.js graph model; savedmodel: TensorFlow's;\n"
        "litert: a .tflite file (default: bundle)",
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="of the weights: float16 halves the download at no loss that counts; uint8 quarters it, and\n"
        "moves boxes by a few pixels (default: float16; litert: the model's own; savedmodel: float32)",
    )
    parser.add_argument(
        "--shard-size",
        type=size,
        metavar="BYTES",
        help="of a weight file of bundle and tfjs, as 4m or 512k (default: 4m, what all browsers cache)",
    )
    parser.add_argument(
        "--names",
        choices=("skushare", "object_detection_api"),
        default="skushare",
        help="of a SavedModel's inputs and outputs; object_detection_api: the eight of TensorFlow's API,\n"
        "with decoding and NMS inside, so that clients written for it work",
    )
    parser.add_argument(
        "--val",
        type=named,
        metavar="DATA",
        help="labelled photos to measure on what each precision costs (live AP)",
    )
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="append what each precision costs, a row each"
    )
    parser.add_argument(
        "--json", action="store_true", help="print progress and result as lines of JSON, for programs"
    )


def size(text):
    """Bytes of text such as ``"4m"``."""
    digits = text.lower().rstrip("b")
    unit = digits[-1:] if digits[-1:] in UNITS else ""
    try:
        value = int(digits.removesuffix(unit)) * UNITS[unit]
    except ValueError:
        raise argparse.ArgumentTypeError(f"a size such as 4m or 512k, got {text}") from None
    if value < 1 << 10:
        raise argparse.ArgumentTypeError(f"at least 1k, got {text}")
    return value


@contextmanager
def ending_in_order():
    """A context in which SIGTERM ends as an error does: the browser and temporary files go, too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@ending_in_order()
def run(args):
    from skushare.errors import SkushareError
    from skushare.export.bundle import DEFAULT_PRECISION, export_bundle, export_model
    from skushare.export.tfjs import SHARD_BYTES

    if args.gallery and args.format != "bundle":
        raise SkushareError("--gallery: only a bundle takes a gallery along")
    if args.names != "skushare" and args.format == "bundle":
        raise SkushareError("--names: only for the format savedmodel")
    if args.format in ("savedmodel", "litert"):
        for option, given in (("--val", args.val), ("--csv", args.csv), ("--shard-size", args.shard_size)):
            if given:
                raise SkushareError(f"{option}: only for the formats bundle and tfjs")
    if args.csv:
        from skushare.evaluation.table import append_row, check_table

        make_folder(args.csv.parent)
        check_table(args.csv)
    validation = None
    if args.val:
        from skushare.dataset.formats import read_dataset

        validation = read_dataset(args.val)
    options = {"model": args.model, "shard_bytes": args.shard_size or SHARD_BYTES, "validation": validation}
    with shown(args.json) as progress:
        if args.format == "bundle":
            gallery, _ = open_brands(args.gallery)
            precision = args.precision or DEFAULT_PRECISION
            report = export_bundle(
                args.out, gallery=gallery, precision=precision, progress=progress, **options
            )
        else:
            report = export_model(
                args.out,
                format=args.format,
                precision=args.precision,
                names=args.names,
                progress=progress,
                **options,
            )
    if args.csv:
        for row in report.accuracy.to_dict("records"):
            dataset = validation.name if validation else ""
            append_row(args.csv, {"model": report.about["model"], "dataset": dataset, **row})
    tell(report, args)
    return 0 if report.passed else 1


def shown(as_json):
    """A context that gives ``progress(text, fraction)``: JSON lines, or a bar where there is a terminal."""

    @contextmanager
    def lines():
        def tell(text, fraction):
            print(json.dumps({"step": text, "fraction": fraction}), flush=True)

        yield tell

    @contextmanager
    def bar():
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn

        with terminal_bar(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()) as shown:
            task = shown.add_task("Starting", total=1.0)
            yield lambda text, fraction: shown.update(task, description=text, completed=fraction)

    return lines() if as_json else bar()


def tell(report, args):
    """Print what was written and how it was proved."""
    total = int(report.files["bytes"].sum())
    if args.json:
        checks = [{"name": n, "passed": p, "text": t} for n, p, t in report.checks]
        done = {"done": str(report.folder), "passed": report.passed, "bytes": total, "checks": checks}
        print(json.dumps(done), flush=True)
        return
    marks = {True: "passed ", False: "FAILED ", None: "not run"}
    for name, passed, text in report.checks:
        print(f"{marks[passed]} {name}: {text}", file=sys.stderr if passed is False else sys.stdout)
    print(f"{report.folder}: {len(report.files)} files, {total / 1e6:.1f} MB; see {report.folder}/report.md")
    if args.format == "bundle":
        print(f"Show it: skushare serve {report.folder}; on a phone: skushare serve {report.folder} --lan")
