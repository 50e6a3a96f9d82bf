"""How far a share may be wrong: because boxes may be no facings, and brands may be others."""

import numpy as np

CERTAIN = 1.96  # standard errors on either side of a 95 % interval
# How far facings of one brand are wrong together (correlation). Chosen on validation photos by
# `benchmarks/margins.py`.
TOGETHER = 0.05


def share_margins(groups, shares, weight, present, sure, brands):
    """Half the width of each share's 95 % interval, and the part of it that other shelves have alike.

    The former is 1 where nothing is known of a share, and no more.

    What drawing many shelves at random would give, in closed form (the delta method): a box is a facing with
    the probability ``present``; a facing has its own name with the probability ``sure``, else one of the
    others in proportion to their shares. Whether a box is a facing is independent of the other boxes, whether
    the name is right is correlated among the facings of one of ``brands``, by ``TOGETHER``: what one of them
    is not known by, or taken for, its like are neither.

    A box that is a facing with the probability p and then of a group of the share s with the probability q
    adds p (q (1 - 2 s) + s²) - p² (q - s)², times its weight squared; all of these are sums over the boxes.
    Two boxes i and j of a brand add ``TOGETHER`` times p_i p_j sqrt(v_i v_j), and their weights, where v is
    the variance of having the group's name, q (1 - q), taken as q where it is small.

    With boxes of other shelves it is the same. So several shelves together have the margins of one with all
    their boxes, where these parts are added as they are, and what remains of the squares as squares.
    """
    total = (weight * present).sum()
    if total <= 0:  # no box is a facing, as far as their scores tell: the shares may be anything
        return np.ones((2, len(shares)))

    def own(values):
        """Sums over the boxes of each group."""
        return np.bincount(groups, weight**2 * values, len(shares))

    def others(values):
        """Sums over the boxes of all other groups."""
        sums = own(values)
        return sums.sum() - sums

    elsewhere = (1 - sure) / np.maximum(1 - shares[groups], 1e-9)  # times s: q of the others' boxes
    square = shares**2
    variance = own(present * sure) * (1 - 2 * shares) + own(present) * square
    variance -= own((present * sure) ** 2) - 2 * shares * own(present**2 * sure) + square * own(present**2)
    variance += others(present * elsewhere) * shares * (1 - 2 * shares) + others(present) * square
    variance -= others((present * (elsewhere - 1)) ** 2) * square

    _, first, brands = np.unique(brands, return_index=True, return_inverse=True)

    def pairs(deviation):
        """Sums over the pairs of boxes of one brand: of different ones, and of all; (2, groups)."""
        parts = weight * present * deviation
        every = np.bincount(brands, parts) ** 2
        sums = every - np.bincount(brands, parts**2), every
        return np.stack([np.bincount(groups[first], each, len(shares)) for each in sums])

    elsewhere = pairs(np.sqrt(elsewhere))
    elsewhere = shares * (elsewhere.sum(1, keepdims=True) - elsewhere)
    different, every = TOGETHER * (pairs(np.sqrt(sure * (1 - sure))) + elsewhere)
    variance += different
    margins = CERTAIN * np.sqrt(np.maximum([variance, np.minimum(every, variance)], 0)) / total
    return np.minimum(margins, 1)  # of a few faint boxes they would be more, which says no less than nothing
