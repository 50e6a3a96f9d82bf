"""A drawn shelf that tells each of its places apart, and what a detector sees of it."""

import cv2
import numpy as np
import pytest

from skushare.detections import Detections


def wide_shelf(columns=24, rows=3, seed=2):
    """A picture (h, w, 3) full of detail and the boxes (n, 4) of its facings."""
    rng = np.random.default_rng(seed)
    picture = np.full((80 * rows, 50 * columns, 3), 90, np.uint8)
    boxes = []
    for row in range(rows):
        for column in range(columns):
            left, top = 50 * column + 5, 80 * row + 8
            pack = rng.integers(0, 255, (8, 5, 3), np.uint8)
            picture[top : top + 64, left : left + 40] = cv2.resize(
                pack, (40, 64), interpolation=cv2.INTER_NEAREST
            )
            boxes.append((left, top, left + 40, top + 64))
    noise = rng.integers(-30, 30, picture.shape[:2])  # the small print
    noise = cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 1.0)[..., None]
    return np.clip(picture + 2 * noise, 0, 255).astype(np.uint8), np.float32(boxes)


@pytest.fixture(scope="session")
def shelf():
    return wide_shelf()


def seen(view, rng, missed=0.1, **columns):
    """The facings of a frame as a detector finds them: some missed, none quite in place."""
    keep = rng.random(len(view.boxes)) >= missed
    boxes = view.boxes[keep] + rng.normal(0, 1, (keep.sum(), 4))
    columns = {name: values[keep] for name, values in columns.items()}
    return Detections(boxes, np.full(len(boxes), 0.8), np.zeros(len(boxes)), **columns)
