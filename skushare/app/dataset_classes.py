"""The classes of a dataset: other names for them, and new ones."""

import numpy as np
import pandas as pd
import streamlit as st

from skushare.app.notes import attempt, note
from skushare.app.work import begin_work
from skushare.dataset import store
from skushare.text import counted, tidy_name

LONGEST_NAME = 200  # characters


def show_classes(dataset):
    """A table to rename classes in, and a field to add one by."""
    st.markdown("##### Class names")
    if dataset.index.labels:
        _show_names(dataset)
    add_class_field(dataset)


def add_class_field(dataset):
    """A field for the name of a new class."""
    labels, key = dataset.index.labels, f"{dataset.name}_{dataset.revision}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = "" if labels else "facing"  # what a detector of facings calls its one class
        written = st.text_input("New class", first, max_chars=LONGEST_NAME, key=f"class_new_{key}", width=320)
        name = tidy_name(written)
        free = bool(name) and name not in labels
        # Asked again after the press, which may come along with another name.
        if st.button("Add the class", icon=":material/add:", disabled=not free) and free:
            if attempt(store.add_class, dataset.name, name):
                note(f"Added the class {name}. The History tab can undo it.")
            st.rerun()
    if name in labels:
        st.caption("There is a class of this name.")


def _show_names(dataset):
    st.markdown("Write new names. Classes given the same name are merged; clear a name to drop its boxes.")
    index = dataset.index
    boxes = np.bincount(index.class_ids, minlength=len(index.labels))
    table = pd.DataFrame({"class": index.labels, "boxes": boxes, "name": index.labels})
    edited = st.data_editor(
        table,
        hide_index=True,
        disabled=["class", "boxes"],
        column_config={"name": st.column_config.TextColumn("new name", max_chars=LONGEST_NAME)},
        key=f"class_names_{dataset.name}_{dataset.revision}",
        placeholder="(taken out)",
    )
    pairs = zip(index.labels, map(tidy_name, edited["name"].fillna("")), strict=True)
    names = {old: new for old, new in pairs if old != new}
    # Asked again after the press, which may come along with the last name.
    if st.button("Rename", icon=":material/edit:", disabled=not names) and names:
        _rename(dataset, names)


def _rename(dataset, names):
    def rename(shown):
        renamed = store.open_dataset(dataset.name).renamed(names)
        store.replace_dataset(
            dataset.name, renamed, f"renamed {counted(len(names), 'class')}", dataset.revision
        )

    begin_work(rename, lambda _: note("Renamed. The History tab can undo it."))
