"""Share of real boxes whose best anchor has IoU >= .5, for both presets.

    python benchmarks/anchor_coverage.py DATA.json [DATA.json ...]

A preset is judged at the input size it detects photos with (and the dense one at its
live size too): boxes are scaled as the photo would be.
"""

import argparse

import numpy as np
import pandas as pd

from skushare.dataset.coco import read_coco
from skushare.detector.anchors import best_iou, detector_anchors
from skushare.detector.preprocess import input_size
from skushare.detector.presets import PRESETS


def coverage(config, dataset, longest):
    """Share of the boxes of ``dataset`` with a best-anchor IoU of at least .5, and the mean best IoU."""
    best = []
    for sample in dataset.samples:
        height, width = input_size(config, sample.width, sample.height, longest)
        scale = [width / sample.width, height / sample.height]
        if config.resize == "fit":
            scale = [longest / max(sample.width, sample.height)] * 2
        anchors, _ = detector_anchors(config, (height, width))
        best.append(best_iou(anchors, sample.boxes * np.float32(scale * 2)))
    best = np.concatenate(best)
    return (best >= 0.5).mean(), best.mean()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="+", metavar="DATA.json", help="COCO files")
    args = parser.parse_args()
    rows = []
    for path in args.data:
        dataset = read_coco(path)
        for config in PRESETS.values():
            for size in sorted({config.photo_size, config.live_size}, reverse=True):
                share, mean = coverage(config, dataset, size)
                rows.append((dataset.name, config.preset, size, len(dataset), share, mean))
    columns = ["dataset", "preset", "input", "photos", "IoU >= .5", "mean best IoU"]
    print(pd.DataFrame(rows, columns=columns).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
