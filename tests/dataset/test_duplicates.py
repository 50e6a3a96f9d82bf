import tracemalloc
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skushare.dataset.duplicates import connected, near_any, near_groups, near_pairs


@settings(max_examples=25)
@given(st.integers(0, 150), st.integers(0, 12))
def test_pairs_are_those_that_differ_in_few_bits(count, max_bits):
    """More pictures than are compared at once, with hashes that lie near to each other."""
    rng = np.random.default_rng(count)
    hashes = np.zeros((count, 4), np.uint64)
    hashes[:, 0], hashes[:, 3] = rng.integers(0, 1 << 12, (2, count))
    bits = np.unpackbits(hashes.view(np.uint8), axis=1)
    expected = {
        (i, j) for i in range(count) for j in range(i + 1, count) if (bits[i] != bits[j]).sum() <= max_bits
    }
    with patch("skushare.dataset.duplicates.MAX_BITS", max_bits):
        pairs = [pair for block in near_pairs(hashes) for pair in block.tolist()]
        groups, whole = near_groups(hashes), connected(count, sorted(expected))
    assert set(map(tuple, pairs)) == expected and len(pairs) == len(expected)
    assert (groups[:, None] == groups).tolist() == (whole[:, None] == whole).tolist()


@patch("skushare.dataset.duplicates.MAX_BITS", 5)
@settings(max_examples=25)
@given(st.integers(0, 150), st.integers(0, 9))
def test_pictures_near_to_others_are_those_of_a_pair(count, others):
    rng = np.random.default_rng(count)
    hashes = np.zeros((count + others, 4), np.uint64)
    hashes[:, 0], hashes[:, 3] = rng.integers(0, 1 << 12, (2, count + others))
    pairs = np.concatenate([np.zeros((0, 2), int), *near_pairs(hashes)])
    expected = np.unique(pairs[(pairs[:, 0] < count) & (pairs[:, 1] >= count), 0])
    assert np.flatnonzero(near_any(hashes[:count], hashes[count:])).tolist() == expected.tolist()


def test_many_alike_pictures_do_not_fill_the_memory():
    hashes = np.zeros((4000, 4), np.uint64)
    tracemalloc.start()
    assert not near_groups(hashes).any() and sum(map(len, near_pairs(hashes))) == 4000 * 3999 // 2
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50 << 20  # all pairs at once take 128 MB


def test_groups_are_joined_through_others():
    groups = connected(6, [[0, 3], [3, 5], [1, 2]])
    assert groups[0] == groups[3] == groups[5] and groups[1] == groups[2]
    assert len(set(groups)) == 3
    assert len(set(connected(3, np.zeros((0, 2), int)))) == 3 and len(connected(0, [])) == 0
