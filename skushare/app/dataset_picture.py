"""One picture of a dataset, large, with its boxes to be corrected."""

import streamlit as st

from skushare.app.annotator import annotator, save_waiting
from skushare.app.dataset_classes import add_class_field
from skushare.app.dataset_edits import attempt_edit, undo_buttons, undo_or_redo
from skushare.app.dataset_pictures import turn_to
from skushare.app.datasets import go_to
from skushare.app.notes import note
from skushare.app.text import plain
from skushare.dataset import class_names, store
from skushare.dataset.versions import file_stamp
from skushare.errors import ImageError
from skushare.images import read_image
from skushare.jpeg import encode_jpeg, shrink

LARGE_SIDE = 2048  # pixels of the picture that is looked at closely


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
        turn_to(place)

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
    if attempt_edit(dataset.name, store.drop_image, picture):
        note(f"{picture} is out; undo brings it back")
        go_to(dataset.name, following)


def _save(picture, before, after):
    name, image, classes = picture
    reason = "changed a box"
    if before is None:
        reason = "added a box"
    elif after is None:
        reason = "deleted a box"
    attempt_edit(name, store.change_boxes, image, [before], [after], reason, classes)


def _undo(picture, step):
    undo_or_redo(picture[0], step)


@st.cache_data(max_entries=8, show_spinner=False)
def _large(path, stamp):
    return encode_jpeg(shrink(read_image(path, name=path.name, side=LARGE_SIDE), LARGE_SIDE))
