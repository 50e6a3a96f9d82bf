"""Share of shelf: how the shelf divides over brands, or over classes before brands are known."""

import re
from functools import lru_cache

import numpy as np
import pandas as pd

from skushare.shelf.certainty import certainties
from skushare.shelf.margins import share_margins
from skushare.shelf.plane import ShelfPlane
from skushare.shelf.rows import row_ids, rows_of

UNKNOWN = "unknown"
OWN, COMPETITORS = "own brands", "competitors"
# How likely a facing that the gallery did not know is of one of its brands. Chosen on validation photos by
# `benchmarks/margins.py`.
REFUSED = 0.2
MEASURES = ("share", "linear", "area")
KEPT = 2048  # photos whose facings' sizes are remembered; a thousand facings take 40 kB
COLUMNS = ("name", "facings", "share", "margin", "linear", "linear_margin", "area", "area_margin")
TOGETHER_MARGIN = "together_margin"  # the part of "margin" that the same brands on other shelves have alike


def is_look(name):
    """Whether ``name`` is that of a look ("look A"), which is unknown, and another one on each shelf."""
    return re.fullmatch("look [A-Z]+", name) is not None


def margin_of(measure):
    """The column of a table with ``COLUMNS`` that has the margins of ``measure``, one of ``MEASURES``."""
    return "margin" if measure == "share" else f"{measure}_margin"


def share_of_shelf(detections, labels=(), brands=(), own=None):
    """Facings and shares of each brand in one photo, most facings first.

    Groups by ``brand_ids`` where they are set, by ``class_ids`` otherwise. ``linear`` is the share of the
    width along the boards, in which what is stacked counts once, ``area`` that of the boxes' area; tilt and
    perspective are taken out of both. Each share has a margin: it lies, with a certainty of 95 %, within
    share - margin and share + margin, as far as the doubt comes from boxes that may be no facings and from
    brands that may be others (see :func:`~skushare.shelf.margins.share_margins`).

    Args:
        detections: the :class:`~skushare.detections.Detections` to count.
        labels: names of the classes; a class without a name keeps its number.
        brands: names of the brands, by ``brand_ids``; a negative id is unknown.
        own: names of the own brands, to have them against all others in two or three lines (unknown, looks
            too, stays apart), in place of a line a brand.

    Returns:
        A DataFrame with ``COLUMNS``, shares and margins from 0 to 1; without detections it has no rows.
    """
    return share_of_shelves([detections], labels, brands, own)


def share_of_shelves(photos, labels=(), brands=(), own=None, kept=None):
    """As :func:`share_of_shelf`, over the detections of several photos together.

    Groups by brand only where every photo with facings has its brands. A photo weighs as much as it has
    facings.

    Args:
        kept: which facings of each photo count, a list of (n,) bool, as of :func:`of_category`; default: all.
            Tilt and perspective come from all of them.
    """
    return _table([_columns(list(photos), labels, brands, own, kept)])


def share_of_each(shelves, further=()):
    """As :func:`share_of_shelves`, for each of several shelves, one below the other.

    Args:
        shelves: a list of (names of the brands, detections of the photos).
        further: columns to have besides: ``TOGETHER_MARGIN``.

    Returns:
        (the DataFrame, how many lines of it each shelf has).
    """
    parts = [_columns(photos, (), brands) for brands, photos in shelves]
    return _table(parts, further), [len(part["name"]) for part in parts]


def names_of(photos, labels=(), brands=()):
    """The names of :func:`share_of_shelves` in its order, without measuring the facings."""
    ids, names, _ = _ids([found for found in photos if len(found)], labels, brands)
    called, groups = _groups(ids, names, None)
    return called[_order(called, np.bincount(groups))].tolist()


def share_by_row(detections, labels=(), brands=(), kept=None):
    """As :func:`share_of_shelf`, for each shelf row; the column ``row`` counts from 1, the topmost.

    ``kept``: which facings count, (n,) bool; default: all. A row without one has no line.
    """
    ids = rows_of(detections)
    kept = np.ones(len(ids), bool) if kept is None else kept
    rows = np.unique(ids[kept]) if kept.any() else [-1]  # no row at all has a table without lines
    parts = [_columns([detections], labels, brands, kept=[kept & (ids == row)]) for row in rows]
    table = _table(parts)
    table.insert(0, "row", np.repeat(rows, [len(part["name"]) for part in parts]) + 1)
    return table


def with_targets(shares, targets, measure="share", brands=()):
    """``shares`` with what each name should have: columns ``target``, ``difference`` and ``sure``.

    Args:
        shares: a table of :func:`share_of_shelf`.
        targets: {name: share from 0 to 1}; others have none.
        measure: one of ``MEASURES``.
        brands: that facings could have had; those with a target but no facing have a line, too, without a
            margin.

    ``difference`` is the share less the target, ``sure`` whether it is more than the share's margin.
    """
    absent = sorted({*brands} & {*targets} - {*shares["name"]}, key=str.casefold)
    if absent:
        nothing = {name: np.nan if "margin" in name else 0 for name in shares.columns if name != "name"}
        shares = pd.concat([shares, pd.DataFrame({"name": absent}).assign(**nothing)], ignore_index=True)
    target = shares["name"].map(targets).astype(float)
    difference = shares[measure] - target
    sure = difference.abs() > shares[margin_of(measure)]
    return shares.assign(target=target, difference=difference, sure=sure)


def in_category(detections, categories, wanted, of_brands=()):
    """The detections of a category, as of :func:`of_category`."""
    return detections[of_category(detections, categories, wanted, of_brands)]


def of_category(detections, categories, wanted, of_brands=()):
    """Which detections are of a category, (n,) bool.

    Args:
        categories: of each SKU, by ``sku_ids``; wanted: the one to keep.
        of_brands: the category of each brand, by ``brand_ids``, empty where it has several or none
            (:func:`~skushare.brands.gallery.categories_of_brands`): it is that of a facing whose brand is
            known, but not its SKU, as one that a person gave its brand. All other unknown SKUs are in none.
    """
    skus = np.full(len(detections), -1) if detections.sku_ids is None else detections.sku_ids
    keep = np.isin(skus, [i for i, category in enumerate(categories) if category == wanted])
    if detections.brand_ids is not None:
        brands = [i for i, category in enumerate(of_brands) if category == wanted]
        keep |= (skus < 0) & np.isin(detections.brand_ids, brands)
    return keep


def _sizes(detections):
    """Width along its board and area of each facing, as parts of the photo's means.

    They are remembered: a page asks for several tables of the same boxes, whatever their brands.
    """
    rows = detections.row_ids
    return _measured(detections.boxes.tobytes(), None if rows is None else rows.tobytes())


@lru_cache(maxsize=KEPT)
def _measured(boxes, rows):
    """The sizes of ``boxes``, bytes of (n, 4) float32, and ``rows``, bytes of (n,) int32 or ``None``."""
    boxes = np.frombuffer(boxes, np.float32).reshape(-1, 4)
    plane = ShelfPlane.fit(boxes)
    flat = plane.straighten(boxes)
    rows = row_ids(boxes, plane) if rows is None else np.frombuffer(rows, np.int32)
    width, height = np.maximum(flat[:, 2] - flat[:, 0], 1e-6), flat[:, 3] - flat[:, 1]
    shared = np.minimum(flat[:, None, 2], flat[:, 2]) - np.maximum(flat[:, None, 0], flat[:, 0])
    stacked = (2 * shared > np.minimum(width[:, None], width)) & (rows[:, None] == rows)
    length, area = width / np.maximum(stacked.sum(1), 1), width * height
    return _of_mean(length), _of_mean(area)


def _of_mean(values):
    return values / max(values.mean(), 1e-9) if len(values) else values


def _table(parts, further=()):
    """One DataFrame of the columns of several, one below the other."""
    columns = (*COLUMNS, *further)
    table = pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in columns})
    return table.astype({"name": str})


def _columns(photos, labels, brands, own=None, kept=None):
    """The columns of :func:`share_of_shelves`, as arrays: a table a row of a shelf would take its time."""
    photos, lengths, areas = _counted(photos, kept)
    ids, names, by_brand = _ids(photos, labels, brands)
    called, groups = _groups(ids, names, own)
    looks = np.array([by_brand and is_look(name) for name in called], bool)
    apart = looks | (called == UNKNOWN)  # beside looks, what else is unknown is a line of its own
    # To the brands, looks are what is unknown.
    merged, line = np.unique(np.where(looks, UNKNOWN, called), return_inverse=True)
    kinds = np.where(np.isin(ids, [i for i, name in enumerate(names) if by_brand and is_look(name)]), -1, ids)
    merged_sure, sure = (_named_surely(photos, which, by_brand) for which in (kinds, ids))
    present = _join([certainties(found) for found in photos])
    facings = np.bincount(groups)
    columns = {"name": called, "facings": facings}
    for measure, weight in zip(MEASURES, (np.ones(len(ids)), _join(lengths), _join(areas)), strict=True):
        sums = np.bincount(groups, weight, len(called))
        shares = sums / max(sums.sum(), 1e-9)
        merged_shares = np.bincount(line, shares, len(merged))
        margins = share_margins(line[groups], merged_shares, weight, present, merged_sure, kinds)[:, line]
        if looks.any():
            margins[:, apart] = share_margins(groups, shares, weight, present, sure, ids)[:, apart]
        columns[measure] = shares
        columns[margin_of(measure)], together = margins
        if measure == "share":
            columns[TOGETHER_MARGIN] = together
    order = _order(called, facings)
    return {name: column[order] for name, column in columns.items()}


def _counted(photos, kept):
    """(those of ``photos`` that have facings, of these the ``kept`` ones, the lengths and areas of each)."""
    counted = [i for i, found in enumerate(photos) if len(found)]  # of others, brands are not known
    sizes = [_sizes(photos[i]) for i in counted]
    photos = [photos[i] for i in counted]
    if kept is not None:
        kept = [kept[i] for i in counted]
        photos = [found[mask] for found, mask in zip(photos, kept, strict=True)]
        sizes = [[_of_mean(size[mask]) for size in pair] for pair, mask in zip(sizes, kept, strict=True)]
    return photos, [length for length, _ in sizes], [area for _, area in sizes]


def _named_surely(photos, ids, by_brand):
    """(n,) how sure the names of facings are that go by ``ids``; of an unknown one, that it is no brand's."""
    if not by_brand:
        return np.ones(len(ids))
    sure = _join([np.ones(len(p)) if p.brand_scores is None else p.brand_scores for p in photos])
    scored = _join([np.full(len(p), p.brand_scores is not None) for p in photos]).astype(bool)
    scores = _join([found.scores for found in photos])
    # None but a person is sure of both, that it is a facing and what it is.
    unsure = scored & (np.minimum(sure, scores) < 1)
    return np.where(unsure & (ids < 0), 1 - REFUSED, sure)


def _ids(photos, labels, brands):
    """(the number that each facing goes by, the names of these, whether they are brands)."""
    by_brand = bool(photos) and all(found.brand_ids is not None for found in photos)
    ids = _join([found.brand_ids if by_brand else found.class_ids for found in photos])
    return ids.astype(int), brands if by_brand else labels, by_brand


def _order(called, facings):
    return np.lexsort((called, -facings))


def _groups(ids, names, own):
    """(names in order, which of them each of ``ids`` has)."""
    different, ids = np.unique(ids, return_inverse=True)
    called = [name_of(i, names) for i in different.tolist()]
    if own is not None:
        called = [UNKNOWN if c == UNKNOWN or is_look(c) else OWN if c in own else COMPETITORS for c in called]
    called, groups = np.unique(np.array(called, str), return_inverse=True)
    return called, groups[ids]


def _join(parts):
    return np.concatenate([np.zeros(0), *parts])


def name_of(index, names):
    """The name of the brand or class number ``index``; of one without a name its number."""
    if index < 0:
        return UNKNOWN
    return names[index] if index < len(names) else str(index)
