"""Overlapping photos of one shelf, joined: what several of them show counts once."""

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from skushare.detections import Detections
from skushare.geometry import are_whole, area, intersection
from skushare.shelf.registration import fine_features, move_boxes, move_points, register

SIDE = 1024  # pixels of the longer side that photos are compared at
SAME = 0.5  # of the smaller box, from where on two are one facing
LARGEST = 4096  # pixels of the joined picture's longer side
FARTHEST = 6.0  # photo widths from the first one that a joined picture reaches at most


@dataclass(frozen=True, eq=False)
class Laid:
    """How photos that show one shelf lie over one another.

    Attributes:
        moves: {number of a photo: (3, 3), the homography from its pixels to those of the joined picture}, in
            the order they were joined in; the others were laid over the first.
        sizes: {number of a photo: its (width, height)}.
        size: (width, height) of the joined picture.
    """

    moves: dict = field(repr=False)
    sizes: dict
    size: tuple

    def picture(self, images):
        """The photos in one, (h, w, 3) uint8 RGB; ``images``: as of :func:`lay_photos`."""
        if len(self.moves) == 1:
            return images[next(iter(self.moves))]
        picture = np.zeros((self.size[1], self.size[0], 3), np.uint8)
        for photo, move in reversed(self.moves.items()):  # the first one last, on top
            there = cv2.warpPerspective(images[photo], move, self.size, flags=cv2.INTER_AREA)
            mask = cv2.warpPerspective(np.full(images[photo].shape[:2], 255, np.uint8), move, self.size)
            picture[mask == 255] = there[mask == 255]
        return picture

    def unite(self, found):
        """The facings of all photos, each once, in pixels of the joined picture.

        Boxes that fall on one another are one facing, of which the better seen box is kept.

        ``found``: the :class:`~skushare.detections.Detections` of each image of :func:`lay_photos`.
        """
        if len(self.moves) == 1:
            return found[next(iter(self.moves))]
        kept, whole = Detections(), np.zeros(0, bool)
        for photo, move in self.moves.items():
            detections = found[photo]
            uncut = are_whole(detections.boxes, self.sizes[photo])
            moved = replace(detections, boxes=move_boxes(detections.boxes, move))
            kept, whole = _union(kept, whole, moved, uncut)
        return kept

    def place(self, boxes):
        """The boxes of all photos, (m, 4) xyxy in pixels of the joined picture; none are joined.

        ``boxes``: (n, 4) xyxy of each image of :func:`lay_photos`.
        """
        return np.concatenate([move_boxes(boxes[photo], move) for photo, move in self.moves.items()])


def lay_photos(images):
    """Lay photos of a shelf over one another by what they have in common, whatever is found on them.

    Photos are compared two by two (SIFT features, a homography between them), and each is laid over
    the best connected one by way of the strongest links (a maximum spanning tree).

    Args:
        images: list of (h, w, 3) uint8 RGB.

    Returns:
        A list of :class:`Laid`, the one of most photos first; a photo that overlaps no other is alone.
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
    sizes = [image.shape[1::-1] for image in images]
    return [_laid(places, {photo: sizes[photo] for photo in places}) for places in _trees(len(sizes), links)]


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


def _laid(places, sizes):
    first = sizes[next(iter(places))]
    if len(places) == 1:
        return Laid(places, sizes, first)
    corners = []
    for photo, homography in places.items():
        w, h = sizes[photo]
        corners.append(move_points([[0, 0], [w, 0], [w, h], [0, h]], homography))
    reach = FARTHEST * max(first)
    corners = np.concatenate(corners).clip(-reach, reach)
    low, span = corners.min(0), np.ptp(corners, axis=0)
    scale = min(1.0, LARGEST / span.max())
    move = np.diag([scale, scale, 1.0]) @ np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]])
    size = tuple(np.ceil(scale * span).astype(int).tolist())
    return Laid({photo: move @ homography for photo, homography in places.items()}, sizes, size)


def _union(kept, whole, moved, uncut):
    """The facings ``kept`` and those of a further photo, each once, and which of them no border cuts off.

    Args:
        whole: of which of ``kept`` the photo's border cuts nothing off; uncut: the same of ``moved``.
    """
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
    joined = Detections.joined([kept[stay], moved[taken]]) if len(kept) else moved[taken]
    return joined, np.concatenate([whole[stay], uncut[taken]])
