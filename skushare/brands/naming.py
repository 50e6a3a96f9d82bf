"""Brands for the facings of one or many photos: from a gallery, and from their looks where it knows none."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from skushare.brands.brand_map import name_by_label
from skushare.brands.looks import centres, group_looks, look_name
from skushare.brands.recognition import named
from skushare.detections import Detections
from skushare.shelf.share import REFUSED


class Naming(NamedTuple):
    """What the facings of photos are.

    Attributes:
        detections: of each photo, with ``brand_ids`` (and ``sku_ids`` where a gallery was asked).
        brands: names, by brand id: those of the gallery, then those of the looks.
        looks: (photo, facing) of each look's most typical facing, the most frequent look first.
    """

    detections: list[Detections]
    brands: tuple[str, ...]
    looks: list[tuple[int, int]]


def name_facings(detections, embeddings, embedder, gallery=None, by_look=False, labels=()):
    """The :class:`Naming` of photos.

    Args:
        detections: of each photo.
        embeddings: (n, d) unit vectors of each photo's detections; a row of zeros is a facing that was
            not embedded, and stays unknown.
        embedder: that made them.
        gallery: a :class:`~skushare.brands.gallery.Gallery`, or ``None``.
        by_look: name what the gallery does not know (all, without one) "look A", "look B" and so on.
        labels: the detector's class names, by which a brand map names.
    """
    if gallery is None:
        found = [replace(d, brand_ids=np.full(len(d), -1)) for d in detections]
    elif gallery.by_label:
        found = [name_by_label(d, labels, gallery) for d in detections]
    else:
        found = [named(d, v, embedder, gallery) for d, v in zip(detections, embeddings, strict=True)]
    brands = () if gallery is None else gallery.brands
    if not by_look:
        return Naming(found, brands, [])
    places = [
        (photo, facing)
        for photo, (d, v) in enumerate(zip(found, embeddings, strict=True))
        for facing in np.flatnonzero((d.brand_ids < 0) & v.any(1)).tolist()
    ]
    if not places:
        return Naming(found, brands, [])
    vectors = np.stack([embeddings[photo][facing] for photo, facing in places]).astype(np.float32)
    looks = group_looks(vectors, embedder.likeness)
    photos, facings = np.array(places).T
    for photo in np.unique(photos):
        ids = found[photo].brand_ids.copy()
        rows = facings[photos == photo]
        ids[rows] = len(brands) + looks[photos == photo]
        scores = found[photo].brand_scores
        if scores is not None:  # of the gallery's brands; a look is what the gallery may know all the same
            scores = scores.copy()
            scores[rows] = 1 - REFUSED
        found[photo] = replace(found[photo], brand_ids=ids, brand_scores=scores)
    nearness = (vectors * centres(vectors, looks)[looks]).sum(1)
    typical = [
        places[np.flatnonzero(looks == k)[nearness[looks == k].argmax()]] for k in range(looks.max() + 1)
    ]
    return Naming(found, brands + tuple(map(look_name, range(len(typical)))), typical)
