"""How likely a box is a facing, given its score."""

import numpy as np

# Mean scores of boxes, and the share of them that are facings, of the shipped model on the 50 validation
# photos of SKU-110K in photo mode: 16,303 boxes in tenths of the score, right from an IoU of .5 on (finer in
# calibration.csv of `skushare evaluate DATA/sku110k/val.json --details DIR`). A retrained model is taken to
# be alike.
SCORES = (0.0, 0.070, 0.144, 0.248, 0.348, 0.450, 0.553, 0.656, 0.753, 0.824, 1.0)
FACINGS = (0.0, 0.016, 0.045, 0.092, 0.228, 0.404, 0.676, 0.910, 0.984, 0.998, 1.0)


def facing_probability(scores):
    """Probability (n,) that boxes with ``scores`` (n,) are facings."""
    return np.interp(np.asarray(scores, float), SCORES, FACINGS)
