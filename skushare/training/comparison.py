"""What differs between training runs."""

import json
from dataclasses import asdict

import pandas as pd

from skushare.training.choices import weights_name


def score(row):
    """What the weights of a validation are chosen by: AP, and of several classes the mean AP of each added.

    For hundreds of steps a network finds facings before it tells their classes apart: AP alone would choose
    weights that do not.

    Args:
        row: of ``Run.metrics()``, or the whole data frame.
    """
    return row["AP"] + row.get("class_AP", 0.0)


def best_figures(metrics):
    """{measure: value} of the row of ``Run.metrics()`` that has the best :func:`score`; empty without one."""
    if "AP" not in metrics or (scores := score(metrics)).isna().all():
        return {}
    best = metrics.loc[scores.idxmax()]
    names = ("step", "AP", "AP50", "AP75", "class_AP", "count_mae")
    return {name: float(best[name]) for name in names if name in best}


def validated_alike(runs):
    """Whether the figures of ``runs`` are of the same photos and labels, as far as their folders tell."""
    settings = {(run.plan.validation, run.plan.training.validation_photos) for run in runs}
    digests = {}  # numbers of classes are part of them
    for run in runs:
        if (digest := run.validation_digest()) is not None:
            digests.setdefault(run.detector.labels, set()).add(digest)
    return len(settings) <= 1 and all(len(found) == 1 for found in digests.values())


def differing_settings(plans):
    """The settings in which some of ``plans``, {name of the run: ``Plan``}, differ.

    Returns:
        DataFrame of texts with a row for each such setting and a column for each run.
    """
    table = pd.DataFrame({name: _flat(plan) for name, plan in plans.items()}, dtype=object).fillna("")
    return table[table.nunique(axis=1) > 1]


def _flat(plan):
    """{name of the setting: its value as text}."""
    values = asdict(plan)
    values["train"] = ", ".join(
        f"{source} x {weight:g}" if weight != 1 else source for source, weight in plan.train
    )
    values["weights"] = weights_name(plan.weights)
    flat = {}
    for name, value in values.items():
        flat |= value if isinstance(value, dict) else {name: value}
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in flat.items()}
