"""Everything a run needs to go on: the last two states, neither ever half-written."""

import os
import time
from pathlib import Path

import numpy as np

from skushare.errors import ModelError
from skushare.files import write_arrays

LAST, PREVIOUS, NEXT = "last.npz", "previous.npz", "next.npz"
EVERY = 300.0  # seconds after which another one is due


class Checkpoints:
    """The checkpoints in a run's folder: the last one and, in case that is damaged, the one before.

    Args:
        folder: of the run.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self._saved = time.monotonic()

    def __bool__(self):
        """Whether there is a checkpoint, usable or not."""
        return any((self.folder / name).exists() for name in (LAST, PREVIOUS))

    def due(self):
        """Whether the last one is so old that a crash would cost too much."""
        return time.monotonic() - self._saved > EVERY

    def save(self, model, counters):
        """Write the state of ``model`` and ``counters``; the last checkpoint becomes the previous one."""
        save_checkpoint(self.folder / NEXT, model, counters)
        # Killed between the two, there is no last one, but a good previous one.
        if (self.folder / LAST).exists():
            os.replace(self.folder / LAST, self.folder / PREVIOUS)
        os.replace(self.folder / NEXT, self.folder / LAST)
        self._saved = time.monotonic()

    def restore(self, model, report=print):
        """Bring ``model`` to the newest good state; returns its counters, ``{}`` if there is none yet.

        ``report`` is told of each checkpoint that had to be passed over.

        Raises:
            ModelError: there are checkpoints, but none can be used; ``model`` is then unchanged.
        """
        failures = []
        for name in (LAST, PREVIOUS):
            if (self.folder / name).exists():
                try:
                    return load_checkpoint(self.folder / name, model)
                except ModelError as error:
                    failures.append(str(error))
                    report(str(error))
        if failures:
            raise ModelError(failures[0])
        return {}


def save_checkpoint(path, model, counters):
    """Write the variables of ``model`` and of its optimizer, and integer ``counters``.

    An uncompressed ``.npz`` without pickle, with a CRC-32 of each array; replaces ``path`` atomically.
    """
    arrays = {f"variable/{i}": v.numpy() for i, v in enumerate(_variables(model))}
    arrays |= {f"counter/{name}": np.asarray(value, np.int64) for name, value in counters.items()}
    write_arrays(path, arrays)


def load_checkpoint(path, model):
    """Restore what :func:`save_checkpoint` wrote into ``model``; returns the counters.

    Raises:
        ModelError: the file is missing, damaged, or of another network; ``model`` is
            then unchanged.
    """
    try:
        with open(path, "rb") as handle, np.load(handle, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
    except Exception as error:  # zip, zlib, numpy and the disk each raise their own
        raise ModelError(
            f"{path}: not a readable checkpoint ({error}); use an older one or start anew"
        ) from None
    variables = _variables(model)
    saved = [arrays.get(f"variable/{i}") for i in range(len(variables))]
    if any(a is None or a.shape != tuple(v.shape) for a, v in zip(saved, variables, strict=True)):
        raise ModelError(f"{path}: checkpoint of another network or optimizer; start a new run")
    for variable, value in zip(variables, saved, strict=True):
        variable.assign(value)
    return {name.split("/")[1]: int(value) for name, value in arrays.items() if name.startswith("counter/")}


def _variables(model):
    # Keras lists a compiled optimizer's variables with the model's own on no backend.
    return [*model.variables, *model.optimizer.variables]
