"""JPEG bytes in memory, for what the app shows and keeps."""

import cv2
import numpy as np

QUALITY = 85


def encode_jpeg(image, quality=QUALITY):
    """JPEG bytes of an RGB uint8 image."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def decode_jpeg(data):
    """RGB uint8 image of JPEG bytes that :func:`encode_jpeg` made."""
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def shrink(image, side):
    """``image`` scaled down so that its longer side is at most ``side`` pixels."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
