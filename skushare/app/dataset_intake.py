"""Bringing a dataset in."""

from pathlib import Path

import streamlit as st

from skushare.app.datasets import go_to
from skushare.app.notes import note
from skushare.app.work import begin_work
from skushare.dataset.store import dataset_names, open_dataset
from skushare.workspace import free_name, plain_name


def add_dataset_popover():
    """A button that opens the ways to bring a dataset in; it closes when one was stored."""
    with st.popover("Add a dataset", icon=":material/add:", key=f"dataset_add_{_stored()}"):
        add_dataset_form()
        offer_example()


def add_dataset_form():
    """Upload a zip and store what is in it."""
    st.markdown("##### Bring your own")
    archive = st.file_uploader(
        "A zip of pictures and labels",
        type="zip",
        help="Labels as COCO, VOC, YOLO, LabelMe, SKU-110K's CSV or TFRecord; the format is recognised.",
        key=f"dataset_zip_{_stored()}",
    )
    if archive:
        name = st.text_input("Name", _name_of(archive.name), max_chars=64)
        if st.button("Store it", type="primary", icon=":material/download_done:"):
            _add(name, lambda shown: _intake().add_archive(archive, name, shown("Pictures")))
    st.caption("Larger, or in a folder? On the command line: `skushare data import FOLDER --name NAME`")
    st.caption("No labels yet? Have a model draw them first: `skushare data label PHOTOS FOLDER --photos`")


def offer_example():
    """Draw a small dataset."""
    st.markdown("##### Only trying it out?")
    st.markdown("Twenty drawn shelf pictures with six brands; takes a few seconds.")
    if st.button("Make an example", icon=":material/auto_awesome:"):
        name = free_name("example", dataset_names())
        _add(name, lambda shown: _intake().add_example(name, shown("Pictures")))


def _intake():
    from skushare.dataset import intake  # imports every format, which who only looks need not wait for

    return intake


def _add(name, add):
    def tell(_):
        dataset = open_dataset(name)
        about, ignored = dataset.provenance, sum(int(sample.ignored.sum()) for sample in dataset.samples)
        st.session_state.datasets_stored += 1
        st.session_state.pop("dataset_only", None)  # of one that had the name before
        go_to(name)
        absent, names, left_out = map(about.get, ("not found", "class names", "left out"))
        note(
            f"Stored as {name}"
            + (f"; not found in the zip: {absent}. Health names them all." if absent else "")
            + (f"; class names are {names}" if names else "")
            + (f"; boxes that are regions to be ignored: {ignored:,}" if ignored else "")
            + (f"; left out: {left_out}" if left_out else "")
        )

    begin_work(add, tell)


def _stored():
    """How many datasets this visitor stored; as a part of a key it empties a widget."""
    return st.session_state.setdefault("datasets_stored", 0)


def _name_of(file_name):
    """A name for the dataset in the file ``file_name``."""
    return free_name(plain_name(Path(file_name).stem)[:60] or "dataset", dataset_names())
