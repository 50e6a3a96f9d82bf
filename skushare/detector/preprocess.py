"""From a photo to the network's input."""

import cv2
import numpy as np

PADDING = 114
STRIDE = 32


def fit_size(width, height, longest):
    """(width, height) of a ``width`` x ``height`` image scaled so that its longest side is ``longest``."""
    scale = longest / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def padded(side):
    """``side`` rounded up to a multiple of the network's stride."""
    return -(-side // STRIDE) * STRIDE


def prepare(image, input_size, resize):
    """Resize ``image`` to the network's input.

    Args:
        image: (h, w, 3) uint8 RGB.
        input_size: (height, width) of the network's input in pixels.
        resize: ``"stretch"`` fills it; ``"fit"`` keeps the aspect ratio and pads right
            and below with grey.

    Returns:
        (1, height, width, 3) float32 in 0..255, and the (x, y) scale from photo to input.
    """
    height, width = input_size
    source_height, source_width = image.shape[:2]
    target = (width, height)
    if resize == "fit":
        scale = min(width / source_width, height / source_height)
        target = (max(1, round(source_width * scale)), max(1, round(source_height * scale)))
    shrink = target[0] < source_width
    small = cv2.resize(image, target, interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR)
    batch = np.full((1, height, width, 3), PADDING, np.float32)
    batch[0, : target[1], : target[0]] = small
    return batch, (target[0] / source_width, target[1] / source_height)
