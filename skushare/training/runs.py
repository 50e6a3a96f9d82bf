"""Training runs: folders that tell how a run stands, and the calls that steer it.

A run trains in a process of its own, one at a time, started by the queue's worker (``worker.py``).
This module only reads and writes the run's folder, so it needs neither Keras nor that process.
"""

import io
import json
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil

from skushare.detector.config import DetectorConfig
from skushare.detector.models import RUN_CONFIG
from skushare.errors import ConfigError
from skushare.files import make_folder, read_json, write_file, writing
from skushare.lock import hold, is_held
from skushare.processes import ROOT, log_tail, start_detached
from skushare.training.checkpoint import Checkpoints
from skushare.training.plan import PLAN, Plan
from skushare.workspace import checked_name, runs_folder

QUEUED, RUNNING, STOPPED = "queued", "running", "stopped"
INTERRUPTED, FAILED, FINISHED = "interrupted", "failed", "finished"
RESUMABLE = (STOPPED, INTERRUPTED, FAILED)

STATE, LOCK, STOP, LOG = "state.json", "lock", "stop", "log.txt"
PROGRESS, METRICS, LOSSES, SAMPLES, EVENTS = "progress.json", "metrics.csv", "losses.csv", "samples", "events"
DATA, LABELS = "data.json", "labels.json"
WORKER_LOCK, WORKER_LOG = ".worker.lock", ".worker.log"
AT_ONCE = "at once"  # what the file STOP says where the process was to be killed

LITTLE_DISK = 64 << 20  # bytes; with less, no checkpoint fits


@dataclass(frozen=True)
class Progress:
    """How far a run is, as its process last told.

    Attributes:
        step, steps: done, and in all.
        phase: "preparing", "training", "validating", "packaging" or "done".
        seconds_per_step: lately; 0 before the first step.
        seconds_left: estimate until the end, validations included.
        loss: of the last steps; nan before the first.
        cores: processor cores in use by the run; memory, memory_total: bytes, of the run and of the machine.
        processor: seconds of processor time that the run's process had used, see :meth:`Run.processor`.
        updated: seconds since the epoch.
    """

    step: int
    steps: int
    phase: str = "preparing"
    seconds_per_step: float = 0.0
    seconds_left: float = 0.0
    loss: float = float("nan")
    cores: float = 0.0
    memory: int = 0
    memory_total: int = 0
    processor: float = 0.0
    updated: float = 0.0


@dataclass(frozen=True)
class Run:
    """The run in ``folder``; whatever is asked is read anew."""

    folder: Path

    @property
    def name(self):
        return self.folder.name

    @property
    def plan(self):
        """The :class:`~skushare.training.plan.Plan` it is made from; raises ConfigError if damaged."""
        try:
            return Plan.from_json((self.folder / PLAN).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{self.folder / PLAN}: cannot be read ({error}); start a new run") from None
        except ConfigError as error:
            raise ConfigError(f"{self.folder / PLAN}: {error}") from None

    @property
    def detector(self):
        """Its ``DetectorConfig``, of its data's classes once it has read them. Raises as :attr:`plan`."""
        try:
            return DetectorConfig.from_json((self.folder / RUN_CONFIG).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, ConfigError):
            return self.plan.detector

    @property
    def status(self):
        """``QUEUED``, ``RUNNING``, ``STOPPED``, ``INTERRUPTED``, ``FAILED`` or ``FINISHED``."""
        return self.condition()[0]

    @property
    def reason(self):
        """Why the run has its status, for people; empty where the status says it all."""
        return self.condition()[1]

    def condition(self):
        """(status, reason)."""
        state = self.read_state()
        if state["status"] == RUNNING:
            if is_held(self.folder / LOCK):
                stopping = (self.folder / STOP).exists()
                ends = "stopping: ends the step, validates if that is due, and saves"
                return RUNNING, ends if stopping else ""
            state = self.read_state()  # it may have ended in between
            if state["status"] == RUNNING:
                return INTERRUPTED, self.explain("its process is gone")
        return state["status"], state.get("reason", "")

    @property
    def model_folder(self):
        """Folder of the packaged model; there is one once the run has finished."""
        return self.folder / "model"

    @property
    def created(self):
        """When the run was made, in seconds since the epoch."""
        return self.read_state().get("created", 0.0)

    def data(self):
        """What it trains on, a dict each: name, photos, boxes, weight; empty before it has read them."""
        return read_json(self.folder / DATA, list)

    def validation_digest(self):
        """A number for the photos and labels of its whole validation; ``None`` before it has read them."""
        return (read_json(self.folder / LABELS, list) or [None])[-1]

    def epochs_a_step(self):
        """How often one step shows each photo, on average; 0 before the data was read."""
        photos = sum(entry["photos"] for entry in self.data())
        return self.plan.training.batch_size / photos if photos else 0.0

    def metrics(self):
        """Data frame with a row a validation; empty before the first.

        Columns: step, loss, class_loss, box_loss, AP, AP50, AP75, AR300, count_mae, threshold, minutes;
        with several classes class_AP.
        """
        return _table(self.folder / METRICS)

    def losses(self):
        """Data frame of the loss every few steps: step, loss, class_loss, box_loss, learning_rate."""
        return _table(self.folder / LOSSES)

    def progress(self):
        """The last :class:`Progress`, or ``None`` if the run never began."""
        try:
            return Progress(**read_json(self.folder / PROGRESS))
        except TypeError:  # none yet
            return None

    def processor(self):
        """Seconds of processor time that the run's process has used; 0 where that cannot be told."""
        try:
            return processor_time(psutil.Process(self.read_state()["pid"]))
        except (LookupError, ValueError, TypeError, psutil.Error):  # none, or no number
            return 0.0

    def samples(self):
        """{step: paths of pictures} in rising order; the same photos each time, with predicted boxes."""
        folders = sorted((self.folder / SAMPLES).glob("step-*"))
        return {int(folder.name[5:]): sorted(folder.glob("*.jpg")) for folder in folders}

    def log_tail(self, lines=40):
        """The last ``lines`` lines of the log, as text."""
        return log_tail(self.folder / LOG, lines)

    def stop(self, force=False):
        """Ask the run to end its step, validate if that is due, save and end.

        A queued one leaves the queue at once.

        With ``force`` its process is killed, which loses the steps since the last checkpoint.

        Raises:
            SkushareError: the run's folder cannot be written.
        """
        with writing(self.folder / STOP):
            (self.folder / STOP).touch()
        if force:
            with suppress(OSError):  # a full disk keeps no process from being killed
                (self.folder / STOP).write_text(AT_ONCE)
        if force and self.status == RUNNING and "pid" in (state := self.read_state()):
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(state["pid"], signal.SIGKILL)
        with hold(self.folder / LOCK) as mine:
            # A process that holds the lock sees the request by itself.
            if mine and self.read_state()["status"] == QUEUED:
                self.write_state(STOPPED, "taken from the queue")

    def resume(self):
        """Queue the run again; it goes on from its last good checkpoint.

        Raises:
            ConfigError: it is queued, running or finished.
        """
        status = self.status  # before this very call holds the lock by which a live process is known
        with hold(self.folder / LOCK, seconds=0.5) as mine:
            if not mine or status not in RESUMABLE:
                raise ConfigError(f"{self.name}: is {status}; only a run that ended early goes on")
            with writing(self.folder / STOP):
                (self.folder / STOP).unlink(missing_ok=True)
            self.write_state(QUEUED)
        wake(self.folder.parent)

    def delete(self):
        """Remove the run with all its files, its model too.

        Raises:
            ConfigError: it is running.
            SkushareError: the folder cannot be written.
        """
        with hold(self.folder / LOCK, seconds=0.5) as mine:
            if not mine:
                raise ConfigError(f"{self.name}: is running; stop it first")
            with writing(self.folder):
                (self.folder / PLAN).unlink(missing_ok=True)  # from here on no list has it
                shutil.rmtree(self.folder)

    def read_state(self):
        """The dict that :meth:`write_state` wrote last."""
        state = read_json(self.folder / STATE)
        if "status" not in state:
            return {"status": INTERRUPTED, "reason": f"{STATE} is missing or damaged"}
        return state

    def write_state(self, status, reason="", **more):
        """Record ``status``, why, and since when; for the run's own process and the queue."""
        now = time.time()
        kept = {"created": now} | {k: v for k, v in self.read_state().items() if k == "created"}
        state = {**kept, "status": status, "reason": reason, "since": now, **more}
        write_file(self.folder / STATE, json.dumps(state))

    def explain(self, what):
        """``what`` happened, with what else the folder tells about the end of the run.

        That alone, where it was asked to end at once.
        """
        with suppress(OSError):  # nobody asked it to stop
            if (self.folder / STOP).read_text() == AT_ONCE:
                return "stopped at once, as asked to; the steps since the last checkpoint will be done again"
        parts = [what]
        free = shutil.disk_usage(self.folder).free
        if free < LITTLE_DISK:
            parts.append(f"the disk is full ({free >> 20} MB free)")
        if last := self.log_tail().strip().rpartition("\n")[2]:
            parts.append(f"last line of its log: {last[:200]}")
        return "; ".join(parts)


def processor_time(process):
    """Seconds of processor time that a ``psutil.Process`` has used."""
    used = process.cpu_times()
    return used.user + used.system


def create_run(name, plan):
    """Make the run ``name`` from ``plan`` and queue it.

    Returns:
        the :class:`Run`.

    Raises:
        ConfigError: the name cannot be used or is taken, or data or weights are not there.
        SkushareError: the folder cannot be written; nothing is left of it.
    """
    folder = make_folder(runs_folder()) / checked_name(name)
    with writing(folder):
        try:
            folder.mkdir()
        except FileExistsError:  # also for the second of two who choose one name at once
            raise ConfigError(f"{name}: there is a run or folder of this name; choose another") from None
    try:
        run = prepare(folder, plan, QUEUED)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # or its name would be taken for ever
        raise
    wake(folder.parent)
    return run


def prepare(folder, plan, status=STOPPED):
    """The run in ``folder``, made from ``plan`` if it is new, or ended before its first checkpoint.

    Raises:
        ConfigError: ``folder`` holds a run of another plan or other files, or data or weights are not there.
    """
    run = Run(Path(folder).resolve())
    begun = run.plan if Checkpoints(run.folder) and (run.folder / PLAN).exists() else None
    text = plan.located(begun).to_json()
    if (run.folder / PLAN).exists():
        if run.plan.to_json() == text:
            return run
        if run.status not in RESUMABLE or Checkpoints(run.folder):
            raise ConfigError(f"{run.folder}: this folder holds a run with other settings; choose a new one")
    elif run.folder.exists() and not (run.folder.is_dir() and not any(run.folder.iterdir())):
        raise ConfigError(f"{run.folder}: holds something that is no run; choose a new or an empty folder")
    make_folder(run.folder)
    run.write_state(status)
    write_file(run.folder / PLAN, text)  # last: a folder with a plan is a run
    return run


def open_run(name):
    """The run called ``name`` (or ``runs/name``, as its model is), or the one in the folder ``name``.

    Raises:
        ConfigError: there is none.
    """
    for folder in (runs_folder() / str(name), Path(name), runs_folder() / str(name).removeprefix("runs/")):
        if (folder / PLAN).is_file():
            return Run(folder.resolve())
    known = ", ".join(run.name for run in list_runs())
    raise ConfigError(f"no run called {str(name)!r}; there are: {known or 'none'}")


def list_runs(folder=None):
    """All runs of :func:`~skushare.workspace.runs_folder` (or ``folder``), the newest first."""
    found = [Run(path.parent.resolve()) for path in Path(folder or runs_folder()).glob(f"*/{PLAN}")]
    return sorted(found, key=lambda run: run.created, reverse=True)


def wake(folder=None):
    """Start the queue's worker if runs wait and none is at work, as after a restart of the machine.

    The worker is a session of its own: it outlives this process.

    Raises:
        SkushareError: its log cannot be written.
    """
    folder = Path(folder or runs_folder()).resolve()
    if is_held(folder / WORKER_LOCK) or not any(run.status == QUEUED for run in list_runs(folder)):
        return
    with writing(folder / WORKER_LOG), open(folder / WORKER_LOG, "ab") as log:
        start_detached([sys.executable, "-m", "skushare.training.worker", str(folder)], log, cwd=ROOT)


def _table(path):
    try:
        text = path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]  # a full disk cuts the last line
        return pd.read_csv(io.StringIO(whole), on_bad_lines="skip")
    except (OSError, ValueError):  # none yet, or damaged
        return pd.DataFrame({"step": pd.Series(dtype=int)})
