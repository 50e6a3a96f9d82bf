"""The loop on a tiny dataset and a small input: what must hold whatever is learnt."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from skushare.dataset.coco import read_coco
from skushare.dataset.synthetic import write_dataset
from skushare.detector.presets import preset
from skushare.detector.runtime import Detector
from skushare.errors import ConfigError, ModelError
from skushare.images import read_image
from skushare.training.batches import Batches
from skushare.training.checkpoint import load_checkpoint
from skushare.training.config import TrainingConfig
from skushare.training.observer import Observer
from skushare.training.package import package_run
from skushare.training.runs import Run
from skushare.training.trainer import make_optimizer, train

CONFIG = preset("shelf_dense", input_size=64, photo_size=64, live_size=64, channels=8, tower=1)


def settings(**changes):
    return TrainingConfig(**{"steps": 4, "batch_size": 2, "warmup_steps": 1, "validate_every": 2, **changes})


@pytest.fixture(scope="module", autouse=True)
def eager():
    """A few steps are done long before TensorFlow would have traced the graph."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shelves")
    write_dataset(folder, 3, seed=1, size=(320, 240), rows=3)
    return read_coco(folder / "annotations.json")


def run(folder, dataset, **changes):
    return train(folder, CONFIG, settings(**changes), [(dataset, 1.0)], dataset)


def arrays(path):
    with np.load(path) as content:
        return {name: content[name] for name in content.files}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, dataset):
    folder = tmp_path_factory.mktemp("run")
    run(folder, dataset)
    return folder


def test_a_run_leaves_its_settings_metrics_checkpoint_and_best_weights(finished, dataset):
    assert json.loads((finished / "training.json").read_text())["steps"] == 4
    rows = Run(finished).metrics()
    assert list(rows["step"]) == [2, 4]
    assert np.isfinite(rows["loss"]).all() and rows["AP"].between(0, 1).all()
    pictures = Run(finished).samples()
    assert list(pictures) == [2, 4] and len(pictures[4]) == len(dataset) and read_image(pictures[4][0]).size
    assert arrays(finished / "last.npz")["counter/step"] == 4 and (finished / "best.npz").exists()


class Stop(Observer):
    """Asks for the end once ``step`` is done."""

    def __init__(self, step):
        self.step, self.done = step, 0

    def stepped(self, step, losses):
        self.done = step

    def stopping(self):
        return self.done >= self.step


class Crash(Observer):
    """Raises in the ``event`` of ``step``."""

    class Now(Exception):
        pass

    def __init__(self, event, step):
        def crash(at, *_):
            if at == step:
                raise self.Now

        setattr(self, event, crash)


def test_a_stopped_run_saves_its_step_and_equals_an_uninterrupted_one_in_the_end(finished, dataset, tmp_path):
    for step in (1, 3):
        done = train(tmp_path, CONFIG, settings(), [(dataset, 1.0)], dataset, observers=[Stop(step)])
        assert not done and arrays(tmp_path / "last.npz")["counter/step"] == step
    assert run(tmp_path, dataset)
    assert_equal(tmp_path, finished)


@pytest.mark.parametrize(
    ("event", "step"), [("stepped", 1), ("validating", 2), ("validated", 2), ("stepped", 3), ("validated", 4)]
)
def test_a_crash_costs_steps_but_changes_no_result(finished, dataset, tmp_path, event, step):
    with pytest.raises(Crash.Now):
        train(tmp_path, CONFIG, settings(), [(dataset, 1.0)], dataset, observers=[Crash(event, step)])
    assert run(tmp_path, dataset)
    assert_equal(tmp_path, finished)


def assert_equal(folder, other):
    """Same weights, optimizer state and best weights to the last bit; same figures, none twice."""
    for name in ("last.npz", "best.npz"):
        ours, theirs = arrays(folder / name), arrays(other / name)
        assert ours.keys() == theirs.keys()
        for key, value in theirs.items():
            np.testing.assert_array_equal(ours[key], value, err_msg=f"{name} {key}")
    figures = [Run(path).metrics() for path in (folder, other)]
    assert list(figures[0]["step"]) == [2, 4]
    assert (figures[0]["AP"] == figures[1]["AP"]).all()


def test_raw_weights_go_on_from_where_they_were_not_from_their_average(tmp_path, dataset):
    """With validation in between or not, training must take the same way."""
    run(tmp_path / "often", dataset, validate_every=1)
    run(tmp_path / "once", dataset, validate_every=4)
    often, once = arrays(tmp_path / "often" / "last.npz"), arrays(tmp_path / "once" / "last.npz")
    for name, value in once.items():
        if name.startswith("variable/") and value.size > 1:
            np.testing.assert_allclose(often[name], value, rtol=1e-4, atol=1e-5, err_msg=name)


def test_other_settings_need_another_folder(finished, dataset):
    with pytest.raises(ConfigError, match=r"training\.json"):
        run(finished, dataset, learning_rate=0.5)


def test_frozen_layers_keep_their_weights(tmp_path, dataset):
    from skushare.detector.weights import save_weights

    start = {}

    def remember(network):
        save_weights(network, tmp_path / "start.npz")
        start.update(arrays(tmp_path / "start.npz"))

    training = settings(steps=2, freeze_before="block_3_expand", ema=0.0)
    train(tmp_path / "run", CONFIG, training, [(dataset, 1.0)], dataset, remember)
    after = arrays(tmp_path / "run" / "best.npz")
    for name in ("Conv1/0", "bn_Conv1/2", "block_2_project/0"):
        np.testing.assert_array_equal(after[name], start[name])
    assert (after["block_3_expand/0"] != start["block_3_expand/0"]).any()


def test_an_unknown_layer_to_freeze_is_named(tmp_path, dataset):
    with pytest.raises(ConfigError, match="block_99"):
        run(tmp_path, dataset, freeze_before="block_99")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04half"])
def test_a_damaged_checkpoint_is_named_and_kept(finished, dataset, tmp_path, content):
    for name in ("detector.json", "training.json", "data.json"):
        (tmp_path / name).write_text((finished / name).read_text())
    (tmp_path / "last.npz").write_bytes(content)
    with pytest.raises(ModelError, match=r"last\.npz"):
        run(tmp_path, dataset)
    assert (tmp_path / "last.npz").read_bytes() == content


@pytest.mark.parametrize("damage", ["half", "flipped", "missing"])
def test_with_a_damaged_last_checkpoint_the_previous_one_goes_on(finished, dataset, tmp_path, damage, capsys):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    last = tmp_path / "last.npz"
    content = bytearray(last.read_bytes())
    content[len(content) // 2] ^= 4
    last.write_bytes(content[: len(content) // 2] if damage == "half" else content)
    if damage == "missing":  # killed between the renamings
        last.unlink()
    assert arrays(tmp_path / "previous.npz")["counter/step"] == 2
    assert run(tmp_path, dataset)
    assert_equal(tmp_path, finished)
    assert ("last.npz" in capsys.readouterr().out) == (damage != "missing")


def test_a_checkpoint_of_another_network_changes_nothing(finished):
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises(ModelError, match="another network"):
        load_checkpoint(finished / "last.npz", model)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_packaged_run_detects(finished, dataset, tmp_path):
    folder = package_run(finished, dataset, tmp_path / "model", {"licence": "test"})
    detector = Detector.load(folder)
    assert detector.model.about["licence"] == "test" and detector.model.about["training"]["steps"] == 4
    assert detector.model.about["data"][0]["photos"] == 3
    assert len(detector.detect(np.full((128, 128, 3), 90, np.uint8), min_score=0.0)) > 0


def test_batches_depend_on_seed_and_number_alone(dataset):
    one, two = (Batches([(dataset, 1.0)], CONFIG, settings(seed=5)) for _ in range(2))
    two.batch(0)
    for a, b in zip(one.batch(7), two.batch(7), strict=True):
        for x, y in zip(*([v] if isinstance(v, np.ndarray) else v.values() for v in (a, b)), strict=True):
            np.testing.assert_array_equal(x, y)
    assert (one.batch(8)[0] != one.batch(7)[0]).any()
    stream = one.stream(3)
    np.testing.assert_array_equal(next(stream)[0], one.batch(3)[0])
    np.testing.assert_array_equal(next(stream)[0], one.batch(4)[0])
    stream.close()


def test_the_photo_cache_stays_within_its_limit(dataset):
    from skushare.training.batches import _PhotoCache

    paths = [sample.path for sample in dataset.samples]
    cache = _PhotoCache(limit=1)
    first = cache.get(paths[0])
    for path in paths * 2:
        cache.get(path)
    assert cache.size == first.nbytes and len(cache._images) == 1


def rates(at, **changes):
    schedule = make_optimizer(settings(**changes))._learning_rate
    return [float(schedule(step)) for step in at]


def test_the_learning_rate_rises_to_its_peak_and_falls_to_the_end_of_the_schedule():
    changes = {"steps": 100, "learning_rate": 1.0, "warmup_steps": 10, "warmup_learning_rate": 0.2}
    assert rates([0, 5, 10, 55, 100], **changes) == pytest.approx([0.2, 0.6, 1.0, 0.505, 0.01])
    assert rates([100], **changes, schedule_steps=1000)[0] > 0.97


def test_decay_with_momentum_is_that_of_an_l2_loss():
    import keras

    changes = {"optimizer": "momentum", "learning_rate": 0.1, "momentum": 0.9, "clip_norm": 0.0, "ema": 0.0}
    steps, decay = 400, 0.001
    optimizer = make_optimizer(
        settings(steps=steps, schedule_steps=10**6, warmup_steps=0, weight_decay=decay, **changes)
    )
    weight = keras.Variable([1.0])
    for _ in range(steps):
        optimizer.apply([np.zeros(1, np.float32)], [weight])
    expected, velocity = 1.0, 0.0
    for _ in range(steps):
        velocity = 0.9 * velocity - 0.1 * decay * expected
        expected += velocity
    assert float(weight.numpy()[0]) == pytest.approx(expected, rel=0.05)
