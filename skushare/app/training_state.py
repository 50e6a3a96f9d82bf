"""What the parts of the Training page tell each other."""

from typing import NamedTuple

import streamlit as st

from skushare.training.plan import Plan

RUNS, NEW, COMPARE = "Runs", "New run", "Compare"


class Clone(NamedTuple):
    """What the form begins with: the plan that the run ``name`` had, whatever became of the run since."""

    name: str
    plan: Plan


def show_tab(tab, run=None):
    """Have ``tab`` open in the next run of the page, with the training run ``run`` chosen."""
    st.session_state.training_next = (tab, run)


def take_next():
    """Do what :func:`show_tab` asked for; called before the widgets are drawn."""
    tab, run = st.session_state.pop("training_next", (None, None))
    if tab:
        st.session_state.training_tab = tab
    if run:
        st.session_state.training_run = run


def turn():
    """Number of the form for a new run; each has widgets of its own."""
    return st.session_state.setdefault("training_turn", 0)


def next_turn():
    """Have the next run of the page show a form that begins anew."""
    st.session_state.training_turn = turn() + 1
