"""What a plan names, read: datasets and the weights to start from."""

from dataclasses import replace

import numpy as np

from skushare.dataset.dataset import joined_labels
from skushare.dataset.formats import read_dataset
from skushare.errors import DatasetError
from skushare.evaluation.threshold import is_unlabelled
from skushare.evaluation.trained import read_trained
from skushare.training.plan import find_weights, labels_of


def read_data(plan):
    """The data of ``plan``, its classes joined by name.

    Returns:
        its ``DetectorConfig`` with the classes of all datasets to train on, in order of first
        appearance; a list of (``Dataset``, weight) to train on; and the ``Dataset`` to validate on.
        Class ids of all are positions in these labels; classes that only the validation has come
        after them, as in an evaluation: the boxes count, but the model has no name for them.

    Raises:
        DatasetError: a dataset cannot be read or has no photos, none to train on has a class, or that to
            validate on has no box.
    """
    datasets = [(read_source(source, plan.one_class), weight) for source, weight in plan.train]
    validation = read_source(plan.validation, plan.one_class)
    for dataset in (*(dataset for dataset, _ in datasets), validation):
        if not len(dataset):
            raise DatasetError(f"{dataset.name}: has no photos; choose another dataset or split")
    check_validation(validation)
    labels = joined_labels(dataset.labels for dataset, _ in datasets)
    if not labels:
        names = ", ".join(dataset.name for dataset, _ in datasets)
        raise DatasetError(f"{names}: no class to learn; label the photos, or choose others to train on")
    datasets = [(dataset.with_labels(labels), weight) for dataset, weight in datasets]
    validation = validation.with_labels(joined_labels([labels, validation.labels]))
    return replace(plan.detector, labels=labels), datasets, validation


def check_validation(dataset):
    """Raise a DatasetError if ``dataset`` has no box to choose weights and thresholds by."""
    if is_unlabelled(dataset):
        raise DatasetError(
            f"{dataset.name}: has no labelled box, so neither the best weights nor thresholds can be chosen "
            "on it; label its photos, or validate on others"
        )


def read_source(source, one_class):
    """The dataset ``source``, as all one class if asked for."""
    dataset = read_dataset(source)
    return dataset.as_one_class() if one_class else dataset


def trained_before(plan):
    """The hashes (n, 4) uint64 of the photos that the weights which ``plan`` starts from have seen.

    That is known of what lies in the folder of a run.

    Raises:
        ConfigError: there are no such weights.
    """
    places = find_weights(plan.weights).parents[:2] if plan.weights not in ("", "imagenet") else ()
    return np.concatenate([np.zeros((0, 4), np.uint64), *map(read_trained, places)])


def initial_weights(plan, config, say=None):
    """The function that loads the weights which ``plan`` starts from into a network, or ``None``.

    It tells whether they filled the layers that predict classes as well.

    Args:
        config: the network's ``DetectorConfig``, of :func:`read_data`.
        say: is told where the layers that predict classes begin at random values.
    """
    from skushare.detector import weights

    if plan.weights in ("", "imagenet"):
        return weights.load_imagenet if plan.weights else None
    path = find_weights(plan.weights)
    labels = labels_of(path)

    def load(network):
        filled = weights.load_matching(network, path, config, labels)
        if not filled and say:
            say("the weights are not of these classes; the layers that predict them begin at random values")
        return filled

    return load
