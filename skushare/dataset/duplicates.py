"""Pictures that show nearly the same: by the bits in which their perceptual hashes differ."""

import numpy as np

# Of 256. On shelf photos, re-encoding and resizing change up to 6, another exposure 30, a crop by
# 2 % a side 66; of 535,000 pairs of shelf photos, those up to 78 were shots of one shelf, and the
# nearest of two shelves differed in 80.
MAX_BITS = 72
_BLOCK = 64  # pictures compared with all others at once


def near_pairs(hashes):
    """Pairs of pictures whose hashes differ in at most ``MAX_BITS`` bits.

    Args:
        hashes: (n, 4) uint64.

    Yields:
        (k, 2) int64, the pairs of a few pictures with all others: of thousands of alike pictures, all pairs
        at once would fill the memory. Each pair comes once, in rising order, the first of it below the
        second.
    """
    for start in range(0, len(hashes), _BLOCK):
        bits = _differing(hashes[start : start + _BLOCK], hashes[start:])
        first, second = np.nonzero(bits <= MAX_BITS)
        yield np.stack([first, second], axis=1)[first < second] + start


def near_any(hashes, others):
    """Whether each of some pictures is near to one of some others.

    Args:
        hashes: (n, 4) uint64; others: (m, 4) uint64.

    Returns:
        (n,) bool.
    """
    blocks = (hashes[start : start + _BLOCK] for start in range(0, len(hashes), _BLOCK))
    near = [(_differing(block, others) <= MAX_BITS).any(axis=1) for block in blocks]
    return np.concatenate([np.zeros(0, bool), *near])


def near_groups(hashes):
    """Numbers of groups, as of :func:`connected`, of pictures that are near directly or through others."""
    groups = np.arange(len(hashes))
    for pairs in near_pairs(hashes):
        if len(pairs):
            groups = connected(len(hashes), groups[pairs])[groups]
    return groups


def _differing(some, others):
    """(n, m) uint16: bits in which each hash of ``some`` (n, 4) differs from each of ``others`` (m, 4)."""
    bits = np.zeros((len(some), len(others)), np.uint16)
    for word in range(some.shape[1]):
        bits += np.bitwise_count(some[:, None, word] ^ others[None, :, word])
    return bits


def connected(count, pairs):
    """Numbers of groups: what is joined by ``pairs`` (k, 2), directly or through others, has the same.

    Returns:
        (count,) int32, numbered from 0 in no certain order.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, second = np.asarray(pairs, np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(count, count))
    return connected_components(graph, directed=False)[1]
