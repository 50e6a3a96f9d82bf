"""The pictures of a dataset: filters, gallery, and one of them large."""

from contextlib import suppress
from threading import Timer

import numpy as np
import streamlit as st

from skushare.app.annotator import annotator
from skushare.app.dataset_classes import add_class_field
from skushare.app.datasets import go_to
from skushare.app.notes import attempt, note
from skushare.app.picture_grid import picture_grid
from skushare.app.text import plain
from skushare.dataset import class_names, store
from skushare.dataset.filters import ORDERS, Filter, find
from skushare.dataset.thumbnails import THUMBNAILS, thumbnails
from skushare.dataset.versions import file_stamp
from skushare.errors import ImageError
from skushare.images import read_image
from skushare.jpeg import encode_jpeg, shrink

PICTURES_A_PAGE = 20
LARGE_SIDE = 2048  # pixels of the picture that is looked at closely
# Steps of the box size; between them COCO's and SKU-110K's boxes lie.
_SIDES = [0, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, np.inf]
_UNSPLIT = "in no split"


def show_gallery(dataset):
    """The pictures that a filter lets through, page by page."""
    if not len(dataset.index):
        st.info("The dataset has no pictures. The History tab can undo what was taken out.")
        return
    wanted = _filter_bar(dataset)
    if wanted != st.session_state.get("dataset_filter"):
        st.session_state.dataset_filter = wanted
        _go_to_page(1)
    rows, boxes = find(dataset.index, wanted)
    if len(rows):
        _show_page(dataset, rows, boxes)
    else:
        st.info("No picture is like that. Widen the filter.", icon=":material/filter_alt_off:")


def show_only(names, reason):
    """Let the gallery show the images ``names``, and say why."""
    st.session_state.dataset_only = (frozenset(names), reason)
    st.session_state.dataset_tab = "Pictures"


# Filters


def _filter_bar(dataset):
    index, key = dataset.index, f"dataset_{dataset.name}"
    names, reason = st.session_state.get("dataset_only", (None, ""))
    if names is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Only the {len(names):,} pictures with: {plain(reason)}")
            st.button("Show all", on_click=lambda: st.session_state.pop("dataset_only"))
    with st.expander("Filter and order", icon=":material/filter_alt:"):
        first, second = st.columns(2)
        with first:
            text = st.text_input("File name contains", key=f"{key}_text", persist_state="page")
            splits = st.pills(
                "Split",
                index.splits,
                selection_mode="multi",
                format_func=lambda split: plain(split or _UNSPLIT),
                key=f"{key}_splits",
                persist_state="page",
            )
            order = st.selectbox("Order", ORDERS, key=f"{key}_order", persist_state="page")
        with second:
            classes = st.multiselect("Class", index.labels, key=f"{key}_classes", persist_state="page")
            sides = st.select_slider(
                "Box size",
                _SIDES,
                (_SIDES[0], _SIDES[-1]),
                format_func=lambda side: "any" if side == np.inf else f"{side} px",
                help="The side of a square with the box's area, in pixels of the picture.",
                key=f"{key}_sides",
                persist_state="page",
            )
            most = max(1, int(index.counts.max(initial=0)))
            counts = st.slider(
                "Boxes of these on a picture",
                0,
                most,
                (0, most),
                key=f"{key}_counts_{most}",
                persist_state="page",
            )
    return Filter(
        text=text,
        splits=tuple(splits),
        classes=tuple(classes),
        sides=sides,
        counts=counts,
        names=names,
        order=order,
    )


# Gallery


def _show_page(dataset, rows, boxes):
    pages = -(-len(rows) // PICTURES_A_PAGE)
    first, turn = st.session_state.dataset_page
    page = 1
    if pages > 1:
        page = st.pagination(pages, default=min(first, pages), key=f"dataset_page_{turn}_{pages}")
    shown = rows[(page - 1) * PICTURES_A_PAGE : page * PICTURES_A_PAGE].tolist()
    names = [dataset.index.names[row] for row in shown]
    jpegs = _thumbnails(dataset, shown)
    samples = [_counting(dataset, row, boxes) for row in shown]
    notes = [_note(dataset.index, row, boxes) for row in shown]
    pictures = list(zip(names, notes, jpegs, samples, strict=True))
    opened = picture_grid(pictures, dataset.index.labels, key="dataset_grid")
    if opened:
        go_to(dataset.name, opened)
        st.rerun()
    following = rows[page * PICTURES_A_PAGE : (page + 1) * PICTURES_A_PAGE].tolist()
    _prepare(dataset, following)
    first = (page - 1) * PICTURES_A_PAGE + 1
    st.caption(f"{first:,} to {first + len(shown) - 1:,} of {len(rows):,} pictures")


def _thumbnails(dataset, rows):
    paths = [dataset.path(dataset.index.names[row]) for row in rows]
    return thumbnails(paths, dataset.folder / THUMBNAILS)


def _prepare(dataset, rows):
    """Make thumbnails while the visitor looks at others."""

    def make():
        with suppress(RuntimeError):  # the server is about to end
            _thumbnails(dataset, rows)

    timer = Timer(1.0, make)
    timer.daemon = True
    timer.start()


def _go_to_page(page):
    # A new key is what makes the widget take another page than the visitor's.
    turn = st.session_state.get("dataset_page", (1, 0))[1] + 1
    st.session_state.dataset_page = (page, turn)


def _note(index, row, boxes):
    """How many boxes are on an image, and how many of them count where not all do; its split."""
    count, split = int(index.counts[row]), index.splits[index.split_ids[row]]
    counting = np.count_nonzero(boxes[index.starts[row] : index.starts[row + 1]])
    some = f"{counting:,} of " if counting < count else ""
    return f"{some}{count:,} box{'es' * (count != 1)}" + f", {split}" * bool(split)


def _counting(dataset, row, boxes):
    """Image number ``row`` with those of its boxes that count."""
    sample = dataset.index.sample(row, dataset.folder / "images")
    return sample.with_boxes(boxes[dataset.index.starts[row] : dataset.index.starts[row + 1]])


# One picture


def show_picture(dataset, picture):
    """One picture, large, with its boxes to be corrected."""
    index = dataset.index
    row = index.rows[picture]
    rows, _ = find(index, st.session_state.get("dataset_filter", Filter()))
    _picture_bar(dataset, row, rows, int(np.argmax(rows == row)) if row in rows else -1)
    st.markdown(f"##### {plain(picture)}")
    try:
        jpeg = _large(dataset.path(picture), file_stamp(dataset.path(picture)))
    except ImageError as error:
        st.error(plain(str(error)), icon=":material/broken_image:")
        return
    if not index.labels:
        st.info("A box needs a class, and the dataset has none yet. Add one to begin.")
        add_class_field(dataset)
        st.image(jpeg, width="stretch", alt=f"Picture {picture}")
        return
    sample = index.sample(row, dataset.folder / "images")
    # The stamp comes back with each change: its class is a number, which means these classes.
    known_as = [dataset.name, picture, class_names.stamp(index.labels)]
    annotator("dataset_annotator", known_as, jpeg, sample, index.labels, _save)
    split = f", in {plain(sample.split)}" if sample.split else ""
    st.caption(f"{sample.width} × {sample.height} pixels{split}")


def _picture_bar(dataset, row, rows, place):
    names = dataset.index.names
    before = names[rows[place - 1]] if place > 0 else None
    after = names[rows[place + 1]] if place + 1 < len(rows) else None

    def back():
        go_to(dataset.name)
        _go_to_page(max(place, 0) // PICTURES_A_PAGE + 1)

    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("All pictures", icon=":material/grid_view:", on_click=back)
        for label, icon, picture in (
            ("Previous", ":material/chevron_left:", before),
            ("Next", ":material/chevron_right:", after),
        ):
            st.button(label, icon=icon, disabled=not picture, on_click=go_to, args=(dataset.name, picture))
        undo_buttons(dataset)
        st.button(
            "Take this picture out",
            icon=":material/delete:",
            help="Out of the dataset; undo brings it back.",
            on_click=_drop,
            args=(dataset, names[row], after or before),
        )


def _drop(dataset, picture, following):
    if attempt(store.drop_image, dataset.name, picture):
        note(f"{picture} is out; undo brings it back")
        go_to(dataset.name, following)


def undo_buttons(dataset):
    """Buttons that undo and redo the last edit of the dataset."""
    done, undone = dataset.history.done, dataset.history.undone
    for label, icon, edits, act in (
        ("Undo", ":material/undo:", done, store.undo),
        ("Redo", ":material/redo:", undone, store.redo),
    ):
        st.button(
            label,
            icon=icon,
            disabled=not edits,
            help=plain(" on ".join(filter(None, (edits[-1].reason, edits[-1].image)))) if edits else None,
            on_click=attempt,
            args=(act, dataset.name, edits[-1].number) if edits else (),
        )


def _save(picture, before, after):
    name, image, classes = picture
    reason = "changed a box"
    if before is None:
        reason = "added a box"
    elif after is None:
        reason = "deleted a box"
    attempt(store.change_boxes, name, image, [before], [after], reason, classes)


@st.cache_data(max_entries=8, show_spinner=False)
def _large(path, stamp):
    return encode_jpeg(shrink(read_image(path, name=path.name, side=LARGE_SIDE), LARGE_SIDE))
