"""The pictures of a dataset, page by page."""

from contextlib import suppress
from threading import Timer

import numpy as np
import streamlit as st

from skushare.app.dataset_filter import filter_bar, tell_filter
from skushare.app.datasets import go_to
from skushare.app.picture_grid import picture_grid
from skushare.dataset.filters import find
from skushare.dataset.thumbnails import THUMBNAILS, thumbnails
from skushare.text import counted

PICTURES_A_PAGE = 20


def show_pictures(dataset):
    """The pictures that a filter lets through, page by page."""
    if not len(dataset.index):
        st.info("The dataset has no pictures. The History tab can bring back what was taken out.")
        return
    wanted = filter_bar(dataset)
    if wanted != st.session_state.get("dataset_filter"):
        st.session_state.dataset_filter = wanted
        turn_to(0)
    rows, boxes = find(dataset.index, wanted)
    tell_filter(dataset, wanted, len(rows))
    if len(rows):
        _show_page(dataset, rows, boxes)
    else:
        st.info("No picture matches. Widen the filter.", icon=":material/filter_alt_off:")


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
        # The pictures to go through stay these, though a correction may take one out of the filter.
        st.session_state.dataset_found = (dataset.name, [dataset.index.names[row] for row in rows])
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


def turn_to(place):
    """Turn to the page with the picture that is number ``place``, from 0, of those shown."""
    # A new key is what makes the widget take another page than the visitor's.
    turn = st.session_state.get("dataset_page", (1, 0))[1] + 1
    st.session_state.dataset_page = (place // PICTURES_A_PAGE + 1, turn)


def _note(index, row, boxes):
    """A note on an image: how many boxes it has, how many of them match if not all do, and its split."""
    count, split = int(index.counts[row]), index.splits[index.split_ids[row]]
    counting = np.count_nonzero(boxes[index.starts[row] : index.starts[row + 1]])
    some = f"{counting:,} of " if counting < count else ""
    return f"{some}{counted(count, 'box')}" + f", {split}" * bool(split)


def _counting(dataset, row, boxes):
    """Image number ``row`` with those of its boxes that count."""
    sample = dataset.index.sample(row, dataset.folder / "images")
    return sample.with_boxes(boxes[dataset.index.starts[row] : dataset.index.starts[row + 1]])
