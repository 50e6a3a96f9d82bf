"""What the commands share: their parsers, progress bars and checks of arguments."""

import argparse
import os
import sys
from contextlib import contextmanager
from pathlib import Path

MOST = 2**31 - 1  # what every database takes for a number
MAX_SIZE = 8192  # of the network's input; beyond it, memory ends
FORMATS = ("voc", "coco", "labelme", "yolo", "csv", "tfrecord")  # of datasets


def command(commands, name, run, description, epilog):
    """The parser of a new command ``name``, carried out by ``run``; listed with its first paragraph."""
    parser = commands.add_parser(
        name,
        help=" ".join(description.partition("\n\n")[0].splitlines()),
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def add_model(parser, mode="photo"):
    """The options for the model and for the mode, which is ``mode`` unless told."""
    parser.add_argument(
        "--model",
        type=named,
        metavar="NAME|DIR",
        help="a name in models/, runs/NAME of the workspace, or the folder of a model or a run "
        "(default: the shipped one)",
    )
    parser.add_argument(
        "--mode",
        choices=("photo", "live"),
        default=mode,
        help="photo: accurate, large input; live: the fast input of the camera page (default: %(default)s)",
    )


def add_brands(parser):
    """The option for the gallery that names the brands; see :func:`open_brands`."""
    parser.add_argument(
        "--gallery",
        type=named,
        metavar="NAME|PATH",
        help="saved gallery, or its folder or zip, that names the brands",
    )


def add_naming(parser):
    """Options for what names the brands, a gallery or a brand map; see :func:`open_naming`."""
    either = parser.add_mutually_exclusive_group()
    add_brands(either)
    either.add_argument(
        "--brand-map",
        type=Path,
        metavar="FILE",
        help="CSV or JSON of label, brand, own: the brands of the model's own labels",
    )


def open_naming(args, labels):
    """(gallery, embedder) of the options of :func:`add_naming`; a brand map needs no embedder.

    ``labels``: of the model.
    """
    if args.brand_map is None:
        return open_brands(args.gallery, labels)
    from skushare.brands.brand_map import read_brand_map, require_labels

    brand_map = read_brand_map(args.brand_map)
    require_labels(brand_map, labels)
    return brand_map, None


def open_brands(name, labels=None):
    """(gallery, embedder) of ``--gallery``; (None, None) where it is not given.

    A saved gallery comes before a folder of its name, which ``./NAME`` stands for.

    Args:
        labels: of the model, by which a brand map names, without an embedder; without them, one is refused.
    """
    if not name:
        return None, None
    from skushare.brands.brand_map import require_labels
    from skushare.brands.embedder import Embedder
    from skushare.brands.gallery import GalleryError
    from skushare.brands.gallery_files import read_gallery
    from skushare.brands.library import gallery_names, open_gallery

    embedder = Embedder.load()
    if name not in gallery_names() and Path(name).exists():
        gallery = read_gallery(name, embedder)
    else:
        gallery = open_gallery(name).embedded_by(embedder)
    if gallery.by_label:
        if labels is None:
            raise GalleryError(f"{gallery.name}: names by a model's labels, as a brand map; name a gallery")
        require_labels(gallery, labels)
        return gallery, None
    return gallery, embedder


def add_source(parser):
    """The arguments for a dataset in any format."""
    parser.add_argument("source", metavar="SOURCE", help="label file, folder or stored dataset")
    parser.add_argument("--images", type=Path, metavar="DIR", help="folder of the images, if not as usual")
    parser.add_argument("--format", choices=FORMATS, help="of the source, if it should not be recognised")


def named(text):
    """Text that is not empty, as the type of an argument."""
    if not text:  # as an unset variable of a script, which must not count as not given
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def fraction(text):
    """A number from 0 to 1, as the type of an argument."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"from 0 to 1, got {text}")
    return value


def positive(text, most=MOST):
    """A whole number from 1 to ``most``, as the type of an argument."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a whole number, got {text}") from None
    if value < 1:
        raise argparse.ArgumentTypeError(f"at least 1, got {text}")
    if value > most:
        raise argparse.ArgumentTypeError(f"at most {most:,}, got {text}")
    return value


def input_size(text):
    """The longest side of the network's input in pixels."""
    return positive(text, MAX_SIZE)


def terminal_bar(*columns, transient=True):
    """A progress bar of rich with ``columns``, on standard error; hidden where that is no terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=transient, disable=not console.is_terminal)


@contextmanager
def progress(total, what):
    """A progress bar on standard error where that is a terminal; yields ``advance()``."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    with terminal_bar(TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def shown(what):
    """A function that wraps a list in an iterator with a progress bar."""

    def wrap(items):
        with progress(len(items), what) as advance:
            for item in items:
                yield item
                advance()

    return wrap


def complain(text):
    """Tell on standard error what went wrong, where the command goes on; ``main`` tells what ends it."""
    print(f"skushare: {text}", file=sys.stderr)


def printable(text):
    """Text of others without characters that would steer the terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)


def tell(text=""):
    """Print ``text`` at once; what the terminal has no letters for is left out."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "ignore").decode(encoding), flush=True)


def drop_output():
    """Have standard output lead nowhere from now on, with what it still holds: who read it has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
