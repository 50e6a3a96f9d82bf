"""Measuring a model on a labelled dataset: its figures as a row."""

from skushare.dataset.dataset import read_photo
from skushare.evaluation.predictions import LEAST_SCORE
from skushare.evaluation.result import Result


def evaluate(detector, dataset, mode="photo", size=None, resamples=1000):
    """Figures of ``detector`` on every photo of ``dataset``, kept nowhere.

    Args:
        detector: a ``Detector``; dataset: a ``Dataset``.
        mode, size: of ``Detector.detect``.
        resamples: bootstrap resamples of photos for the interval of AP; 0 for none.

    Returns:
        dict, see :func:`make_row`.

    Raises:
        ImageError: a photo of the dataset cannot be read.
        DatasetError: one does not have the size that its labels are for.
    """
    found = find_all(detector, dataset, mode, size)
    result = Result.of(dataset, detector.labels, found)
    about = {
        "model": detector.name,
        "dataset": dataset.name,
        "mode": mode,
        "size": size or detector.config.size(mode),
    }
    return make_row(about, result, result.scored(resamples), detector.threshold(mode))


def find_all(detector, dataset, mode="photo", size=None):
    """The ``Detections`` in each photo of ``dataset``, with all doubtful ones; see :func:`evaluate`."""
    return [
        detector.detect(read_photo(sample), mode=mode, min_score=LEAST_SCORE, size=size)
        for sample in dataset.samples
    ]


def make_row(about, result, scored, min_score):
    """All figures as one row.

    Args:
        about: dict of ``model``, ``dataset``, ``mode`` and ``size``, the first columns.
        result: a ``Result``; scored: what its ``scored`` gave, perhaps with ``loss``.
        min_score: the threshold to count at.

    Returns:
        dict: ``about``, ``photos``, ``boxes``; ``AP``, ``AP50``, ``AP75``, ``AR300`` (maxDets 300),
        ``AP_low`` and ``AP_high`` (95 % bootstrap interval); ``count_mae``, ``count_rmse``,
        ``count_bias``, ``count_mape`` at ``min_score``; ``best_score`` with ``best_mae``: the
        threshold that would have counted best here; ``precision``, ``recall`` and ``f1`` at
        ``min_score`` and IoU .5; ``ece``; ``AP_small``, ``AP_medium``, ``AP_large``; with several
        classes ``class_AP``; if it was measured, ``loss`` with ``class_loss`` and ``box_loss``.
    """
    counted = result.at(min_score)
    rates = {name: counted.pop(name) for name in ("precision", "recall", "f1")}
    row = {**about, "photos": len(result.samples), "boxes": int(result.counts.sum())}
    row |= {**scored["precision"], **counted, **scored["counting"], **rates, **scored["other"]}
    if loss := scored.get("loss"):
        row |= {"loss": sum(loss), "class_loss": loss[0], "box_loss": loss[1]}
    return row
