"""Average the best weights of runs of one network, as one more run to be packaged.

    python tools/average_weights.py RUN RUN [RUN ...] OUT
    skushare package OUT --val DATA

Where each run went on from the one before, the mean is often better than any of them
(Wortsman et al. 2022, arXiv:2203.05482). OUT takes its settings and data from the last RUN.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np

from skushare.files import atomic_folder


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="folders of runs")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write, which must not exist")
    args = parser.parse_args()
    files = [np.load(run / "best.npz", allow_pickle=False) for run in args.runs]
    for run, file in zip(args.runs, files, strict=True):
        if {name: file[name].shape for name in file.files} != {n: files[0][n].shape for n in files[0].files}:
            raise SystemExit(f"{run}: has another network than {args.runs[0]}")
    means = {
        name: np.mean([file[name] for file in files], axis=0, dtype=np.float32) for name in files[0].files
    }
    with atomic_folder(args.out) as out:
        np.savez(out / "best.npz", **means)
        for name in ("detector.json", "training.json", "data.json"):
            shutil.copyfile(args.runs[-1] / name, out / name)


if __name__ == "__main__":
    main()
