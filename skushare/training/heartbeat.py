"""A small file that tells how far a run is, for whoever looks at it from outside."""

import contextlib
import json
import math
import time
from dataclasses import asdict

import psutil

from skushare.errors import SkushareError
from skushare.files import atomic_write
from skushare.training.observer import Observer
from skushare.training.runs import PROGRESS, Progress, Run, processor_time

EVERY = 2.0  # seconds between writings, each of which waits for the disk
SMOOTHING = 0.9  # the weight of all former steps in the seconds a step takes


class Heartbeat(Observer):
    """Writes the :class:`~skushare.training.runs.Progress` of a run to its folder.

    Args:
        folder: of the run; training: its ``TrainingConfig``.
    """

    def __init__(self, folder, training):
        self.path, self.every = folder / PROGRESS, training.validate_every
        self.process = psutil.Process()
        self.process.cpu_percent()  # the first call only starts the measurement
        before = Run(folder).progress()
        self.step, self.steps, self.loss = before.step if before else 0, training.steps, math.nan
        self.seconds = self.validation_seconds = 0.0
        self.taken = 0
        self.phase("preparing")

    def phase(self, name):
        """Tell that the run is now doing ``name``."""
        self.doing = name
        self._write()

    def began(self, step, validated, steps):
        self.step = step
        self.phase("training")
        self.before = time.monotonic()

    def stepped(self, step, losses):
        now = time.monotonic()
        took, self.taken = now - self.before, self.taken + 1
        if self.taken > 1:  # the first step builds the graph as well
            old = SMOOTHING if self.taken > 2 else 0.0
            self.seconds = old * self.seconds + (1 - old) * took
        self.step, self.loss, self.before = step, losses["loss"], now
        if now - self.written > EVERY:
            self._write()

    def validating(self, step):
        self.before = time.monotonic()
        self.phase("validating")

    def validated(self, step, row, pictures):
        now = time.monotonic()
        self.validation_seconds, self.before = now - self.before, now
        self.phase("training")

    def ended(self):
        self._write()

    def _write(self):
        validations = math.ceil(self.steps / self.every) - self.step // self.every
        left = (self.steps - self.step) * self.seconds + validations * self.validation_seconds
        progress = Progress(
            step=self.step,
            steps=self.steps,
            phase=self.doing,
            seconds_per_step=self.seconds,
            seconds_left=left,
            loss=self.loss,
            cores=self.process.cpu_percent() / 100,
            memory=self.process.memory_info().rss,
            memory_total=psutil.virtual_memory().total,
            processor=processor_time(self.process),
            updated=time.time(),
        )
        self.written = time.monotonic()
        # A full disk ends the run at its checkpoint, not here.
        with contextlib.suppress(SkushareError), atomic_write(self.path) as handle:
            handle.write(json.dumps(asdict(progress)).encode())
