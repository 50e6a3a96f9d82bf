"""What a run will take on this machine, measured by a few real steps before it is started.

``python -m skushare.training.estimate`` reads a plan from standard input and measures.
"""

import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import psutil

from skushare.dataset import store
from skushare.dataset.formats import read_dataset, stored_source
from skushare.errors import SkushareError
from skushare.files import make_folder, read_json, write_file
from skushare.processes import ROOT, STANDS_BACK
from skushare.quiet import load_keras
from skushare.training.backends import environment, share_out
from skushare.training.plan import Plan
from skushare.workspace import workspace

STEPS = 5  # measured after the first, which builds the graph
PHOTOS = 3  # validated, the first of which builds a graph as well
TIMEOUT = 900.0  # seconds; a busy machine may need minutes
LOOK = 0.5  # seconds between two looks whether it is still wanted
JOB = (sys.executable, "-m", "skushare.training.estimate")
BUSY = 25.0  # per cent of all processor cores in use by others
# Settings that change how long a step takes; others change how many there are, or what they teach.
_COSTS = (
    *("batch_size", "optimizer", "ema", "freeze_before", "freeze_batch_norm"),
    *("min_scale", "max_scale", "photometric", "mosaic", "paste", "validation_photos"),
)


@dataclass(frozen=True)
class Estimate:
    """What a run takes, as measured here.

    Attributes:
        seconds: in all, packaging left out.
        seconds_per_step, seconds_per_photo: of training and of validation.
        seconds_to_start: until the first step is done: data, Keras and the graph.
        memory: bytes of main memory at the most, photos kept in memory included.
        photos: validated each time.
        knowing: whether it begins with a detector of its classes, which is validated before the first step.
        measured: when, in seconds since the epoch.
        busy: whether other programs kept the machine busy meanwhile, so that it may go faster alone.
    """

    seconds: float
    seconds_per_step: float
    seconds_per_photo: float
    seconds_to_start: float
    memory: int
    photos: int
    knowing: bool
    measured: float
    busy: bool


def known_estimate(plan):
    """The :class:`Estimate` of ``plan`` if a like one was measured before, else ``None``."""
    return _known(plan, cost_key(plan))


def _known(plan, key):
    known = read_json(_cache_file()).get(key)
    try:
        return _for_length(Estimate(**known), plan) if known else None
    except TypeError:
        return None  # of another version


def estimate(plan, again=False, stop=None):
    """The :class:`Estimate` of ``plan``; takes half a minute or more where it has to be measured.

    Args:
        plan: a ``Plan``; again: measure even if it is known.
        stop: a ``threading.Event``; once it is set, nothing is measured any more.

    Raises:
        SkushareError: the plan cannot be carried out here, or it was stopped; the message tells why.
    """
    key = cost_key(plan)
    if not again and (known := _known(plan, key)):
        return known
    plan = plan.located()
    busy = psutil.cpu_percent(interval=0.5) > BUSY
    result = _run_job(plan, stop)
    if result.returncode == -9:
        raise SkushareError("memory ran out while measuring; take a smaller batch")
    if result.returncode:
        last = result.stderr.strip().rpartition("\n")[2]
        raise SkushareError(f"the plan does not work here: {last or f'status {result.returncode}'}")
    measured = json.loads(result.stdout.strip().rpartition("\n")[2])
    found = Estimate(seconds=0.0, measured=time.time(), busy=busy, **measured)
    path = _cache_file()
    make_folder(path.parent)
    write_file(path, json.dumps(read_json(_cache_file()) | {key: asdict(found)}, indent=2))
    return _for_length(found, plan)


def _run_job(plan, stop):
    """Measure ``plan`` in a process of its own, which ends early once ``stop`` is set, if there is one.

    Returns:
        its ``subprocess.CompletedProcess``.
    """
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    end, given = time.monotonic() + TIMEOUT, plan.to_json()
    with subprocess.Popen(JOB, env=environment(plan), cwd=ROOT, text=True, **pipes) as process:
        try:
            while True:
                try:
                    output, errors = process.communicate(given, timeout=LOOK)
                    return subprocess.CompletedProcess(JOB, process.returncode, output, errors)
                except subprocess.TimeoutExpired:
                    given = None  # it has it
                if stop is not None and stop.is_set():
                    raise SkushareError("measuring was stopped")
                if time.monotonic() > end:
                    raise SkushareError(
                        f"nothing was measured within {TIMEOUT / 60:.0f} minutes; try again when this "
                        "computer does less, or with a smaller batch"
                    )
        finally:
            process.kill()  # nothing happens to one that has ended


def measure(plan):
    """Take a few steps of ``plan`` and validate a few photos, in this process; returns the figures."""
    from skushare.training.batches import Batches
    from skushare.training.material import initial_weights, read_data
    from skushare.training.trainer import Validator, make_learner

    started = time.monotonic()
    config, datasets, validation = read_data(plan)
    load_keras()
    share_out(plan.devices, plan.training.batch_size)
    learner = make_learner(config, plan.training, initial_weights(plan, config))
    batches = Batches(datasets, config, plan.training)
    stream = batches.stream(0)
    learner.train_on_batch(*next(stream))
    ready = time.monotonic()
    steps = [_timed(lambda: learner.train_on_batch(*next(stream))) for _ in range(STEPS)]
    stream.close()
    first = replace(validation, samples=validation.samples[:1])
    validator = Validator(config, first)
    photos = [_timed(lambda: validator(learner.network)) for _ in range(PHOTOS)]
    wanted = plan.training.validation_photos or len(validation)
    return {
        "seconds_per_step": median(steps),
        "seconds_per_photo": min(photos),
        "seconds_to_start": ready - started,
        "memory": _peak_memory() + batches.photos_bytes() - batches.photos.size,
        "photos": min(wanted, len(validation)),
        "knowing": learner.trained,
    }


def _peak_memory():
    """Bytes of main memory that this process has held at the most."""
    if (status := Path("/proc/self/status")).is_file():  # Linux's ru_maxrss begins at the parent's peak
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _timed(action):
    started = time.monotonic()
    action()
    return time.monotonic() - started


def _for_length(found, plan):
    training = plan.training
    validations = found.knowing - (-training.steps // training.validate_every)
    seconds = found.seconds_to_start + training.steps * found.seconds_per_step
    return replace(found, seconds=seconds + validations * found.photos * found.seconds_per_photo)


def cost_key(plan):
    """A text that is the same for plans whose steps and validations take the same, however many they are.

    Raises:
        ConfigError: data or weights of ``plan`` are not there.
    """
    content = asdict(plan.located())
    del content["licence"]
    content["training"] = {name: content["training"][name] for name in _COSTS}
    content["training"]["ema"] = plan.training.ema > 0  # an average costs the same however far it reaches
    content["data"] = [_state(source) for source in (*(name for name, _ in plan.train), plan.validation)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _state(source):
    """What is another one once a stored dataset has changed, or what costs time of a file or folder."""
    if known := stored_source(source):
        return store.revision(known[0])
    return [[sample.width, sample.height, len(sample.boxes)] for sample in read_dataset(source).samples]


def _cache_file():
    return workspace() / "cache" / "estimates.json"


def main():
    """Measure the plan on standard input; the figures are the last line of standard output."""
    os.nice(STANDS_BACK)  # as the process that trains
    try:
        print(json.dumps(measure(Plan.from_json(sys.stdin.read()))))
    except SkushareError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
