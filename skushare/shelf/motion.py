"""Where a moving camera looks: each frame laid over a key frame of the shelf."""

from typing import NamedTuple

import cv2
import numpy as np

from skushare.errors import SweepError
from skushare.shelf.registration import (
    Features,
    homography_of,
    move_points,
    overlap,
    quick_features,
    register,
)

SIDE = 480  # pixels of the longer side that motion is looked for at
CORNERS = 240
MIN_CORNERS = 30  # agreeing ones, below which a frame is lost
SURE = 0.8  # of the corners that agree, below which they may have been taken for those of a like pack beside
THIN = 110  # corners left, from which on new ones are taken
TOLERANCE = 2.0  # pixels
STAY = 0.6  # of the frame that must lie in its key frame, or another one is taken
PATIENCE = 5  # lost frames full of detail, after which the camera is taken to be somewhere new
SEARCHED = 6  # key frames that a lost frame is compared with; each takes a few milliseconds
RICH = 80  # points of a frame that shows something, as against a hand or a wall
MAX_KEYS = 400  # of a way some 160 pictures long
_FLOW = {"winSize": (21, 21), "maxLevel": 3, "flags": cv2.OPTFLOW_USE_INITIAL_FLOW}


class Pose(NamedTuple):
    """A frame's place: its key frame, and the homography from its own pixels to that one's small ones."""

    key: int
    homography: np.ndarray


class _Key(NamedTuple):
    features: Features
    size: tuple


def _shift(before, after):
    """How far the picture moved, (2,) float32 pixels by phase correlation: coarse, for large steps."""
    small = [
        cv2.resize(gray, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA) for gray in (before, after)
    ]
    window = cv2.createHanningWindow(small[0].shape[1::-1], cv2.CV_32F)
    return np.float32(cv2.phaseCorrelate(*map(np.float32, small), window)[0]) * 4


class CameraMotion:
    """Follows a camera along a shelf.

    A shelf does not move, so that all motion in the picture is the camera's. Corners of a key frame are
    followed from frame to frame by optical flow (Lucas and Kanade's, in pyramids); as each corner keeps
    its place in the key frame, the homography to it does not drift. When the camera leaves a key frame, an
    older one that shows the place is taken, else the frame becomes a new one. After a cover, a jump or a
    blur the place is found again by its features. No common map is laid out: over a long shelf its errors
    would add up.

    Attributes:
        keys: the key frames, each SIDE pixels long; all homographies are in these pixels.
        links: {(a, b): homography from key frame a to b} of those that were found to overlap.
    """

    def __init__(self):
        self.keys, self.links = [], {}
        self._pose = None  # of the last frame, in its small pixels
        self._key = 0  # where it was last
        self._previous = None  # the last frame, grey
        self._speed = np.zeros(2, np.float32)  # pixels a frame
        self._corners = self._anchors = np.zeros((0, 2), np.float32)  # in that frame and in its key frame
        self._lost, self._search = 0, 0
        self._unchecked = []  # (key frame, one to compare it with), the next pair last

    def locate(self, image):
        """The :class:`Pose` of ``image`` (h, w, 3) uint8 RGB; ``None`` while its place is not known.

        Raises:
            SweepError: it is a new place, and ``MAX_KEYS`` are known.
        """
        scale = SIDE / max(image.shape[:2])
        small = (
            cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
        )
        gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        size = gray.shape[1::-1]
        pose = self._follow(gray, size)
        if pose is None:
            pose = self._find(gray, size)
        elif overlap(pose.homography, size, self.keys[pose.key].size) < STAY:
            pose = self._change(gray, size, pose)
        elif len(self._corners) < THIN:
            self._take_corners(gray, pose)
        self._pose, self._previous = pose, gray
        if pose:
            self._close_loops()
            self._key = pose.key
            return Pose(pose.key, pose.homography @ np.diag([min(scale, 1), min(scale, 1), 1]))
        return None

    def _follow(self, gray, size):
        """The pose by the corners of the frame before, or ``None``."""
        if self._pose is None or len(self._corners) < MIN_CORNERS:
            return None
        if self._previous.shape != gray.shape:  # a browser sends other sizes as its network allows
            return None
        best, most = None, 0
        for guess in (self._speed, None):
            if most >= SURE * len(self._corners):
                break
            if guess is None:
                guess = _shift(self._previous, gray)
            start = (self._corners + guess).reshape(-1, 1, 2)
            moved, found, _ = cv2.calcOpticalFlowPyrLK(
                self._previous, gray, self._corners.reshape(-1, 1, 2), start, **_FLOW
            )
            moved = moved.reshape(-1, 2)
            seen = (found.ravel() > 0) & (moved >= 0).all(1) & (moved < size).all(1)
            homography, agree = homography_of(moved[seen], self._anchors[seen], TOLERANCE)
            if homography is None or agree.sum() < max(MIN_CORNERS, 0.4 * seen.sum(), most + 1):
                continue
            best, most = (homography, moved[seen][agree], np.flatnonzero(seen)[agree]), agree.sum()
        if best is None:
            return None
        homography, moved, kept = best
        self._speed = np.median(moved - self._corners[kept], axis=0)
        self._corners, self._anchors = moved, self._anchors[kept]
        return Pose(self._pose.key, homography)

    def _find(self, gray, size):
        """The pose by features, after the corners were lost; a new place after a while."""
        features = quick_features(gray)
        if self._pose:  # it was lost just now
            self._lost, self._search = 0, 0
        # The place where it was lost and the ones around it first, then turn by turn all others.
        order = sorted(range(len(self.keys)), key=lambda key: abs(key - self._key))
        chosen = [order[(self._search + i) % len(order)] for i in range(min(SEARCHED, len(order)))]
        self._search += len(chosen)
        pose = self._best(features, size, chosen)
        if pose:
            self._lost = 0
            self._take_corners(gray, pose)
            return pose
        if len(features.points) >= RICH:
            self._lost += 1
        searched_all = self._search >= len(self.keys)
        if not self.keys or (self._lost >= PATIENCE and searched_all):
            if len(features.points) < RICH:
                return None
            if len(self.keys) >= MAX_KEYS:
                raise SweepError(
                    "The way is too long to go on counting. Save what was counted, then start over."
                )
            self._lost = 0
            return self._add_key(gray, size, features)
        return None

    def _change(self, gray, size, pose):
        """The pose in another key frame, where the frame leaves its own."""
        features = quick_features(gray)
        near = {b: self.links[a, b] @ pose.homography for a, b in self.links if a == pose.key}
        for a, b in list(self.links):
            if a in near and b != pose.key and b not in near:
                near[b] = self.links[a, b] @ near[a]
        shared = {key: overlap(h, size, self.keys[key].size) for key, h in near.items()}
        likely = sorted((key for key in shared if shared[key] >= STAY), key=shared.get, reverse=True)[:3]
        better = self._best(features, size, likely)
        if better is None:
            if len(self.keys) >= MAX_KEYS:
                return pose
            return self._add_key(gray, size, features, pose)
        self._take_corners(gray, better)
        if (pose.key, better.key) not in self.links:
            self._link(pose.key, better.key, better.homography @ np.linalg.inv(pose.homography))
        return better

    def _best(self, features, size, keys):
        """The pose in the one of ``keys`` that shows most of the frame, or ``None``."""
        best, most = None, STAY / 2
        for key in keys:
            homography, _ = register(features, self.keys[key].features, TOLERANCE)
            if homography is not None:
                shown = overlap(homography, size, self.keys[key].size)
                if shown > most:
                    best, most = Pose(key, homography), shown
            if most > 0.9:
                break
        return best

    def _add_key(self, gray, size, features, last=None):
        """The pose in a new key frame; ``last``: in the one that is left."""
        key = len(self.keys)
        self.keys.append(_Key(features, size))
        if last is not None:
            self._link(last.key, key, np.linalg.inv(last.homography))
        apart = self._apart(key)
        self._unchecked += sorted(((key, other) for other in range(key)), key=lambda pair: -apart[pair[1]])
        pose = Pose(key, np.eye(3))
        self._take_corners(gray, pose)
        return pose

    def _take_corners(self, gray, pose):
        corners = cv2.goodFeaturesToTrack(gray, CORNERS, 0.01, 9)
        self._corners = np.zeros((0, 2), np.float32) if corners is None else corners.reshape(-1, 2)
        self._anchors = np.float32(move_points(self._corners, pose.homography)).reshape(-1, 2)

    def _apart(self, key):
        """(n,) pixels, how far each key frame is from ``key`` by way of their links; SIDE where none lead."""
        linked = [[] for _ in self.keys]
        for a, b in self.links:
            linked[a].append(b)
        middles = np.array([each.size for each in self.keys]) / 2
        places, reached = {key: middles[key]}, [key]  # the middle of ``key`` in each of them
        for a in reached:
            for b in linked[a]:
                if b not in places:
                    places[b] = move_points(places[a], self.links[a, b])
                    reached.append(b)
        apart = np.full(len(middles), float(SIDE))
        apart[reached] = np.linalg.norm([places[b] - middles[b] for b in reached], axis=1)
        return apart

    def _close_loops(self):
        """Compare one pair of key frames that may show one place, reached by two ways: the nearest first."""
        while self._unchecked:
            a, b = self._unchecked.pop()
            if (a, b) not in self.links:
                homography, _ = register(self.keys[a].features, self.keys[b].features, TOLERANCE)
                if homography is not None and overlap(homography, self.keys[a].size, self.keys[b].size) > 0.2:
                    self._link(a, b, homography)
                return

    def _link(self, a, b, homography):
        self.links[a, b], self.links[b, a] = homography, np.linalg.inv(homography)
