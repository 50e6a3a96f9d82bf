"""`skushare cache`: what the workspace keeps only to save time, its size, and clearing it."""

import os
import shutil
from contextlib import suppress

from skushare.commands.common import command
from skushare.errors import ConfigError
from skushare.files import writing
from skushare.text import counted
from skushare.workspace import copies_folder, evaluations_folder, predictions_folder, scan_file

KEPT = {
    "predictions": (predictions_folder, "boxes found in evaluated photos"),
    "scan": (scan_file, "what is known of the pictures of datasets"),
    "copies": (copies_folder, "photos scaled for training"),
}


def add(commands):
    parser = command(
        commands,
        "cache",
        None,
        "Show and clear what the workspace keeps only to save time.\n\n"
        "All of it is made again when it is needed. Boxes found in evaluated photos (predictions) stay\n"
        "when their model or dataset is deleted; once they are cleared, the Evaluate page shows an\n"
        "evaluation only after it was made again, while its rows in CSV files stay. What is known of\n"
        "pictures (scan) stays as well; cleared, the next check of a dataset looks at each picture again.\n"
        "Scaled photos (copies) are cut down to 10 GB when a training run begins.",
        "examples:\n  skushare cache list\n  skushare cache clear predictions scan\n",
    )
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    command(actions, "list", show_list, "Show the size of each.", "")
    clear = command(actions, "clear", run_clear, "Delete what is named.", "")
    clear.add_argument("names", nargs="+", choices=KEPT, metavar="NAME", help=", ".join(KEPT))


def show_list(args):
    for name, (place, about) in KEPT.items():
        print(f"{name:12} {_told(place()):>30}  {about}")
    return 0


def run_clear(args):
    if "predictions" in args.names and _is_evaluating():
        raise ConfigError("an evaluation is running; stop it on the Evaluate page, or wait until it is done")
    for name in dict.fromkeys(args.names):
        place = KEPT[name][0]()
        told = _told(place)
        with writing(place):
            # A folder itself stays: it may be a link to another disk.
            for path in place.iterdir() if place.is_dir() else [place]:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
        print(f"{name}: {told} deleted")
    return 0


def _told(place):
    sizes = list(_sizes(place))
    return f"{sum(sizes) / 1e6:,.1f} MB in {counted(len(sizes), 'file')}"


def _sizes(place):
    """Bytes of a file, or of each file in a folder."""
    paths = [os.path.join(folder, name) for folder, _, names in os.walk(place) for name in names]
    for path in paths or [place]:
        with suppress(FileNotFoundError):  # never made, or deleted meanwhile
            if os.path.isfile(path):
                yield os.stat(path).st_size


def _is_evaluating():
    from skushare.evaluation.evaluation import LOCK
    from skushare.lock import is_held

    return any(map(is_held, evaluations_folder().glob(f"figures/*/{LOCK}")))
