"""Where the user's own things lie: datasets, weights, training runs, evaluations."""

import itertools
import os
import re
from pathlib import Path

from skushare.errors import ConfigError


def workspace():
    """``$SKUSHARE_WORKSPACE``, or ``workspace/`` beside the package."""
    return Path(os.environ.get("SKUSHARE_WORKSPACE") or Path(__file__).resolve().parents[1] / "workspace")


def datasets_folder():
    """Folder of imported datasets, one folder each."""
    return workspace() / "datasets"


def runs_folder():
    """Folder of training runs, one folder each."""
    return workspace() / "runs"


def weights_folder():
    """Folder of weights to start training from that the user brought."""
    return workspace() / "weights"


def evaluations_folder():
    """Folder of evaluations made in the app."""
    return workspace() / "evaluations"


def predictions_folder():
    """Folder of what models found in evaluated photos; may be deleted."""
    return evaluations_folder() / "predictions"


def scan_file():
    """File of what is known of the pictures of datasets; may be deleted."""
    return workspace() / "scan.db"


def copies_folder():
    """Folder of photos scaled for training; may be deleted."""
    return workspace() / "cache" / "photos"


def exports_folder():
    """Folder of exports made in the app, one folder each."""
    return workspace() / "exports"


def certificates_folder():
    """Folder of this machine's certificate, whose private keys are for the owner's eyes alone."""
    return workspace() / "certificates"


def plain_name(text):
    """``text`` with what :func:`checked_name` refuses replaced or left out; may be empty."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:64]


def free_name(wanted, taken, between="-"):
    """The first of :func:`numbered` ``wanted`` that is not among ``taken``."""
    return next(name for name in numbered(wanted, between) if name not in taken)


def numbered(name, between="-", ending=""):
    """Yield ``name`` and ``ending`` together; after that, without end, with -2, -3 and so on between them."""
    yield f"{name}{ending}"
    for number in itertools.count(2):
        yield f"{name}{between}{number}{ending}"


def checked_name(name):
    """``name``, if it can safely be the name of a folder.

    Raises:
        ConfigError: it is empty, too long, or has other characters than letters, digits, ``.``,
            ``_`` and ``-``.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", name):
        raise ConfigError(
            f"{name!r} cannot be a name: up to 64 letters, digits, '.', '_' and '-', no leading dot"
        )
    return name
