"""``python -m skushare.dataset.synthetic FOLDER --count 3 --seed 1`` writes pictures and a COCO file."""

import argparse

from skushare.dataset.synthetic.products import THEMES
from skushare.dataset.synthetic.shelf import write_dataset


def main(arguments=None):
    """Write a synthetic data set from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m skushare.dataset.synthetic", description=write_dataset.__doc__.split("\n")[0]
    )
    parser.add_argument("folder", help="where pictures and annotations.json go")
    parser.add_argument("--count", type=int, default=10, help="number of pictures (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=0, help="the same seed gives the same pictures (default: %(default)s)"
    )
    parser.add_argument("--size", type=int, nargs=2, default=(1280, 960), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--rows", type=int, default=5, help="boards of a shelf (default: %(default)s)")
    parser.add_argument(
        "--themes",
        nargs="+",
        choices=list(THEMES),
        default=list(THEMES),
        metavar="THEME",
        help=f"taken in turn, of {', '.join(THEMES)} (default: all)",
    )
    options = parser.parse_args(arguments)
    path = write_dataset(
        options.folder,
        options.count,
        options.seed,
        tuple(options.themes),
        size=tuple(options.size),
        rows=options.rows,
    )
    print(f"{options.count} pictures and {path}")


if __name__ == "__main__":
    main()
