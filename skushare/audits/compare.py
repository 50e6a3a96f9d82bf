"""Two audits side by side: which brands gained and lost, and which stand elsewhere now."""

import numpy as np
import pandas as pd


def compare(before, after):
    """What moved from the audit ``before`` to ``after``, both as they stand after corrections.

    Returns:
        A DataFrame with a row a brand, the largest change of share first: ``brand``; ``facings_before``,
        ``facings_after`` and their ``change``; ``share_before``, ``share_after`` (0 to 1) and the change in
        ``points`` (percentage points); ``place_before`` and ``place_after``, where along the shelf the
        brand's facings are on average (0 left, 1 right), and ``height_before`` and ``height_after`` (0 top,
        1 bottom), not a number where it has none.
    """
    sides = [_figures(audit.corrected()) for audit in (before, after)]
    table = sides[0].merge(sides[1], on="brand", how="outer", suffixes=("_before", "_after"))
    for name in ("facings_before", "facings_after"):
        table[name] = table[name].fillna(0).astype(int)
    for name in ("share_before", "share_after"):
        table[name] = table[name].fillna(0.0)
    table["change"] = table["facings_after"] - table["facings_before"]
    table["points"] = 100 * (table["share_after"] - table["share_before"])
    order = table.assign(size=-table["points"].abs()).sort_values(["size", "brand"]).index
    pairs = [
        f"{name}_{side}" for name in ("facings", "share", "place", "height") for side in ("before", "after")
    ]
    return table.loc[order, ["brand", *pairs, "change", "points"]].reset_index(drop=True)


def _figures(audit):
    """Facings, share and mean place of each brand."""
    shares = audit.shares()[["name", "facings", "share"]].rename(columns={"name": "brand"})
    table = audit.table()
    if table.empty:
        return shares.assign(place=np.nan, height=np.nan)
    sizes = {photo.name: (photo.width, photo.height) for photo in audit.photos}
    width, height = np.float64([sizes[name] for name in table["photo"]]).T
    middles = pd.DataFrame(
        {
            "brand": table["brand"],
            "place": (table["left"] + table["right"]) / 2 / width,
            "height": (table["top"] + table["bottom"]) / 2 / height,
        }
    )
    return shares.merge(middles.groupby("brand", as_index=False).mean(), on="brand", how="left")
