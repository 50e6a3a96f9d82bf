"""Pictures of a camera sweep that together show each facing once, for the record."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from skushare.detections import Detections
from skushare.geometry import area, clip
from skushare.jpeg import encode_jpeg
from skushare.shelf.registration import move_boxes, overlap
from skushare.shelf.rows import assign_rows

SPACING = 0.85  # of a frame that a kept picture may show, or the frame is kept as well
SAME_PLACE = 0.95  # of it that a picture must show to be replaced by a sharper one
SHARPER = 1.3  # times
TURNED = 0.05  # of a frame: less than this much of a way back is a hand that shakes
MOST = 300  # pictures, from which on those go that the facings counted so far do not need
RECENT = 10  # pictures that stay then: what they show may not count yet
QUALITY = 90
SHOWN = 0.7  # of a facing that a picture must show


class SweepPicture(NamedTuple):
    """A picture of a sweep, and the facings that count on it.

    Attributes:
        jpeg: bytes of the frame; width, height: in pixels.
        detections: in its pixels; a facing that another picture has is not among them.
    """

    jpeg: bytes
    width: int
    height: int
    detections: Detections


@dataclass
class _Kept:
    key: int
    homography: np.ndarray  # from the picture's pixels to its key frame's
    size: tuple
    jpeg: bytes = field(repr=False)
    sharpness: float


class SweepPictures:
    """Keeps a frame wherever no kept picture shows the place, and the sharper one where one does."""

    def __init__(self):
        self._kept, self._limit = [], MOST
        self._farthest = None  # (share of it that is kept, image, pose) of the frame that shows most beyond

    def see(self, image, pose):
        """Look at a frame, (h, w, 3) uint8 RGB, and its :class:`~skushare.shelf.motion.Pose`."""
        nearest, shared = self._nearest(image, pose)
        if self._farthest is not None and shared > self._farthest[0] + TURNED:
            # The camera turns back: what lies beyond the kept pictures comes no nearer.
            self._add(*self._farthest[1:])
            nearest, shared = self._nearest(image, pose)
        if shared < SPACING:
            self._add(image, pose)
        elif (
            shared >= SAME_PLACE
            and _shows(image, pose, nearest) >= SAME_PLACE  # a close-up lacks what lies around it
            and (sharpness := _sharpness(image)) > SHARPER * nearest.sharpness
        ):
            self._kept = [each for each in self._kept if each is not nearest]
            self._kept.append(_keep(image, pose, sharpness))
        elif self._farthest is None or shared < self._farthest[0]:
            self._farthest = shared, image, pose

    @property
    def is_full(self):
        """Whether it is time to :meth:`thin`."""
        return len(self._kept) >= self._limit

    def thin(self, maps, facings):
        """Keep those that :meth:`choose` would give for ``maps`` and ``facings``, and the last ones."""
        chosen = {best for best, _ in _chosen(self._kept, _all_places(self._kept, maps, facings))}
        last = len(self._kept) - RECENT
        self._kept = [each for i, each in enumerate(self._kept) if i in chosen or i >= last]
        self._limit = max(MOST, 2 * len(self._kept))  # a longer shelf needs more: not to look each time

    def choose(self, maps, facings, newest=None):
        """The fewest pictures found that show all ``facings``, each facing on one of them.

        Args:
            maps: of each key frame {number of a facing: its box (4,) in the key frame's pixels}.
            facings: :class:`~skushare.detections.Detections` with ``track_ids``.
            newest: (image, pose) of the last frame, which may show what no kept picture does.

        Returns:
            A list of :class:`SweepPicture`, those of most facings first.
        """
        kept = list(self._kept)
        if newest is not None and newest[1] is not None:
            kept.append(_keep(*newest, 0.0))
        places = _all_places(kept, maps, facings)
        chosen = _chosen(kept, places)
        return [_picture(kept[best], places[best][0], facings, taken) for best, taken in _grouped(chosen)]

    def _nearest(self, image, pose):
        """(the kept picture that shows most of the frame or ``None``, the share of it that it shows)."""
        size, nearest, most = image.shape[1::-1], None, 0.0
        for each in self._kept:
            if each.key == pose.key:
                there = np.linalg.inv(each.homography) @ pose.homography
                shared = overlap(there, size, each.size)
                nearest, most = (each, shared) if shared > most else (nearest, most)
        return nearest, most

    def _add(self, image, pose):
        self._farthest = None
        self._kept.append(_keep(image, pose, _sharpness(image)))


def _keep(image, pose, sharpness):
    return _Kept(pose.key, pose.homography, image.shape[1::-1], encode_jpeg(image, QUALITY), sharpness)


def _shows(image, pose, kept):
    """The share of the ``kept`` picture that a frame shows."""
    there = np.linalg.inv(pose.homography) @ kept.homography
    return overlap(there, kept.size, image.shape[1::-1])


def _sharpness(image):
    """How much neighbouring pixels differ: the mean square of the second difference, of every eighth row."""
    rows = image[::8, :, 1].astype(np.int16)
    return float(np.square(rows[:, 2:] - 2 * rows[:, 1:-1] + rows[:, :-2]).mean(dtype=np.float64))


def _places(kept, known, facings):
    """Boxes (n, 4) of ``facings`` in the picture, cut off at its rim, and the share of each that it shows."""
    boxes, shares = np.zeros((len(facings), 4)), np.zeros(len(facings))
    here = [i for i, number in enumerate(facings.track_ids.tolist()) if number in known]
    if here:
        there = np.array([known[int(facings.track_ids[i])] for i in here])
        moved = move_boxes(there, np.linalg.inv(kept.homography))
        boxes[here] = clip(moved, *kept.size)
        shares[here] = area(boxes[here]) / np.maximum(area(moved), 1e-6)
    return boxes, shares


def _all_places(kept, maps, facings):
    return [_places(each, maps[each.key], facings) for each in kept]


def _chosen(kept, places):
    """[(number of a picture, (n,) bool of the facings that count on it)], greedily the most facings first."""
    left, chosen = np.ones(len(places[0][1]) if kept else 0, bool), []
    all_shares = np.array([shares for _, shares in places])  # once, as a long sweep has hundreds of thousands
    while left.any() and kept:
        shown = (all_shares >= SHOWN) & left
        best = int(shown.sum(1).argmax())
        taken = shown[best]
        if not taken.any():
            # What no picture shows as a whole is taken from the one that shows most of it.
            best = int((all_shares * left).sum(1).argmax())
            taken = left & (all_shares[best] > 0)
            if not taken.any():
                break
        left &= ~taken
        chosen.append((best, taken))
    return chosen


def _grouped(chosen):
    """One entry a picture."""
    together = {}
    for best, taken in chosen:
        together[best] = together.get(best, False) | taken
    return sorted(together.items(), key=lambda item: -item[1].sum())


def _picture(kept, boxes, facings, taken):
    found = replace(facings[taken], boxes=boxes[taken])
    return SweepPicture(kept.jpeg, *kept.size, assign_rows(found))
