"""An evaluation: one model on one dataset in one mode, worked off photo by photo and kept on disk."""

import hashlib
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np

from skushare.detector.runtime import Detector
from skushare.errors import DatasetError, ImageError, SkushareError
from skushare.evaluation.predictions import Predictions, digest, photo_key
from skushare.evaluation.result import Result
from skushare.evaluation.trained import read_trained, tell_trained
from skushare.files import drop_leftovers, make_folder, read_json, write_file, writing
from skushare.lock import hold, is_held
from skushare.processes import STANDS_BACK, last_words, start_detached
from skushare.workspace import evaluations_folder, runs_folder

RUNNING, FINISHED, FAILED, UNFINISHED, NEW = "running", "finished", "failed", "unfinished", "new"
FIGURES, PROGRESS, LOCK, STOP, LOG = "figures.json", "progress.json", "lock", "stop", "log.txt"
TELL_EVERY = 0.5  # seconds

_children = {}  # folder: the process that was started for it and may not hold the lock yet


@dataclass(frozen=True)
class Progress:
    """How far an evaluation is.

    Attributes:
        phase: "detecting", "loss" or "figures".
        done, photos: of the phase.
        seconds_left: of the phase, at the speed so far; nan at its start.
    """

    phase: str
    done: int
    photos: int
    seconds_left: float = float("nan")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One model on one dataset in one mode.

    What was detected and the figures made of it are files, found again by anyone who
    evaluates the same: they change names with the model's weights, the photos and the labels,
    and with what is known of the photos that the model was trained on.

    Attributes:
        model: a ``Model``; dataset: a ``Dataset``.
        mode, size: of ``Detector.detect``.
    """

    model: object
    dataset: object
    mode: str = "photo"
    size: int | None = None

    @cached_property
    def predictions(self):
        return Predictions(self.model, self.mode, self.size)

    @cached_property
    def folder(self):
        """Where its figures, progress and log are."""
        content = hashlib.sha256()
        for sample in self.dataset.samples:
            content.update(f"{photo_key(sample.path)} {sample.width} {sample.height}".encode())
            content.update(sample.boxes.tobytes() + sample.class_ids.tobytes())
            content.update(np.flatnonzero(sample.ignored).tobytes())
        content.update(read_trained(self.model.folder.parent).tobytes())
        names = self.model.config.labels, self.dataset.labels
        return evaluations_folder() / "figures" / digest(self.predictions.key, names, content.hexdigest())

    @property
    def min_score(self):
        """The model's own threshold for the mode."""
        return self.model.config.threshold(self.mode)

    @property
    def about(self):
        """What rows of figures begin with."""
        size = self.size or self.model.config.size(self.mode)
        return {"model": self.model.name, "dataset": self.dataset.name, "mode": self.mode, "size": size}

    @property
    def unknown_classes(self):
        """Classes of the dataset that a model of more than one does not know: with them there is no loss."""
        labels = self.model.config.labels
        return sorted(set(self.dataset.labels) - set(labels)) if len(labels) > 1 else []

    def condition(self):
        """(``NEW``, ``RUNNING``, ``FINISHED``, ``UNFINISHED`` or ``FAILED``, why)."""
        child = _children.get(self.folder)
        if (child and child.poll() is None) or is_held(self.folder / LOCK):
            return RUNNING, "stopping" if (self.folder / STOP).exists() else ""
        if self.is_whole():
            return FINISHED, ""
        if not (self.folder / LOG).exists():
            return (UNFINISHED if self.predictions.done(self.dataset.samples) else NEW), ""
        words = last_words(self.folder / LOG)
        return (FAILED, words) if words and not (self.folder / STOP).exists() else (UNFINISHED, "")

    def progress(self):
        """The last :class:`Progress` told, or ``None``."""
        try:
            return Progress(**read_json(self.folder / PROGRESS))
        except TypeError:  # none yet
            return None

    def read(self):
        """What :meth:`run` saved, or ``None``.

        It is ``Result.scored`` with ``failures``, ``trained`` (of ``tell_trained``) and perhaps ``loss``.
        """
        return read_json(self.folder / FIGURES) or None

    def is_whole(self):
        """Whether the figures are there, and the detections that they were made of."""
        saved = self.read()
        if saved is None:
            return False
        return self.predictions.done(self.dataset.samples) >= len(self.dataset) - len(saved["failures"])

    def result(self):
        """(the :class:`Result` of the photos that could be read, :meth:`read`).

        Raises:
            SkushareError: the evaluation is not finished.
        """
        saved = self.read()
        if saved is None:
            raise SkushareError(f"{self.dataset.name}: not evaluated with {self.model.name} yet")
        return self._result(saved["failures"]), saved

    def run(self, loss=False, resamples=1000, progress=None):
        """Evaluate in this process, going on where an earlier call ended.

        Args:
            loss: also the training loss, see ``loss.py``; needs Keras.
            resamples: bootstrap resamples of photos for the interval of AP; 0 for none.
            progress: wraps a list of samples in an iterator that shows progress.

        Returns:
            as :meth:`result`; or ``None`` if :meth:`stop` was called meanwhile.

        Raises:
            SkushareError: another process is at it, no photo can be read, or the disk is full. Or the loss
                is asked for, but the model does not know a class of the dataset.
        """
        if loss and (unknown := self.unknown_classes):
            name = f"{self.dataset.name}: the model does not know the class {unknown[0]!r}"
            raise DatasetError(f"{name}, so it has no loss here; evaluate without it")
        make_folder(self.folder)
        with hold(self.folder / LOCK) as mine:
            if not mine:
                raise SkushareError(
                    f"{self.dataset.name}: {self.model.name} is being evaluated on it already"
                )
            drop_leftovers(self.folder, ".*.json.", seconds=0)
            drop_leftovers(self.predictions.folder, ".*.npy.")  # which evaluations of other datasets share
            (self.folder / STOP).unlink(missing_ok=True)
            teller = _Teller(self.folder, progress)
            detector, failures = Detector(self.model), {}
            for sample in teller.each("detecting", self.dataset.samples):
                try:
                    self.predictions.add(sample, detector)
                except (ImageError, DatasetError) as error:
                    failures[str(sample.path)] = str(error)
            if teller.stopped:
                return None
            if len(failures) == len(self.dataset):
                first = next(iter(failures.values()), "it has no photos")
                raise DatasetError(f"{self.dataset.name}: nothing to evaluate: {first}")
            result = self._result(failures)
            saved = {"failures": failures, "loss": (self.read() or {}).get("loss")}
            if loss:
                saved["loss"] = self._loss(detector, teller, failures)
                if teller.stopped:
                    return None
            teller.tell(Progress("figures", 0, 1))
            saved |= result.scored(resamples) | {"trained": tell_trained(self.model, result.samples)}
            write_file(self.folder / FIGURES, json.dumps(saved, indent=1))
        return result, saved

    def start(self, source, loss=False):
        """Evaluate in a process of its own, which outlives this one; does nothing while one is at it.

        Its figures go as a row to ``evaluation.csv`` of the model's run, or of the evaluations.

        Args:
            source: what ``skushare evaluate`` calls the dataset; loss: as in :meth:`run`.

        Raises:
            SkushareError: its folder cannot be written.
        """
        if self.condition()[0] == RUNNING:
            return
        make_folder(self.folder)
        with writing(self.folder):
            for name in (STOP, PROGRESS):
                (self.folder / name).unlink(missing_ok=True)
        command = [sys.executable, "-m", "skushare", "evaluate", source, "--model", str(self.model.folder)]
        command += ["--mode", self.mode, "--csv", str(rows_file(self.model)), *["--loss"] * loss]
        command += ["--size", str(self.size)] if self.size else []
        with writing(self.folder / LOG), (self.folder / LOG).open("wb") as log:
            _children[self.folder] = start_detached(
                command,
                log,
                output=subprocess.DEVNULL,
                cwd=self.folder,  # where no file can have the name of a dataset
                niceness=STANDS_BACK,
            )

    def stop(self):
        """Ask the process to end after the photo it is at; what was detected is kept.

        Raises:
            SkushareError: its folder cannot be written.
        """
        child = _children.get(self.folder)
        if child and child.poll() is None and not is_held(self.folder / LOCK):
            child.terminate()  # it has nothing to lose yet, and would take the request for an old one
        with writing(self.folder / STOP):
            (self.folder / STOP).touch()

    def _result(self, failures):
        samples = tuple(s for s in self.dataset.samples if str(s.path) not in failures)
        found = [self.predictions.get(sample.path) for sample in samples]
        if any(d is None for d in found):
            raise SkushareError(f"{self.predictions.folder}: files are missing or damaged; evaluate again")
        return Result.of(replace(self.dataset, samples=samples), self.model.config.labels, found)

    def _loss(self, detector, teller, failures):
        from skushare.evaluation.loss import photo_loss

        labels, names = self.model.config.labels, self.dataset.labels
        ids = np.array([0 if len(labels) == 1 else labels.index(name) for name in names], int)
        samples = [s for s in self.dataset.samples if str(s.path) not in failures]
        losses = [photo_loss(detector, s, ids[s.class_ids]) for s in teller.each("loss", samples)]
        return np.mean(losses, axis=0).tolist() if losses else None


class _Teller:
    """Tells how far an evaluation is, and learns when it shall stop."""

    def __init__(self, folder, wrap):
        self.folder, self.wrap, self.stopped, self.told = folder, wrap or iter, False, 0.0

    def each(self, phase, samples):
        """Go through ``samples``, telling how many are done, until asked to stop."""
        began = time.monotonic()
        for done, sample in enumerate(self.wrap(samples)):
            now = time.monotonic()
            if now - self.told > TELL_EVERY:
                self.stopped = (self.folder / STOP).exists()
                if self.stopped:
                    return
                left = (now - began) / done * (len(samples) - done) if done else float("nan")
                self.tell(Progress(phase, done, len(samples), left))
                self.told = now
            yield sample

    def tell(self, progress):
        write_file(self.folder / PROGRESS, json.dumps(asdict(progress)))


def rows_file(model):
    """The CSV file for rows of figures of ``model``: in its run's folder, else with the evaluations."""
    folder = model.folder.parent
    own = runs_folder().resolve() in folder.parents
    return (folder if own else evaluations_folder().resolve()) / "evaluation.csv"
