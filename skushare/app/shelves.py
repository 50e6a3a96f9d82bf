"""Shelf rows, gaps and shares of the photos on a page, and photos that show one shelf."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from skushare.album import PREVIEW_SIDE, Photo
from skushare.app.shares import MEASURES
from skushare.app.text import plain
from skushare.charts import rows_chart
from skushare.detections import Detections
from skushare.jpeg import decode_jpeg, encode_jpeg, shrink
from skushare.shelf.blocks import adjacency, block_table
from skushare.shelf.gaps import Gaps, doubtful_boxes, find_gaps
from skushare.shelf.mosaic import lay_photos
from skushare.shelf.rows import assign_rows
from skushare.shelf.share import UNKNOWN, is_look, share_by_row

MOST_JOINED = 12  # photos; joining compares each with each


@dataclass(frozen=True, eq=False)
class Shelf:
    """What a page shows as one picture: a photo, or several of one shelf joined.

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


def shelves_of(album, naming, min_score, key):
    """The :class:`Shelf` of each photo of ``album``, or of each set of joined ones if the visitor so chooses.

    They are kept until the photos, the score, the names or the choice change; how joined photos lie over one
    another, until the photos do.

    Args:
        naming: the album's :class:`~skushare.brands.naming.Naming` at that score, or ``None``.
    """
    joined = 1 < len(album) <= MOST_JOINED and st.toggle(
        "These photos show one shelf",
        key=f"{key}_joined",
        persist_state="session",  # as the list of photos
        help="Photos that overlap are joined, and what several of them show counts once.",
    )
    made_of = tuple(album.photos.values()), min_score, joined
    kept = st.session_state.get(f"{key}_shelves")
    if kept is None or kept[0] != made_of or kept[1] is not naming:
        found = naming.detections if naming else album.found(min_score)
        places = st.session_state.get(f"{key}_places", {})
        places = {photo: places[photo] for photo in album.photos.values() if photo in places}
        with st.spinner("Joining the photos") if joined else st.empty():
            if joined:
                shelves = _joined(album, found, min_score, places, _laid(album, f"{key}_laid"))
            else:
                shelves = _single(album, found, min_score, places)
        kept = made_of, naming, shelves
        st.session_state[f"{key}_shelves"], st.session_state[f"{key}_places"] = kept, places
    if joined and (alone := [shelf.photo.name for shelf in kept[2] if not shelf.parts]):
        st.warning("These overlap no other photo and count by themselves: " + plain(", ".join(alone)))
    return kept[2]


def drawing_choices(key):
    """(colour by row, show gaps, show blocks), as the visitor chooses."""
    with st.container(horizontal=True):
        by_row = st.toggle("Colour by shelf row", key=f"{key}_by_row", persist_state="page")
        gaps = choose_gaps(key)
        blocks = st.toggle(
            "Show brand blocks",
            key=f"{key}_blocks",
            help="Facings of one brand that touch get one outline.",
            persist_state="page",
        )
    return by_row, gaps, blocks


def choose_gaps(key):
    """Whether the visitor wants to see gaps."""
    return st.toggle(
        "Show gaps",
        key=f"{key}_gaps",
        help="Empty places between two facings of a row: products that are probably out of stock.",
        persist_state="page",
    )


def show_layout(names, photos, labels, brands, measure, colors, key, kept=None):
    """How a chosen photo divides over its shelf rows, and which brands stand together and beside which.

    Args:
        names: of the photos; photos: the :class:`~skushare.detections.Detections` of each.
        labels: names of the classes; brands: of the brands, empty where the facings have none.
        measure: column of a share; colors: {name: ``"#RRGGBB"``}.
        kept: which detections of each photo count, (n,) bool; default: all.
    """
    ways = ("By shelf row", "Blocks", "Neighbours") if brands or len(labels) > 1 else ("By shelf row",)
    st.markdown("##### On the shelf")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = st.segmented_control(
            "Show", ways, default=ways[0], key=f"{key}_way", required=True, persist_state="page"
        )
        chosen = 0
        if len(names) > 1:
            chosen = st.selectbox(
                "Photo",
                range(len(names)),
                format_func=lambda i: names[i],
                key=f"{key}_photo",
                persist_state="page",
            )
    found, kept = photos[chosen], kept and kept[chosen]
    if not (len(found) if kept is None else kept.any()):
        st.caption("Nothing counted at this confidence.")
    elif way == "Blocks":
        table = block_table(found, labels, brands, kept)
        large = table[(table["facings"] > 1) & (table["name"] != UNKNOWN)]
        st.dataframe(large[["name", "facings", "rows"]], hide_index=True)
        st.caption(
            "A block: facings of one brand that touch, also across rows. "
            f"Facings that stand alone: {int((table['facings'] == 1).sum())}."
        )
    elif way == "Neighbours":
        st.dataframe(adjacency(found, labels, brands, kept), hide_index=True)
        st.caption("How often facings of two brands stand side by side.")
    else:
        _show_rows(share_by_row(found, labels, brands, kept), measure, colors)


def _show_rows(rows, measure, colors):
    chart = rows_chart(rows, measure, colors, set(filter(is_look, rows["name"])))
    st.altair_chart(chart, width="stretch")
    named = {column: f"{name.lower()}, %" for name, column in MEASURES.items()}
    named |= {column: "± %" for column in rows if column.endswith("margin")}
    columns = {column: st.column_config.NumberColumn(told, format="%.1f") for column, told in named.items()}
    st.dataframe(rows.assign(**{c: 100 * rows[c] for c in columns}), hide_index=True, column_config=columns)
    st.caption("Shares and their margins in per cent; a margin holds with a certainty of 95 %.")


def show_counted(album, min_score):
    """How many facings of at least ``min_score`` each photo has, as long as others are being counted."""
    names = [photo.name for photo in album.photos.values()]
    facings = [len(found) for found in album.found(min_score)]
    st.dataframe(pd.DataFrame({"photo": names, "facings": facings}), hide_index=True)


def _single(album, found, min_score, places):
    return [
        _alone(key, photo, detections, min_score, places)
        for (key, photo), detections in zip(album.photos.items(), found, strict=True)
    ]


def _alone(key, photo, detections, min_score, places):
    """The :class:`Shelf` of one photo.

    ``places``: {photo: (number of facings, row ids, gaps)}; it grows. So many facings are the same ones,
    those of the highest scores, with the same rows and gaps whatever the brands.
    """
    doubtful = doubtful_boxes(photo.detections, min_score)
    if places.get(photo, (None,))[0] != len(detections):
        rowed = assign_rows(detections)
        places[photo] = len(detections), rowed.row_ids, find_gaps(rowed, doubtful)
    _, rows, gaps = places[photo]
    return Shelf(key, photo, replace(detections, row_ids=rows), doubtful, gaps)


def _laid(album, key):
    """How the photos lie over one another, kept in the visit's state under ``key``.

    Returns:
        A list of (:class:`~skushare.shelf.mosaic.Laid`, JPEG bytes of the joined picture or ``None`` for a
        photo by itself).
    """
    photos = list(album.photos.values())
    if st.session_state.get(key, (None,))[0] != photos:
        images = [decode_jpeg(photo.preview) for photo in photos]
        laid = [
            (
                each,
                encode_jpeg(shrink(each.picture(images), 2 * PREVIEW_SIDE)) if len(each.sizes) > 1 else None,
            )
            for each in lay_photos(images)
        ]
        st.session_state[key] = photos, laid
    return st.session_state[key][1]


def _joined(album, found, min_score, places, laid):
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
