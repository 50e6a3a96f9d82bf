"""Photos that a model was trained on, known again by what they show, whatever their files are called."""

import numpy as np

from skushare.dataset.duplicates import near_any
from skushare.dataset.scan import scan
from skushare.files import atomic_write
from skushare.text import counted

TRAINED = "trained.npy"  # in the folder of a run


def write_trained(folder, hashes):
    """Keep the hashes (n, 4) uint64 of the photos that the run in ``folder`` and its first weights have seen.

    Raises:
        SkushareError: the disk is full or not writable.
    """
    with atomic_write(folder / TRAINED) as file:
        np.save(file, hashes)


def read_trained(folder):
    """The hashes (n, 4) uint64 that :func:`write_trained` kept in ``folder``; none if it has none."""
    try:
        hashes = np.load(folder / TRAINED, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        hashes = np.zeros(0)
    whole = hashes.dtype == np.uint64 and hashes.shape[1:] == (4,)
    return hashes if whole else np.zeros((0, 4), np.uint64)


def tell_trained(model, samples):
    """What to tell where ``samples`` look nearly like photos that ``model`` was trained on; "" if none does.

    That is known of a model which lies in the folder of its run. Photos are decoded once and then
    remembered (see :func:`~skushare.dataset.scan.scan`).
    """
    trained = read_trained(model.folder.parent)
    if not len(trained):
        return ""
    found = scan([sample.path for sample in samples])
    seen = np.flatnonzero(near_any(found.hashes, trained) & found.readable)
    if not len(seen):
        return ""
    look = "looks" if len(seen) == 1 else "look"
    return (
        f"{len(seen):,} of {counted(len(samples), 'photo')} {look} nearly like what the model was trained "
        f"on, such as {samples[seen[0]].path.name}: the figures are too good; evaluate on others"
    )
