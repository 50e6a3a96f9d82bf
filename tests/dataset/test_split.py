import zlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.dataset import split as module
from skushare.dataset.dataset import Dataset, Sample
from skushare.dataset.scan import Scan
from skushare.dataset.split import FRACTIONS, group_ids, series_of, split_dataset
from skushare.errors import ConfigError, DatasetError


@pytest.fixture
def hashes(monkeypatch):
    """Perceptual hashes by file name, in place of a scan of files; ``None`` for a damaged picture."""
    table = {}

    def scan(paths, progress):
        rows = [table.get(Path(path).name, zlib.crc32(str(path).encode())) for path in paths]
        words = [np.random.default_rng(abs(row or 0)).integers(0, 1 << 63, 4, np.uint64) for row in rows]
        sizes = np.full(len(paths), 100, np.int32)
        faults = tuple("damaged" if row is None else "" for row in rows)
        return Scan(sizes, sizes, sizes, np.reshape(words, (-1, 4)), faults)

    monkeypatch.setattr(module, "scan", scan)
    return table


def dataset(names, groups=()):
    samples = [Sample(Path(name), 100, 100, split="old") for name in names]
    for number, group in enumerate(groups):
        samples[number] = replace(samples[number], group=group)
    return Dataset("shop", tuple(samples), ())


def test_like_pictures_and_named_groups_and_what_joins_them_are_one_group(hashes):
    hashes.update({"a": 1, "b": 1, "c": 2, "d": 3, "e": None, "f": None})
    names = ["a", "b", "c", "d", "e", "f", "d"]
    ids = group_ids(dataset(names, ["", "shop 1", "shop 1", "", "", "", ""]))
    groups = {}
    for row, number in enumerate(ids):
        groups.setdefault(number, []).append(row)
    assert sorted(groups.values()) == [[0, 1, 2], [3, 6], [4], [5]]


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("shop1/aisle3_bay2_01.jpg", "aisle3_bay2"),
        ("shelf (3).jpg", "shelf"),
        ("2026-05-01 10.22.33.png", "2026-05-01 10.22"),
        ("IMG_0001.HEIC", "IMG"),
        ("12.jpg", "12"),
        ("shelf.jpg", "shelf"),
        ("bay2 left.jpg", "bay2 left"),
    ],
)
def test_a_series_is_named_by_what_is_before_the_last_number(name, series):
    assert series_of(name) == series


def test_a_series_stays_together_where_that_is_wanted(hashes):
    data = dataset([f"bay{bay}_{shot}.jpg" for bay in range(10) for shot in range(4)])
    parts = split_dataset(data, {"train": 1, "test": 1}, series=True)
    splits = {}
    for sample in parts.samples:
        splits.setdefault(series_of(sample.path), set()).add(sample.split)
    assert len(splits) == 10 and all(len(of_bay) == 1 for of_bay in splits.values())
    assert len(set(group_ids(data))) == 40
    with pytest.raises(DatasetError, match="without regard to names"):
        split_dataset(dataset(["IMG_1.jpg", "IMG_2.jpg", "IMG_3.jpg"]), series=True)


def test_shares_are_met_and_the_seed_decides(hashes):
    data = dataset([f"{i}.jpg" for i in range(200)])
    first, again, other = split_dataset(data), split_dataset(data), split_dataset(data, seed=1)
    assert Counter(s.split for s in first.samples) == {"train": 160, "val": 20, "test": 20}
    assert [s.split for s in first.samples] == [s.split for s in again.samples]
    assert [s.split for s in first.samples] != [s.split for s in other.samples]
    assert [s.path for s in first.samples] == [s.path for s in data.samples]


def test_the_order_of_the_samples_makes_no_difference(hashes):
    data = dataset([f"{i}.jpg" for i in range(60)], [f"shop {i % 25}" for i in range(60)])
    turned = replace(data, samples=data.samples[::-1])
    splits = [{s.path: s.split for s in split_dataset(each).samples} for each in (data, turned)]
    assert splits[0] == splits[1]


@pytest.mark.parametrize("seed", range(5))
def test_small_groups_fill_up_what_large_ones_leave(hashes, seed):
    sizes = [9, 7, 5, 4, 4, 3, 3, *30 * [1], *10 * [2]]
    groups = [f"shop {number}" for number, size in enumerate(sizes) for _ in range(size)]
    parts = split_dataset(dataset([f"{i}.jpg" for i in range(len(groups))], groups), seed=seed)
    counts = Counter(s.split for s in parts.samples)
    assert all(abs(counts[split] - share * len(groups)) <= 1.5 for split, share in FRACTIONS.items())


@given(
    sizes=st.lists(st.integers(1, 12), min_size=3, max_size=40),
    seed=st.integers(0, 1000),
    fractions=st.sampled_from([FRACTIONS, {"a": 1, "b": 1, "c": 1}, {"train": 98, "val": 1, "test": 1}]),
)
def test_no_group_is_torn_and_no_split_is_far_from_its_share(sizes, seed, fractions):
    targets = np.array(list(fractions.values())) / sum(fractions.values()) * sum(sizes)
    dealt = module._deal(np.array(sizes), targets, np.random.default_rng(seed))
    have = np.bincount(dealt, weights=sizes, minlength=3)
    assert (have > 0).all() and abs(have - targets).max() <= 2 * max(sizes)


def test_large_groups_do_not_swamp_a_small_split(hashes):
    data = dataset([f"{i}.jpg" for i in range(100)], ["big"] * 50)
    for seed in range(20):
        parts = split_dataset(data, seed=seed).samples
        assert {s.split for s in parts[:50]} == {"train"}


@pytest.mark.parametrize(
    "fractions", [{}, {"train": 0, "val": 0}, {"train": -1}, {"train": np.nan}, {"a/b": 1}]
)
def test_impossible_shares_are_refused(hashes, fractions):
    with pytest.raises(ConfigError):
        split_dataset(dataset("ab"), fractions)


def test_nothing_to_split_is_told():
    with pytest.raises(DatasetError, match="shop: has no pictures; there is nothing to split"):
        split_dataset(dataset(""))


def test_too_few_groups_are_told(hashes):
    with pytest.raises(DatasetError, match="1 group of like ones, too few for 3 splits; add pictures"):
        split_dataset(dataset("abc", ["shop"] * 3))


def test_groups_that_are_enough_for_fewer_splits_are_told(hashes):
    data = dataset("abc", ["shop"] * 2)
    with pytest.raises(
        DatasetError, match="2 groups .* 3 splits; set test to 0 and give .*, or add pictures"
    ):
        split_dataset(data)
    assert len(split_dataset(data, {"train": 80, "val": 20}).splits) == 2
    with pytest.raises(DatasetError, match="set c, d and e to 0"):
        split_dataset(data, dict.fromkeys("abcde", 1))
