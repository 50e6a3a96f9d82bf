"""How likely a box is a facing, given its score."""

import numpy as np

# Mean scores of boxes, and the share of them that are facings, of the shipped model on the 50 validation
# photos of SKU-110K in photo mode: 16,303 boxes in tenths of the score, right from an IoU of .5 on (finer in
# calibration.csv of `skushare evaluate DATA/sku110k/val.json --details DIR`). A model without a curve of its
# own is taken to be alike.
SCORES = (0.0, 0.070, 0.144, 0.248, 0.348, 0.450, 0.553, 0.656, 0.753, 0.824, 1.0)
FACINGS = (0.0, 0.016, 0.045, 0.092, 0.228, 0.404, 0.676, 0.910, 0.984, 0.998, 1.0)


def facing_probability(scores, curve=None):
    """Probability (n,) that boxes with ``scores`` (n,) are facings.

    ``curve``: (scores, probabilities), both from 0 to 1 and rising, of the model that gave the scores, as
    :func:`~skushare.evaluation.curves.facing_curve` gives them; default: the shipped model's.
    """
    return np.interp(np.asarray(scores, float), *(curve or (SCORES, FACINGS)))


def certainties(detections):
    """Probability (n,) that each of ``detections`` is a facing: its own one, or what its score tells."""
    own = detections.present
    return facing_probability(detections.scores) if own is None else own.astype(float)
