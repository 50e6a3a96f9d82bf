"""Brands on the frames of a camera, at the camera's pace."""

import numpy as np

from skushare.brands.gallery import Gallery, Sku
from skushare.brands.looks import group_looks, look_name
from skushare.brands.recognition import named
from skushare.geometry import iou

SAME = 0.5  # IoU from which a box shows the facing that it showed in the frame before
A_FRAME = 16  # facings embedded a frame at most: what keeps the pace
A_FEW = 8  # where even that takes too long
LOOKS_EVERY = 10  # frames
SMALLEST_LOOK = 2  # facings that found a look; a single one is more often a wrong box
MOST_LOOKS = 26


class FrameNamer:
    """Names the facings of successive frames.

    A facing that stays where it was keeps its vector; of the others, and in turn of the older vectors, a
    few are made anew in each frame, so that a frame's time does not depend on how many facings it shows.
    What has none yet is unknown for the moment.

    Attributes:
        gallery: what names the brands; may be changed at any time, ``None`` names nothing.
        a_frame: facings embedded a frame at most; may be changed at any time.
    """

    def __init__(self, embedder, gallery=None):
        self.embedder, self.gallery, self.a_frame = embedder, gallery, A_FRAME
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
        oldest = np.argsort(-ages, kind="stable")[: self.a_frame]
        vectors[oldest], ages[oldest] = self.embedder.embed(image, detections.boxes[oldest]), 0
        known = vectors.any(1)
        ages[~known] = np.iinfo(np.int64).max - 1
        self._boxes, self._vectors, self._ages = detections.boxes, vectors, ages
        return named(detections, vectors, self.embedder, gallery)


class LookNamer(FrameNamer):
    """Groups the facings of successive frames by look, before anything was taught.

    What no look so far fits founds a new one, now and then; a look keeps its name from frame to frame. There
    are no brand ids before the first. ``gallery`` is made of the looks, and grows.
    """

    def __init__(self, embedder):
        super().__init__(embedder, Gallery("looks"))
        self._frames = 0

    def name(self, image, detections):
        """``detections`` of ``image`` with looks as their brands."""
        found = super().name(image, detections)
        self._frames += 1
        if self._frames % LOOKS_EVERY == 0:
            self._found_looks(self._vectors[(found.sku_ids < 0) & self._vectors.any(1)])
        return found if self.gallery.skus else detections

    def _found_looks(self, strange):
        """Add a look for each group of the vectors ``strange``, the largest group first."""
        looks, grown = group_looks(strange, self.embedder.likeness), self.gallery
        for look in range(looks.max(initial=-1) + 1):
            vectors = strange[looks == look]
            if len(vectors) < SMALLEST_LOOK or len(grown.skus) >= MOST_LOOKS:
                break
            name = look_name(len(grown.skus))
            sku = Sku(grown.new_id(), name, name)
            grown = grown.with_examples(sku, vectors, [b""] * len(vectors), self.embedder)
        self.gallery = grown
