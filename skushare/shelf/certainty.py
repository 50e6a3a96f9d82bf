"""How likely a box is a facing, given its score."""

import numpy as np

# Mean scores of boxes, and the share of them that are facings, of the shipped model on the 50 validation
# photos of SKU-110K in photo mode: 16,370 boxes in tenths of the score, right from an IoU of .5 on (finer in
# calibration.csv of `skushare evaluate DATA/sku110k/val.json --details DIR`). A retrained model is taken to
# be alike.
SCORES = (0.0, 0.087, 0.194, 0.296, 0.398, 0.502, 0.605, 0.705, 0.795, 0.864)
FACINGS = (0.0, 0.019, 0.058, 0.175, 0.327, 0.570, 0.840, 0.960, 0.993, 1.0)


def facing_probability(scores):
    """Probability (n,) that boxes with ``scores`` (n,) are facings."""
    return np.interp(np.asarray(scores, float), SCORES, FACINGS)
