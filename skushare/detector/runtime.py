"""Running an exported model on the CPU with LiteRT; TensorFlow is never imported."""

import math
import os
from collections import OrderedDict
from dataclasses import replace
from threading import Lock
from types import MappingProxyType
from typing import NamedTuple

import cv2
import numpy as np

from skushare.detections import Detections
from skushare.detector.anchors import detector_anchors
from skushare.detector.models import LITERT, read_model
from skushare.detector.postprocess import postprocess
from skushare.detector.preprocess import fitting_side, input_size, prepare
from skushare.errors import ModelError
from skushare.geometry import area, merge_tiles, merge_views, mirror, tile_grid
from skushare.quiet import ungreeted
from skushare.shelf.certainty import facing_probability
from skushare.shelf.gaps import doubtful_score

LIVE_SIZES = (640, 512, 416, 320)  # that a model may be given in place of its own live size
LARGER = 1.25  # times its own, for fast machines
PREPARED_SIZES = 6  # input sizes kept ready; each holds its own activations
WIDEST = 16 / 9  # photos wider (or taller) than this are searched in tiles
OVERLAP = 0.25  # of a tile's side
MOST_TILES = 48  # a strip 60 times as wide as high; those of a thinner one are wider than WIDEST
ENLARGED = 8  # times at most: what a tile of a few pixels does not show, no enlargement brings out
VIEW_SCORE = 0.02  # a mean over views needs the doubtful boxes of each


class _Prepared(NamedTuple):
    """An interpreter allocated for one input size."""

    interpreter: object
    input: int
    outputs: dict


class Detector:
    """Finds facings in photos and frames.

    One instance may be shared by threads; they take turns.

    Example:
        >>> from skushare.detector.runtime import Detector
        >>> from skushare.images import read_image
        >>> detector = Detector.load()
        >>> facings = detector.detect(read_image("data/shelf_pantry.jpg"))
    """

    curves = MappingProxyType({})  # {mode: (scores, probabilities that boxes with them are facings)} if known

    def __init__(self, model):
        """``model``: a ``Model``."""
        self.model = model
        self.config = model.config
        self.curves = model.about.get("calibration", {})
        self.threads = os.cpu_count() or 1
        # Interpreters read the file's pages in place, so its bytes must stay alive.
        self._content = model.path(LITERT).read_bytes()
        self._prepared = OrderedDict()
        self._anchors = {}
        self._lock = Lock()

    @classmethod
    def load(cls, name=None):
        """The model called ``name`` (default: the shipped one), or the one in the folder ``name``.

        Raises:
            ModelError: it is missing or damaged.
        """
        return cls(read_model(name))

    @property
    def name(self):
        return self.model.name

    @property
    def digest(self):
        """SHA-256 of the network's file, by which records know it."""
        return self.model.files[LITERT]

    @property
    def labels(self):
        return self.config.labels

    @property
    def min_score(self):
        """Default score threshold of photos, chosen on validation data."""
        return self.config.min_score

    def threshold(self, mode):
        """The default score threshold of ``mode``."""
        return self.config.threshold(mode)

    def doubtful_score(self, mode):
        """The score of ``mode`` from which on a box that does not count may yet fill a gap."""
        return doubtful_score(self.curves.get(mode))

    @property
    def live_sizes(self):
        """Sizes for live frames, the largest first; smaller ones are faster and see less."""
        own = self.config.live_size
        if self.config.resize == "stretch":  # made for one size
            return (own,)
        others = {size for size in LIVE_SIZES if size <= LARGER * own}
        return tuple(sorted({own} | others, reverse=True))

    @property
    def facing_size(self):
        """Pixels, square root of the area, in which a facing is seen best; 0 if that is not known."""
        return self.config.facing_size

    def detect(self, image, mode="photo", min_score=None, max_detections=None, size=None):
        """Facings in ``image``, best first, boxes in its pixels.

        A photo is first glanced at in the live size, to resize it so that its facings
        are as large as the network knows them best, and may then be looked at more than
        once (``photo_views``). One far from square is cut into overlapping tiles, so that
        its facings keep their resolution.

        Args:
            image: (h, w, 3) uint8 RGB.
            mode: ``"photo"`` (accurate) or ``"live"`` (fast).
            min_score: drop boxes scored lower; default :meth:`threshold`.
            max_detections: keep at most so many; default the model's.
            size: longest side in pixels to resize to, for one look; default :meth:`size`.

        Raises:
            ValueError: ``image`` is not of that shape and type, or ``mode`` is unknown.
        """
        if mode not in ("photo", "live"):
            raise ValueError(f"mode must be photo or live, got {mode!r}")
        image = np.asarray(image)
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
            raise ValueError(f"an RGB image (h, w, 3) of uint8 is needed, got {image.shape} {image.dtype}")
        min_score = self.threshold(mode) if min_score is None else min_score
        own = self.config.max_detections
        height, width = image.shape[:2]
        if mode == "live" or self.config.resize == "stretch":
            found = self._detect_whole(
                image, size or self.config.size(mode), min_score, max_detections or own
            )
        # All that the model may find goes into views and tiles: a box is rated by every look at its place.
        elif max(width, height) > WIDEST * min(width, height):
            found = self._detect_tiles(image, size, min_score, max(own, max_detections or 0))
        else:
            found = self._detect_views(image, size, min_score, max(own, max_detections or 0))
        found, curve = found[:max_detections], self.curves.get(mode)
        return found if curve is None else replace(found, present=facing_probability(found.scores, curve))

    def _detect_views(self, image, size, min_score, max_detections, largest=math.inf):
        """One look at a given ``size``, else the configured looks around the fitting one, merged.

        None is larger than ``largest`` pixels.
        """
        views = self.config.photo_views
        single = size or len(views) == 1
        size = min(size or self._fitting_size(image, largest), largest)
        if single:
            return self._detect_whole(image, size, min_score, max_detections)
        width = image.shape[1]
        found = []
        for factor, mirrored in views:
            look = cv2.flip(image, 1) if mirrored else image
            seen = self._detect_whole(look, round(size * factor), VIEW_SCORE, max_detections)
            found.append(replace(seen, boxes=mirror(seen.boxes, width)) if mirrored else seen)
        boxes, scores, class_ids = merge_views(
            [d.boxes for d in found],
            [d.scores for d in found],
            [d.class_ids for d in found],
            self.config.nms_iou,
        )
        keep = np.flatnonzero(scores >= min_score)[:max_detections]
        return Detections(boxes[keep], scores[keep], class_ids[keep])

    def _detect_whole(self, image, size, min_score, max_detections):
        height, width = image.shape[:2]
        shape = input_size(self.config, width, height, size)
        batch, scale = prepare(image, size, shape, self.config.resize)
        logits, codes = self.run(batch)
        return postprocess(
            self.config,
            self.anchors(shape),
            logits,
            codes,
            min_score,
            max_detections,
            scale,
            image_size=(width, height),
        )

    def _fitting_size(self, image, largest=math.inf):
        """Longest side in pixels, up to ``largest``, that gives a typical facing the configured size."""
        areas = ()
        if self.config.facing_size > 0:
            glance = min(self.config.live_size, largest)
            seen = self._detect_whole(image, glance, self.threshold("live"), self.config.max_detections)
            areas = area(seen.boxes)
        return fitting_side(self.config, areas, max(image.shape[:2]), largest)

    def _detect_tiles(self, image, size, min_score, max_detections):
        height, width = image.shape[:2]
        least = max(width, height) / (OVERLAP + (1 - OVERLAP) * MOST_TILES)
        side = max(round(WIDEST * min(width, height)), math.ceil(least))
        tiles = tile_grid(width, height, side, round(OVERLAP * side))
        found = [
            self._detect_views(part, size, min_score, max_detections, ENLARGED * max(part.shape[:2]))
            for part in (image[t.top : t.bottom, t.left : t.right] for t in tiles)
        ]
        boxes, scores, class_ids = merge_tiles(
            tiles,
            [d.boxes for d in found],
            [d.scores for d in found],
            [d.class_ids for d in found],
            width,
            height,
            self.config.nms_iou,
        )
        # A panorama may hold more facings than one photo: the cap is per tile.
        limit = max_detections * len(tiles)
        return Detections(boxes[:limit], scores[:limit], class_ids[:limit])

    def run(self, batch):
        """The raw network.

        Args:
            batch: (1, h, w, 3) float32 RGB in 0..255, sides multiples of 32 (or the
                model's own size).

        Returns:
            class logits (a, columns), box codes (a, 4).
        """
        with self._lock:
            prepared = self._prepare(batch.shape[1:3])
            prepared.interpreter.set_tensor(prepared.input, batch)
            prepared.interpreter.invoke()
            return tuple(
                prepared.interpreter.get_tensor(prepared.outputs[name])[0]
                for name in ("class_logits", "box_codes")
            )

    def anchors(self, shape):
        """Anchors (a, 4) xyxy for an input of ``shape`` (height, width) pixels."""
        if shape not in self._anchors:
            if len(self._anchors) >= PREPARED_SIZES:
                self._anchors.clear()
            self._anchors[shape] = detector_anchors(self.config, shape)[0]
        return self._anchors[shape]

    def _prepare(self, shape):
        if shape in self._prepared:
            self._prepared.move_to_end(shape)
            return self._prepared[shape]
        from ai_edge_litert.interpreter import Interpreter

        try:
            interpreter = Interpreter(model_content=self._content, num_threads=self.threads)
            runner = interpreter.get_signature_runner()
            (given,) = runner.get_input_details().values()
            outputs = {name: detail["index"] for name, detail in runner.get_output_details().items()}
            del runner  # its hold on the interpreter would forbid resizing
            if tuple(given["shape"][1:3]) != tuple(shape):
                interpreter.resize_tensor_input(given["index"], [1, *shape, 3])
            with ungreeted():
                interpreter.allocate_tensors()
            prepared = _Prepared(interpreter, given["index"], outputs)
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                f"{self.model.folder / LITERT}: cannot be run ({error}); export it again"
            ) from error
        self._prepared[shape] = prepared
        if len(self._prepared) > PREPARED_SIZES:
            self._prepared.popitem(last=False)
        return prepared
