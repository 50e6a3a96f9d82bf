"""The edits that a visitor makes to datasets, and how they are undone."""

from threading import RLock
from types import SimpleNamespace

import streamlit as st

from skushare.app.annotator import save_waiting
from skushare.app.notes import attempt, note
from skushare.app.text import plain
from skushare.dataset import store


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
    undo_or_redo(name, step)


def undo_or_redo(name, step):
    """``"undo"`` the edit that was done last, or ``"redo"`` the one undone last."""
    act, told = (store.undo, "Undone") if step == "undo" else (store.redo, "Done again")
    visit, picture = _visit(), st.query_params.get("picture")
    with visit.lock:
        edits = visit.seen[name].done if step == "undo" else visit.seen[name].undone
        done = edits and attempt_edit(name, act, edits[-1])
    if done and edits[-1].image != picture:
        note(f"{told}: {_told(edits[-1])}")  # what is on the page does not show it


def _told(edit):
    return " on ".join(filter(None, (edit.reason, edit.image)))


def attempt_edit(name, act, *args):
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
