"""Training on several devices: two processors that JAX pretends to have."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skushare.detector.weights import load_weights, save_weights
from skushare.errors import ConfigError
from skushare.training import backends
from skushare.training.plan import Plan

ROOT = Path(__file__).parents[2]


def plan(**changes):
    return Plan(train=(("a", 1.0),), validation="b", **changes)


def test_a_plan_chooses_backend_and_devices_of_its_process():
    found = backends.environment(plan(devices="cpu"), {"HOME": "/home"})
    assert found["KERAS_BACKEND"] == "tensorflow" and found["CUDA_VISIBLE_DEVICES"] == "-1"
    assert found["HOME"] == "/home"
    assert "CUDA_VISIBLE_DEVICES" not in backends.environment(plan(), {})


def test_its_process_may_stand_elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SKUSHARE_WORKSPACE", "mine")
    assert backends.environment(plan())["SKUSHARE_WORKSPACE"] == str(tmp_path.resolve() / "mine")


def test_a_backend_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(backends, "find_spec", lambda name: name == "jax")
    assert backends.available_backends() == ("jax",)
    with pytest.raises(ConfigError, match="tensorflow is not installed here; installed: jax"):
        backends.environment(plan())


def teach(folder):
    """One step of training from the weights in ``folder``; returns those after it."""
    import keras

    from skushare.training.trainer import Learner

    tiny = runpy.run_path(str(Path(__file__).with_name("conftest.py")))
    network = tiny["tiny_network"](tiny["TINY"])
    if not (folder / "start.npz").exists():
        save_weights(network, folder / "start.npz")
    load_weights(network, folder / "start.npz")
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    targets = {
        # At no edge of an anchor, where backends differ in the slope of a maximum.
        "target_boxes": np.tile(np.float32([8.3, 8.1, 40.7, 50.9]), (2, 64, 1)),
        "target_labels": rng.integers(-1, 2, (2, 64)).astype(np.int32),
    }
    learner = Learner(network, tiny["TINY"])
    # JAX would else compile each operation by itself; TensorFlow, the step, for one step.
    learner.compile(keras.optimizers.SGD(0.1), jit_compile=keras.backend.backend() == "jax")
    learner.train_on_batch(images, targets)
    return network


def test_two_devices_of_jax_learn_from_a_batch_what_tensorflow_does(tmp_path):
    save_weights(teach(tmp_path), tmp_path / "tensorflow.npz")
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        # Compiling is most of the work of one step: as little of it as can be.
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2 --xla_backend_optimization_level=0",
    }
    command = [sys.executable, __file__, str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["many"].startswith("devices: 4 asked for, but there are 2")
    assert (told["uneven"], told["even"], told["placed"]) == (1, 2, 2)
    with np.load(tmp_path / "tensorflow.npz") as alone, np.load(tmp_path / "jax.npz") as shared:
        for name in alone.files:
            np.testing.assert_allclose(shared[name], alone[name], rtol=1e-4, atol=1e-6, err_msg=name)


def main(folder):
    told = {"uneven": backends.share_out("auto", 3)}
    try:
        backends.share_out("4", 4)
    except ConfigError as error:
        told["many"] = str(error)
    told["even"] = backends.share_out("auto", 2)
    network = teach(folder)
    told["placed"] = len(network.variables[0].value.sharding.device_set)
    save_weights(network, folder / "jax.npz")
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
