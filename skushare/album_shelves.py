"""The shelves that the photos of an album show: each by itself, or several of one shelf joined."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from skushare.album import PREVIEW_SIDE, Photo
from skushare.detections import Detections
from skushare.jpeg import decode_jpeg, encode_jpeg, shrink
from skushare.shelf.gaps import Gaps, doubtful_boxes, find_gaps
from skushare.shelf.mosaic import lay_photos
from skushare.shelf.rows import assign_rows
from skushare.shelf.share import UNKNOWN, is_look


@dataclass(frozen=True, eq=False)
class Shelf:
    """What counts as one picture: a photo, or several of one shelf joined.

    Attributes:
        key: of the photo in its album; ``None`` for joined ones.
        parts: (key, :class:`~skushare.album.Photo`) of each photo that was joined.
        detections: the facings that count, with their rows; doubtful: boxes (n, 4) that do not count, but
            may fill a gap; gaps: between the facings.
    """

    key: str | None
    photo: Photo
    detections: Detections
    doubtful: np.ndarray
    gaps: Gaps
    parts: tuple = ()


def single_shelves(album, found, min_score, places):
    """A :class:`Shelf` a photo of ``album``.

    Args:
        found: the :class:`~skushare.detections.Detections` of each photo that count, those of at least
            ``min_score``.
        places: {photo: (number of facings, row ids, gaps)}; it grows. So many facings are the same ones,
            those of the highest scores, with the same rows and gaps whatever the brands.
    """
    return [
        _alone(key, photo, detections, min_score, places)
        for (key, photo), detections in zip(album.photos.items(), found, strict=True)
    ]


def lay_album(photos):
    """How ``photos`` lie over one another.

    Returns:
        A list of (:class:`~skushare.shelf.mosaic.Laid`, JPEG bytes of the joined picture or ``None`` for a
        photo by itself).
    """
    images = [decode_jpeg(photo.preview) for photo in photos]
    return [
        (laid, encode_jpeg(shrink(laid.picture(images), 2 * PREVIEW_SIDE)) if len(laid.sizes) > 1 else None)
        for laid in lay_photos(images)
    ]


def joined_shelves(album, found, min_score, places, laid):
    """A :class:`Shelf` for each set of photos of ``album`` that overlap, and for each other photo.

    Args:
        found, min_score, places: as of :func:`single_shelves`.
        laid: of the photos, as :func:`lay_album` gives it.
    """
    keys, photos = list(album.photos), list(album.photos.values())
    shelves = []
    for lies, preview in laid:
        members = sorted(lies.moves)
        if preview is None:  # by itself, in all its pixels
            (only,) = members
            shelves.append(_alone(keys[only], photos[only], found[only], min_score, places))
            continue
        scales = {m: np.float32(lies.sizes[m][0] / photos[m].width) for m in members}
        scaled = {m: found[m].scaled(scales[m]) for m in members}
        rowed = assign_rows(lies.unite(scaled))
        name = " + ".join(photos[member].name for member in members)
        photo = Photo(name, *lies.size, preview, rowed)
        doubtful = lies.place(
            {m: doubtful_boxes(photos[m].detections, min_score) * scales[m] for m in members}
        )
        parts = tuple((keys[m], photos[m]) for m in members)
        shelves.append(Shelf(None, photo, rowed, doubtful, find_gaps(rowed, doubtful), parts))
    return shelves


def counts_of(shelves):
    """One row a picture: name, facings, mean score of what is counted, size in pixels."""
    rows = []
    for shelf in shelves:
        scores = shelf.detections.scores
        mean = round(float(scores.mean()), 3) if len(scores) else None
        rows.append((shelf.photo.name, len(scores), mean, shelf.photo.width, shelf.photo.height))
    return pd.DataFrame(rows, columns=["photo", "facings", "mean score", "width", "height"])


def facings_of(shelves, labels, brands):
    """One row a facing, in pixels of its picture; shelf rows count from 1, the topmost.

    A look is no brand, as in audits: it has a column of its own, if there are any.

    Args:
        labels: names of the classes; brands: of the brands, empty where the facings have none.
    """
    tables = []
    for shelf in shelves:
        table = shelf.detections.to_frame(labels).assign(photo=shelf.photo.name)
        if brands:
            names = [brands[i] if i >= 0 else UNKNOWN for i in shelf.detections.brand_ids]
            looks = np.array([bool(is_look(name)) for name in names], bool)
            table["brand"] = np.where(looks, UNKNOWN, names)
            if any(map(is_look, brands)):
                table.insert(table.columns.get_loc("brand") + 1, "look", np.where(looks, names, ""))
            if "brand score" in table:
                table["brand score"] = table["brand score"].mask(looks)
        tables.append(table.drop(columns="sku", errors="ignore"))
    table = pd.concat([Detections(row_ids=[]).to_frame().assign(photo=""), *tables], ignore_index=True)
    return table[["photo", *table.columns.drop("photo")]]


def _alone(key, photo, detections, min_score, places):
    doubtful = doubtful_boxes(photo.detections, min_score)
    if places.get(photo, (None,))[0] != len(detections):
        rowed = assign_rows(detections)
        places[photo] = len(detections), rowed.row_ids, find_gaps(rowed, doubtful)
    _, rows, gaps = places[photo]
    return Shelf(key, photo, replace(detections, row_ids=rows), doubtful, gaps)
