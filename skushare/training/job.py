"""The process that carries out one run: data, training, the model at the end.

``python -m skushare.training.job FOLDER`` is how the queue's worker starts it.
"""

import errno
import os
import pickle
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from skushare.dataset.duplicates import near_any
from skushare.dataset.layout import missing_photos
from skushare.dataset.scan import scan
from skushare.errors import ConfigError, DatasetError, SkushareError
from skushare.evaluation.trained import read_trained, write_trained
from skushare.files import drop_leftovers
from skushare.lock import hold
from skushare.quiet import load_keras
from skushare.text import counted
from skushare.training.backends import environment, share_out
from skushare.training.checkpoint import Checkpoints
from skushare.training.comparison import best_figures
from skushare.training.events import EventLog
from skushare.training.heartbeat import Heartbeat
from skushare.training.material import initial_weights, read_data, trained_before
from skushare.training.observer import Observer
from skushare.training.photos import prune_copies
from skushare.training.runs import (
    FAILED,
    FINISHED,
    INTERRUPTED,
    LOCK,
    QUEUED,
    RUNNING,
    STOP,
    STOPPED,
    Run,
)

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
OUT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "ResourceExhausted", "out of memory", "OOM when allocating")
NO_BETTER = (
    "no step was better than the weights that it began with, so these are its model; "
    "train on more photos, or with a lower learning_rate"
)
TELL_EVERY = 60.0  # seconds between lines of the log about the steps


def run_job(run, observers=(), say=print, anew=False):
    """Train ``run`` as its plan says, in this process, and package its model.

    Args:
        run: a ``Run``; one that has finished is packaged anew.
        observers: further ``Observer``s.
        say: called with each line for the log.
        anew: whether the user asks for it now, so that an older request to stop does not hold.

    Returns:
        the run's status at the end.

    Raises:
        SkushareError: the run cannot go on; its state tells why as well, unless it has finished before and
            has its model.
    """
    with hold(run.folder / LOCK, seconds=2) as mine:
        if not mine:
            raise ConfigError(f"{run.folder}: another process trains this run; wait for it or stop it")
        if anew:  # not before it has the lock: a request is that of the process at work
            (run.folder / STOP).unlink(missing_ok=True)
        before = run.read_state()
        run.write_state(RUNNING, pid=os.getpid())
        try:
            status, reason = _carry_out(run, observers, say)
        except BaseException as error:
            status, reason = judge(error)
            done = before["status"] == FINISHED and run.model_folder.is_dir()
            if done and isinstance(error, SkushareError):
                status, reason = FINISHED, before.get("reason", "")
            run.write_state(status, reason)  # first: on a full disk the log may not take another line
            if isinstance(error, Exception) and not isinstance(error, SkushareError):
                say(traceback.format_exc().rstrip())
            raise
        run.write_state(status, reason)
        say(f"{status}{': ' * bool(reason)}{reason}")
    return status


def judge(error):
    """(status, reason) of a run that ``error`` ended."""
    chain, link = [], error
    while link is not None:
        chain.append(link)
        link = link.__cause__ or link.__context__
    for link in chain:
        if isinstance(link, OSError) and link.errno in DISK_ERRORS:
            return INTERRUPTED, f"the disk is full ({link.strerror}); free some space, then resume"
    if isinstance(error, MemoryError) or any(words in str(error) for words in OUT_OF_MEMORY):
        return INTERRUPTED, "memory ran out; end other programs, or clone it with a smaller batch"
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, "by the keyboard; the steps since the last checkpoint will be done again"
    return FAILED, str(error) if isinstance(error, SkushareError) else f"{type(error).__name__}: {error}"


def package_job(run, validation):
    """Write the model of ``run`` from its best weights; needs the TensorFlow backend.

    Args:
        validation: the ``Dataset`` that they were chosen on; its name may stand for another by now.
    """
    from skushare.training.package import package_run

    plan = run.plan
    about = {"licence": plan.licence} if plan.licence else None
    return package_run(run.folder, validation, about=about)


def _carry_out(run, observers, say):
    drop_leftovers(run.folder, ".*.json.", ".*.csv.", ".*.npz.", ".*.npy.", seconds=0)
    plan = run.plan
    heartbeat = Heartbeat(run.folder, plan.training)
    # Before Keras, which takes its time: what is wrong here is told at once.
    config, datasets, validation = read_data(plan)
    missing = [path for each in (*(d for d, _ in datasets), validation) for path in missing_photos(each)]
    if missing:
        raise DatasetError(
            f"{counted(len(missing), 'photo')} not there, such as {missing[0]}; bring back what is missing, "
            "or take it out with skushare data check NAME --fix damaged"
        )
    hashes = _refuse_faulty((*(d for d, _ in datasets), validation), say).hashes
    count = sum(len(d) for d, _ in datasets)
    say(f"{counted(count, 'photo')} to train on, {len(validation)} to validate on")
    begun = Checkpoints(run.folder)
    before = read_trained(run.folder) if begun else trained_before(plan)
    trained = np.unique(np.concatenate([hashes[:count], before]), axis=0)
    if not begun:
        write_trained(run.folder, trained)
    if seen := int(near_any(hashes[count:], trained).sum()):
        say(
            f"warning: {seen} of the {len(validation)} {'looks' if seen == 1 else 'look'} nearly like photos "
            "to train on, or like ones that the weights to start from have seen, so the figures will be too "
            "good; validate on others (skushare data split keeps such photos together)"
        )
    prune_copies()
    load_keras()
    from skushare.training.trainer import train

    devices = share_out(plan.devices, plan.training.batch_size)
    say(f"backend {plan.backend}{f', {devices} devices' if devices > 1 else ''}")
    watching = [StopRequest(run.folder), heartbeat, Teller(plan.training.steps, say), *observers]
    if find_spec("tensorboard"):
        watching.append(EventLog(run.folder))
    # A checkpoint has all; what the run once started from may be gone by then.
    start = None if begun else initial_weights(plan, config, say)
    if not train(run.folder, config, plan.training, datasets, validation, start, watching):
        return STOPPED, "as asked to; resume goes on from here"
    heartbeat.phase("packaging")
    result = _package(run, plan, validation, say)
    heartbeat.phase("done")
    if best_figures(run.metrics()).get("step") == 0:
        result = "; ".join(filter(None, (NO_BETTER, result)))
    return FINISHED, result


def _refuse_faulty(datasets, say):
    """Raise a :class:`DatasetError` where a photo cannot be read or does not have the size of its labels.

    The run would end there, hours on, or learn from boxes in wrong places. Gives the ``Scan`` of the photos.
    """
    samples = [sample for dataset in datasets for sample in dataset.samples]

    def told(missing):
        if missing:
            say(f"looking at {counted(len(missing), 'photo')} for the first time")
        return missing

    found = scan([sample.path for sample in samples], told)
    readable = zip(samples, found.readable, strict=True)
    damaged = list(dict.fromkeys(sample.path for sample, good in readable if not good))
    if damaged:
        raise DatasetError(
            f"{counted(len(damaged), 'photo')} not to be read, such as {damaged[0]}; run skushare data check "
            "NAME --fix damaged, then begin a new run"
        )
    sizes = zip(samples, found.widths, found.heights, strict=True)
    faults = list(dict.fromkeys(filter(None, (sample.size_fault(*size) for sample, *size in sizes))))
    if faults:
        raise DatasetError(
            f"{counted(len(faults), 'photo')} of another size than the labels are for, such as {faults[0]}, "
            "and begin a new run"
        )
    return found


def _package(run, plan, validation, say):
    """Package the model; returns what there is to say about it."""
    say("packaging the best weights")
    if plan.backend == "tensorflow":
        package_job(run, validation)
        return ""
    if not find_spec("tensorflow"):
        return "the model is still to be packaged where TensorFlow is installed: skushare package"
    command = [sys.executable, "-m", "skushare.training.job", "--package", str(run.folder)]
    plain = environment(replace(plan, backend="tensorflow", devices="cpu"))
    result = subprocess.run(command, env=plain, capture_output=True, input=pickle.dumps(validation))
    if result.returncode:
        last = result.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise SkushareError(
            f"the model could not be packaged: {last or f'status {result.returncode}'}; skushare package "
            "tries it again"
        )
    return ""


class StopRequest(Observer):
    """Ends the run in good order when its folder or a signal asks for it."""

    def __init__(self, folder):
        self.path, self.signalled = folder / STOP, False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number, frame):
        self.signalled = True
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.default_int_handler)

    def stopping(self):
        return self.signalled or self.path.exists()


class Teller(Observer):
    """Lines of text about the steps and the validations.

    Args:
        steps: in all; say: called with each line.
    """

    def __init__(self, steps, say):
        self.steps, self.say, self.told = steps, say, time.monotonic()

    def began(self, step, validated, steps):
        self.say(f"training from step {step} of {steps}")

    def stepped(self, step, losses):
        if time.monotonic() - self.told > TELL_EVERY:
            self.say(f"step {step} of {self.steps}  loss {losses['loss']:.4g}")
            self.told = time.monotonic()

    def validated(self, step, row, pictures):
        figures = "  ".join(f"{name} {value:.4g}" for name, value in row.items())
        self.say(f"step {step} of {self.steps} validated  {figures}")
        self.told = time.monotonic()


def main(arguments):
    """Carry out a queued run; or with ``--package`` its last part alone, on the photos in standard input."""
    if arguments[0] == "--package":
        validation = pickle.load(sys.stdin.buffer)
        load_keras()
        try:
            package_job(Run(Path(arguments[1])), validation)
        except SkushareError as error:
            print(error, file=sys.stderr)
            return 1
        return 0
    run = Run(Path(arguments[0]))
    if run.read_state()["status"] != QUEUED:
        return 0  # taken from the queue meanwhile

    def say(line):
        print(time.strftime("%Y-%m-%d %H:%M:%S"), line, flush=True)

    try:
        run_job(run, say=say)
    except Exception as error:  # the run's state tells it as well
        if isinstance(error, SkushareError):
            say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
