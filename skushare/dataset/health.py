"""Checks of a dataset's health: what is wrong, where, and how it is put right.

Each kind of fault is a :class:`Check`: ``find`` lists the places, ``repair`` gives the
dataset without the fault. ``CHECKS`` has them in the order in which they are repaired.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from skushare.dataset import faults
from skushare.dataset.faults import View
from skushare.dataset.scan import scan
from skushare.errors import ConfigError


@dataclass(frozen=True)
class Finding:
    """One kind of fault in a dataset.

    Attributes:
        kind: key of ``CHECKS``.
        message: what is wrong, for people.
        remedy: what :func:`fix` does about it, for people.
        places: DataFrame: file, split, box (its number on the picture from 0; missing where
            the whole picture is meant) and detail; a row for each place.
    """

    kind: str
    message: str
    remedy: str
    places: pd.DataFrame


class Check(NamedTuple):
    """A kind of fault.

    Attributes:
        title: what the page calls it.
        one, many: the message about one place and about several.
        remedy: what the repair does.
        find: ``view -> (pictures, boxes, details)``, three lists of equal length; box -1 is none.
        repair: ``(view, pictures, boxes) -> Dataset``.
    """

    title: str
    one: str
    many: str
    remedy: str
    find: Callable
    repair: Callable


def check(dataset, progress=iter):
    """What is wrong with ``dataset``, read raw, that is with the boxes as they stand in its files.

    Every picture is decoded once and then remembered (see :func:`~skushare.dataset.scan.scan`).

    Args:
        progress: wraps a list of what is to do in an iterator that shows progress.

    Returns:
        list of :class:`Finding`, empty if all is well.
    """
    view = View(dataset, _scan(dataset, progress))
    findings = []
    for kind, (_, one, many, remedy, find, _) in CHECKS.items():
        pictures, boxes, details = find(view)
        if len(pictures):
            message = (one if len(pictures) == 1 else many).format(n=f"{len(pictures):,}")
            findings.append(Finding(kind, message, remedy, view.places(pictures, boxes, details)))
    return findings


def fix(dataset, kinds, progress=iter):
    """``dataset`` without some kinds of faults; its provenance tells what was done. Itself if it has none.

    Args:
        kinds: keys of ``CHECKS``.
        progress: as for :func:`check`.

    Raises:
        ConfigError: there is no such kind.
    """
    kinds = set(kinds)
    if unknown := sorted(kinds - set(CHECKS)):
        raise ConfigError(f"there is no check called {unknown[0]!r}; there are: {', '.join(CHECKS)}")
    facts = _scan(dataset, progress)
    row_of = {sample.path: row for row, sample in enumerate(dataset.samples)}
    done = []
    for kind in (kind for kind in CHECKS if kind in kinds):
        view = View(dataset, facts[[row_of[sample.path] for sample in dataset.samples]])
        pictures, boxes, _ = CHECKS[kind].find(view)
        if len(pictures):
            dataset = CHECKS[kind].repair(view, np.asarray(pictures), np.asarray(boxes))
            done.append(f"{kind}: {len(pictures)}")
    if not done:
        return dataset
    before = dataset.provenance.get("fixed", [])
    return replace(dataset, provenance=dataset.provenance | {"fixed": [*before, *done]})


def _scan(dataset, progress):
    return scan([sample.path for sample in dataset.samples], progress)


CHECKS = {
    "damaged": Check(
        "Damaged pictures",
        "{n} picture is missing or damaged",
        "{n} pictures are missing or damaged",
        "takes them out of the dataset; the files stay",
        faults.find_damaged,
        faults.drop_pictures,
    ),
    "size": Check(
        "Wrong sizes",
        "{n} picture has another size than its labels say",
        "{n} pictures have other sizes than their labels say",
        "scales or turns the boxes to the picture; where the shape is another, takes the picture out",
        faults.find_sizes,
        faults.repair_sizes,
    ),
    "inverted": Check(
        "Inverted boxes",
        "{n} box has its right or lower edge before the left or upper one",
        "{n} boxes have their right or lower edge before the left or upper one",
        "swaps the edges",
        faults.find_inverted,
        faults.repair_inverted,
    ),
    "outside": Check(
        "Boxes outside of the picture",
        "{n} box reaches out of its picture",
        "{n} boxes reach out of their pictures",
        "cuts them at the border; those wholly outside go",
        faults.find_outside,
        faults.repair_outside,
    ),
    "tiny": Check(
        "Tiny boxes",
        "{n} box is too small to show anything",
        "{n} boxes are too small to show anything",
        "deletes them",
        faults.find_tiny,
        faults.drop_boxes,
    ),
    "duplicates": Check(
        "Boxes drawn twice",
        "{n} box is drawn twice",
        "{n} boxes are drawn twice",
        "keeps one of each, the one with the better score or the first",
        faults.find_twice,
        faults.drop_boxes,
    ),
    "names": Check(
        "Spellings of class names",
        "{n} class name is a spelling of another",
        "{n} class names are spellings of others",
        "gives all of them the most frequent spelling",
        faults.find_variants,
        faults.repair_variants,
    ),
    "leak": Check(
        "Leaks between splits",
        "{n} picture is nearly the same as one in another split",
        "{n} pictures are nearly the same as ones in another split",
        "takes the copies out of the split that is trained on; splitting anew keeps them together",
        faults.find_leaks,
        faults.drop_pictures,
    ),
    "empty": Check(
        "Empty pictures",
        "{n} picture has no boxes",
        "{n} pictures have no boxes",
        "takes them out; leave them where they show no products on purpose",
        faults.find_empty,
        faults.drop_pictures,
    ),
}
"""The kinds of faults, in the order in which they are repaired."""
