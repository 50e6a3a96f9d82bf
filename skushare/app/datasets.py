"""The dataset that a visitor looks at."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from skushare.app.notes import attempt, note
from skushare.app.text import plain
from skushare.app.work import watch_work
from skushare.dataset import store
from skushare.dataset.edits import History
from skushare.dataset.index import Index


@dataclass(frozen=True, eq=False)
class Chosen:
    """A stored dataset as it is now.

    Attributes:
        name: of the dataset.
        folder: where it is stored.
        revision: of :func:`~skushare.dataset.store.revision`.
        index: its columns.
        history: its edits.
    """

    name: str
    folder: Path
    revision: str
    index: Index
    history: History

    def path(self, image):
        """Path of the image file that the index calls ``image``."""
        return self.folder / "images" / image


def chosen_name(names):
    """Which of the stored datasets the address names, or was looked at last, or is the first."""
    named, last = st.query_params.get("dataset"), st.session_state.get("dataset")
    name = next(name for name in (named, last, names[0]) if name in names)
    if named not in (None, name):
        note(f"{named}: there is no such dataset; this is {name}", failed=True)
        st.query_params.clear()
    if name != last:
        st.session_state.pop("dataset_only", None)  # pictures of another dataset, as of one that was deleted
    st.session_state.dataset = name
    return name


def choose_dataset(names, name):
    """The box to choose another dataset than ``name`` in."""
    chosen = st.selectbox("Dataset", names, names.index(name), width=360)
    if chosen != name:
        go_to(chosen)
        st.rerun()


def go_to(name, picture=None):
    """Have the dataset ``name``, or one picture of it, shown in the next run."""
    if st.session_state.get("dataset") != name:
        st.session_state.pop("dataset_only", None)
    st.session_state.dataset = name
    st.query_params.from_dict({"dataset": name} | ({"picture": picture} if picture else {}))


def opened_picture(dataset):
    """File name of the picture of ``dataset`` that the address names, or ``None``."""
    picture = st.query_params.get("picture")
    if picture in dataset.index.rows:
        return picture
    if picture is not None:
        note(f"{picture}: is not in {dataset.name} any more; these are its pictures", failed=True)
        del st.query_params["picture"]
    return None


def open_chosen(name):
    """The stored dataset ``name``, read once a revision for all visitors.

    Raises:
        DatasetError: there is none, or its files are damaged.
    """
    revision = store.revision(name)
    folder, history = store.dataset_folder(name), store.history(name)
    for warning in history.warnings:
        st.warning(plain(warning), icon=":material/healing:")
    return Chosen(name, folder, revision, _index(name, revision), history)


@st.cache_resource(max_entries=2, show_spinner="Reading the labels")
def _index(name, revision):
    return store.open_index(name)


def show_work():
    """Watch the work on datasets that was begun; what stops it is noted."""
    attempt(watch_work)
