"""One training run as it goes: figures, curves, sample pictures, its log, and the buttons that steer it."""

import math
import time
from functools import partial

import streamlit as st

from skushare.app.cells import cells
from skushare.app.notes import attempt, show_error
from skushare.app.polling import poll
from skushare.app.text import duration, plain, sentence
from skushare.app.training_actions import show_actions
from skushare.app.training_list import show_list
from skushare.dataset.formats import stored_source
from skushare.errors import SkushareError
from skushare.training import runs
from skushare.training.charts import loss_chart, quality_chart
from skushare.training.comparison import best_figures

REFRESH = 2.0  # seconds
LIST_REFRESH = 5.0  # seconds
SILENT = 120.0  # seconds without a sign of life after which the page says so
AT_WORK = 0.005  # of a core; on a machine that is busy with other programs, training gets little
ACTIVE = (runs.QUEUED, runs.RUNNING)
COLOURS = {
    runs.QUEUED: "gray",
    runs.RUNNING: "blue",
    runs.STOPPED: "orange",
    runs.INTERRUPTED: "orange",
    runs.FAILED: "red",
    runs.FINISHED: "green",
}
ICONS = {
    runs.QUEUED: ":material/hourglass_empty:",
    runs.RUNNING: ":material/directions_run:",
    runs.STOPPED: ":material/pause:",
    runs.INTERRUPTED: ":material/flash_off:",
    runs.FAILED: ":material/error:",
    runs.FINISHED: ":material/check:",
}


def show_runs(known):
    """The runs ``known``, and the one of them that the user chooses, as it goes."""
    names = [run.name for run in known]
    if st.session_state.get("training_run") not in names:
        st.session_state.pop("training_run", None)
    above = st.container()
    name = st.selectbox("Run", names, key="training_run", bind="query-params")
    if len(known) > 1:
        any_active = any(run.status in ACTIVE for run in known)
        with above:
            poll(show_list, LIST_REFRESH if any_active else None, names, name)
    run = known[names.index(name)]
    active = run.status in ACTIVE
    # A run that is over does not change, so nothing has to be asked again and again.
    poll(_watch, REFRESH if active else None, run, active)
    with st.expander("Log", icon=":material/article:"):
        poll(_show_log, REFRESH if active else None, run)
    show_actions(run)


def _watch(run, active):
    if st.session_state.get("notes"):
        st.rerun()  # the top of the page tells what a button here could not do
    try:
        status, reason = run.condition()
        if (status in ACTIVE) != active:
            st.rerun()  # other buttons, and no more polling
        _show_status(run, status, reason)
        _show_figures(run, status)
        _show_curves(run)
        _show_samples(run)
    except SkushareError as error:
        show_error(error)


def _show_status(run, status, reason):
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(status, color=COLOURS[status], icon=ICONS[status])
        if status in ACTIVE:
            stopping = bool(reason)
            st.button(
                "Stop" if status == runs.RUNNING else "Take from the queue",
                icon=":material/stop:",
                on_click=partial(attempt, run.stop),
                disabled=stopping,
                key="training_stop",
            )
            if stopping:
                st.button(
                    "Stop at once",
                    icon=":material/flash_on:",
                    on_click=partial(attempt, run.stop, force=True),
                    help="Ends the process now; the steps since the last checkpoint are lost.",
                    key="training_force",
                )
        if status in runs.RESUMABLE:
            st.button(
                "Resume",
                type="primary",
                icon=":material/play_arrow:",
                on_click=partial(attempt, run.resume),
                key="training_resume",
            )
        if status == runs.FINISHED:
            st.page_link(
                "pages/evaluate.py",
                label="Evaluate the model",
                icon=":material/query_stats:",
                query_params=_to_evaluate(run),
            )
    if reason:
        show = {runs.FAILED: st.error, runs.INTERRUPTED: st.warning}.get(status, st.info)
        show(plain(sentence(reason)), icon=ICONS[status])
    elif status == runs.QUEUED:
        st.info("Begins within seconds, or once no other run trains.", icon=ICONS[status])


def _to_evaluate(run):
    """Choices for the Evaluate page: the model of ``run``, on what it was validated on if that is stored."""
    chosen = {"evaluate_model": f"runs/{run.name}"}
    if stored := stored_source(run.plan.validation):
        dataset, split = stored
        chosen |= {"evaluate_dataset": dataset, f"evaluate_split_{dataset}": split}
    return chosen


def _show_figures(run, status):
    progress, metrics = run.progress(), run.metrics()
    if progress is None:
        if status == runs.RUNNING:
            st.progress(0.0, text="Reading the photos and building the network")
        return
    epochs = run.epochs_a_step()
    of_epochs = f" (epoch {progress.step * epochs:.1f} of {progress.steps * epochs:.1f})" if epochs else ""
    text = f"Step {progress.step:,} of {progress.steps:,}{of_epochs}"
    running, seconds = status == runs.RUNNING, time.time() - progress.updated
    silent = running and progress.phase == "training" and seconds > SILENT + 5 * progress.seconds_per_step
    st.progress(
        min(1.0, progress.step / max(1, progress.steps)),
        text=f"{text}, {progress.phase}" if running and progress.phase != "done" else text,
    )
    metric = partial(st.metric, border=True)
    with st.container(horizontal=True):
        if running and progress.phase in ("training", "validating") and progress.seconds_per_step:
            metric("Time left", duration(progress.seconds_left))
        if best := best_figures(metrics):
            first = metrics.iloc[0]  # at step 0: of the weights that it began with
            gained = round(best["AP"] - first["AP"], 3) if first["step"] == 0 else 0.0
            gain = f"{gained:+.3f} since the start" if gained else None
            metric("Best AP", f"{best['AP']:.3f}", gain)
            if not math.isnan(best.get("class_AP", math.nan)):
                text = "Mean of the average precision of each class; of all as one beside it."
                metric("AP by class", f"{best['class_AP']:.3f}", help=text)
            metric("Count off by", f"{best['count_mae']:.1f}")
        if not math.isnan(progress.loss):
            metric("Loss", f"{progress.loss:.3f}")
        begun = running and progress.phase != "preparing"  # what it uses before tells nothing
        if begun and not silent:
            metric("Cores in use", f"{progress.cores:.1f}")
        if begun:
            total = f"Of the {progress.memory_total / 2**30:.0f} GB of this machine."
            metric("Memory", f"{progress.memory / 2**30:.1f} GB", help=total)
    if silent:
        _tell_silence(run, progress, seconds)


def _tell_silence(run, progress, silent):
    """Tell of a run whose last step was ``silent`` seconds ago whether its process does anything."""
    used, now = run.processor(), time.time()
    looks = st.session_state.setdefault("training_looks", {})
    told, before, at, works = looks.get(run.name, (None, 0.0, 0.0, False))
    if told != progress.updated:  # silent since then
        before, at = progress.processor, progress.updated
    if told != progress.updated or now - at > SILENT:
        works = used - before > AT_WORK * (now - at)
        looks[run.name] = progress.updated, used, now, works
    if works:
        since = f"The last step was {duration(silent)} ago"
        if math.isnan(progress.loss):  # none yet since the process began
            since = f"The first step, which takes longest, has taken {duration(silent)} so far"
        st.info(
            f"{since}, but the process is at work: give it time. Other programs may keep the machine busy."
        )
    else:
        text = f"No sign of life for {duration(silent)}: the process does nothing."
        st.warning(f"{text} If it stays like this, stop it at once and resume.")


def _show_curves(run):
    losses, metrics = run.losses(), run.metrics()
    left, right = st.columns(2)
    with left:
        if len(losses):
            st.altair_chart(loss_chart(losses, run.epochs_a_step()), width="stretch")
    with right:
        if len(metrics):
            st.altair_chart(quality_chart(metrics), width="stretch")


def _show_samples(run):
    samples = {step: paths for step, paths in run.samples().items() if paths}
    if not samples:
        return
    st.markdown("##### What it finds on the same photos")
    steps, pinned = list(samples), f"training_step_{run.name}"
    step = st.session_state.get(pinned)
    step = step if step in samples else steps[-1]
    if len(steps) > 1:
        epochs, key = run.epochs_a_step(), f"training_samples_{run.name}_{len(steps)}"
        step = st.select_slider(
            "Step",
            steps,
            step,
            format_func=lambda step: f"{step:,} (epoch {step * epochs:.1f})" if epochs else f"{step:,}",
            key=key,
            on_change=_pin,
            args=(pinned, key, steps[-1]),
        )
    for path in cells(samples[step], columns=4):
        st.image(str(path), width="stretch", alt=f"A photo with what was found at step {step}")


def _pin(pinned, key, newest):
    """Stay at the step that the user chose; at the newest, go on with it."""
    chosen = st.session_state[key]
    st.session_state[pinned] = chosen if chosen != newest else None


def _show_log(run):
    text = run.log_tail()
    if text:
        with st.container(height=300, border=False, autoscroll=True):  # the newest line is the last
            st.code(text, language=None, wrap_lines=True)
    else:
        st.caption("Nothing yet.")
