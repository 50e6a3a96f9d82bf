"""Everything a run needs to go on, in one file that is never half-written."""

import numpy as np

from skushare.errors import ModelError
from skushare.files import atomic_write


def save_checkpoint(path, model, counters):
    """Write the variables of ``model`` and of its optimizer, and integer ``counters``.

    An uncompressed ``.npz`` without pickle; replaces ``path`` atomically.
    """
    arrays = {f"variable/{i}": v.numpy() for i, v in enumerate(_variables(model))}
    arrays |= {f"counter/{name}": np.asarray(value, np.int64) for name, value in counters.items()}
    with atomic_write(path) as handle:
        np.savez(handle, **arrays)


def load_checkpoint(path, model):
    """Restore what :func:`save_checkpoint` wrote into ``model``; returns the counters.

    Raises:
        ModelError: the file is missing, damaged, or of another network; ``model`` is
            then unchanged.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
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
