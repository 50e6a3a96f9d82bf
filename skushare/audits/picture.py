"""The picture of an audit's photo, to draw its facings on."""

import numpy as np

from skushare.database import pictures
from skushare.images import read_image
from skushare.jpeg import shrink

WITHOUT_PICTURE = "The phone kept the picture; its facings are shown where they are on it."
_GREY = 225


def picture_of(photo, side):
    """The picture of an :class:`~skushare.audits.audit.AuditPhoto`; plain grey where a phone kept it.

    Args:
        side: pixels that its longer side has at most.

    Returns:
        (h, w, 3) uint8 RGB.

    Raises:
        SkushareError: it is lost or damaged.
    """
    if photo.picture:
        return shrink(read_image(pictures.get(photo.picture), photo.name, side), side)
    scale = min(1, side / max(photo.width, photo.height))
    size = (max(1, round(length * scale)) for length in (photo.height, photo.width))
    return np.full((*size, 3), _GREY, np.uint8)
