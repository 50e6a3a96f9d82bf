"""One picture at any zoom, with boxes that can be added, moved, sized and deleted."""

from pathlib import Path
from secrets import token_urlsafe
from threading import Lock

import streamlit as st

from skushare.app.component import component
from skushare.app.picture_grid import data_url
from skushare.colors import label_colors

_HTML = Path(__file__).with_name("annotator.html")


def annotator(key, picture, jpeg, sample, labels, save, what="Class", colors=None, undo=None):
    """Show a picture for looking and editing.

    Args:
        key: of the component; the same for all pictures.
        picture: what ``save`` calls the picture.
        jpeg: bytes of the picture at a size that suits a screen.
        sample: :class:`~skushare.dataset.dataset.Sample` with its size and boxes.
        labels: class names.
        save: called before the next picture is shown with ``(picture, before, after)`` for each change: boxes
            (left, top, right, bottom, class id, score), ``None`` where there was or is none.
        what: what the page calls a class.
        colors: {label: ``"#RRGGBB"``}; default :func:`~skushare.colors.label_colors` of ``labels``.
        undo: called in the order of the changes with ``(picture, step)`` where Ctrl+Z (``"undo"``) or
            Ctrl+Shift+Z (``"redo"``) was pressed on the picture; default: these keys do nothing there.
    """
    known = st.session_state.setdefault("annotators", {}).setdefault(key, _Known())
    known.save, known.undo = save, undo
    rows = zip(sample.boxes.tolist(), sample.class_ids.tolist(), sample.scores.tolist(), strict=True)
    data = {
        "session": known.session,
        "picture": picture,
        "src": data_url(jpeg),
        "width": sample.width,
        "height": sample.height,
        "boxes": [[*box, class_id, score] for box, class_id, score in rows],
        "labels": list(labels),
        "what": what,
        "colors": [(colors or label_colors(labels))[label] for label in labels],
        "saved": {"batch": known.batch, "count": known.count},
        "undoes": undo is not None,
    }
    component("annotator", _HTML.read_text())(key=key, data=data, on_edits_change=save_waiting)


def save_waiting():
    """Save the changes that the browser sent and that are not saved yet.

    Called at the beginning of each run as well: Streamlit ends a run for the next message wherever the state
    is asked for, also in a callback, and calls no callback a second time.
    """
    state = st.session_state
    for key, known in state.get("annotators", {}).items():
        edits = state[key].get("edits") if key in state else None
        if edits:
            known.take(edits)


class _Known:
    """Which of the browser's batches of changes was seen last, and how many of its changes are saved.

    Attributes:
        session: comes back with the changes that were sent to this session. Streamlit hands a new session, as
            after a restart of the server, what the one before was sent; how much that one saved is not known.
        save, undo: as :func:`annotator` takes them.
    """

    def __init__(self):
        self.session = token_urlsafe(8)
        self.batch, self.count, self.save, self.undo = "", 0, None, None
        self.lock = Lock()  # a run that is being ended and the next one overlap

    def take(self, edits):
        """Save what of the browser's list of changes was not saved before."""
        if edits["session"] != self.session:
            return  # the browser sends again what is not saved
        with self.lock:
            if self.batch != edits["batch"]:
                self.batch, self.count = edits["batch"], 0
            self.count = max(self.count, edits["saved"])  # more than known where a session was lost
            for change in edits["changes"][self.count - edits["saved"] :]:
                if "step" in change:
                    self.undo(edits["picture"], change["step"])
                else:
                    self.save(edits["picture"], change["before"], change["after"])
                self.count += 1
