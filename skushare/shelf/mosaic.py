"""Overlapping photos of one shelf, joined: what several of them show counts once."""

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from skushare.detections import Detections
from skushare.geometry import area, intersection
from skushare.shelf.registration import fine_features, move_boxes, move_points, register

SIDE = 1024  # pixels of the longer side that photos are compared at
SAME = 0.5  # of the smaller box, from where on two are one facing
EDGE = 0.01  # of a photo's side: a box this near to it may be cut off
LARGEST = 4096  # pixels of the joined picture's longer side
FARTHEST = 6.0  # photo widths from the first one that a joined picture reaches at most


@dataclass(frozen=True, eq=False)
class Mosaic:
    """Photos that show one shelf, laid over one another.

    Attributes:
        members: numbers of the photos; the first is the one that the others were laid over.
        moves: {number of a photo: (3, 3), the homography from its pixels to those of ``picture``}.
        picture: (h, w, 3) uint8 RGB, the photos in one.
        detections: each facing once, boxes in pixels of ``picture``.
    """

    members: tuple
    moves: dict = field(repr=False)
    picture: np.ndarray = field(repr=False)
    detections: Detections = field(repr=False)


def join_photos(images, found):
    """Lay photos of a shelf over one another by what they have in common, and count each facing once.

    Photos are compared two by two (SIFT features, a homography between them), and each is laid over
    the best connected one by way of the strongest links (a maximum spanning tree). Boxes that fall on one
    another are one facing, of which the better seen box is kept.

    Args:
        images: list of (h, w, 3) uint8 RGB; found: the :class:`~skushare.detections.Detections` of each.

    Returns:
        A list of :class:`Mosaic`, the one of most photos first; a photo that overlaps no other is alone.
    """
    features, scales = [], []
    for image in images:
        scale = min(1.0, SIDE / max(image.shape[:2]))
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        features.append(fine_features(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)))
        scales.append(np.diag([scale, scale, 1.0]))
    links = {}
    for a in range(len(images)):
        for b in range(a):
            homography, support = register(features[a], features[b])
            if homography is not None:
                whole = np.linalg.inv(scales[b]) @ homography @ scales[a]
                links[a, b], links[b, a] = (whole, support), (np.linalg.inv(whole), support)
    return [_joined(places, images, found) for places in _trees(len(images), links)]


def _trees(count, links):
    """For each set of connected photos {number: homography to the first of them}, in order of joining."""
    strength = {n: sum(links[a, b][1] for a, b in links if a == n) for n in range(count)}
    left, trees = set(range(count)), []
    while left:
        root = max(sorted(left), key=strength.get)
        places = {root: np.eye(3)}
        while True:
            out = {pair: link for pair, link in links.items() if pair[0] not in places and pair[1] in places}
            if not out:
                break
            (photo, to), (homography, _) = max(out.items(), key=lambda item: item[1][1])
            places[photo] = places[to] @ homography
        left -= set(places)
        trees.append(places)
    return sorted(trees, key=len, reverse=True)


def _joined(places, images, found):
    root = next(iter(places))
    if len(places) == 1:
        return Mosaic((root,), {root: np.eye(3)}, images[root], found[root])
    move, size = _canvas(places, images)
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    for photo, homography in reversed(places.items()):  # the first one last, on top
        there = cv2.warpPerspective(images[photo], move @ homography, size, flags=cv2.INTER_AREA)
        mask = cv2.warpPerspective(np.full(images[photo].shape[:2], 255, np.uint8), move @ homography, size)
        picture[mask == 255] = there[mask == 255]
    moves = {photo: move @ homography for photo, homography in places.items()}
    return Mosaic(tuple(places), moves, picture, _union(places, images, found, move))


def _canvas(places, images):
    """The move into the joined picture, (3, 3), and its size (w, h)."""
    first = images[next(iter(places))].shape[1::-1]
    corners = []
    for photo, homography in places.items():
        w, h = images[photo].shape[1::-1]
        corners.append(move_points([[0, 0], [w, 0], [w, h], [0, h]], homography))
    reach = FARTHEST * max(first)
    corners = np.concatenate(corners).clip(-reach, reach)
    low, span = corners.min(0), np.ptp(corners, axis=0)
    scale = min(1.0, LARGEST / span.max())
    move = np.diag([scale, scale, 1.0]) @ np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]])
    return move, tuple(np.ceil(scale * span).astype(int).tolist())


def _union(places, images, found, move):
    """The facings of all photos, each once, in the joined picture."""
    kept, whole = Detections(), np.zeros(0, bool)
    for photo, homography in places.items():
        detections, size = found[photo], np.array(images[photo].shape[1::-1])
        edge = EDGE * size
        uncut = (detections.boxes[:, :2] > edge).all(1) & (detections.boxes[:, 2:] < size - edge).all(1)
        moved = replace(detections, boxes=move_boxes(detections.boxes, move @ homography))
        shared = intersection(moved.boxes, kept.boxes)
        smaller = np.minimum(area(moved.boxes)[:, None], area(kept.boxes))
        overlaps = shared / np.maximum(smaller, 1e-6)
        rows, columns = linear_sum_assignment(-overlaps)
        same = overlaps[rows, columns] >= SAME
        rows, columns = rows[same], columns[same]
        better = uncut[rows] & ~whole[columns]
        better |= (uncut[rows] == whole[columns]) & (moved.scores[rows] > kept.scores[columns])
        # A piece of a facing that the other photo shows is no facing of its own.
        new = np.ones(len(moved), bool)
        new[rows] = False
        new &= uncut | (overlaps.max(1, initial=0) < SAME)
        stay = np.ones(len(kept), bool)
        stay[columns[better]] = False
        taken = np.sort(np.concatenate([np.flatnonzero(new), rows[better]]))
        whole = np.concatenate([whole[stay], uncut[taken]])
        kept = Detections.joined([kept[stay], moved[taken]]) if len(kept) else moved[taken]
    return kept
