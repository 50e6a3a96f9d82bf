"""The same network and losses on another Keras backend."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from skushare.detector.anchors import detector_anchors
from skushare.detector.losses import detection_loss
from skushare.detector.presets import PRESETS, preset


def losses():
    """Loss values of every preset on made-up predictions."""
    result = {}
    for name in PRESETS:
        config = preset(name)
        anchors = detector_anchors(config, (320, 320))[0]
        rng = np.random.default_rng(0)
        labels = (rng.random((2, len(anchors))) < 0.02).astype(np.int32) - (
            rng.random((2, len(anchors))) < 0.01
        )
        boxes = anchors + rng.normal(0, 3, (2, *anchors.shape)).astype(np.float32)
        logits = rng.normal(-2, 1, (2, len(anchors), 1 + config.background)).astype(np.float32)
        codes = rng.normal(0, 1, (2, len(anchors), 4)).astype(np.float32)
        arguments = (ops.convert_to_tensor(value) for value in (anchors, boxes, labels, logits, codes))
        result[name] = [float(ops.convert_to_numpy(v)) for v in detection_loss(config, *arguments)]
    return result


@pytest.mark.parametrize("backend", ["jax"])
def test_losses_agree_across_backends(backend):
    assert keras.backend.backend() != backend
    result = subprocess.run(
        [sys.executable, __file__],
        # Compiling is most of the work: as little of it as can be.
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": "--xla_backend_optimization_level=0",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    other = json.loads(result.stdout.strip().splitlines()[-1])
    for name, values in losses().items():
        np.testing.assert_allclose(other[name], values, rtol=1e-4)


if __name__ == "__main__":
    print(json.dumps(losses()))
