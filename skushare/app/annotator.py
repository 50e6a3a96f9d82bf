"""One picture at any zoom, with boxes that can be added, moved, sized and deleted."""

from pathlib import Path

import streamlit as st

from skushare.app.picture_grid import data_url
from skushare.colors import label_colors

_HERE = Path(__file__).parent


def annotator(key, picture, jpeg, sample, labels, save, what="Class", colors=None):
    """Show a picture for looking and editing.

    Args:
        key: of the component; the same for all pictures.
        picture: what ``save`` calls the picture.
        jpeg: bytes of the picture at a size that suits a screen.
        sample: :class:`~skushare.dataset.dataset.Sample` with its size and boxes.
        labels: class names.
        save: called before the next run with ``(picture, before, after)`` for each change: boxes
            (left, top, right, bottom, class id, score), ``None`` where there was or is none.
        what: what the page calls a class.
        colors: {label: ``"#RRGGBB"``}; default :func:`~skushare.colors.label_colors` of ``labels``.
    """
    rows = zip(sample.boxes.tolist(), sample.class_ids.tolist(), sample.scores.tolist(), strict=True)
    data = {
        "picture": picture,
        "src": data_url(jpeg),
        "width": sample.width,
        "height": sample.height,
        "boxes": [[*box, class_id, score] for box, class_id, score in rows],
        "labels": list(labels),
        "what": what,
        "colors": [(colors or label_colors(labels))[label] for label in labels],
        "saved": _saved(key),
    }
    _component()(key=key, data=data, on_edits_change=lambda: _take_edits(key, save))


def _take_edits(key, save):
    """Save what of the browser's list of changes was not saved before."""
    edits = st.session_state[key]["edits"]
    saved = _saved(key)
    count = saved["count"] if saved["batch"] == edits["batch"] else 0
    for change in edits["changes"][max(0, count - edits["saved"]) :]:  # below 0 where a session was lost
        save(edits["picture"], change["before"], change["after"])
    st.session_state[f"{key}_saved"] = {
        "batch": edits["batch"],
        "count": edits["saved"] + len(edits["changes"]),
    }


def _saved(key):
    """Which of the browser's batches of changes was seen last, and how many of its changes are saved."""
    return st.session_state.get(f"{key}_saved", {"batch": "", "count": 0})


def _component():
    # Registered at each run: Streamlit 1.65, the newest for Python 3.10, forgets it between tests.
    return st.components.v2.component(
        "skushare_annotator",
        html=(_HERE / "annotator.html").read_text(),
        css=(_HERE / "annotator.css").read_text(),
        js=(_HERE / "annotator.js").read_text(),
    )
