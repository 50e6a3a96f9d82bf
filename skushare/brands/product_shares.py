"""Share of shelf by product, with the products that are not on the shelf."""

from dataclasses import replace

import numpy as np
import pandas as pd

from skushare.shelf.share import UNKNOWN, is_look, share_of_shelves


def knows_products(skus):
    """Whether any of ``skus`` has a name of its own, and not that of its brand."""
    return any(sku.name != sku.brand for sku in skus)


def share_by_product(photos, skus, brands=(), measure="share", kept=None):
    """Facings and share of each product over several photos together, most facings first.

    Args:
        photos: a list of :class:`~skushare.detections.Detections`.
        skus: the gallery's :class:`~skushare.brands.gallery.Sku`, by ``sku_ids``; one without a facing has a
            row of 0.
        brands: names of the brands, by ``brand_ids``, of facings whose product is unknown; looks are none.
        measure: of :data:`~skushare.shelf.share.MEASURES`, that the share is of.
        kept: as of :func:`~skushare.shelf.share.share_of_shelves`.

    Returns:
        A DataFrame of ``brand``, ``product``, ``facings`` and ``share`` (0 to 1). It has no margins: how sure
        a facing's product is, is not known.
    """
    names = [(sku.brand, sku.name) for sku in skus]
    names += [(UNKNOWN if is_look(brand) else brand, UNKNOWN) for brand in brands] + [(UNKNOWN, UNKNOWN)]
    numbers = [str(number) for number in range(len(names))]
    counted = []
    for found in photos:
        none = np.full(len(found), -1)
        ids, of_brand = (none if i is None else i for i in (found.sku_ids, found.brand_ids))
        of_brand = np.where(of_brand < 0, len(names) - 1, len(skus) + of_brand)
        counted.append(
            replace(found, brand_ids=np.where(ids < 0, of_brand, ids), sku_ids=None, brand_scores=None)
        )
    shares = share_of_shelves(counted, brands=numbers, kept=kept).set_index("name")
    table = pd.DataFrame(names, columns=["brand", "product"])
    table["facings"] = shares["facings"].reindex(numbers, fill_value=0).to_numpy()
    table["share"] = shares[measure].reindex(numbers, fill_value=0.0).to_numpy()
    table = table[(table.index < len(skus)) | (table["facings"] > 0)]
    table = table.groupby(["brand", "product"], as_index=False).sum()
    return table.sort_values("facings", ascending=False, kind="stable", ignore_index=True)
