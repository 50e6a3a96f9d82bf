"""Scores as probabilities."""

import numpy as np
import pytest

from skushare.detections import Detections
from skushare.shelf.certainty import certainties, facing_probability


def test_a_higher_score_is_never_less_likely_a_facing():
    likely = facing_probability(np.linspace(0, 1, 101))
    assert likely[0] == 0 and likely[-1] == 1
    assert (np.diff(likely) >= 0).all()
    assert facing_probability([]).shape == (0,)


def test_what_the_model_tells_of_its_own_scores_comes_first():
    curve = [0.0, 0.2, 1.0], [0.0, 0.9, 1.0]
    assert facing_probability([0.1, 0.2], curve).tolist() == pytest.approx([0.45, 0.9])
    found = Detections(np.zeros((2, 4)), [0.1, 0.2], [0, 0])
    assert certainties(found).tolist() == facing_probability(found.scores).tolist()
    known = Detections(np.zeros((2, 4)), [0.1, 0.2], [0, 0], present=[0.45, 0.9])
    assert certainties(known).tolist() == pytest.approx([0.45, 0.9])
