"""Share of real boxes whose best anchor has IoU >= .5, for both presets.

    python benchmarks/anchor_coverage.py DATA [DATA ...]

A preset is judged at the sizes that it resizes photos and live frames to: boxes are scaled as
the photo would be. ``input`` is the longest side of the median photo.
"""

import argparse

import pandas as pd

from skushare.dataset.formats import read_dataset
from skushare.dataset.statistics import columns
from skushare.detector.coverage import anchor_coverage
from skushare.detector.presets import PRESETS


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="+", metavar="DATA", help="labelled photos in any format")
    args = parser.parse_args()
    tables = []
    for source in args.data:
        dataset = read_dataset(source)
        table = anchor_coverage(columns(dataset), PRESETS.values())
        tables.append(table.assign(dataset=dataset.name, photos=len(dataset)))
    print(pd.concat(tables).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
