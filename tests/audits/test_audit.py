import numpy as np
import pytest

from skushare.audits.audit import with_brands
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
