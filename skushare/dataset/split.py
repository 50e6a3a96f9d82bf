"""Splitting a dataset such that like pictures stay together."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from skushare.dataset.duplicates import connected, near_groups
from skushare.dataset.scan import scan
from skushare.errors import ConfigError, DatasetError
from skushare.workspace import checked_name

LAST_NUMBER = re.compile(r"[\W_]*\d+\W*$")
FRACTIONS = {"train": 0.8, "val": 0.1, "test": 0.1}


def split_dataset(dataset, fractions=None, seed=0, progress=iter, series=False):
    """``dataset`` with its samples dealt out to new splits, whole groups at a time.

    A group is what nearly the same pictures or the samples' ``group`` join. Each goes to
    a random split, with odds by what the split still lacks, the largest first: what small ones
    fill up meets the shares. The order of the samples makes no difference.

    Args:
        fractions: {name of a split: its share}, 0 for no such split; default: ``FRACTIONS``.
            Shares are scaled to add up to 1.
        seed: another one gives another split.
        progress: as for :func:`~skushare.dataset.scan.scan`.
        series: whether pictures of one series by their names (:func:`series_of`) are a group, too.

    Raises:
        ConfigError: a share is below 0, or all are 0, or a split cannot be called so.
        DatasetError: there are no samples, or fewer groups than splits.
    """
    fractions = FRACTIONS if fractions is None else fractions
    names = [checked_name(name) for name, share in fractions.items() if share]
    shares = np.array([fractions[name] for name in names], float)
    if not names or not (np.isfinite(shares) & (shares > 0)).all():
        got = ", ".join(f"{name}={share:g}" for name, share in fractions.items()) or "none"
        raise ConfigError(f"the shares of splits must be 0 or more, and one above 0, got {got}")
    if not dataset.samples:
        raise DatasetError(f"{dataset.name}: has no pictures; there is nothing to split")
    groups = _numbered_by_path(dataset, group_ids(dataset, progress, series))
    sizes = np.bincount(groups)
    if len(sizes) < len(names):
        raise DatasetError(f"{dataset.name}: {_too_few(len(sizes), names, series)}")
    split_of = _deal(sizes, shares / shares.sum() * len(dataset), np.random.default_rng(seed))
    samples = tuple(
        replace(s, split=names[split_of[group]]) for s, group in zip(dataset.samples, groups, strict=True)
    )
    return replace(dataset, samples=samples)


def _too_few(groups, names, series):
    remedy = "add pictures of other shelves"
    if series:
        remedy = f"split without regard to names, or {remedy}"
    if groups > 1:  # enough for fewer splits
        *others, last = names[groups:]
        spare = f"{', '.join(others)} and {last}" if others else last
        remedy = f"set {spare} to 0 and give that share to the others, or {remedy}"
    form = "1 group" if groups == 1 else f"{groups} groups"
    return f"its pictures form {form} of like ones, too few for {len(names)} splits; {remedy}"


def series_of(path):
    """What names the series of shots that a picture is one of: its name without the last number.

    ``aisle3_bay2_01.jpg`` and ``aisle3_bay2_02.jpg`` are of ``aisle3_bay2``.
    """
    stem = Path(path).stem
    return LAST_NUMBER.sub("", stem) or stem


def group_ids(dataset, progress=iter, series=False):
    """(n,) int32: the number of the group that each sample is in, from 0."""
    facts = scan([sample.path for sample in dataset.samples], progress)
    rows = np.flatnonzero(facts.readable)
    _, first, group = np.unique(near_groups(facts.hashes[rows]), return_index=True, return_inverse=True)
    pairs = [np.stack([rows[first[group]], rows], axis=1)]
    last = {}
    for row, sample in enumerate(dataset.samples):
        keys = [sample.path]
        if sample.group:
            keys.append(("group", sample.group))
        if series:
            keys.append(("series", series_of(sample.path)))
        for key in keys:
            pairs.append([[last.setdefault(key, row), row]])
            last[key] = row
    return connected(len(dataset), np.concatenate(pairs))


def _numbered_by_path(dataset, groups):
    """``groups`` numbered in the order of their first paths, so that the samples' order tells nothing."""
    first = {}
    for sample, group in zip(dataset.samples, groups.tolist(), strict=True):
        path = str(sample.path)
        first[group] = min(path, first.get(group, path))
    number = {group: place for place, group in enumerate(sorted(first, key=first.get))}
    return np.array([number[group] for group in groups.tolist()])


def _deal(sizes, targets, rng):
    """The number of the split of each group; every split gets one at least."""
    have = np.zeros(len(targets))
    dealt = np.zeros(len(sizes), int)
    order = rng.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    for place, group in enumerate(order):
        lack = targets - have
        odds = np.maximum(lack - sizes[group] / 2, 0)  # a group too large for what is lacking goes elsewhere
        bare = np.flatnonzero(have == 0)
        if len(order) - place <= len(bare):
            choice = bare[0]
        elif odds.any():
            choice = rng.choice(len(targets), p=odds / odds.sum())
        else:
            choice = lack.argmax()
        dealt[group] = choice
        have[choice] += sizes[group]
    return dealt
