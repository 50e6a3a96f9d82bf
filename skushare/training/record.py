"""The figures and pictures of a run, kept in its folder."""

import csv
import math
import time

import numpy as np

from skushare.files import atomic_write
from skushare.images import write_image
from skushare.training.observer import Observer
from skushare.training.runs import LOSSES, METRICS, SAMPLES

LOSS_EVERY = 10  # steps whose mean makes one row of the loss curve


class Record(Observer):
    """Writes ``metrics.csv`` (a row a validation), ``losses.csv`` and the sample pictures of a run.

    Rows of steps that a crash undid are removed when the run goes on, so none is there twice.
    """

    def __init__(self, folder):
        self.folder = folder

    def began(self, step, validated, steps):
        kept = _trim(self.folder / METRICS, validated)
        _trim(self.folder / LOSSES, step)
        self.minutes = float(kept[-1]["minutes"]) if kept else 0.0
        self.started = time.monotonic()
        self.recent, self.since_validation = [], []

    def stepped(self, step, losses):
        self.recent.append(losses)
        self.since_validation.append(losses)
        if step % LOSS_EVERY == 0:
            _append(self.folder / LOSSES, {"step": step, **_mean(self.recent)})
            self.recent.clear()

    def validated(self, step, row, pictures):
        minutes = self.minutes + (time.monotonic() - self.started) / 60
        # None where the run was ended between a step and its validation.
        losses = _mean(self.since_validation) or dict.fromkeys(("loss", "class_loss", "box_loss"), math.nan)
        losses.pop("learning_rate", None)  # a mean of it tells nothing
        row = {"step": step, **losses, **row, "minutes": minutes}
        self.since_validation.clear()
        folder = self.folder / SAMPLES / f"step-{step:06d}"
        folder.mkdir(parents=True, exist_ok=True)
        for number, picture in enumerate(pictures, 1):
            write_image(folder / f"{number}.jpg", picture, quality=85)
        _append(self.folder / METRICS, row)


def _mean(losses):
    return {name: float(np.mean([entry[name] for entry in losses])) for name in (losses[0] if losses else ())}


def _append(path, row):
    new = not path.exists()
    with path.open("a+", newline="") as handle:
        handle.seek(0)
        # A run keeps the columns it began with, also where a later version has more to tell.
        columns = list(row) if new else handle.readline().strip().split(",")
        writer = csv.DictWriter(handle, columns, extrasaction="ignore")
        if new:
            writer.writeheader()
        writer.writerow(row)


def _trim(path, step):
    """Drop the rows of ``path`` after ``step`` and half-written ones; returns those kept."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1].splitlines()
    rows = [row for row in csv.DictReader(whole) if None not in row and None not in row.values()]
    rows = [row for row in rows if int(row["step"]) <= step]
    if not rows:
        path.unlink()
        return []
    with atomic_write(path) as handle:
        lines = [rows[0].keys(), *(row.values() for row in rows)]
        handle.write("".join(",".join(line) + "\r\n" for line in lines).encode())
    return rows
