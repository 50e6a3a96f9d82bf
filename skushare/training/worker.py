"""The queue's worker: carries out the queued runs of a folder, one after the other, then ends.

``python -m skushare.training.worker FOLDER``, started by ``runs.wake``. Killed, it leaves the run that
is on its way alone; the next worker waits for that one to end.
"""

import signal
import sys
import time
from pathlib import Path

from skushare.errors import SkushareError
from skushare.files import writing
from skushare.lock import hold
from skushare.processes import ROOT, STANDS_BACK, start_detached
from skushare.training.backends import environment
from skushare.training.plan import PLAN
from skushare.training.runs import FAILED, INTERRUPTED, LOG, QUEUED, RUNNING, WORKER_LOCK, list_runs

POLL = 1.0  # seconds
JOB = (sys.executable, "-m", "skushare.training.job")


def work(folder):
    """Carry out all queued runs of ``folder``, unless another worker does."""
    while queued(folder):
        with hold(folder / WORKER_LOCK, seconds=0.5) as mine:
            if not mine:
                return
            while waiting := queued(folder):
                # Of a killed worker, or of the command line: two at once would fight for the cores.
                if any(run.status == RUNNING for run in list_runs(folder)):
                    time.sleep(POLL)
                else:
                    carry_out(waiting[0])
        # A run queued after the last look was told that a worker is there: look once more.


def queued(folder):
    """The queued runs of ``folder``, the longest waiting first."""
    runs = [run for run in list_runs(folder) if run.status == QUEUED]
    return sorted(runs, key=lambda run: run.read_state().get("since", 0.0))


def carry_out(run):
    """Let a process of its own train ``run``, wait for it, and record an end it could not record."""
    queued_as = run.read_state()
    try:
        variables = environment(run.plan)
        with writing(run.folder / LOG):
            log = (run.folder / LOG).open("ab")
    except SkushareError as error:
        if (run.folder / PLAN).exists():  # else it is being deleted just now
            run.write_state(FAILED, str(error))
        return
    with log:
        process = start_detached(
            [*JOB, str(run.folder)], log, environment=variables, cwd=ROOT, niceness=STANDS_BACK
        )
    code = process.wait()
    state = run.read_state()
    # A run that recorded its end may have been queued anew while its process was still leaving.
    if state == queued_as or state.get("pid") == process.pid:
        run.write_state(INTERRUPTED, run.explain(how_it_ended(code, run.progress())))


def how_it_ended(code, progress=None):
    """What the exit ``code`` of a process and its last ``Progress`` tell, for people."""
    if code == -signal.SIGKILL:
        used = (
            f"; it used {progress.memory / 2**30:.1f} of {progress.memory_total / 2**30:.1f} GB"
            if progress
            else ""
        )
        return f"its process was killed (signal 9), by hand or by the system because memory ran out{used}"
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process ended with status {code}"


if __name__ == "__main__":
    work(Path(sys.argv[1]))
