"""Accuracy against time of a live frame: precisions of the LiteRT file, each at several input sizes.

    python benchmarks/frontier.py RUN VAL.json [--sizes 320 416 ...] [--csv FILE] [--plot FILE.svg]

RUN is a finished run or a model folder. Times are medians over bundled pictures, every variant in
turn on each, so that whatever else the machine does hits all alike; from the picture to the boxes,
on all cores. The plot needs vl-convert-python. The shipped live size was chosen with this.
"""

import argparse
import tempfile
import time
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd

from skushare.dataset.coco import read_coco
from skushare.detector.models import LITERT, WEIGHTS, read_model, write_description
from skushare.detector.network import build_network
from skushare.detector.runtime import Detector
from skushare.detector.weights import load_weights
from skushare.evaluation.evaluate import evaluate
from skushare.export.litert import PRECISIONS, export_litert
from skushare.images import read_image
from skushare.samples import sample_pictures
from skushare.training.package import calibration_pictures

ROUNDS = 12


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a model of models/ by name, or a model folder")
    parser.add_argument("data", metavar="VAL.json", help="COCO file of validation photos")
    parser.add_argument("--sizes", nargs="*", type=int, default=[320, 416, 512, 576, 640])
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    model, dataset = read_model(args.model), read_coco(args.data)
    network = build_network(model.config, (None, None) if model.config.resize == "fit" else None)
    load_weights(network, model.path(WEIGHTS))
    with tempfile.TemporaryDirectory() as scratch:
        detectors = {
            name: in_precision(name, network, model.config, dataset, Path(scratch, name))
            for name in PRECISIONS
        }
        table = compare("precision", detectors, dataset, args.sizes)
    print(table.to_string(index=False))
    if args.csv:
        table.to_csv(args.csv, index=False)
    if args.plot:
        _plot(table, dataset.name).save(args.plot)


def in_precision(precision, network, config, dataset, folder):
    """A detector of ``network`` in ``precision``, calibrated on ``dataset``; its files go to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = calibration_pictures(config, dataset)
    (folder / LITERT).write_bytes(export_litert(network, precision, pictures))
    write_description(folder, config, {})
    return Detector.load(folder)


def compare(title, detectors, dataset, sizes):
    """A table of live frames by each of ``detectors``, named in column ``title``, at each of ``sizes``."""
    times = _times(detectors, sizes)
    rows = []
    for name, detector in detectors.items():
        megabytes = detector.model.path(LITERT).stat().st_size / 1e6
        for size in sizes:
            row = evaluate(detector, dataset, "live", size, resamples=0)
            figures = {key: round(row[key], 4) for key in ("AP", "AP50", "AP75", "AR300")}
            spent = round(1000 * float(np.median(times[name, size])), 1)
            rows.append({title: name, "MB": round(megabytes, 1), "size": size, "ms": spent, **figures})
    return pd.DataFrame(rows)


def _times(detectors, sizes):
    """{(name, size): list of seconds a frame}."""
    pictures = [read_image(path) for path in sample_pictures()]
    times = {(name, size): [] for name in detectors for size in sizes}
    for turn in range(ROUNDS + 1):
        for name, size in times:
            for picture in pictures:
                started = time.perf_counter()
                detectors[name].detect(picture, "live", size=size)
                if turn:  # the first one prepares
                    times[name, size].append(time.perf_counter() - started)
    return times


def _plot(table, dataset):
    base = alt.Chart(table).encode(
        x=alt.X("ms:Q", title="milliseconds a frame", scale=alt.Scale(zero=False)),
        y=alt.Y("AP:Q", title=f"AP, {dataset}", scale=alt.Scale(zero=False)),
        color=alt.Color("precision:N", title=None),
    )
    labels = base.mark_text(dy=-9).encode(text="size:Q")
    return (base.mark_line(point=True) + labels).properties(width=560, height=340)


if __name__ == "__main__":
    main()
