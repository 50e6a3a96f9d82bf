"""Share of shelf: how the facings divide over brands, or over classes before brands are known."""

import numpy as np
import pandas as pd

UNKNOWN = "unknown"


def share_of_shelf(detections, labels=(), brands=()):
    """Facings and share of each brand, most facings first.

    Groups by ``brand_ids`` where they are set, by ``class_ids`` otherwise.

    Args:
        detections: the :class:`~skushare.detections.Detections` to count.
        labels: names of the classes; a class without a name keeps its number.
        brands: names of the brands, by ``brand_ids``; a negative id is unknown.

    Returns:
        A DataFrame with the columns ``name``, ``facings`` and ``share`` (0 to 1); without
        detections it has no rows.
    """
    grouped_by_brand = detections.brand_ids is not None
    ids, counts = np.unique(
        detections.brand_ids if grouped_by_brand else detections.class_ids, return_counts=True
    )
    names = brands if grouped_by_brand else labels
    return _shares([_name(i, names) for i in ids.tolist()], counts)


def add_shares(tables):
    """One share table over several photos; the shares are taken of all facings together."""
    tables = list(tables)
    if not tables:
        return _shares([], [])
    total = pd.concat(tables).groupby("name", sort=False)["facings"].sum()
    return _shares(total.index.tolist(), total.to_numpy())


def _name(index, names):
    if index < 0:
        return UNKNOWN
    return names[index] if index < len(names) else str(index)


def _shares(names, facings):
    facings = np.asarray(facings, np.int64)
    share = facings / facings.sum() if len(facings) else np.zeros(0)
    table = pd.DataFrame({"name": pd.Series(names, dtype=str), "facings": facings, "share": share})
    return table.sort_values(["facings", "name"], ascending=[False, True], ignore_index=True)
