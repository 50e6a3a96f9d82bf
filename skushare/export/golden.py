"""Golden pictures: what Python finds in them, for the exporter's proof and the app's self test."""

import json
from pathlib import Path

import numpy as np

from skushare.detector.preprocess import input_size, prepare
from skushare.detector.runtime import Detector
from skushare.export.manifest import GOLDEN
from skushare.geometry import iou
from skushare.images import read_image
from skushare.samples import sample_pictures

INDEX, FORMAT = "golden.json", "skushare golden 1"
MODE = "live"
SAME = 0.5  # IoU from which two boxes are taken for the same facing


class HeadsDetector(Detector):
    """A detector whose raw network is any function: Keras, a converted graph, the answer of a browser."""

    def __init__(self, model, heads):
        """``heads``: (1, h, w, 3) float32 to class logits (a, columns) and box codes (a, 4)."""
        self.model, self.config, self._anchors = model, model.config, {}
        self._heads = heads

    def run(self, batch):
        """See :meth:`Detector.run`."""
        return self._heads(batch)


def network_detector(model, network):
    """A :class:`HeadsDetector` of the Keras ``network``."""

    def heads(batch):
        return heads_of({name: value.numpy() for name, value in network(batch, training=False).items()})

    return HeadsDetector(model, heads)


def graph_detector(model, graph):
    """A :class:`HeadsDetector` of a ``GraphModel``, run in TensorFlow with its stored weights."""
    function = graph.function()
    return HeadsDetector(model, lambda batch: heads_of(function({"image": batch})))


def heads_of(outputs):
    """(class logits (a, columns), box codes (a, 4)) of {output: array} of the network."""
    return outputs["class_logits"][0], outputs["box_codes"][0]


def pictures():
    """{name: (h, w, 3) uint8 RGB} of the bundled pictures; they may be passed on."""
    return {path.name: read_image(path) for path in sample_pictures()}


def network_input(config, image):
    """(1, h, w, 3) float32: what the network sees of ``image`` in live mode."""
    height, width = image.shape[:2]
    shape = input_size(config, width, height, config.live_size)
    return prepare(image, config.live_size, shape, config.resize)[0]


def find(detector, images):
    """[Detections] of each picture in live mode at the model's threshold."""
    return [detector.detect(image, MODE) for image in images]


def compare(found, expected):
    """How far detections are from the expected ones.

    Args:
        found, expected: lists of ``Detections``, one a picture.

    Returns:
        dict: ``facings``, ``expected``: how many; ``unmatched``: facings of either list without one in
        the same place in the other; ``renamed``: those whose like there has another class; ``moved``: the
        largest difference of a coordinate, in pixels, and ``typical``: that of 95 % of the boxes;
        ``score``: the largest difference of a score.
    """
    moved, score, unmatched, renamed = [np.zeros(0)], [0.0], 0, 0
    for ours, theirs in zip(found, expected, strict=True):
        if not len(ours) or not len(theirs):
            unmatched += len(ours) + len(theirs)
            continue
        overlap = iou(ours.boxes, theirs.boxes)
        best = overlap.argmax(axis=1)
        same = overlap.max(axis=1) >= SAME
        unmatched += int((~same).sum()) + int((overlap.max(axis=0) < SAME).sum())
        renamed += int((ours.class_ids != theirs.class_ids[best])[same].sum())
        moved.append(np.abs(ours.boxes - theirs.boxes[best])[same].max(axis=1))
        score.append(float(np.abs(ours.scores - theirs.scores[best])[same].max(initial=0)))
    moved = np.concatenate(moved)
    return {
        "facings": sum(map(len, found)),
        "expected": sum(map(len, expected)),
        "unmatched": unmatched,
        "renamed": renamed,
        "moved": float(moved.max(initial=0)),
        "typical": float(np.quantile(moved, 0.95)) if len(moved) else 0.0,
        "score": max(score),
    }


def alike(compared, moved):
    """Whether the detections that :func:`compare` was given are the same, to within ``moved`` pixels."""
    return not compared["unmatched"] and not compared["renamed"] and compared["moved"] <= moved


def write_golden(folder, model, images, by_network, by_detector):
    """Write the pictures and what is found in them to ``folder``/golden; returns the index' path there.

    Args:
        images: as :func:`pictures` gives.
        by_network: [Detections] of the network with float32 weights, which the browser's must be like.
        by_detector: [Detections] of the ``Detector`` that Python uses, whose network may have 8 bits.
    """
    folder = Path(folder, GOLDEN)
    folder.mkdir()
    entries = []
    sources = {path.name: path for path in sample_pictures()}
    for (name, image), network, detector in zip(images.items(), by_network, by_detector, strict=True):
        (folder / name).write_bytes(sources[name].read_bytes())
        height, width = image.shape[:2]
        entry = {"file": f"{GOLDEN}/{name}", "width": width, "height": height}
        entries.append(entry | {"network": _listed(network), "detector": _listed(detector)})
    content = {
        "format": FORMAT,
        "mode": MODE,
        "size": model.config.live_size,
        "min_score": model.config.live_min_score,
        "pictures": entries,
    }
    (folder / INDEX).write_text(json.dumps(content))
    return f"{GOLDEN}/{INDEX}"


def _listed(detections):
    return {
        "boxes": np.round(detections.boxes.astype(float), 2).tolist(),
        "scores": np.round(detections.scores.astype(float), 4).tolist(),
        "class_ids": detections.class_ids.tolist(),
    }
