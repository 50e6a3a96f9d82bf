"""A shelf's front seen straight on, worked out from the boxes on it."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

ROUNDS = 12  # of reweighting; it settles in about eight
TOLERANCE = 0.06  # of a facing's height: how far apart the feet of neighbours on one board are
STEEPEST = 0.9  # of convergence over the picture's width
KEPT = 2048  # photos whose planes are remembered; the boxes of a thousand facings take 32 kB


@dataclass(frozen=True)
class ShelfPlane:
    """How boards run through a photo: their tilt, and how they converge where it was taken askew.

    A camera held upright, but turned to the side, sees uprights as uprights, and the boards as lines
    through one point. With u = (x - middle) / span, such a board is the line
    y = Y + (slope + convergence * Y) * u, and a point of the shelf's front lies at
    X = u / (1 + convergence * u), Y = (y - slope * u) / (1 + convergence * u): the projective map
    that keeps uprights (Hartley and Zisserman, Multiple View Geometry, chapter 2).

    Attributes:
        middle, span: of the boxes, in pixels of the photo.
        slope: pixels that a board at y = 0 falls over ``span``.
        convergence: by how much of its height a row grows over ``span``.
    """

    middle: float = 0.0
    span: float = 1.0
    slope: float = 0.0
    convergence: float = 0.0

    @classmethod
    def fit(cls, boxes):
        """The plane of ``boxes`` (n, 4) xyxy, from the feet of neighbours side by side.

        Robust regression (iteratively reweighted least squares with Cauchy weights): most neighbours
        stand on one board, some on a stack or on another board. Too few neighbours give the photo as it is.
        It is remembered: rows, gaps, blocks and shares all ask for that of the same boxes, in whatever order.
        """
        boxes = np.asarray(boxes, float).reshape(-1, 4)
        return cls._fit(boxes[np.lexsort(boxes.T)].tobytes())

    @classmethod
    @lru_cache(maxsize=KEPT)
    def _fit(cls, boxes):
        """The plane of ``boxes``, bytes of (n, 4) float64."""
        boxes = np.frombuffer(boxes).reshape(-1, 4)
        if not len(boxes):
            return cls()
        x, height, width = (
            boxes[:, [0, 2]].mean(1),
            np.ptp(boxes[:, 1::2], axis=1),
            np.ptp(boxes[:, ::2], axis=1),
        )
        middle, span = float(x.mean()), float(max(np.ptp(x), 1))
        u, foot = (x - middle) / span, boxes[:, 3]
        low, narrow = np.minimum(height[:, None], height), np.minimum(width[:, None], width)
        shared = np.minimum(foot[:, None], foot) - np.maximum(boxes[:, None, 1], boxes[:, 1])
        apart = boxes[:, 0] - boxes[:, None, 2]
        i, j = np.nonzero(
            (u > u[:, None]) & (2 * shared > low) & (-narrow < 2 * apart) & (apart < 2 * narrow)
        )
        if len(i) < 4:
            return cls(middle, span)
        run, fall, size = u[j] - u[i], foot[j] - foot[i], low[i, j]
        slope = convergence = 0.0
        residual = fall - np.median(fall / run) * run
        for _ in range(ROUNDS):
            weight = 1 / (1 + (residual / (TOLERANCE * size)) ** 2) / size
            level = ((foot - slope * u) / (1 + convergence * u))[[i, j]].mean(0)
            mean = level.mean()
            design = np.stack([run, run * (level - mean)], axis=1)
            normal = design.T @ (design * weight[:, None])
            # A touch of ridge: boards of a photo without perspective stay parallel.
            normal += np.diag([1e-6, 1e-3 * normal[1, 1] + 1e-9])
            steep, convergence = np.linalg.solve(normal, design.T @ (weight * fall))
            convergence = float(np.clip(convergence, -STEEPEST, STEEPEST))
            slope = float(steep - convergence * mean)
            residual = fall - (slope + convergence * level) * run
        return cls(middle, span, slope, convergence)

    def straighten(self, boxes):
        """``boxes`` of the photo as they lie on the shelf's front.

        Both are (n, 4) xyxy, float64 out; a pixel of the result is one of the photo at ``middle``.
        """
        boxes = np.asarray(boxes, float).reshape(-1, 4)
        edges = (boxes[:, ::2] - self.middle) / self.span
        scale = self._scale(edges)
        u = edges.mean(1, keepdims=True)
        ys = (boxes[:, 1::2] - self.slope * u) / self._scale(u)
        return _interleave(self.middle + self.span * edges / scale, ys)

    def bend(self, boxes):
        """The inverse of :meth:`straighten`."""
        boxes = np.asarray(boxes, float).reshape(-1, 4)
        flat = (boxes[:, ::2] - self.middle) / self.span
        edges = flat / np.maximum(1 - self.convergence * flat, 1e-3)
        u = edges.mean(1, keepdims=True)
        ys = boxes[:, 1::2] * self._scale(u) + self.slope * u
        return _interleave(self.middle + self.span * edges, ys)

    def _scale(self, u):
        return np.maximum(1 + self.convergence * u, 0.05)


def _interleave(xs, ys):
    return np.stack([xs[:, 0], ys[:, 0], xs[:, 1], ys[:, 1]], axis=1)
