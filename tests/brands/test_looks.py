"""Facings are grouped by look alone, the most frequent look first."""

import numpy as np
import pytest

from skushare.brands.looks import SAMPLE, group_looks, look_name


def clouds(sizes, spread=0.02, seed=0):
    """Vectors around as many axes as there are ``sizes``, and their axes, shuffled."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    vectors = np.eye(8, dtype=np.float32)[truth] + rng.normal(0, spread, (len(truth), 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), truth


@pytest.mark.parametrize("count", [0, 1])
def test_few_facings(count):
    assert group_looks(np.ones((count, 4), np.float32) / 2, 0.5).tolist() == [0] * count


@pytest.mark.parametrize("sizes", [(5, 9, 2), (1, 1), (4,), (SAMPLE, SAMPLE // 2, 30)])
def test_like_facings_are_one_look_the_largest_first(sizes):
    vectors, truth = clouds(sizes)
    looks = group_looks(vectors, 0.7)
    pairs = set(zip(looks.tolist(), truth.tolist(), strict=True))
    assert len(pairs) == len(sizes)  # one look for each true group
    assert np.bincount(looks).tolist() == sorted(sizes, reverse=True)


def test_equal_facings_are_one_look():
    assert group_looks(np.tile(np.float32([0.6, 0.8]), (6, 1)), 0.99).tolist() == [0] * 6


@pytest.mark.parametrize("number, name", [(0, "look A"), (25, "look Z"), (26, "look AA"), (702, "look AAA")])
def test_look_names(number, name):
    assert look_name(number) == name
