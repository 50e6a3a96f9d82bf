"""Storing the score threshold that counts best in the model it was found for."""

import re

from skushare.detector.models import set_threshold
from skushare.errors import ConfigError

FEW = 30  # photos


def caution(photos):
    """What is to be said of a threshold that was chosen on so many ``photos``, a sentence or two."""
    if photos >= FEW:
        return "It was chosen on these very photos: as a rule, its error on others is larger."
    return (
        f"It was chosen on these very photos, and {photos} are few: on others it may count worse than the "
        f"one in use. Choose it on at least some {FEW} photos."
    )


def check_storable(model, dataset, force=False, mode="photo", size=None):
    """Whether a threshold that was chosen on ``dataset`` may be written into ``model``.

    Args:
        mode, size: of ``Detector.detect``, as the threshold was chosen.

    Raises:
        ConfigError: the dataset is a test split or has no boxes, the model does not count at that
            size, or it is a shipped one, which only ``force`` lets change.
    """
    if size and not _is_own_size(model.config, mode, size):
        raise ConfigError(
            f"{model.name}: in {mode} mode it does not count every picture at a size of {size}, which a "
            "threshold chosen there would be for; leave --size out"
        )
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


def _is_own_size(config, mode, size):
    """Whether ``Detector.detect`` sees the same with this ``size`` as with none."""
    if config.resize == "stretch":
        return True
    if mode == "live":
        return size == config.live_size
    # A given size is that of one look, without a glance for the size that fits the facings.
    return size == config.photo_size and config.facing_size <= 0 and len(config.photo_views) == 1


def is_unlabelled(dataset):
    """Whether there is no facing in ``dataset``: precision and recall on it say nothing."""
    return all(sample.ignored.all() for sample in dataset.samples)


def is_test(dataset):
    """Whether photos of ``dataset`` are kept for the final test, as far as names tell."""
    names = {sample.split for sample in dataset.samples} | {re.split("[@/]", dataset.name)[-1]}
    return any(name.lower().startswith("test") for name in names)


def is_by_machine(dataset):
    """Whether a model made some labels of ``dataset``: figures then tell how far another agrees with it."""
    return any((sample.facings.scores < 1).any() for sample in dataset.samples)
