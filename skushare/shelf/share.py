"""Share of shelf: how the facings divide over brands, or over classes before brands are known."""

import numpy as np
import pandas as pd

UNKNOWN = "unknown"


def share_of_shelf(detections, labels=(), brands=()):
    """Facings and share of each brand in one photo, most facings first.

    Groups by ``brand_ids`` where they are set, by ``class_ids`` otherwise.

    Args:
        detections: the :class:`~skushare.detections.Detections` to count.
        labels: names of the classes; a class without a name keeps its number.
        brands: names of the brands, by ``brand_ids``; a negative id is unknown.

    Returns:
        A DataFrame with the columns ``name``, ``facings`` and ``share`` (0 to 1); without
        detections it has no rows.
    """
    return share_of_shelves([detections], labels, brands)


def share_of_shelves(photos, labels=(), brands=()):
    """As :func:`share_of_shelf`, over the detections of several photos together.

    Groups by brand only where every photo has its brands.
    """
    photos = list(photos)
    by_brand = bool(photos) and all(found.brand_ids is not None for found in photos)
    ids = [found.brand_ids if by_brand else found.class_ids for found in photos]
    ids, facings = np.unique(np.concatenate([np.zeros(0, np.int32), *ids]), return_counts=True)
    names = brands if by_brand else labels
    table = pd.DataFrame(
        {
            "name": pd.Series([_name(i, names) for i in ids.tolist()], dtype=str),
            "facings": facings.astype(np.int64),
            "share": facings / max(1, facings.sum()),
        }
    )
    return table.sort_values(["facings", "name"], ascending=[False, True], ignore_index=True)


def _name(index, names):
    if index < 0:
        return UNKNOWN
    return names[index] if index < len(names) else str(index)
