"""How far the count of facings is off, and the score threshold that counts best."""

import numpy as np


def counting_error(true_counts, found, min_score):
    """Error of the number of detections scored at least ``min_score``.

    Args:
        true_counts: (n,) facings of each image; found: n ``Detections``.

    Returns:
        dict of ``MAE``, ``RMSE``, ``bias`` (found - true), in facings a photo, and
        ``MAPE`` in percent of each photo's true count.
    """
    true_counts = np.asarray(true_counts, float)
    error = np.array([(d.scores >= min_score).sum() for d in found], float) - true_counts
    return {
        "MAE": float(np.abs(error).mean()),
        "RMSE": float(np.sqrt((error**2).mean())),
        "MAPE": float(100 * (np.abs(error) / np.maximum(true_counts, 1)).mean()),
        "bias": float(error.mean()),
    }


def best_threshold(true_counts, found, candidates=None):
    """The score threshold of least mean absolute counting error, and that error.

    ``candidates`` default to .05, .06, ... .95; the lowest of equals wins.
    """
    candidates = np.arange(0.05, 0.951, 0.01) if candidates is None else candidates
    errors = [counting_error(true_counts, found, threshold)["MAE"] for threshold in candidates]
    best = int(np.argmin(errors))
    return round(float(candidates[best]), 4), errors[best]
