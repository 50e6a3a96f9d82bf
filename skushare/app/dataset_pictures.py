"""The pictures of a dataset: filters, gallery, and one of them large."""

from contextlib import suppress
from threading import RLock, Timer
from types import SimpleNamespace

import numpy as np
import streamlit as st

from skushare.app.annotator import annotator, save_waiting
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
from skushare.text import counted

PICTURES_A_PAGE = 20
LARGE_SIDE = 2048  # pixels of the picture that is looked at closely
# Steps of the box size; between them COCO's and SKU-110K's boxes lie.
_SIDES = [0, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, np.inf]
_UNSPLIT = "in no split"


def show_gallery(dataset):
    """The pictures that a filter lets through, page by page."""
    if not len(dataset.index):
        st.info("The dataset has no pictures. The History tab can bring back what was taken out.")
        return
    wanted = _filter_bar(dataset)
    if wanted != st.session_state.get("dataset_filter"):
        st.session_state.dataset_filter = wanted
        _go_to_page(1)
    rows, boxes = find(dataset.index, wanted)
    _tell_filter(dataset, wanted, len(rows))
    if len(rows):
        _show_page(dataset, rows, boxes)
    else:
        st.info("No picture matches. Widen the filter.", icon=":material/filter_alt_off:")


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
            most = _most(index)
            _carry_counts(key, most)
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


def _carry_counts(key, most):
    """Carry the chosen range over to the new slider that another ``most`` makes, as after an edit."""
    state = st.session_state
    before, state[f"{key}_most"] = state.get(f"{key}_most", most), most
    seen = state.get(f"{key}_counts_{before}")
    if not seen:  # the filters begin anew
        state.pop(f"{key}_carried", None)
    elif before != most:
        # Fewer boxes may have cut what was chosen, which more are to show again.
        chosen, given = state.get(f"{key}_carried", (None, None))
        if seen != given:  # the visitor has moved the slider since
            chosen = seen[0], np.inf if seen[1] == before else seen[1]
        given = tuple(min(bound, most) for bound in chosen)
        state[f"{key}_carried"], state[f"{key}_counts_{most}"] = (chosen, given), given


def _tell_filter(dataset, wanted, found):
    """Say how many pictures the filter leaves, which may be out of sight, and offer to clear it."""
    most, key = _most(dataset.index), f"dataset_{dataset.name}"
    if not (wanted.text or wanted.splits or wanted.chooses_boxes or wanted.counts != (0, most)):
        return
    empty = {"text": "", "splits": [], "classes": [], "sides": (0, np.inf), f"counts_{most}": (0, most)}
    empty["carried"] = (None, None)
    empty = {f"{key}_{name}": value for name, value in empty.items()}
    number = len(dataset.index) if wanted.names is None else len(wanted.names)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"The filter leaves {found:,} of {number:,} pictures")
        st.button("Clear the filter", icon=":material/filter_alt_off:", on_click=_set, args=(empty,))


def _set(values):
    st.session_state.update(values)


def _most(index):
    """The most boxes on a picture, at least 1 for a slider."""
    return max(1, int(index.counts.max(initial=0)))


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


def _go_to_page(page):
    # A new key is what makes the widget take another page than the visitor's.
    turn = st.session_state.get("dataset_page", (1, 0))[1] + 1
    st.session_state.dataset_page = (page, turn)


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


# One picture


def show_picture(dataset, picture):
    """One picture, large, with its boxes to be corrected."""
    index = dataset.index
    row = index.rows[picture]
    name, found = st.session_state.get("dataset_found", ("", ()))
    if name != dataset.name or picture not in found:
        found = index.names
    place = found.index(picture)
    _picture_bar(dataset, found, place)
    st.markdown(f"##### {plain(picture)} :small[:gray[{place + 1:,} of {len(found):,}]]")
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
    annotator("dataset_annotator", known_as, jpeg, sample, index.labels, _save, undo=_undo)
    split = f", in {plain(sample.split)}" if sample.split else ""
    st.caption(f"{sample.width} × {sample.height} pixels{split}")


def _picture_bar(dataset, found, place):
    there = dataset.index.rows  # others were taken out meanwhile
    before = next((name for name in reversed(found[:place]) if name in there), None)
    after = next((name for name in found[place + 1 :] if name in there), None)

    def back():
        go_to(dataset.name)
        _go_to_page(place // PICTURES_A_PAGE + 1)

    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("All pictures", icon=":material/grid_view:", on_click=back)
        for label, icon, picture, keys in (
            ("Previous", ":material/chevron_left:", before, "Shift+P"),
            ("Next", ":material/chevron_right:", after, "Shift+N"),
        ):
            st.button(
                label,
                icon=icon,
                disabled=not picture,
                shortcut=keys,
                on_click=go_to,
                args=(dataset.name, picture),
            )
        undo_buttons(dataset, keys=("Ctrl+Z", "Ctrl+Shift+Z"))
        st.button(
            "Take this picture out",
            icon=":material/delete:",
            help="Out of the dataset; undo brings it back.",
            on_click=_drop,
            args=(dataset, found[place], after or before),
        )


def _drop(dataset, picture, following):
    save_waiting()
    if _edit(dataset.name, store.drop_image, picture):
        note(f"{picture} is out; undo brings it back")
        go_to(dataset.name, following)


def undo_buttons(dataset, keys=(None, None)):
    """Buttons that undo and redo the last edit of the dataset.

    Args:
        keys: that press them; they also do so in a text field, where they should undo what was typed.
    """
    _visit().seen[dataset.name] = dataset.history
    for step, edits, shortcut in (
        ("undo", dataset.history.done, keys[0]),
        ("redo", dataset.history.undone, keys[1]),
    ):
        st.button(
            step.capitalize(),
            icon=f":material/{step}:",
            disabled=not edits,
            shortcut=shortcut,
            help=plain(_told(edits[-1])) if edits else None,
            # Without it, another help is another button, and both hear the keys until the old one is gone.
            key=f"dataset_{step}",
            on_click=_press,
            args=(dataset.name, step),
        )


def _press(name, step):
    save_waiting()
    _step(name, step)


def _undo(picture, step):
    _step(picture[0], step)


def _step(name, step):
    """``"undo"`` the edit that was done last, or ``"redo"`` the one undone last."""
    act, told = (store.undo, "Undone") if step == "undo" else (store.redo, "Done again")
    visit, picture = _visit(), st.query_params.get("picture")
    with visit.lock:
        edits = visit.seen[name].done if step == "undo" else visit.seen[name].undone
        done = edits and _edit(name, act, edits[-1])
    if done and edits[-1].image != picture:
        note(f"{told}: {_told(edits[-1])}")  # what is on the page does not show it


def _told(edit):
    return " on ".join(filter(None, (edit.reason, edit.image)))


def _save(picture, before, after):
    name, image, classes = picture
    reason = "changed a box"
    if before is None:
        reason = "added a box"
    elif after is None:
        reason = "deleted a box"
    _edit(name, store.change_boxes, image, [before], [after], reason, classes)


def _edit(name, act, *args):
    """Attempt an edit; returns as :func:`~skushare.app.notes.attempt` does."""
    visit = _visit()
    with visit.lock:
        if not attempt(act, name, *args):
            return False
        visit.seen[name] = store.history(name)  # for an undo that comes before the buttons are drawn anew
        return True


def _visit():
    """The history that the visitor saw of each dataset, or left by an edit, and a lock: runs may overlap."""
    return st.session_state.setdefault("dataset_edits", SimpleNamespace(seen={}, lock=RLock()))


@st.cache_data(max_entries=8, show_spinner=False)
def _large(path, stamp):
    return encode_jpeg(shrink(read_image(path, name=path.name, side=LARGE_SIDE), LARGE_SIDE))
