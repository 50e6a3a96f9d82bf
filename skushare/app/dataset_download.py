"""The way of a dataset out of the app: a zip in a format for other programs."""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from io import BufferedRandom

import streamlit as st

from skushare.app.notes import note
from skushare.app.text import plain
from skushare.app.work import begin_work
from skushare.dataset import store

# A name for people of each format that `skushare data convert` writes.
FORMATS = {
    "coco": "COCO",
    "yolo": "YOLO",
    "voc": "Pascal VOC",
    "labelme": "LabelMe",
    "csv": "SKU-110K's CSV",
    "tfrecord": "TFRecord",
}


@dataclass(frozen=True, eq=False)
class _Made:
    """A zip that was made for the visitor; ``of`` is the name and the revision of what is in it."""

    of: tuple[str, str]
    file: BufferedRandom
    size: int  # bytes
    file_name: str
    left_out: str  # for people; empty where all is in it

    def content(self):
        """The bytes of the zip. Read without moving the file's position, which several downloads share."""
        return os.pread(self.file.fileno(), self.size, 0)


def download_popover(dataset):
    """A button that opens the formats to have ``dataset`` in, and one to download the zip made last."""
    made = _made_of(dataset)
    # Another key once a zip was made: the popover closes, and leaves the view to what it made.
    key = f"dataset_download_{st.session_state.get('dataset_zips', 0)}"
    with st.popover("Download", icon=":material/download:", key=key, disabled=not len(dataset.index)):
        format = st.selectbox("Format", FORMATS, format_func=FORMATS.get, key="dataset_download_format")
        st.caption("All pictures, and their labels with your edits")
        if st.button("Make a zip", type="primary", icon=":material/folder_zip:"):
            _make(dataset.name, format)
        st.caption("A large one? On the command line: `skushare data convert`")
    if made:
        st.download_button(
            f"{made.file_name} ({made.size / 1e6:,.1f} MB)",
            made.content,  # read when it is asked for
            made.file_name,
            "application/zip",
            type="primary",
            icon=":material/download:",
            on_click="ignore",
            help=plain(made.left_out) or None,
        )


def drop_zip_unless(names):
    """Delete the visitor's zip if its dataset is no longer among those called ``names``."""
    made = st.session_state.get("dataset_zip")
    if made and made.of[0] not in names:
        _drop()


def _make(name, format):
    from skushare.dataset.outgoing import zip_dataset  # imports every format, which a look need not wait for

    def make(shown):
        of = name, store.revision(name)
        return of, *zip_dataset(name, format, shown("Pictures"), shown("Files packed"))

    def tell(result):
        of, file, left_out = result
        _open_zips().enter_context(file)
        made = _Made(of, file, file.tell(), f"{name}-{format}.zip", "; ".join(left_out))
        st.session_state.dataset_zip = made
        st.session_state.dataset_zips = st.session_state.get("dataset_zips", 0) + 1
        note("; ".join(filter(None, (f"{made.file_name} is ready", made.left_out))))

    _drop()  # its room on the disk is for the next
    begin_work(make, tell)


def _made_of(dataset):
    """The visitor's zip, if it is of ``dataset`` as it is now, else ``None``.

    One from before an edit is deleted; one of another dataset is kept.
    """
    made = st.session_state.get("dataset_zip")
    if not made or made.of[0] != dataset.name:
        return None
    if made.file.closed or made.of[1] != dataset.revision:
        return _drop()
    return made


def _drop():
    st.session_state.pop("dataset_zip", None)
    _open_zips().close()


@st.cache_resource(scope="session", show_spinner=False, on_release=ExitStack.close)
def _open_zips():
    """What closes the zip when the visitor leaves; Streamlit keeps the session's state for much longer."""
    return ExitStack()
