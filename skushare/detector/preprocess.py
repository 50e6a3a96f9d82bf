"""From a photo to the network's input."""

import math

import cv2
import numpy as np

PADDING = 114
STRIDE = 32
REFERENCE_SIDE = 1024  # pixels of a photo's longest side, to which the scales of training crops refer
FEW = 5  # facings that must be seen before their size is believed


def input_size(config, width, height, longest):
    """(height, width) of the network's input for a ``width`` x ``height`` image.

    With ``resize="fit"`` the image's longest side becomes ``longest`` pixels, and both
    sides are rounded up to the network's stride; with ``"stretch"`` it is the square
    that the ``DetectorConfig`` was made for.
    """
    if config.resize == "stretch":
        return config.input_size, config.input_size
    scale = longest / max(width, height)
    return tuple(-(-max(1, round(side * scale)) // STRIDE) * STRIDE for side in (height, width))


def fitting_side(config, areas, longest, largest=math.inf):
    """Longest side in pixels, up to ``largest``, that a photo is resized to, by the size of its facings.

    Args:
        areas: (n,) of the facings, in square pixels of the photo.
        longest: longest side of the photo in pixels.

    Returns:
        the side that gives a typical facing ``facing_size``; where that is off, or fewer than
        ``FEW`` facings are known, ``photo_size`` or ``largest``.
    """
    largest = min(config.photo_size, largest)
    if config.facing_size <= 0 or len(areas) < FEW:
        return largest
    typical = float(np.sqrt(np.median(areas)))
    wanted = longest * config.facing_size / max(typical, 1.0)
    # No crop that it was trained on was smaller than ``input_size``.
    return int(np.clip(wanted, min(config.input_size, largest), largest))


def prepare(image, longest, size, resize):
    """Resize ``image`` to the network's input.

    Args:
        image: (h, w, 3) uint8 RGB.
        longest: longest side of the resized image in pixels (``"fit"`` alone).
        size: (height, width) of the input, from :func:`input_size`.
        resize: ``"stretch"`` fills it; ``"fit"`` keeps the aspect ratio and pads right
            and below with grey.

    Returns:
        (1, height, width, 3) float32 in 0..255, and the (x, y) scale from image to input.
    """
    height, width = image.shape[:2]
    target = size[::-1]
    if resize == "fit":
        scale = longest / max(width, height)
        target = tuple(max(1, round(side * scale)) for side in (width, height))
    small = _resize(image, target)
    missing = size[0] - target[1], size[1] - target[0]
    padded = cv2.copyMakeBorder(
        small, 0, missing[0], 0, missing[1], cv2.BORDER_CONSTANT, value=(PADDING,) * 3
    )
    return padded.astype(np.float32)[None], (target[0] / width, target[1] / height)


def _resize(image, target):
    """``image`` at ``target`` (width, height), without aliasing."""
    # Halving is quick; averaging over areas of any other size takes OpenCV ten times as long.
    while _twice(image, target) and image.shape[0] % 2 == image.shape[1] % 2 == 0:
        image = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return cv2.resize(
        image, target, interpolation=cv2.INTER_AREA if _twice(image, target) else cv2.INTER_LINEAR
    )


def _twice(image, target):
    """Whether ``image`` is at least twice as large as ``target`` both ways."""
    return image.shape[1] >= 2 * target[0] and image.shape[0] >= 2 * target[1]
