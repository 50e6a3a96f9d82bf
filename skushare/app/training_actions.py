"""What one may do with a training run, beside watching it."""

import os
from functools import partial

import streamlit as st

from skushare.app.notes import attempt, note
from skushare.app.text import plain
from skushare.app.training_state import NEW, Clone, next_turn, show_tab
from skushare.app.training_tensorboard import offer_tensorboard
from skushare.detector.models import DEFAULT_MODEL, chosen_folder, count_with, counting_model
from skushare.errors import SkushareError
from skushare.training import runs
from skushare.training.pipeline_writing import write_pipeline


def show_actions(run):
    """Buttons that count with the run's model, clone the run, give its settings as a file, or delete it."""
    with st.container(horizontal=True):
        _offer_counting(f"runs/{run.name}")
        st.button(
            "Clone with changes",
            icon=":material/content_copy:",
            on_click=partial(_clone, run),
            help="Opens the form with the settings of this run.",
        )
        _offer_config(run)
        key = f"training_delete_{run.name}"  # else a second click would delete the run chosen next
        closed = run.status == runs.RUNNING
        with st.popover("Delete", icon=":material/delete:", disabled=closed, key=f"{key}_ask"):
            st.markdown(f"Delete **{plain(run.name)}** with its model and all its files?")
            st.button(
                "Delete for good",
                type="primary",
                icon=":material/delete:",
                on_click=partial(attempt, run.delete),
                key=key,
            )
        offer_tensorboard()


def _offer_counting(name):
    """Have the app count with the model ``name`` where there is one, or with the shipped one again."""
    if chosen_folder(name) is None:
        return
    chosen = counting_model() == name
    other = DEFAULT_MODEL if chosen else name
    st.button(
        f"Count with {DEFAULT_MODEL} again" if chosen else "Count with this model",
        icon=":material/done_all:",
        on_click=partial(_count_with, other),
        disabled=bool(os.environ.get("SKUSHARE_MODEL")),
        help="Photos, Live, Teach and History then count with it, for everyone who uses this app. If "
        "the server was started with a model, that one is used instead.",
    )


def _count_with(name):
    if attempt(count_with, name):
        note(f"The app counts with {name} from now on")


def _clone(run):
    try:
        st.session_state.training_clone = Clone(run.name, run.plan)
    except SkushareError as error:
        note(str(error), failed=True)
        return
    next_turn()
    show_tab(NEW)


def _offer_config(run):
    try:
        plan = run.plan
        text = write_pipeline(run.detector, plan.training, plan.weights)
    except SkushareError:
        return  # another network than the format knows
    st.download_button(
        "pipeline.config",
        text,
        f"{run.name}.config",
        "text/plain",
        icon=":material/download:",
        on_click="ignore",
        help="The settings, for the TF2 Object Detection API.",
    )
