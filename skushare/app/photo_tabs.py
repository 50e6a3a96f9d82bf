"""The pictures, counts and facings of the Photos page."""

from collections import Counter
from functools import lru_cache

import streamlit as st

from skushare.album_shelves import counts_of, facings_of
from skushare.app.cells import cells
from skushare.app.color_key import show_key
from skushare.app.notes import show_error
from skushare.app.shelves import drawing_choices
from skushare.colors import numbered_color
from skushare.errors import SkushareError
from skushare.shelf.gaps import count_gaps
from skushare.shelf.share import UNKNOWN, is_look
from skushare.spreadsheet import to_csv
from skushare.text import counted

PHOTOS_A_PAGE = 12
MOST_COLUMNS = 3
ADVICE = (
    "Take the photo from nearer, hold the camera still, or give more light; "
    "a lower minimum confidence counts more."
)


def show_pictures(shelves, album, names, colors, teachable):
    """The photos of a page with their boxes drawn, a cell each, and what can be done with each.

    Args:
        shelves: the :class:`~skushare.album_shelves.Shelf` of each picture, of the photos of ``album``.
        names: of the brands, or else of the classes; colors: {name: ``"#RRGGBB"``}.
        teachable: whether brands can be taught.
    """
    shown = _page_of(shelves)
    by_row, with_gaps, blocks = drawing_choices("photos")
    _show_key([shelf.detections for shelf in shown], names, by_row and not blocks, colors)
    columns = min(MOST_COLUMNS, len(shown)) if all(shelf.key for shelf in shown) else 1
    for shelf in cells(shown, columns):
        photo = shelf.photo
        st.image(
            _drawn(shelf, tuple(names), by_row, with_gaps, tuple(colors.items()), blocks),
            width="stretch",
            alt=f"{photo.name} with {counted(len(shelf.detections), 'box')} drawn",
        )
        st.markdown(_told(shelf))
        st.text(photo.name)
        if shelf.key:
            _offer_steps(shelf, album, teachable)


@lru_cache(maxsize=2 * PHOTOS_A_PAGE)
def _drawn(shelf, names, by_row, with_gaps, colors, blocks):
    """JPEG bytes of a shelf, which stay for a run of the page that something else asked for."""
    empty = shelf.gaps.boxes if with_gaps else ()
    return shelf.photo.drawn(shelf.detections, names, by_row, empty, dict(colors), blocks)


def _told(shelf):
    """How many facings and gaps a picture has, or what to do where no facing was found."""
    count = len(shelf.detections)
    if not count:
        return f"**No facing found.** {ADVICE}"
    gaps, room = count_gaps([shelf.gaps])
    told = f"**{counted(count, 'facing')}** in {counted(shelf.detections.row_ids.max() + 1, 'row')}"
    return f"{told}; gaps: {gaps:,}, room for {room:,}" if gaps else told


def _show_key(photos, names, by_row, colors):
    """What the colours on ``photos`` mean, with the facings of each; brands come first, then looks."""
    if by_row:
        rows = Counter(row for found in photos for row in found.row_ids.tolist() if row >= 0)
        show_key({f"row {row + 1}": numbered_color(row) for row in sorted(rows)})
        return
    by_class = any(found.brand_ids is None for found in photos)
    ids = Counter(i for d in photos for i in (d.class_ids if by_class else d.brand_ids).tolist())
    facings = {names[i] if i >= 0 else UNKNOWN: count for i, count in ids.most_common()}
    told = sorted(facings, key=lambda name: bool(is_look(name)))
    alike = {UNKNOWN, *(names if by_class and len(names) == 1 else ())}
    if not alike.issuperset(told):
        show_key({name: colors[name] for name in told}, facings)


def show_counts(shelves):
    """A row a picture, and the same as a file."""
    counts = counts_of(shelves)
    # Above the table, whose toolbar would lie on the tabs, where a phone shows it all the time.
    st.download_button(
        "Download counts",
        lambda: to_csv(counts),
        "facings-per-photo.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    st.dataframe(counts, hide_index=True)


def show_facings(shelves, labels, brands):
    """A row a facing of the photos of a page, and those of all as a file.

    Args:
        labels: names of the classes; brands: of the brands, empty where the facings have none.
    """
    shown = _page_of(shelves)
    st.download_button(
        "Download every facing",
        lambda: to_csv(facings_of(shelves, labels, brands)),
        "facings.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    st.dataframe(facings_of(shown, labels, brands), hide_index=True, placeholder="")  # not "None"
    if len(shown) < len(shelves):
        st.caption(f"Of the {len(shown)} photos of the chosen page; the download holds all {len(shelves)}.")


def _page_of(shelves):
    """Those of ``shelves`` that fit on a page, of which the visitor chooses one."""
    if len(shelves) <= PHOTOS_A_PAGE:
        return shelves
    page = st.pagination(-(-len(shelves) // PHOTOS_A_PAGE), key="photo_page", persist_state="page")
    return shelves[(page - 1) * PHOTOS_A_PAGE : page * PHOTOS_A_PAGE]


def _offer_steps(shelf, album, teachable):
    with st.container(horizontal=True):
        if teachable and st.button("Teach its brands", key=f"teach_{shelf.key}", icon=":material/school:"):
            try:
                st.session_state.teach_frame = (shelf.photo.name, album.original(shelf.key))
                st.switch_page("pages/teach.py")
            except SkushareError as error:
                show_error(error)
        st.button(
            "Remove",
            key=f"remove_{shelf.key}",
            icon=":material/delete:",
            help="Take this photo off the list, as if it had not been added.",
            on_click=album.remove,
            args=(shelf.key,),
        )
