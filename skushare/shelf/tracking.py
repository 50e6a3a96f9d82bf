"""Counting each facing once while a camera moves along the shelf."""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from skushare.detections import Detections
from skushare.geometry import are_whole, area, clip, intersection, iou
from skushare.shelf.motion import CameraMotion
from skushare.shelf.registration import move_boxes
from skushare.shelf.sweep_pictures import SweepPictures

MATCH_IOU = 0.3  # from here on a box is the facing that is expected there
SAME = 0.5  # of the smaller one, from where on two facings of different key frames are one
SEEN = 3  # frames in which a facing must be found before it counts
STEADY = 0.5  # and the share of those in which it could have been
HOPELESS = 0.15  # below this share, a track is forgotten
IN_VIEW = 0.7  # of a facing that must be in the picture to be expected
AROUND = 0.6  # of a key frame's side, around it, in which it keeps facings
MEMORY = 12  # looks at a whole facing that its place is averaged over
WITHIN = 0.8  # of a box that lies in a larger one, from where on it is a part of that facing
LARGER = 1.3  # times its area
PART = 0.25  # of the frames: what is a part so often is no facing
STUB = 0.5  # of the typical area of what was seen whole: what is less and always cut off is no facing


@dataclass(eq=False)
class _Track:
    """One facing: how often it was found, and what it was taken for."""

    found: int = 0
    expected: int = 0
    whole: int = 0  # times that it was found away from the picture's border
    parts: int = 0  # times that it was found as a part of a larger facing
    score: float = 0.0
    present: float = np.nan  # how likely it is a facing, where the detector tells
    size: tuple = (0.0, 0.0)  # of its box in the key frame, in pixels of a small frame
    classes: dict = field(default_factory=dict)  # class id -> weight of the frames that took it for that
    products: dict = field(default_factory=dict)  # (brand id, SKU id) -> (2,) weight and number of votes

    @property
    def area(self):
        """In pixels of a small frame."""
        return self.size[0] * self.size[1]

    @property
    def steady(self):
        """Whether it was found often enough to count, and as a facing of its own."""
        often = self.found >= SEEN and self.found >= STEADY * self.expected
        return often and self.parts <= PART * self.found

    def absorb(self, other):
        """Add what was seen of ``other``, which is the same facing."""
        self.found += other.found
        self.expected += other.expected
        self.whole += other.whole
        self.parts += other.parts
        self.score = max(self.score, other.score)
        self.present = np.fmax(self.present, other.present)
        _add(self.classes, other.classes)
        _add(self.products, other.products)

    def brand(self):
        """(brand id of most votes, SKU id of most of those, how sure the brand is); -1, -1, 0 without votes.

        That is its share of the votes, times how sure those for it were: frames that agree make no brand
        surer, as they show the same facing and are wrong together.
        """
        if not self.products:
            return -1, -1, 0.0
        brands, skus = {}, {}
        for (brand, _), votes in self.products.items():
            _add(brands, {brand: votes})
        best = max(brands, key=lambda brand: brands[brand][0])
        for (brand, sku), (weight, _) in self.products.items():
            if brand == best:
                skus[sku] = weight
        weight, count = brands[best]
        share = weight / max(sum(brands.values())[0], 1e-9)
        return best, max(skus, key=skus.get), share * weight / count


def _add(votes, others):
    for key, weight in others.items():
        votes[key] = votes.get(key, 0.0) + weight


def _are_parts(boxes):
    """Whether each of (n, 4) boxes lies in a larger one, as the logo on a pack does: (n,) bool."""
    areas = area(boxes)
    within = intersection(boxes, boxes) >= WITHIN * areas[:, None]
    return (within & (areas[None] >= LARGER * areas[:, None])).any(1)


class ShelfTracker:
    """Counts the facings of a sweep once each, however often the camera passes them.

    Each frame is laid over a key frame (:class:`~skushare.shelf.motion.CameraMotion`), and its boxes are
    assigned to the facings known there (Kuhn and Munkres' assignment by overlap, SciPy's). A facing counts
    once it was found in a few frames, and in a fair share of those that should show it. What often lies
    within a larger box, as the logo on a pack does, is no facing of its own, nor is a row's edge that the
    camera never saw more of. A facing's brand is what most frames said. Frames whose place is not known
    count nothing.

    Example:
        >>> tracker = ShelfTracker()
        >>> for frame in frames:
        ...     tracker.update(frame, detector.detect(frame, mode="live"))
        >>> len(tracker.facings())
    """

    def __init__(self, motion=None):
        """``motion``: what finds a frame's place; default a new :class:`CameraMotion`."""
        self._motion = motion or CameraMotion()
        self._tracks, self._next = {}, 0
        self._maps = []  # of each key frame: {track: its box there}
        self._linked, self._key = set(), None
        self._pictures, self._newest = SweepPictures(), None
        self._scored = False  # whether a vote told how sure it is, as those of a brand map do not

    def update(self, image, detections):
        """Take in a frame.

        Args:
            image: (h, w, 3) uint8 RGB; detections: its facings, whose brands, if any, :meth:`vote`.

        Returns:
            ``detections`` with ``track_ids``; -1 where the frame's place is not known.

        Raises:
            SweepError: the way is too long to go on; what was counted stays.
        """
        pose = self._motion.locate(image)
        if pose is None:
            return replace(detections, track_ids=np.full(len(detections), -1))
        self._bring_over(pose.key)
        self._pictures.see(image, pose)
        if self._pictures.is_full:
            self._pictures.thin(self._maps, self.facings())
        self._newest = image, pose
        detections = replace(detections, track_ids=self._assign(pose, detections, image.shape[1::-1]))
        self.vote(detections)
        return detections

    def vote(self, detections):
        """Have the brands of ``detections``, if they have any, tell what their tracks are."""
        count = len(detections)
        if detections.brand_ids is None:
            return
        brands = detections.brand_ids
        skus = np.full(count, -1) if detections.sku_ids is None else detections.sku_ids
        sure = detections.brand_scores
        self._scored |= sure is not None
        weights = np.ones(count) if sure is None else np.where(brands >= 0, sure, 1 - sure)
        votes = zip(
            detections.track_ids.tolist(), brands.tolist(), skus.tolist(), weights.tolist(), strict=True
        )
        for track, brand, sku, weight in votes:
            if track in self._tracks:  # one that is found too rarely is forgotten at once
                _add(self._tracks[track].products, {(brand, sku): np.array([weight, 1])})

    def rename(self, ids):
        """Have ids of products stand for others, as after one was taught; the count stays.

        Args:
            ids: {(brand id, SKU id): the new ones}; others stay.
        """
        for track in self._tracks.values():
            votes, track.products = track.products, {}
            for pair, votes_for in votes.items():
                _add(track.products, {ids.get(pair, pair): votes_for})

    def __len__(self):
        """Number of facings counted so far."""
        return len(self._counted())

    def _counted(self):
        """{number: track} of the facings that count."""
        steady = {number: track for number, track in self._tracks.items() if track.steady}
        least = STUB * np.median([track.area for track in steady.values() if track.whole] or [0.0])
        return {number: track for number, track in steady.items() if track.whole or track.area >= least}

    def facings(self):
        """The facings counted so far, each once, as :class:`~skushare.detections.Detections`.

        A box is as large as the facing was seen, in pixels of a small frame, and lies at 0, 0: a sweep has
        no common picture. The brand is the one with most votes, its score their share of all votes times how
        sure they were on average; there are none where no vote told that, as by a brand map.
        """
        tracks = self._counted()
        columns = {"class_ids": [max(track.classes, key=track.classes.get) for track in tracks.values()]}
        if any(track.products for track in tracks.values()):
            names = "brand_ids", "sku_ids", "brand_scores"
            found = [track.brand() for track in tracks.values()]
            columns |= dict(zip(names, zip(*found, strict=True), strict=True))
            if not self._scored:
                del columns["brand_scores"]
        present = np.array([track.present for track in tracks.values()])
        return Detections(
            **columns,
            present=None if np.isnan(present).any() else present,
            boxes=np.array([(0, 0, *track.size) for track in tracks.values()]),
            scores=[track.score for track in tracks.values()],
            track_ids=list(tracks),
        )

    def pictures(self):
        """The fewest frames found that together show the facings counted so far.

        Returns:
            A list of :class:`~skushare.shelf.sweep_pictures.SweepPicture`; each facing is on one of them. A
            facing of which no kept frame shows anything is on none.
        """
        return self._pictures.choose(self._maps, self.facings(), self._newest)

    def _assign(self, pose, detections, size):
        """Track of each detection; the tracks learn from it."""
        known = self._maps[pose.key]
        ids = np.array(list(known), int)
        there = move_boxes(np.array([*known.values()]).reshape(-1, 4), np.linalg.inv(pose.homography))
        shown = clip(there, *size)
        in_view = area(shown) > IN_VIEW * area(there)
        visible = np.flatnonzero(area(shown) > 0.1 * area(there))
        overlaps = iou(detections.boxes, shown[visible])
        rows, columns = linear_sum_assignment(-overlaps)
        hit = overlaps[rows, columns] >= MATCH_IOU
        tracks = np.full(len(detections), -1)
        tracks[rows[hit]] = ids[visible[columns[hit]]]

        here = move_boxes(detections.boxes, pose.homography)
        whole = are_whole(detections.boxes, size)
        for i in np.flatnonzero(tracks < 0):
            # A cut-off piece of a facing that is known, or a second box on one, is no new facing.
            if len(visible) and overlaps[i].max() >= MATCH_IOU:
                continue
            tracks[i], self._next = self._next, self._next + 1
            self._tracks[tracks[i]] = _Track(size=tuple((here[i, 2:] - here[i, :2]).tolist()))
            known[tracks[i]] = here[i]
        for track in ids[in_view]:
            self._tracks[track].expected += 1
        parts = _are_parts(detections.boxes)
        for i in np.flatnonzero(tracks >= 0):
            self._tracks[tracks[i]].parts += int(parts[i])
            self._learn(int(tracks[i]), detections, i, here[i], bool(whole[i]), known)
        for track in [t for t in ids[in_view].tolist() if self._is_hopeless(t)]:
            self._forget(track)
        return tracks

    def _learn(self, number, detections, i, box, whole, known):
        track = self._tracks[number]
        track.found += 1
        track.whole += whole
        track.expected = max(track.expected, track.found)
        track.score = max(track.score, float(detections.scores[i]))
        if detections.present is not None:
            track.present = np.fmax(track.present, detections.present[i])
        # What is cut off tells nothing of the place, unless nothing better is known.
        if whole or area(box[None]) > area(known[number][None]):
            rate = max(1 / track.whole, 1 / MEMORY) if whole else 1.0
            known[number] = known[number] + rate * (box - known[number])
            track.size = tuple((known[number][2:] - known[number][:2]).tolist())
        _add(track.classes, {int(detections.class_ids[i]): 1.0})

    def _is_hopeless(self, number):
        track = self._tracks[number]
        return track.expected >= 10 and track.found < HOPELESS * track.expected

    def _forget(self, number):
        del self._tracks[number]
        for known in self._maps:
            known.pop(number, None)

    def _bring_over(self, key):
        """Let the map of ``key`` know the facings of the key frames that overlap it."""
        motion = self._motion
        while len(self._maps) < len(motion.keys):
            self._maps.append({})
        for link in [link for link in motion.links if link not in self._linked]:
            self._linked.add(link)
            self._copy(*link)
        if self._key is not None and key != self._key and (self._key, key) in motion.links:
            self._copy(self._key, key)
        self._key = key

    def _copy(self, source, target):
        """Copy the facings of a key frame's map to another's, joining those that are one."""
        known, there = self._maps[target], self._maps[source]
        if not there:
            return
        ids = np.array(list(there))
        moved = move_boxes(np.array(list(there.values())), self._motion.links[source, target])
        width, height = self._motion.keys[target].size
        middle = moved.reshape(-1, 2, 2).mean(1)
        margin = AROUND * np.array([width, height])
        near = ((middle > -margin) & (middle < [width, height] + margin)).all(1)
        ids, moved = ids[near], moved[near]
        others = [track for track in known if track not in there]
        boxes = np.array([known[t] for t in others]).reshape(-1, 4)
        overlaps = intersection(moved, boxes) / np.maximum(np.minimum(area(moved)[:, None], area(boxes)), 1)
        pairs = {}
        for row, column in zip(*linear_sum_assignment(-overlaps), strict=True):
            if overlaps[row, column] >= SAME and ids[row] not in known:
                pairs[row] = others[column]
        for row, number in enumerate(ids.tolist()):
            if row in pairs:
                self._join(number, pairs[row])
            elif number not in known:
                known[number] = moved[row]

    def _join(self, number, kept):
        """Make two tracks one."""
        self._tracks[kept].absorb(self._tracks.pop(number))
        for known in self._maps:
            box = known.pop(number, None)
            if box is not None:
                known.setdefault(kept, box)
