"""Ways to suppress double boxes, on the same raw outputs of the shipped network.

    python benchmarks/suppression.py VAL.json [--model NAME|DIR] [--only soft] [--csv results/suppression.csv]

Each photo goes through the network once, in one look at fitting size. What comes out is then thinned by hard
NMS at several IoUs, by soft NMS (Bodla et al. 2017, arXiv:1704.04503, linear and Gaussian) and by DIoU-NMS
(Zheng et al. 2020, arXiv:1911.08287), with and without the vote that moves each kept box. For validation.
"""

import argparse
from pathlib import Path

import numpy as np

from skushare.dataset.coco import read_coco
from skushare.detections import Detections
from skushare.detector.box_coder import decode
from skushare.detector.postprocess import CANDIDATES
from skushare.detector.preprocess import input_size, prepare
from skushare.detector.runtime import Detector
from skushare.evaluation.predictions import LEAST_SCORE
from skushare.evaluation.result import Result
from skushare.evaluation.table import append_row
from skushare.geometry import clip, iou, nms, vote
from skushare.images import read_image


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", metavar="VAL.json", help="COCO file")
    parser.add_argument("--model", help="a model of models/ by name, or a model folder")
    parser.add_argument("--only", default="", help="those whose name begins so, as soft")
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()
    dataset, detector = read_coco(args.data), Detector.load(args.model)
    photos = [candidates(detector, read_image(sample.path)) for sample in dataset.samples]
    limit = detector.config.max_detections
    methods = {f"hard, IoU {t:g}": (hard, t) for t in (0.4, 0.45, 0.5, 0.55, 0.6, 0.65)}
    methods |= {f"DIoU, {t:g}": (diou_nms, t) for t in (0.45, 0.5, 0.55)}
    methods |= {f"soft, linear from IoU {t:g}": (soft_linear, t) for t in (0.4, 0.5)}
    methods |= {f"soft, Gaussian, sigma {s:g}": (soft_gaussian, s) for s in (0.2, 0.35, 0.5)}
    for name, (method, number) in methods.items():
        if not name.startswith(args.only):
            continue
        for voted in (False, True):
            found = []
            for boxes, scores in photos:
                keep, kept = method(boxes, scores, number, limit)
                placed = vote(boxes[keep], boxes, scores) if voted else boxes[keep]
                found.append(Detections(placed, kept, np.zeros(len(keep))))
            scored = Result.of(dataset, detector.labels, found).scored(0)
            row = {"model": detector.name, "dataset": dataset.name, "suppression": name, "vote": voted}
            row |= {k: scored["precision"][k] for k in ("AP", "AP50", "AP75", "AR300")}
            row["best_mae"] = scored["counting"]["best_mae"]
            print(*(f"{v:.4f}" if isinstance(v, float) else v for v in row.values()), sep="  ", flush=True)
            if args.csv:
                append_row(args.csv, row)


def candidates(detector, image):
    """Boxes (n, 4) in pixels of ``image`` and scores (n,), best first, as they enter the suppression."""
    height, width = image.shape[:2]
    longest = detector._fitting_size(image)
    shape = input_size(detector.config, width, height, longest)
    batch, scale = prepare(image, longest, shape, detector.config.resize)
    logits, codes = detector.run(batch)
    scores = 1 / (1 + np.exp(-logits.max(axis=1)))
    order = np.argsort(-scores)[:CANDIDATES]
    order = order[scores[order] >= LEAST_SCORE]
    boxes = decode(codes[order], detector.anchors(shape)[order], detector.config.coder)
    boxes, scores = clip(boxes / np.tile(np.float32(scale), 2), width, height), scores[order]
    solid = (boxes[:, 2:] - boxes[:, :2] >= 1).all(axis=1)
    return boxes[solid], scores[solid]


def hard(boxes, scores, threshold, limit):
    keep = nms(boxes, scores, threshold, limit)
    return keep, scores[keep]


def diou_nms(boxes, scores, threshold, limit):
    """Near boxes whose centres are apart may both stay."""
    low = np.minimum(boxes[:, None, :2], boxes[:, :2])
    high = np.maximum(boxes[:, None, 2:], boxes[:, 2:])
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    apart = ((centres[:, None] - centres) ** 2).sum(-1) / np.maximum(((high - low) ** 2).sum(-1), 1e-6)
    near = iou(boxes, boxes) - apart
    keep, free = [], np.ones(len(boxes), bool)
    for i in range(len(boxes)):
        if free[i]:
            keep.append(i)
            free &= near[i] <= threshold
    keep = np.array(keep[:limit], int)
    return keep, scores[keep]


def soft_linear(boxes, scores, threshold, limit):
    return soft(boxes, scores, limit, lambda overlap: np.where(overlap > threshold, 1 - overlap, 1))


def soft_gaussian(boxes, scores, sigma, limit):
    return soft(boxes, scores, limit, lambda overlap: np.exp(-(overlap**2) / sigma))


def soft(boxes, scores, limit, decay):
    """Neighbours of a kept box lose score instead of being dropped."""
    overlaps, scores = iou(boxes, boxes), scores.copy()
    left, keep, kept = np.ones(len(boxes), bool), [], []
    while left.any() and len(keep) < limit:
        best = np.where(left, scores, -1).argmax()
        if scores[best] < LEAST_SCORE:
            break
        keep.append(best)
        kept.append(scores[best])
        left[best] = False
        scores = np.where(left, scores * decay(overlaps[best]), scores)
    return np.array(keep, int), np.array(kept)


if __name__ == "__main__":
    main()
