"""Laying one picture of a shelf over another: the homography between the two."""

from typing import NamedTuple

import cv2
import numpy as np

MIN_INLIERS = 20
MIN_AGREEMENT = 0.3  # of the matches; a chance homography gathers less
MAX_STRETCH = 3.0  # in size, from picture to picture; beyond it the match is a mistake
RATIO = 0.8  # Lowe's: of the best match's distance to the next one's. Rows of equal packs fail it


class Features(NamedTuple):
    """Points (n, 2) float32 of a picture in its pixels, and their descriptors (n, d)."""

    points: np.ndarray
    descriptors: np.ndarray


def quick_features(gray):
    """ORB :class:`Features` of ``gray`` (h, w) uint8: a few milliseconds, for video."""
    return _features(cv2.ORB_create(500, fastThreshold=10), gray, (np.uint8, 32))


def fine_features(gray):
    """SIFT :class:`Features` of ``gray`` (h, w) uint8: slower, for photos from several angles."""
    return _features(cv2.SIFT_create(4000), gray, (np.float32, 128))


def _features(finder, gray, shape):
    points, descriptors = finder.detectAndCompute(gray, None)
    if descriptors is None:
        descriptors = np.zeros((0, shape[1]), shape[0])
    return Features(np.float32([p.pt for p in points]).reshape(-1, 2), descriptors)


def register(a, b, tolerance=3.0):
    """The homography (3, 3) from the picture of :class:`Features` ``a`` to that of ``b``, and its support.

    Matches by Lowe's ratio test, then MAGSAC++ (Barath et al. 2020, as in OpenCV).

    Args:
        tolerance: pixels of ``b`` within which a match agrees.

    Returns:
        (homography, agreeing matches), or (``None``, 0) where the two do not show one shelf.
    """
    if min(len(a.points), len(b.points)) < MIN_INLIERS:
        return None, 0
    norm = cv2.NORM_HAMMING if a.descriptors.dtype == np.uint8 else cv2.NORM_L2
    pairs = cv2.BFMatcher(norm).knnMatch(a.descriptors, b.descriptors, k=2)
    good = [p[0] for p in pairs if len(p) == 2 and p[0].distance < RATIO * p[1].distance]
    if len(good) < MIN_INLIERS:
        return None, 0
    source, target = a.points[[m.queryIdx for m in good]], b.points[[m.trainIdx for m in good]]
    homography, inliers = homography_of(source, target, tolerance)
    support = int(inliers.sum())
    if homography is None or support < MIN_INLIERS or support < MIN_AGREEMENT * len(good):
        return None, 0
    return homography, support


def homography_of(source, target, tolerance):
    """The homography from points ``source`` (n, 2) to ``target`` (n, 2), and (n,) bool, which agree with it.

    ``None`` where there is none, or one that no camera in front of a shelf makes.
    """
    nothing = None, np.zeros(len(source), bool)
    if len(source) < 4:
        return nothing
    homography, agree = cv2.findHomography(source, target, cv2.USAC_MAGSAC, tolerance, maxIters=1000)
    if homography is None:
        return nothing
    agree = agree.ravel() > 0
    if agree.sum() < 4 or not is_plausible(homography, source[agree]):
        return nothing
    return homography, agree


def is_plausible(homography, points):
    """Whether ``homography`` neither mirrors nor stretches beyond reason where ``points`` (n, 2) lie."""
    corners = _corners(np.concatenate([points.min(0), points.max(0)])[None])[0]
    depth = corners @ homography[2, :2] + homography[2, 2]
    if not np.isfinite(homography).all() or (depth * homography[2, 2] <= 0).any():
        return False
    before = cv2.contourArea(np.float32(corners), oriented=True)
    after = cv2.contourArea(np.float32(move_points(corners, homography)), oriented=True)
    return before != 0 and 1 / MAX_STRETCH**2 < after / before < MAX_STRETCH**2


def move_points(points, homography):
    """``points`` (..., 2) through ``homography`` (3, 3), float64."""
    points = np.asarray(points, float)
    moved = points @ homography[:, :2].T + homography[:, 2]
    return moved[..., :2] / moved[..., 2:]


def move_boxes(boxes, homography):
    """Upright boxes (n, 4) xyxy in the middle of where ``homography`` puts ``boxes`` (n, 4), float64."""
    moved = np.sort(move_points(_corners(boxes), homography), axis=1)  # a photo on its side turns them
    return np.concatenate([moved[:, :2].mean(1), moved[:, 2:].mean(1)], axis=1)


def overlap(homography, size, other):
    """The share of a picture of ``size`` (w, h) that ``homography`` puts within one of size ``other``."""
    quad = np.float32(move_points(_corners([[0, 0, *size]])[0], homography))
    whole = cv2.contourArea(quad)
    if not np.isfinite(quad).all() or whole <= 0:
        return 0.0
    return cv2.intersectConvexConvex(quad, np.float32(_corners([[0, 0, *other]])[0]))[0] / whole


def _corners(boxes):
    """(n, 4, 2): upper left, upper right, lower right, lower left."""
    boxes = np.asarray(boxes, float).reshape(-1, 4)
    return boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
