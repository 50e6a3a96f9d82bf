"""Storing the score threshold that counts best in the model it was found for."""

import re

from skushare.detector.models import set_threshold
from skushare.errors import ConfigError


def check_storable(model, dataset, force=False):
    """Whether a threshold that was chosen on ``dataset`` may be written into ``model``.

    Raises:
        ConfigError: the dataset is a test split or has no boxes, or the model is a shipped one,
            which only ``force`` lets change.
    """
    if is_unlabelled(dataset):
        raise ConfigError(
            f"{dataset.name}: has no labelled box, so the best threshold would be one that nothing reaches; "
            "choose it on labelled photos"
        )
    if is_test(dataset):
        raise ConfigError(
            f"{dataset.name}: a threshold chosen on a test split makes the figures on it too good; "
            "choose it on validation photos"
        )
    if model.is_shipped and not force:
        raise ConfigError(
            f"{model.name}: a shipped model is changed only when asked to (--force); "
            "or copy its folder and use the copy"
        )


def store_threshold(model, mode, min_score, dataset, force=False):
    """Make ``min_score`` the default of ``mode`` in ``model``; raises as :func:`check_storable`."""
    check_storable(model, dataset, force)
    set_threshold(model, mode, min_score)


def is_unlabelled(dataset):
    """Whether there is no box in ``dataset``: precision and recall on it say nothing."""
    return not any(len(sample.boxes) for sample in dataset.samples)


def is_test(dataset):
    """Whether photos of ``dataset`` are kept for the final test, as far as names tell."""
    names = {sample.split for sample in dataset.samples} | {re.split("[@/]", dataset.name)[-1]}
    return any(name.lower().startswith("test") for name in names)
