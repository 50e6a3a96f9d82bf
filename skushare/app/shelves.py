"""Shelf rows, gaps and shares of the photos on a page, and photos that show one shelf."""

import pandas as pd
import streamlit as st

from skushare.album_shelves import joined_shelves, lay_album, single_shelves
from skushare.app.shares import MEASURES
from skushare.app.text import plain
from skushare.charts import rows_chart
from skushare.shelf.blocks import adjacency, block_table
from skushare.shelf.share import UNKNOWN, is_look, share_by_row

MOST_JOINED = 12  # photos; joining compares each with each


def shelves_of(album, naming, min_score, key):
    """The shelves of the photos of ``album``, a list of :class:`~skushare.album_shelves.Shelf`.

    Of each photo, or of each set of joined ones if the visitor so chooses. They are kept until the photos,
    the score, the names or the choice change; how joined photos lie over one another, until the photos do.

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
                shelves = joined_shelves(album, found, min_score, places, _laid(album, f"{key}_laid"))
            else:
                shelves = single_shelves(album, found, min_score, places)
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


def _laid(album, key):
    """As :func:`~skushare.album_shelves.lay_album`, kept in the visit's state under ``key``."""
    photos = list(album.photos.values())
    if st.session_state.get(key, (None,))[0] != photos:
        st.session_state[key] = photos, lay_album(photos)
    return st.session_state[key][1]
