"""How far the count of facings is off, and the score threshold that counts best."""

import numpy as np
import pandas as pd

THRESHOLDS = np.round(np.arange(0.05, 0.951, 0.01), 2)


def counting_error(true_counts, found, min_score):
    """Error of the number of detections scored at least ``min_score``.

    Args:
        true_counts: (n,) facings of each image; found: n ``Detections``.

    Returns:
        dict of ``MAE``, ``RMSE``, ``bias`` (found - true), in facings a photo, and
        ``MAPE`` in percent of each photo's true count.
    """
    return counting_curve(true_counts, found, [min_score]).drop(columns="threshold").iloc[0].to_dict()


def counting_curve(true_counts, found, thresholds=THRESHOLDS):
    """A table of ``threshold``, ``MAE``, ``RMSE``, ``MAPE`` and ``bias``, see :func:`counting_error`."""
    true_counts = np.asarray(true_counts, float)[:, None]
    # Detections are compared as float32 everywhere else, so they are here.
    limits = np.asarray(thresholds, np.float32)
    counts = [len(d) - np.searchsorted(np.sort(d.scores), limits, side="left") for d in found]
    error = np.asarray(counts, float).reshape(-1, len(limits)) - true_counts
    return pd.DataFrame(
        {
            "threshold": thresholds,
            "MAE": np.abs(error).mean(axis=0),
            "RMSE": np.sqrt((error**2).mean(axis=0)),
            "MAPE": 100 * (np.abs(error) / np.maximum(true_counts, 1)).mean(axis=0),
            "bias": error.mean(axis=0),
        }
    )


def best_threshold(true_counts, found):
    """The one of ``THRESHOLDS`` of least mean absolute counting error, and that error.

    The lowest of equals wins.
    """
    curve = counting_curve(true_counts, found)
    best = curve.loc[curve["MAE"].idxmin()]
    return float(best["threshold"]), float(best["MAE"])
