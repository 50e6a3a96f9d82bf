"""Measuring a model on a labelled dataset, and keeping the figures."""

import csv
import subprocess
from datetime import date
from pathlib import Path

from skushare.evaluation.coco import average_precision
from skushare.evaluation.counting import best_threshold, counting_error
from skushare.images import read_image

LEAST_SCORE = 0.01  # average precision wants the doubtful boxes too


def evaluate(detector, dataset, mode="photo", size=None, min_score=None, resamples=1000, progress=None):
    """Figures of ``detector`` on every photo of ``dataset``.

    Args:
        detector: a ``Detector``; dataset: a ``Dataset``.
        mode, size: of ``Detector.detect``.
        min_score: the threshold to count at; default the detector's for ``mode``.
        resamples: bootstrap resamples of photos for the interval of AP; 0 for none.
        progress: wraps the list of samples in an iterator that shows progress.

    Returns:
        dict: ``AP``, ``AP50``, ``AP75``, ``AR300`` (maxDets 300), ``AP_low`` and
        ``AP_high`` (95 % bootstrap interval), ``count_mae``, ``count_rmse``,
        ``count_bias``, ``count_mape`` at ``min_score``, and ``best_score`` with
        ``best_mae``: the threshold that would have counted best here.

    Raises:
        ImageError: a photo of the dataset cannot be read.
    """
    min_score = detector.threshold(mode) if min_score is None else min_score
    samples = dataset.samples
    found = [
        detector.detect(read_image(sample.path), mode=mode, min_score=LEAST_SCORE, size=size)
        for sample in (progress(samples) if progress else samples)
    ]
    truths = [sample.boxes for sample in samples]
    counts = [len(boxes) for boxes in truths]
    errors = counting_error(counts, found, min_score)
    threshold, least = best_threshold(counts, found)
    return {
        "model": detector.name,
        "dataset": dataset.name,
        "mode": mode,
        "size": size or detector.size(mode),
        "photos": len(samples),
        "boxes": sum(counts),
        **average_precision(truths, found, resamples=resamples),
        "min_score": min_score,
        "count_mae": errors["MAE"],
        "count_rmse": errors["RMSE"],
        "count_bias": errors["bias"],
        "count_mape": errors["MAPE"],
        "best_score": threshold,
        "best_mae": least,
    }


def append_row(path, row):
    """Add ``row`` to the CSV file ``path`` with the date and the git revision; columns may be new."""
    path = Path(path)
    row = {"date": date.today().isoformat(), "revision": _revision(), **row}
    rows = []
    if path.exists():
        with path.open(newline="") as handle:
            rows = list(csv.DictReader(handle))
    columns = list(dict.fromkeys([*(rows[0] if rows else {}), *row]))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, columns, restval="")
        writer.writeheader()
        writer.writerows([*rows, {k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()}])


def _revision():
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
