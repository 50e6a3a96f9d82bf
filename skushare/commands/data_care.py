"""`skushare data stats | check | split | rename | download`: what a dataset is like, and care for it."""

import argparse
import os
import sys
from contextlib import contextmanager
from pathlib import Path

from skushare.commands.common import (
    FORMATS,
    add_source,
    command,
    complain,
    named,
    printable,
    shown,
    terminal_bar,
)
from skushare.errors import ConfigError
from skushare.files import check_folder, check_new, check_target, make_folder
from skushare.text import counted

SHOWN = 10  # places, classes
KINDS = ("damaged", "size", "inverted", "outside", "tiny", "duplicates", "names", "leak", "empty")
_WRITES = (
    "A stored dataset is changed in place, which can be undone on the app's page of datasets; of another\n"
    "source, --out names the folder to write."
)


def add(subcommands):
    parser = command(
        subcommands,
        "stats",
        run_stats,
        "Describe a dataset.\n\n"
        "Boxes a picture, sizes of boxes, classes; what share of the boxes the anchors of each preset fit,\n"
        "and whether a preset keeps enough boxes a picture for it.",
        "example:\n  skushare data stats sku110k@train\n",
    )
    add_source(parser)
    parser.add_argument("--csv", type=Path, metavar="DIR", help="write every table to this folder as well")
    parser = command(
        subcommands,
        "check",
        run_check,
        "Find what is wrong with a dataset, and fix it.\n\n"
        "Damaged pictures, wrong sizes, boxes inverted, outside, tiny or drawn twice, spellings of class\n"
        "names, pictures that are nearly the same in two splits, empty pictures. Pictures are decoded once\n"
        f"and remembered. The exit status is 1 if anything is wrong or left wrong.\n\n{_WRITES}",
        "examples:\n"
        "  skushare data check mine/\n"
        "  skushare data check mine/ --fix all --out mended/\n"
        "  skushare data check mine --fix duplicates outside\n",
    )
    add_source(parser)
    parser.add_argument(
        "--fix", nargs="+", choices=[*KINDS, "all"], metavar="KIND", help=f"{', '.join(KINDS)}, all"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every place of a fault as a row")
    _add_out(parser)
    parser = command(
        subcommands,
        "split",
        run_split,
        "Assign the pictures of a dataset to new splits.\n\n"
        "Pictures that are nearly the same, or that the labels give the same group (shop, shelf), go to the\n"
        f"same split.\n\n{_WRITES}",
        "example:\n  skushare data split mine/ --shares train=80 val=10 test=10 --out split/\n",
    )
    add_source(parser)
    parser.add_argument(
        "--shares",
        nargs="+",
        type=_share,
        metavar="NAME=SHARE",
        help="splits and their shares, in proportion to each other; 0 for no such split (default: train=80 "
        "val=10 test=10)",
    )
    parser.add_argument(
        "--seed", type=_seed, default=0, help="a different seed gives a different split (default: 0)"
    )
    parser.add_argument(
        "--series",
        action="store_true",
        help="keep photos together whose names differ only in their last number, as bay2_01.jpg and "
        "bay2_02.jpg",
    )
    _add_out(parser)
    parser = command(
        subcommands,
        "rename",
        run_rename,
        "Rename classes of a dataset.\n\n"
        f"Classes that get one name become one. Where the new name is empty, the boxes go.\n\n{_WRITES}",
        "examples:\n"
        "  skushare data rename mine 'coca cola=Coca-Cola' coke=Coca-Cola\n"
        "  skushare data rename mine/ 'price tag=' --out mended/\n",
    )
    add_source(parser)
    parser.add_argument("names", nargs="+", type=_names, metavar="OLD=NEW", help="name of a class, new name")
    _add_out(parser)
    parser = command(
        subcommands,
        "download",
        run_download,
        "Download a public dataset, once you agree to its licence.\n\n"
        "sku110k: 11,743 photos of dense shelves, 13.6 GB, and as much again while it is unpacked. When it\n"
        "is interrupted, the same command goes on.",
        "example:\n  skushare data download sku110k --out datasets/\n",
    )
    parser.add_argument("name", choices=["sku110k"], metavar="NAME", help="sku110k")
    parser.add_argument("--out", type=Path, default=Path("."), metavar="DIR", help="where to (default: here)")
    parser.add_argument("--accept-licence", action="store_true", help="agree without being asked")
    parser.add_argument("--url", type=named, help="another address of the same archive")
    parser.add_argument("--sha256", type=named, metavar="HEX", help="what the archive's checksum must be")
    parser.add_argument("--keep", action="store_true", help="keep the archive beside the folder")


def run_stats(args):
    from skushare.dataset import statistics
    from skushare.dataset.formats import read_dataset
    from skushare.detector.coverage import anchor_coverage
    from skushare.detector.presets import PRESETS

    if args.csv:
        check_folder(make_folder(args.csv))
    dataset = read_dataset(args.source, args.images, args.format)
    index = statistics.columns(dataset)
    tables = {
        "pictures and boxes": statistics.summary(index),
        "boxes a picture": statistics.objects_a_picture(index),
        "sides of boxes": statistics.box_sides(index),
        "aspects of boxes": statistics.box_aspects(index),
        "positions of boxes": statistics.positions(index),
        "classes": statistics.classes(index),
        "anchors": anchor_coverage(index, PRESETS.values()),
        "caps": statistics.detection_caps(index, [100, 150, 200, 300, 400, 600]),
    }
    _print_table(tables["pictures and boxes"], "{:.1f}")
    classes = tables["classes"]
    print(f"\nclasses: {len(classes)}")
    _print_table(classes.head(SHOWN).assign(name=classes["name"].map(printable)), "{:.3f}")
    print("\nanchors: share of the boxes whose best anchor has an IoU of at least .5, and the mean IoU")
    _print_table(tables["anchors"], "{:.3f}")
    print("\ncaps: what a perfect detector reaches that keeps so many boxes a picture")
    _print_table(tables["caps"], "{:.3f}")
    for config in PRESETS.values():
        if text := statistics.cap_warning(index, config):
            print(f"\nwarning: {config.preset}: {text}")
    if args.csv:
        for name, table in tables.items():
            _write_csv(args.csv / f"{name.replace(' ', '_')}.csv", table)
        print(f"\n{args.csv}: {len(tables)} tables")
    return 0


def run_check(args):
    from skushare.dataset.health import CHECKS, check, fix

    if args.fix:
        _check_target(args)
    elif args.out or args.to:
        raise ConfigError("--out and --to are for what --fix gives; name a KIND, or all, to fix")
    if args.csv:
        check_target(args.csv)
    dataset, stored = _raw(args)
    findings = check(dataset, shown("pictures"))
    _report(findings, dataset)
    if args.csv:
        _write_places(args.csv, findings)
        print(f"\n{args.csv}: {counted(sum(len(finding.places) for finding in findings), 'place')}")
    if args.fix:
        fixed = fix(dataset, CHECKS if "all" in args.fix else args.fix, shown("pictures"))
        findings = check(fixed, shown("pictures"))
        if args.out or fixed is not dataset:
            _write(args, fixed, f"fixed {', '.join(args.fix)}", stored)
            print(f"fixed: {_size(dataset)} became {_size(fixed)}")
        else:
            print("nothing to fix: the dataset stays as it is")
        for finding in findings:
            print(f"left: {finding.message} ({finding.kind})")
    return 1 if findings else 0


def run_split(args):
    from skushare.dataset.split import FRACTIONS, split_dataset
    from skushare.dataset.statistics import columns, summary

    _check_target(args)
    dataset, stored = _raw(args)
    shares = _once(args.shares or FRACTIONS.items())
    dataset = split_dataset(dataset, shares, args.seed, shown("pictures"), series=args.series)
    _write(args, dataset, f"split anew into {', '.join(filter(shares.get, shares))}", stored)
    _print_table(summary(columns(dataset))[["split", "pictures", "boxes", "mean"]], "{:.1f}")
    return 0


def run_rename(args):
    from skushare.dataset.statistics import columns

    _check_target(args)
    dataset, stored = _raw(args)
    names = _once(_old_and_new(text, dataset.labels) for text in args.names)
    renamed = dataset.renamed(names)
    told = ", ".join(f"{old} is {new}" if new else f"no {old}" for old, new in names.items())
    _write(args, renamed, f"class names: {told}", stored)
    index = columns(renamed)
    for number, label in enumerate(index.labels):
        print(f"{(index.class_ids == number).sum():9,}  {printable(label)}")
    return 0


def run_download(args):
    from dataclasses import replace

    from skushare.dataset.download import SOURCES, download

    source = SOURCES[args.name]
    print(f"{source.title}\n{source.homepage}\n{source.licence}")
    if not args.accept_licence:
        _ask_agreement()
    if args.url:
        source = replace(source, url=args.url)
    with _bytes_shown() as progress:
        result = download(source, args.out, args.sha256 or "", args.keep, progress)
    print(f"{result.folder}\nSHA-256 of the archive: {result.sha256}")
    for text in result.lacking:
        complain(f"only {text} are there")
    print(f"next: skushare data stats {result.folder}")
    return 1 if result.lacking else 0


def _add_out(parser):
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder to write, which must not exist")
    parser.add_argument("--to", choices=FORMATS, help="format to write (default: the source's)")


def _seed(text):
    try:
        value = int(text)
    except ValueError:
        value = -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"a whole number of at least 0, got {text}")
    return value


def _names(text):
    if "=" not in text[1:]:
        raise argparse.ArgumentTypeError(f"as in OLD=NEW, got {text}")
    return text


def _old_and_new(text, labels):
    """Both sides of OLD=NEW, split where OLD is a class; names may have a = themselves."""
    places = [place for place, letter in enumerate(text) if place and letter == "="]
    place = next((place for place in places if text[:place] in labels), places[0])
    return text[:place], text[place + 1 :]


def _share(text):
    name, _, share = text.partition("=")
    try:
        return name, float(share)
    except ValueError:
        raise argparse.ArgumentTypeError(f"as in train=80, got {text}") from None


def _once(pairs):
    """The dict of ``NAME=VALUE`` arguments, of which the last would silently be taken for all of its name."""
    known = {}
    for name, value in pairs:
        if name in known:
            raise ConfigError(f"{name}: is given twice; give it once")
        known[name] = value
    return known


def _is_stored(source):
    from skushare.dataset.formats import stored_source

    return stored_source(source) == (source, "")


def _raw(args):
    """(the source with its boxes as they stand, the revision that it is read at if it is stored)."""
    from skushare.dataset.formats import read_dataset
    from skushare.dataset.store import revision

    seen = revision(args.source) if _is_stored(args.source) else None  # before it is read
    return read_dataset(args.source, args.images, args.format, raw=True), seen


def _check_target(args):
    """Whether it is clear where to write to, before the work begins."""
    if not args.out and not _is_stored(args.source):
        raise ConfigError(f"{args.source}: is no whole stored dataset, so --out must name a folder to write")
    if args.to and not args.out:
        raise ConfigError("--to: is the format of what --out names; a stored dataset is changed in place")
    if args.out:
        check_new(args.out)


def _write(args, dataset, reason, stored):
    from skushare.dataset.formats import detect_format, left_out, stored_source, write_dataset
    from skushare.dataset.store import replace_dataset

    if args.out:
        place = args.source if os.path.exists(args.source) else args.source.rpartition("@")[0]
        is_file = os.path.exists(place) and not stored_source(args.source)
        known = args.format or (detect_format(place) if is_file else "coco")
        format = args.to or known
        write_dataset(dataset, args.out, format, shown("images"))
        print(f"{args.out}: {_size(dataset)}")
        for text in left_out(dataset, dataset, format):
            print(text)
    else:
        replace_dataset(args.source, dataset, reason, stored)


def _report(findings, dataset):
    import pandas as pd

    print(f"{printable(dataset.name)}: {_size(dataset)}")
    if not findings:
        print("nothing is wrong")
    for finding in findings:
        print(f"\n{finding.kind}: {finding.message}\n  --fix {finding.kind} {finding.remedy}")
        for row in finding.places.head(SHOWN).itertuples():
            box = "" if pd.isna(row.box) else f", box {row.box}"
            print(f"    {printable(f'{row.file}{box}: {row.detail}'.strip(': '))}")
        if len(finding.places) > SHOWN:
            print(f"    and {len(finding.places) - SHOWN:,} more (--csv FILE writes all)")


def _write_places(path, findings):
    import pandas as pd

    columns = ["kind", "file", "split", "box", "detail"]
    tables = [finding.places.assign(kind=finding.kind) for finding in findings]
    _write_csv(path, pd.concat(tables)[columns] if tables else pd.DataFrame(columns=columns))


def _write_csv(path, table):
    from skushare.files import write_file
    from skushare.spreadsheet import to_csv

    write_file(path, to_csv(table))


def _print_table(table, numbers):
    print(table.to_string(index=False, float_format=numbers.format))


def _size(dataset):
    boxes = sum(len(sample.boxes) for sample in dataset.samples)
    return f"{counted(len(dataset), 'picture')} with {counted(boxes, 'box')}"


def _ask_agreement():
    if not sys.stdin.isatty():
        raise ConfigError("give --accept-licence to agree to the licence above")
    if input("Do you agree? Type yes: ").strip().lower() != "yes":
        raise ConfigError("not downloaded, because the licence was not agreed to")


@contextmanager
def _bytes_shown():
    """A progress bar in bytes; yields ``progress(what, done, total)``."""
    from rich import progress as rich

    columns = (rich.TextColumn("{task.description}"), rich.BarColumn(), rich.DownloadColumn())
    columns += (rich.TransferSpeedColumn(), rich.TimeRemainingColumn())
    with terminal_bar(*columns) as bar:
        tasks = {}

        def progress(what, done, total):
            if what not in tasks:
                tasks[what] = bar.add_task(what)
            bar.update(tasks[what], completed=done, total=total)

        yield progress
