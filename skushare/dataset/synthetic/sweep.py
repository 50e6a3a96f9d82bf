"""Made-up camera sweeps along a wide picture of a shelf, whose facings are known.

A hand-held camera: it shakes, blurs what it passes, stops, goes back, and is covered for a while.
"""

from typing import NamedTuple

import cv2
import numpy as np

from skushare.geometry import area, clip

FPS = 12.5
# (seconds, where the camera is, 0 at the left end and 1 at the right, whether it is covered up to there)
PATH = (
    (0.0, 0.0, False),
    (1.5, 0.0, False),
    (8.0, 0.6, False),
    (10.0, 0.6, False),  # stands still
    (12.0, 0.4, False),  # goes back
    (14.0, 0.5, True),  # is covered, and moves on meanwhile
    (20.0, 1.0, False),
    (21.0, 1.0, False),
    (26.0, 0.1, False),  # and back over all that it has seen
)


class View(NamedTuple):
    """One frame of a sweep.

    Attributes:
        image: (h, w, 3) uint8 RGB.
        boxes: (n, 4) float32 xyxy, in its pixels, of the facings that it shows for the most part.
        ids: (n,) which facings of the picture these are.
    """

    image: np.ndarray
    boxes: np.ndarray
    ids: np.ndarray


def sweep(picture, boxes, size=(960, 720), seed=0, path=PATH, shake=1.0, fps=FPS, visible=0.7):
    """Yield the :class:`View` of each frame.

    Args:
        picture: (h, w, 3) uint8 RGB, wider than ``size`` in shape; the camera sees its whole height.
        boxes: (n, 4) xyxy of its facings.
        size: (width, height) of the frames.
        path: points as in ``PATH``.
        shake: how unsteady the hand is; 0 for a tripod on rails.
        visible: share of a facing that must be in the frame and not covered for it to be in ``boxes``.
    """
    rng = np.random.default_rng(seed)
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    height, width = picture.shape[:2]
    window = height * size[0] / size[1]
    times = np.arange(0, path[-1][0], 1 / fps)
    place = np.interp(times, [p[0] for p in path], [p[1] for p in path]) * max(0, width - window)
    covered = np.array([path[np.searchsorted([p[0] for p in path], t)][2] for t in times])
    unrest = [_wander(rng, len(times), fps) * shake for _ in range(6)]
    last = None
    for i, x in enumerate(place):
        warp = _view(x, window, height, size, [u[i] for u in unrest])
        image = _exposed(picture, warp if last is None else last, warp, size)
        last = warp
        if covered[i]:
            yield View(_hand(rng, size), np.zeros((0, 4), np.float32), np.zeros(0, int))
            continue
        corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 1, 2)
        there = cv2.perspectiveTransform(corners, warp).reshape(-1, 4, 2) if len(boxes) else corners
        moved = np.concatenate([there.min(1), there.max(1)], axis=1).reshape(-1, 4)
        shown = clip(moved, *size)
        ids = np.flatnonzero(area(shown) > visible * area(moved))
        image = np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
        yield View(image, shown[ids], ids)


def _wander(rng, count, fps):
    """A smooth random course (count,) around 0, of about 1 in size: a hand's."""
    steps = rng.normal(0, 1, count + int(2 * fps))
    kernel = np.hanning(max(3, int(0.6 * fps)))
    slow = np.convolve(steps, kernel / np.sqrt((kernel**2).sum()), mode="same")[:count]
    return slow + 0.25 * rng.normal(0, 1, count)


def _view(x, window, height, size, unrest):
    """The homography from the picture to a frame."""
    shift_x, shift_y, roll, zoom, yaw, pitch = unrest
    corners = np.float32([[x, 0], [x + window, 0], [x + window, height], [x, height]])
    middle = corners.mean(0)
    angle, scale = 0.008 * roll, 1 + 0.01 * zoom
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = (corners - middle) @ turn.T + middle + 0.006 * window * np.array([shift_x, shift_y])
    corners[:, 1] += 0.012 * height * yaw * np.array([-1, 1, -1, 1])
    corners[:, 0] += 0.008 * height * pitch * np.array([1, -1, 1, -1])
    w, h = size
    return cv2.getPerspectiveTransform(np.float32(corners), np.float32([[0, 0], [w, 0], [w, h], [0, h]]))


def _exposed(picture, before, warp, size):
    """What the sensor gathers while the camera moves, over a third of the time between two frames."""
    parts = [
        cv2.warpPerspective(picture, warp + part * (before - warp), size, borderMode=cv2.BORDER_REPLICATE)
        for part in (0.0, 0.08, 0.16, 0.24, 0.32)
    ]
    return np.mean(parts, axis=0)


def _hand(rng, size):
    """A frame in which something dark is before the lens."""
    small = rng.uniform(20, 45, (4, 5, 1)) * [1.2, 0.9, 0.8]
    hand = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)
    return np.clip(hand + rng.normal(0, 5, (size[1], size[0], 3)), 0, 255).astype(np.uint8)
