"""What a plan names, read: datasets and the weights to start from."""

from dataclasses import replace

from skushare.dataset.formats import read_dataset
from skushare.errors import DatasetError
from skushare.training.plan import find_weights


def read_data(plan):
    """The data of ``plan``.

    Returns:
        its ``DetectorConfig`` with the labels of the data, a list of (``Dataset``, weight) to train
        on, and the ``Dataset`` to validate on.

    Raises:
        DatasetError: a dataset cannot be read, has no photos, or other classes than the rest.
    """
    validation = read_source(plan.validation, plan.one_class)
    datasets = [(read_source(source, plan.one_class), weight) for source, weight in plan.train]
    for dataset in (validation, *(dataset for dataset, _ in datasets)):
        if not len(dataset):
            raise DatasetError(f"{dataset.name}: has no photos; choose another dataset or split")
        if dataset.labels != validation.labels:
            raise DatasetError(
                f"{dataset.name}: its classes are not those of {validation.name}; "
                "make them agree or train all as one class"
            )
    return replace(plan.detector, labels=validation.labels), datasets, validation


def read_source(source, one_class):
    """The dataset ``source``, as all one class if asked for."""
    dataset = read_dataset(source)
    return dataset.as_one_class() if one_class else dataset


def initial_weights(plan):
    """The function that loads the weights which ``plan`` starts from into a network, or ``None``."""
    from skushare.detector import weights

    if plan.weights in ("", "imagenet"):
        return weights.load_imagenet if plan.weights else None
    path = find_weights(plan.weights)
    return lambda network: weights.load_matching(network, path)
