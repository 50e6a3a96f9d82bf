"""Two audits side by side: which brands gained and lost, and which stand elsewhere now."""

import numpy as np
import pandas as pd

from skushare.audits.audit import brand_names


def compare(before, after):
    """What moved from the audit ``before`` to ``after``, both as they stand after corrections.

    Returns:
        A DataFrame with a row a brand, the largest change of share first: ``brand``; the change of its share
        in ``points`` (percentage points); its ``margin``, beyond which it errs at most once in twenty times,
        from the margins of the two shares, and whether it is ``sure``, more than that; the ``change`` from
        ``facings_before`` to ``facings_after``; ``share_before``, ``share_after`` (0 to 1); ``place_before``
        and ``place_after``, where in a photo the brand's facings are on average (0 left, 1 right), and
        ``height_before`` and ``height_after`` (0 top, 1 bottom), not a number where it has none.
    """
    sides = [_figures(audit.corrected()) for audit in (before, after)]
    table = sides[0].merge(sides[1], on="brand", how="outer", suffixes=("_before", "_after"))
    for name in ("facings_before", "facings_after"):
        table[name] = table[name].fillna(0).astype(int)
    for side, figures in zip(("before", "after"), sides, strict=True):
        table[f"share_{side}"] = table[f"share_{side}"].fillna(0.0)
        # Where no facing was counted at all, nothing is known of any share.
        table[f"margin_{side}"] = table[f"margin_{side}"].fillna(0.0 if len(figures) else 1.0)
    table["change"] = table["facings_after"] - table["facings_before"]
    table["points"] = 100 * (table["share_after"] - table["share_before"])
    # As if the two shares' doubts were independent, which is on the safe side: where facings of a brand are
    # wrong alike in both, much of that cancels in the change.
    table["margin"] = 100 * np.hypot(table["margin_before"], table["margin_after"])
    table["sure"] = table["points"].abs() > table["margin"]
    order = table.assign(size=-table["points"].abs()).sort_values(["size", "brand"]).index
    pairs = [
        f"{name}_{side}" for name in ("facings", "share", "place", "height") for side in ("before", "after")
    ]
    columns = ["brand", "points", "margin", "sure", "change", *pairs]  # a phone shows the first three
    return table.loc[order, columns].reset_index(drop=True)


def _figures(audit):
    """Facings, share with its margin, and mean place of each brand."""
    shares = audit.shares()[["name", "facings", "share", "margin"]].rename(columns={"name": "brand"})
    names = [name for photo in audit.photos for name in brand_names(photo.detections, audit.brands)]
    middles = np.concatenate([np.zeros((0, 2)), *map(_middles, audit.photos)])
    table = pd.DataFrame(
        {"brand": pd.Series(names, dtype=str), "place": middles[:, 0], "height": middles[:, 1]}
    )
    return shares.merge(table.groupby("brand", as_index=False).mean(), on="brand", how="left")


def _middles(photo):
    """(n, 2): where the middle of each facing lies across and down the photo, 0 to 1."""
    boxes = photo.detections.boxes
    return (boxes[:, :2] + boxes[:, 2:]) / 2 / [photo.width, photo.height]
