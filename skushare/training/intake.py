"""Weights to start from that the user brings: an archive of the model zoo, or a weight file."""

import shutil
from pathlib import Path

import numpy as np

from skushare.detector.zoo import ARCHIVE, check_archive, is_zoo
from skushare.errors import ModelError
from skushare.files import atomic_write, make_folder
from skushare.workspace import checked_name, weights_folder

SUFFIXES = (*ARCHIVE, ".npz")


def add_weights(file):
    """Keep ``file`` among the weights that runs can start from, under its own name.

    Args:
        file: binary file with a ``name``: an archive of the TF2 model zoo, or what
            ``weights.save_weights`` or ``tools/import_backbone.py`` wrote.

    Returns:
        Path of the copy.

    Raises:
        SkushareError: it is neither, is damaged, has the name of other weights, or cannot be kept; nothing
            is left of it then.
    """
    name = checked_name(Path(file.name).name)
    if not name.lower().endswith(SUFFIXES):
        raise ModelError(f"{name}: no weights; take one of {', '.join(SUFFIXES)}")
    if is_zoo(name):
        check_archive(file)
    else:
        _check(file, name)
    file.seek(0)
    path = make_folder(weights_folder()) / name
    if path.exists():
        if path.read_bytes() != file.read():  # runs that wait or are cloned may begin with them
            raise ModelError(
                f"{name}: there are other weights of this name; rename the file, or delete {path}"
            )
        return path
    with atomic_write(path) as handle:
        shutil.copyfileobj(file, handle)
    return path


def weight_files():
    """Paths of the files that :func:`add_weights` stored, sorted by name."""
    return sorted(path for path in weights_folder().glob("*") if path.name.lower().endswith(SUFFIXES))


def _check(file, name):
    try:
        with np.load(file, allow_pickle=False) as content:
            known = "Conv1/0" in content.files
    except Exception as error:  # zip, numpy and the disk each raise their own
        raise ModelError(f"{name}: not a readable weight file ({error}); copy or download it again") from None
    if not known:
        raise ModelError(
            f"{name}: holds no weights of a MobileNetV2 of skushare; take the weights.npz of a model, or "
            "what tools/import_backbone.py writes"
        )
