"""Scores as probabilities."""

import numpy as np

from skushare.shelf.certainty import facing_probability


def test_a_higher_score_is_never_less_likely_a_facing():
    likely = facing_probability(np.linspace(0, 1, 101))
    assert likely[0] == 0 and likely[-1] == 1
    assert (np.diff(likely) >= 0).all()
    assert facing_probability([]).shape == (0,)
