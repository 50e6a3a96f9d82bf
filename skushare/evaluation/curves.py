"""What a score is worth: precision and recall at every threshold, and calibration."""

import numpy as np
import pandas as pd

POINTS = 201  # of a curve that is drawn; the data may have millions
SCORE_FLOOR = 0.05  # what is scored lower is never shown to a user, and would flatter the calibration
BIN = 0.05
ENOUGH = 10  # detections of a bin that tell how often they are right


def precision_recall(scores, hits, truths):
    """Precision and recall at every threshold, thinned to ``POINTS`` steps of recall.

    Args:
        scores: (d,) of all detections of all photos; hits: (d,) bool, whether right.
        truths: number of true boxes.

    Returns:
        DataFrame of ``threshold``, ``precision``, ``recall``, recall rising.
    """
    order = np.argsort(-scores, kind="stable")
    true = np.cumsum(hits[order])
    last = np.append(np.diff(scores[order]) != 0, True)[: len(order)]  # of equal scores all count or none
    table = pd.DataFrame(
        {
            "threshold": scores[order],
            "precision": true / np.arange(1, len(order) + 1),
            "recall": true / max(truths, 1),
        }
    )[last]
    if len(table) > POINTS:
        at = np.searchsorted(table["recall"], np.linspace(0, table["recall"].iloc[-1], POINTS))
        table = table.iloc[np.unique(np.append(at, len(table) - 1))]
    return table.reset_index(drop=True)


def calibration(scores, hits):
    """How often detections of about the same score are right.

    Args:
        scores, hits: as in :func:`precision_recall`; scores below ``SCORE_FLOOR`` are left out.

    Returns:
        DataFrame of ``low``, ``high`` (bounds of the score), ``score`` (its mean), ``precision``
        and ``detections``, one row a bin that holds any; and the expected calibration error: the mean
        difference of score and precision, weighted by detections (NaN where there are none).
    """
    keep = scores >= SCORE_FLOOR
    scores, hits = scores[keep].astype(float), hits[keep]
    bins = np.minimum((scores / BIN).astype(int), round(1 / BIN) - 1)
    table = pd.DataFrame({"bin": bins, "score": scores, "right": hits}).groupby("bin", as_index=False)
    table = table.agg(score=("score", "mean"), precision=("right", "mean"), detections=("right", "size"))
    table.insert(0, "low", (table["bin"] * BIN).round(2))
    table.insert(1, "high", (table["low"] + BIN).round(2))
    table = table.drop(columns="bin")
    gap = (table["score"] - table["precision"]).abs()
    total = table["detections"].sum()
    return table, float((gap * table["detections"]).sum() / total) if total else float("nan")


def facing_curve(scores, hits):
    """How likely a detection is right, by its score, in a few rising numbers.

    Args:
        scores, hits: as in :func:`precision_recall`.

    Returns:
        (scores, probabilities), lists from 0 to 1: a point for each bin of :func:`calibration` with
        ``ENOUGH`` detections, those that would fall pooled; ``None`` where there are not two of them.
        Between its ends, no probability is 0 or 1: ten of ten make nothing certain (Laplace's rule).
    """
    from scipy.optimize import isotonic_regression  # takes a second to import; packaging alone needs it

    table = calibration(scores, hits)[0]
    table = table[table["detections"] >= ENOUGH]
    if len(table) < 2:
        return None
    total = table["detections"]
    likely = (table["precision"] * total + 1) / (total + 2)
    rising = isotonic_regression(likely, weights=total).x
    # Four digits would make 1 of 20,000 of 20,000.
    return [0.0, *table["score"].round(4).tolist(), 1.0], [0.0, *rising.round(6).tolist(), 1.0]
