"""How many facings are put into the right shelf row, against row boxes drawn by people.

    python benchmarks/shelf_rows.py ROWS.json BOXES.json [--images DIR] [--model NAME|DIR] [--csv FILE]

ROWS.json: COCO boxes of shelf rows; BOXES.json: COCO boxes of the facings on the same photos. With
--images the detector's own boxes are grouped too. Every second photo, by name, was used to choose the
constants of skushare/shelf/rows.py; the others are for reporting.

A facing belongs to the row box that holds most of it, and is judged if that is over 60 % of it. A row
box is matched with the found row that holds most of its facings. Row boxes side by side (two bays of one
shelf) may share a found row, those above one another may not. Right is a facing in the row found for its box.

The baseline cuts between facings whose middles, sorted by height, are further apart than 0.3 of a facing.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from skushare.dataset.coco import read_coco
from skushare.geometry import area, intersection
from skushare.shelf.rows import row_ids

INSIDE = 0.6  # of a facing, to be judged
SIDE_BY_SIDE = 0.2  # of the narrower row box, that two beside each other may overlap
MIN_SCORE = 0.4  # of machine labels


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", metavar="ROWS.json")
    parser.add_argument("boxes", metavar="BOXES.json")
    parser.add_argument("--images", type=Path, metavar="DIR", help="the photos, to run the detector on")
    parser.add_argument("--model", help="a model of models/ by name, or a model folder")
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()
    rows = {sample.path.name: sample.boxes for sample in read_coco(args.rows, args.images).samples}
    sources = {"labelled boxes": labelled(args.boxes, args.images)}
    if args.images:
        sources["detector"] = detected(args.images, sorted(rows), args.model)
    table = []
    for half, names in (("choosing", sorted(rows)[::2]), ("reporting", sorted(rows)[1::2])):
        for source, boxes in sources.items():
            for method, group in (("rows.py", row_ids), ("by height", by_height)):
                counts = [judge(boxes[n], rows[n], group(boxes[n])) for n in names if len(boxes[n])]
                right, judged = np.array(counts).sum(0)
                low, high = bootstrap(np.array(counts))
                line = {"half": half, "boxes": source, "method": method, "photos": len(counts)}
                shares = {"right": right / judged, "low": low, "high": high}
                table.append(line | {"facings": judged} | {k: round(v, 4) for k, v in shares.items()})
    table = pd.DataFrame(table)
    print(table.to_string(index=False))
    if args.csv:
        table.to_csv(args.csv, index=False)


def labelled(path, images):
    samples = read_coco(path, images).samples
    return {sample.path.name: sample.boxes[sample.scores >= MIN_SCORE] for sample in samples}


def detected(folder, names, model):
    from skushare.detector.runtime import Detector
    from skushare.images import read_image

    detector = Detector.load(model)
    return {name: detector.detect(read_image(folder / name)).boxes for name in names}


def by_height(boxes):
    middle, typical = boxes[:, 1::2].mean(1), np.median(boxes[:, 3] - boxes[:, 1])
    order = np.argsort(middle)
    ids = np.zeros(len(boxes), int)
    ids[order[1:]] = np.cumsum(np.diff(middle[order]) > 0.3 * typical)
    return ids


def judge(boxes, rows, found):
    """(facings in the right row, facings judged) of one photo."""
    inside = intersection(boxes, rows) / area(boxes)[:, None]
    judged = inside.max(1) > INSIDE
    counts = np.zeros((len(rows), found.max() + 1), int)
    np.add.at(counts, (inside.argmax(1)[judged], found[judged]), 1)
    shared = np.minimum(rows[:, None, 2], rows[:, 2]) - np.maximum(rows[:, None, 0], rows[:, 0])
    widths = rows[:, 2] - rows[:, 0]
    rival = shared > SIDE_BY_SIDE * np.minimum(widths[:, None], widths)
    right = 0
    while counts.any():
        row, best = np.unravel_index(counts.argmax(), counts.shape)
        right += counts[row, best]
        counts[row] = 0
        counts[rival[row], best] = 0
    return right, int(judged.sum())


def bootstrap(counts, resamples=2000):
    """95 % interval of the share over photos; ``counts``: (photos, 2)."""
    picks = np.random.default_rng(1).integers(0, len(counts), (resamples, len(counts)))
    sums = counts[picks].sum(1)
    return np.percentile(sums[:, 0] / sums[:, 1], [2.5, 97.5])


if __name__ == "__main__":
    main()
