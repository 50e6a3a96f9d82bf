"""Evaluations that are still to be made, or on their way."""

from math import isnan

import streamlit as st

from skushare.app.notes import show_error
from skushare.app.polling import poll
from skushare.app.text import plain
from skushare.dataset.class_names import first_names
from skushare.errors import SkushareError
from skushare.evaluation.evaluation import FAILED, FINISHED, NEW, RUNNING
from skushare.text import counted

POLL_SECONDS = 1.0
LOSS_HELP = (
    "The training loss on these photos. It takes about as long again, and is comparable only between "
    "models of one preset."
)
NO_LOSS = "There is no loss on these photos: the model does not know their classes {}."


def show_work(evaluations, source):
    """What is still to be done, with the buttons that start it, and what is being done.

    Returns:
        those of {name: evaluation} that have figures to show.
    """
    waiting, ready = {}, {}
    for name, evaluation in evaluations.items():
        condition, reason = evaluation.condition()
        if condition == RUNNING:
            poll(_watch, POLL_SECONDS, name, evaluation)
            if evaluation.is_whole():  # from an earlier time
                ready[name] = evaluation
        elif condition == FINISHED:
            ready[name] = evaluation
        else:
            waiting[name] = evaluation
            _tell(name, evaluation, condition, reason)
    if waiting:
        with st.container(horizontal=True, vertical_alignment="center"):
            start = st.button("Evaluate", type="primary", icon=":material/play_arrow:", key="evaluate_start")
            unknown = [evaluation.unknown_classes for evaluation in waiting.values()]
            loss = st.checkbox(
                "Also measure the loss",
                key="evaluate_loss",
                disabled=all(unknown),
                help=NO_LOSS.format(plain(first_names(unknown[0]))) if all(unknown) else LOSS_HELP,
            )
        if start:
            for evaluation in waiting.values():
                evaluation.start(source, loss and not evaluation.unknown_classes)
            st.rerun()
    return ready


def _tell(name, evaluation, condition, reason):
    photos = len(evaluation.dataset)
    done = evaluation.predictions.done(evaluation.dataset.samples)
    if condition == FAILED:
        st.error(f"{plain(name)}: the evaluation failed: {plain(reason)}", icon=":material/error:")
    elif condition == NEW:
        st.info(
            f"**{plain(name)}** has not been evaluated on this data yet ({counted(photos, 'photo')}).",
            icon=":material/query_stats:",
        )
    else:
        st.info(
            f"**{plain(name)}**: {done:,} of {photos:,} photos are done; it goes on from there.",
            icon=":material/pause_circle:",
        )


def _watch(name, evaluation):
    condition, reason = evaluation.condition()
    if condition != RUNNING:
        st.rerun()
    progress = evaluation.progress()
    share, text = 0.0, "starting"
    if progress and progress.phase == "figures":
        share, text = 1.0, "computing the figures"
    elif progress:
        share = progress.done / max(1, progress.photos)
        what = "photos" if progress.phase == "detecting" else "photos for the loss"
        text = f"{progress.done:,} of {progress.photos:,} {what}{_left(progress.seconds_left)}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(share, text=f"{plain(name)}: {reason or text}")
        if st.button("Stop", key=f"stop_{name}", icon=":material/stop:", disabled=bool(reason)):
            try:
                evaluation.stop()
            except SkushareError as error:
                show_error(error)


def _left(seconds):
    if isnan(seconds):
        return ""
    return f", about {seconds / 60:.0f} min left" if seconds > 90 else f", about {seconds:.0f} s left"
