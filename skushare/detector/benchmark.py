"""Milliseconds a frame, stage by stage, of the live path and of its plain alternative."""

import time

import numpy as np
import pandas as pd

from skushare.detector.models import WEIGHTS
from skushare.detector.postprocess import postprocess
from skushare.detector.preprocess import input_size, prepare


def benchmark(detector, images, mode, frames, keras=True, size=None):
    """Median milliseconds of each stage.

    Both ways see the same frames in turn, so that whatever else the machine does hits
    both alike.

    Args:
        detector: a ``Detector``; images: list of (h, w, 3) uint8 RGB frames.
        mode: of ``Detector.detect``; frames: measured frames, after a few to warm up.
        keras: also run the same network by ``keras.Model.predict``.
        size: longest side in pixels that frames are resized to; default that of ``mode``.

    Returns:
        DataFrame: ``runtime``, ``resize``, ``network``, ``postprocess``, ``total`` in
        milliseconds, ``frames a second`` and ``speed-up`` over the slowest runtime.
    """
    runtimes = {"LiteRT": detector.run}
    if keras:
        runtimes["Keras predict"] = _keras_predict(detector)
    times = {name: [] for name in runtimes}
    warm_up = 3
    for frame in range(warm_up + frames):
        image = images[frame % len(images)]
        for name, network in runtimes.items():
            row = _time_frame(detector, image, mode, size, network)
            if frame >= warm_up:
                times[name].append(row)
    table = pd.DataFrame(
        [(name, *(1000 * np.median(rows, axis=0))) for name, rows in times.items()],
        columns=["runtime", "resize", "network", "postprocess", "total"],
    )
    table["frames a second"] = 1000 / table["total"]
    table["speed-up"] = table["total"].max() / table["total"]
    return table


def _time_frame(detector, image, mode, size, network):
    config, size = detector.config, size or detector.config.size(mode)
    height, width = image.shape[:2]
    marks = [time.perf_counter()]
    shape = input_size(config, width, height, size)
    batch, scale = prepare(image, size, shape, config.resize)
    marks.append(time.perf_counter())
    logits, codes = network(batch)
    marks.append(time.perf_counter())
    postprocess(
        config,
        detector.anchors(shape),
        logits,
        codes,
        detector.threshold(mode),
        config.max_detections,
        scale,
        image_size=(width, height),
    )
    marks.append(time.perf_counter())
    return (*np.diff(marks), marks[-1] - marks[0])


def _keras_predict(detector):
    from skushare.detector.network import build_network
    from skushare.detector.weights import load_weights

    network = build_network(detector.config, (None, None) if detector.config.resize == "fit" else None)
    load_weights(network, detector.model.path(WEIGHTS))

    def run(batch):
        outputs = network.predict(batch, verbose=0)
        return outputs["class_logits"][0], outputs["box_codes"][0]

    return run
