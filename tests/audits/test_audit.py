import numpy as np
import pytest

from skushare.audits.audit import told_thresholds, with_brands
from skushare.detections import Detections


@pytest.mark.parametrize(
    "brands, ids, scores",
    [
        (("Astra",), [0, -1, -1], pytest.approx([0.9, 0, 0.3])),
        ((), [-1, -1, -1], None),  # looks alone: no gallery told anything, and refused none
    ],
)
def test_looks_are_unknown_in_an_audit_and_without_a_gallery_none_has_a_score(brands, ids, scores):
    found = Detections(
        np.zeros((3, 4)), np.ones(3), np.zeros(3), brand_ids=[0, 1, -1], brand_scores=[0.9, 0.8, 0.3]
    )
    (without_looks,), names = with_brands([found], ("facing",), brands)
    assert names == brands and without_looks.brand_ids.tolist() == ids
    assert without_looks.brand_scores == scores


@pytest.mark.parametrize(
    ("thresholds", "told"),
    [
        ({}, ""),
        ({"mode": "photo", "score": 0.42}, "mode photo, minimum confidence 0.42"),
        ({"brand": 0.5, "{}": 1}, "least certainty of a brand 0.5, {} 1"),  # a phone's file may hold any name
    ],
)
def test_thresholds_are_called_as_in_the_app(thresholds, told):
    assert told_thresholds(thresholds) == told
