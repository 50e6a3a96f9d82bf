"""One training run as it goes: figures, curves, sample pictures, and the buttons that steer it."""

import math
import os
import time
from functools import lru_cache, partial
from urllib.parse import urlsplit

import pandas as pd
import streamlit as st

from skushare.app.cells import cells
from skushare.app.choice_list import choice_list
from skushare.app.notes import attempt, note, show_error
from skushare.app.polling import poll
from skushare.app.text import duration, plain
from skushare.app.training_state import NEW, Clone, next_turn, show_tab
from skushare.detector.models import DEFAULT_MODEL, chosen_folder, count_with, counting_model
from skushare.errors import SkushareError
from skushare.training import runs
from skushare.training.charts import loss_chart, quality_chart
from skushare.training.comparison import best_figures
from skushare.training.pipeline_writing import write_pipeline
from skushare.training.tensorboard import TensorBoard
from skushare.workspace import runs_folder

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
            poll(_list, LIST_REFRESH if any_active else None, names, name)
    run = known[names.index(name)]
    active = run.status in ACTIVE
    # A run that is over does not change, so nothing has to be asked again and again.
    poll(_watch, REFRESH if active else None, run, active)
    _more(run)


def _list(names, chosen):
    known = runs.list_runs()
    if [run.name for run in known] != names or st.session_state.training_run != chosen:
        st.rerun()  # somebody else made or deleted one, or a click on the list chose another
    columns = {
        "done": st.column_config.ProgressColumn(min_value=0, max_value=1, format="percent"),
        "best AP": st.column_config.NumberColumn(format="%.3f"),
    }
    choice_list([_row(run) for run in known], names, "training_list", "training_run", columns)


def _row(run):
    progress, (status, reason) = run.progress(), run.condition()
    return {
        "run": run.name,
        "status": status,
        "done": progress.step / max(1, progress.steps) if progress else 0.0,
        "best AP": _best_ap(run),
        "made": pd.Timestamp(run.created, unit="s", tz="UTC"),
        "why": reason,
    }


def _best_ap(run):
    try:
        status = (run.folder / runs.METRICS).stat()
    except OSError:  # no validation yet
        return None
    return _read_best_ap(run, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1024)  # of what is read again every few seconds, a validation changes one run
def _read_best_ap(run, written, size):
    return best_figures(run.metrics()).get("AP")


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
                query_params={"evaluate_model": f"runs/{run.name}"},
            )
    if reason:
        show = {runs.FAILED: st.error, runs.INTERRUPTED: st.warning}.get(status, st.info)
        show(plain(reason[:1].upper() + reason[1:]), icon=ICONS[status])
    elif status == runs.QUEUED:
        st.info("Begins within seconds, or once no other run trains.", icon=ICONS[status])


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
    metric = partial(st.metric, border=True, height="stretch")
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


def _more(run):
    """What one may do with the run, beside watching it."""
    with st.expander("Log", icon=":material/article:"):
        poll(_show_log, REFRESH if run.status in ACTIVE else None, run)
    with st.container(horizontal=True):
        _offer_counting(f"runs/{run.name}")
        st.button(
            "Clone with changes",
            icon=":material/content_copy:",
            on_click=partial(_clone, run),
            help="Opens the form with the settings of this run.",
        )
        _offer_config(run)
        with st.popover("Delete", icon=":material/delete:", disabled=run.status == runs.RUNNING):
            st.markdown(f"Delete **{plain(run.name)}** with its model and all its files?")
            st.button(
                "Delete for good",
                type="primary",
                icon=":material/delete:",
                on_click=partial(attempt, run.delete),
            )
        _offer_tensorboard()


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


def _show_log(run):
    text = run.log_tail()
    if text:
        st.code(text, language=None, wrap_lines=True, height=300)
    else:
        st.caption("Nothing yet.")


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


@st.cache_resource(show_spinner=False, on_release=TensorBoard.close)
def _tensorboard(folder, address):
    return TensorBoard(folder, address)


def _offer_tensorboard():
    if not st.session_state.get("training_tensorboard"):
        if st.button("Open TensorBoard", icon=":material/monitoring:"):
            st.session_state.training_tensorboard = True
            st.rerun()
        return
    poll(_show_tensorboard, REFRESH)


def _show_tensorboard():
    try:
        board = _tensorboard(str(runs_folder()), st.get_option("server.address"))
    except SkushareError as error:
        show_error(error)
        return
    if board.failed():
        _tensorboard.clear()
        st.session_state.training_tensorboard = False
        note("TensorBoard has ended; open it again", failed=True)
        st.rerun()
    page = urlsplit(st.context.url or "")
    ready = board.ready()
    st.link_button(
        "TensorBoard" if ready else "TensorBoard is starting",
        f"http://{page.hostname or 'localhost'}:{board.port}",
        icon=":material/open_in_new:",
        disabled=not ready,
    )
    if page.scheme == "https":
        st.caption(
            f"It speaks plain http at port {board.port} of the app's computer. If a proxy keeps you from "
            f"that, forward the port to yours: `ssh -L {board.port}:localhost:{board.port} {page.hostname}`"
        )
