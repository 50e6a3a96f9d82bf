"""`skushare data`: import, convert, label, list and delete datasets; the rest is in `data_care`."""

import os
from pathlib import Path

from skushare.commands import data_care
from skushare.commands.common import FORMATS, add_source, command, complain, fraction, named, printable, shown
from skushare.errors import ConfigError, DatasetError, SkushareError, UnknownFormatError
from skushare.files import check_new
from skushare.text import counted
from skushare.workspace import plain_name

_SOURCE = (
    "SOURCE is a label file or a folder of SKU-110K's CSV, Pascal VOC, COCO, YOLO, LabelMe or TFRecord,\n"
    "which is recognised, or the name of a stored dataset; with @SPLIT at its end, that split alone."
)


def add(commands):
    group = command(
        commands,
        "data",
        None,
        "Bring datasets in, convert, label, check, split, rename classes, list and delete them.",
        "Start with: skushare data import FOLDER",
    )
    subcommands = group.add_subparsers(title="commands", required=True, metavar="COMMAND")
    parser = command(
        subcommands,
        "import",
        run_import,
        "Store a dataset in the workspace, for the app and under a short name for every command.\n\n"
        f"{_SOURCE}\n"
        "It may also be a zip of such a folder, as labelling tools export it.\n"
        "Images are copied into the workspace. Wrong boxes are kept, for `skushare data check` to find and\n"
        "fix.",
        "examples:\n"
        "  skushare data import SKU110K_fixed/ --name sku110k\n"
        "  skushare data import export.zip --name shop\n",
    )
    add_source(parser)
    parser.add_argument("--name", type=named, help="what to call it (default: as the source)")
    parser.add_argument("--in-place", action="store_true", help="leave the images where they are")
    parser = command(
        subcommands,
        "convert",
        run_convert,
        "Write a dataset in another format, with its splits and images.\n\n"
        f"{_SOURCE}\n"
        "Images are linked where the disk allows it, else copied. Boxes are clipped to their image, and\n"
        "those without area are left out, because other programs stumble over them.",
        "examples:\n"
        "  skushare data convert voc_folder/ records/ --to tfrecord\n"
        "  skushare data convert sku110k@val val/ --to yolo\n",
    )
    add_source(parser)
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write, which must not exist")
    parser.add_argument("--to", choices=FORMATS, required=True, help="format to write")
    parser = command(
        subcommands,
        "label",
        run_label,
        "Have a model label photos, as a COCO dataset with scores.\n\n"
        f"{_SOURCE}\n"
        "Labels by hand stay as they are, with their classes; another machine's are joined with the\n"
        "model's. Classes of the model and of SOURCE are joined by name; where each has a single one, it is\n"
        "that of SOURCE. Each box keeps the model's score, until it is changed on the Datasets page, which\n"
        "makes it a label by hand. Training ignores what scores below --min-label-score (0.5), instead of\n"
        "teaching it as background. Photos that cannot be read, or whose labels are for another size, are\n"
        "named and left out, the rest goes on, and the exit status is 1.",
        "examples:\n"
        "  skushare data label new_photos/ labelled/ --photos    # then import, and correct on the page\n"
        "  skushare data label machine_labels.json labelled/ --min-score 0.2\n",
    )
    add_source(parser)
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write, which must not exist")
    parser.add_argument("--photos", action="store_true", help="SOURCE is a folder of photos without labels")
    parser.add_argument(
        "--model", type=named, metavar="NAME|DIR", help="that draws the boxes (default: the shipped one)"
    )
    parser.add_argument(
        "--min-score", type=fraction, help="least score of the model's boxes (default: its threshold)"
    )
    command(
        subcommands,
        "list",
        run_list,
        "List the stored datasets.",
        "example:\n  skushare data list\n",
    )
    parser = command(
        subcommands,
        "delete",
        run_delete,
        "Remove a stored dataset with its images, for good.\n\n"
        "Images that were left in place at the import stay where they are.",
        "example:\n  skushare data delete mine\n",
    )
    parser.add_argument("name", metavar="NAME", help="of the stored dataset")
    data_care.add(subcommands)


def run_import(args):
    from skushare.dataset.formats import read_dataset
    from skushare.dataset.intake import add_archive
    from skushare.dataset.layout import missing_photos, require_photos
    from skushare.dataset.store import add_dataset, new_folder, open_dataset

    if args.name:
        new_folder(args.name)  # before the work, not after it
    source = Path(args.source)
    if source.suffix.lower() == ".zip" and source.is_file():
        if args.images or args.format or args.in_place:
            raise ConfigError(
                f"{source}: a zip goes without --images, --format and --in-place; unpack it to use these"
            )
        name = args.name or _short(source.stem)
        folder = add_archive(source, name, progress=shown("images"))
        dataset = open_dataset(name)
    else:
        # What is brought in comes before a dataset that is called so already.
        place = source if os.path.exists(args.source) else args.source
        dataset = read_dataset(place, args.images, args.format, raw=True)
        require_photos(dataset, f"put them beside the labels of {source}, or name their folder with --images")
        if not dataset.samples:
            raise DatasetError(f"{source}: has no images; there is nothing to store")
        name = args.name or _short(dataset.name)
        folder = add_dataset(dataset, name, copy=not args.in_place, progress=shown("images"))
    print(f"{folder}: {_summary(dataset)}; use it as {name}")
    _tell_if_boxless(dataset)
    if missing := missing_photos(dataset):
        print(
            f"{len(missing)} of {len(dataset)} photos were not found, such as {missing[0]}; "
            f"skushare data check {name} lists them"
        )
    if names := dataset.provenance.get("class names"):
        print(f"class names are {names}")
    if other := dataset.provenance.get("left out"):
        print(f"left out {other}")
    return 0


def _short(name):
    """What a dataset may be called."""
    short = plain_name(name)
    if not short:
        raise ConfigError(f"{name}: has no plain letters to call the dataset by; give it a name by --name")
    return short


def run_convert(args):
    from skushare.dataset.formats import left_out, read_dataset, write_dataset

    check_new(args.out)
    raw = read_dataset(args.source, args.images, args.format, raw=True)
    dataset = raw.cleaned()
    write_dataset(dataset, args.out, args.to, progress=shown("images"))
    print(f"{args.out}: {_summary(dataset)}")
    _tell_if_boxless(raw)
    for text in left_out(raw, dataset, args.to):
        print(text)
    return 0


def run_label(args):
    from skushare.dataset.formats import read_dataset, write_dataset
    from skushare.detector.runtime import Detector
    from skushare.training.labelling import label_dataset, unlabelled

    check_new(args.out)
    try:
        dataset = (
            unlabelled(args.source) if args.photos else read_dataset(args.source, args.images, args.format)
        )
    except UnknownFormatError as error:
        raise UnknownFormatError(f"{error}; photos without labels need --photos") from None
    detector = Detector.load(args.model)
    min_score = detector.min_score if args.min_score is None else args.min_score
    labelled, failures = label_dataset(dataset, detector, min_score, shown("photos"))
    for message in failures:
        complain(message)
    write_dataset(labelled, args.out, "coco", progress=shown("images"))
    print(f"{args.out}: {_summary(labelled)}; {_boxes(dataset)} before")
    return 1 if failures else 0


def run_list(args):
    import pandas as pd

    from skushare.dataset import store

    rows = []
    for name in store.dataset_names():
        try:
            dataset = store.open_dataset(name)
            splits = ", ".join(printable(split) or "none" for split in dataset.splits)
            row = (len(dataset), _boxes(dataset), splits, len(dataset.labels))
        except SkushareError as error:
            row = ("", "", str(error), "")
        rows.append((name, *row))
    if rows:
        table = pd.DataFrame(rows, columns=["name", "images", "boxes", "splits", "classes"])
        print(table.to_string(index=False))
    else:
        print("none stored yet; bring one in with skushare data import")
    return 0


def run_delete(args):
    from skushare.dataset.store import delete_dataset

    delete_dataset(args.name)
    print(f"{args.name}: deleted")
    return 0


def _tell_if_boxless(dataset):
    if not _boxes(dataset):
        print("it has no boxes; if there are labels, docs/datasets.md says where they are looked for")


def _boxes(dataset):
    return sum(len(sample.boxes) for sample in dataset.samples)


def _ignored(dataset):
    return sum(int(sample.ignored.sum()) for sample in dataset.samples)


def _summary(dataset):
    counts = ", ".join(
        f"{printable(split) or 'no split'} {len(dataset.only(split))}" for split in dataset.splits
    )
    ignored = _ignored(dataset)
    regions = "a region" if ignored == 1 else "regions"
    told = f", {ignored} of them {regions} to be ignored" * bool(ignored)
    return f"{counted(len(dataset), 'image')} ({counts}), {counted(_boxes(dataset), 'box')}{told}"
