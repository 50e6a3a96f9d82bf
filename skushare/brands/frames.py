"""Brands on the frames of a camera, at the camera's pace."""

import numpy as np

from skushare.brands.recognition import named
from skushare.geometry import iou

SAME = 0.5  # IoU from which a box shows the facing that it showed in the frame before
A_FRAME = 16  # facings embedded a frame at most: what keeps the pace


class FrameNamer:
    """Names the facings of successive frames.

    A facing that stays where it was keeps its vector; of the others, and in turn of the older vectors, a
    few are made anew in each frame, so that a frame's time does not depend on how many facings it shows.
    What has none yet is unknown for the moment.

    Attributes:
        gallery: what names the brands; may be changed at any time, ``None`` names nothing.
    """

    def __init__(self, embedder, gallery=None):
        self.embedder, self.gallery = embedder, gallery
        self._boxes = np.zeros((0, 4), np.float32)
        self._vectors = np.zeros((0, embedder.dimensions), np.float32)
        self._ages = np.zeros(0, np.int64)  # frames since a vector was made

    def name(self, image, detections):
        """``detections`` of ``image`` with brands, as of :func:`~skushare.brands.recognition.recognise`."""
        gallery = self.gallery
        if gallery is None:
            return detections
        vectors = np.zeros((len(detections), self.embedder.dimensions), np.float32)
        ages = np.full(len(detections), np.iinfo(np.int64).max)
        if len(detections) and len(self._boxes):
            overlap = iou(detections.boxes, self._boxes)
            before = overlap.argmax(1)
            stays = overlap[np.arange(len(before)), before] >= SAME
            vectors[stays], ages[stays] = self._vectors[before[stays]], self._ages[before[stays]] + 1
        oldest = np.argsort(-ages, kind="stable")[:A_FRAME]
        vectors[oldest], ages[oldest] = self.embedder.embed(image, detections.boxes[oldest]), 0
        known = vectors.any(1)
        ages[~known] = np.iinfo(np.int64).max - 1
        self._boxes, self._vectors, self._ages = detections.boxes, vectors, ages
        return named(detections, vectors, self.embedder, gallery)
