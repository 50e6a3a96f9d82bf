"""From a photo to the network's input."""

import cv2
import numpy as np

PADDING = 114
STRIDE = 32


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
    shrink = target[0] < width
    small = cv2.resize(image, target, interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR)
    batch = np.full((1, *size, 3), PADDING, np.float32)
    batch[0, : target[1], : target[0]] = small
    return batch, (target[0] / width, target[1] / height)
