"""The loop on a tiny network: what must hold whatever is learnt."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from skushare.detections import Detections
from skushare.detector.weights import load_weights, save_weights
from skushare.errors import ConfigError, ModelError
from skushare.images import read_image
from skushare.training.config import TrainingConfig
from skushare.training.observer import Observer
from skushare.training.runs import Run
from skushare.training.trainer import Validator, _digest, make_optimizer, train


def settings(**changes):
    return TrainingConfig(**{"steps": 4, "batch_size": 2, "warmup_steps": 1, "validate_every": 2, **changes})


@pytest.fixture(scope="module", autouse=True)
def eager():
    """A few steps are done long before TensorFlow would have traced the graph."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="module")
def run(tiny, dataset):
    """Train in a folder; further arguments are settings."""

    def run(folder, observers=(), initial_weights=None, **changes):
        data = [(dataset, 1.0)]
        return train(folder, tiny, settings(**changes), data, dataset, initial_weights, observers)

    return run


@pytest.fixture(scope="module")
def finished(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "finished"
    assert run(folder)
    return folder


def arrays(path):
    with np.load(path) as content:
        return {name: content[name] for name in content.files}


def assert_equal(folder, other):
    """Same weights, optimizer state and best weights to the last bit; same figures, none twice."""
    for name in ("last.npz", "best.npz"):
        ours, theirs = arrays(folder / name), arrays(other / name)
        assert ours.keys() == theirs.keys()
        for key, value in theirs.items():
            np.testing.assert_array_equal(ours[key], value, err_msg=f"{name} {key}")
    ours, theirs = Run(folder).metrics(), Run(other).metrics()
    assert list(ours["step"]) == [2, 4] and (ours["AP"] == theirs["AP"]).all()


class Stop(Observer):
    """Asks for the end once ``step`` is done."""

    def __init__(self, step):
        self.step, self.done = step, 0

    def stepped(self, step, losses):
        self.done = step

    def stopping(self):
        return self.done >= self.step


class Crash(Observer):
    """Raises ``Now`` when told of ``event`` at ``step``."""

    class Now(Exception):
        pass

    def __init__(self, event, step):
        def crash(at, *_):
            if at == step:
                raise self.Now

        setattr(self, event, crash)


def test_a_run_leaves_its_settings_figures_pictures_checkpoints_and_best_weights(finished, dataset):
    assert json.loads((finished / "training.json").read_text())["steps"] == 4
    rows = Run(finished).metrics()
    assert list(rows["step"]) == [2, 4]
    assert np.isfinite(rows["loss"]).all() and rows["AP"].between(0, 1).all()
    pictures = Run(finished).samples()
    assert list(pictures) == [2, 4] and len(pictures[4]) == len(dataset) and read_image(pictures[4][0]).size
    assert arrays(finished / "last.npz")["counter/step"] == 4
    assert arrays(finished / "previous.npz")["counter/step"] == 2 and (finished / "best.npz").exists()


def test_a_stopped_run_saves_its_step_and_equals_an_uninterrupted_one_in_the_end(finished, run, tmp_path):
    for step in (1, 3):
        assert not run(tmp_path, [Stop(step)])
        assert arrays(tmp_path / "last.npz")["counter/step"] == step
    assert run(tmp_path)
    assert_equal(tmp_path, finished)


@pytest.mark.parametrize(
    ("event", "step"), [("stepped", 1), ("validating", 2), ("validated", 2), ("stepped", 3)]
)
def test_a_crash_costs_steps_but_changes_no_result(finished, run, tmp_path, event, step):
    with pytest.raises(Crash.Now):
        run(tmp_path, [Crash(event, step)])
    assert run(tmp_path)
    assert_equal(tmp_path, finished)


@pytest.mark.parametrize("damage", ["half", "flipped", "missing"])
def test_with_a_damaged_last_checkpoint_the_previous_one_goes_on(finished, run, tmp_path, damage, capsys):
    folder = tmp_path / "damaged"
    shutil.copytree(finished, folder)
    last = folder / "last.npz"
    content = bytearray(last.read_bytes())
    content[len(content) // 2] ^= 4
    last.write_bytes(content[: len(content) // 2] if damage == "half" else content)
    if damage == "missing":  # killed between the renamings
        last.unlink()
    assert run(folder)
    assert_equal(folder, finished)
    assert ("last.npz" in capsys.readouterr().out) == (damage != "missing")


def test_a_run_without_a_good_checkpoint_says_so_and_changes_no_file(run, tmp_path):
    for name in ("last.npz", "previous.npz"):
        (tmp_path / name).write_bytes(b"PK\x03\x04half")
    with pytest.raises(ModelError, match=r"last\.npz"):
        run(tmp_path)
    assert (tmp_path / "last.npz").read_bytes() == b"PK\x03\x04half"


def test_raw_weights_go_on_from_where_they_were_not_from_their_average(tmp_path, run):
    """With validation in between or not, training must take the same way."""
    run(tmp_path / "often", validate_every=1)
    run(tmp_path / "once", validate_every=4)
    often, once = arrays(tmp_path / "often" / "last.npz"), arrays(tmp_path / "once" / "last.npz")
    for name, value in once.items():
        if name.startswith("variable/"):
            np.testing.assert_array_equal(often[name], value, err_msg=name)


def test_other_settings_need_another_folder(finished, run):
    with pytest.raises(ConfigError, match=r"training\.json"):
        run(finished, learning_rate=0.5)


@pytest.mark.parametrize("trained", [True, False])
def test_moved_boxes_need_another_folder(finished, tiny, dataset, trained):
    first = dataset.samples[0]
    moved = replace(dataset, samples=(replace(first, boxes=first.boxes + 1), *dataset.samples[1:]))
    train_on, validation = (moved, dataset) if trained else (dataset, moved)
    with pytest.raises(ConfigError, match=r"labels\.json.*other data or labels"):
        train(finished, tiny, settings(), [(train_on, 1.0)], validation)


def test_weights_are_chosen_on_labelled_photos_where_few_of_the_validation_are(tiny, dataset):
    labelled = dataset.samples[0]
    rest = labelled.with_boxes([])
    validator = Validator(tiny, replace(dataset, samples=(rest, rest, labelled, rest, rest, rest)), photos=2)
    assert any(len(sample.boxes) for sample in validator.samples)


@pytest.mark.parametrize(("said", "class_ap"), [(0, 1.0), (1, 0.0)])
def test_a_validation_of_several_classes_tells_how_well_they_are_told_apart(
    tiny, dataset, monkeypatch, said, class_ap
):
    labels = (*dataset.labels, "other")
    validator = Validator(replace(tiny, labels=labels), dataset.with_labels(labels))
    found = [Detections(s.boxes, np.ones(len(s.boxes)), np.full(len(s.boxes), said)) for s in dataset.samples]
    monkeypatch.setattr(validator, "_detect", lambda image: found.pop(0))
    row, _ = validator(validator.network)
    assert (row["AP"], row["class_AP"]) == pytest.approx((1.0, class_ap))


def test_photos_whose_names_are_no_text_are_told_apart(dataset):
    names = map(os.fsdecode, (b"\xff.jpg", b"\xfe.jpg"))
    datasets = [replace(dataset, samples=(replace(dataset.samples[0], path=Path(n)),)) for n in names]
    assert len(set(map(_digest, datasets))) == 2


def test_renamed_classes_need_another_folder(finished, tiny, dataset):
    renamed = replace(tiny, labels=("tin",))
    with pytest.raises(ConfigError, match=r"detector\.json.*other data or labels"):
        train(finished, renamed, settings(), [(dataset, 1.0)], dataset)
    with pytest.raises(ConfigError, match=r"detector\.json.*other settings"):
        train(finished, replace(renamed, nms_iou=0.4), settings(), [(dataset, 1.0)], dataset)


def test_a_run_of_a_version_that_lacked_a_setting_goes_on_with_its_default(finished, run, tmp_path):
    shutil.copytree(finished, tmp_path / "old")
    for name, setting in (("training.json", "mosaic"), ("detector.json", "min_score")):
        path = tmp_path / "old" / name
        saved = json.loads(path.read_text())
        del saved[setting]
        path.write_text(json.dumps(saved, indent=2))
    assert run(tmp_path / "old")
    with pytest.raises(ConfigError, match=r"training\.json.*other settings"):
        run(tmp_path / "old", mosaic=0.5)


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_damaged_settings_of_a_run_are_named(finished, run, tmp_path, content):
    shutil.copytree(finished, tmp_path / "damaged")
    (tmp_path / "damaged" / "training.json").write_bytes(content)
    with pytest.raises(ConfigError, match=r"training\.json.*other settings"):
        run(tmp_path / "damaged")


def test_a_run_without_a_checkpoint_begins_anew_with_other_settings(finished, run, tmp_path):
    with pytest.raises(Crash.Now):
        run(tmp_path, [Crash("stepped", 1)], seed=5)
    assert run(tmp_path)
    assert_equal(tmp_path, finished)


@pytest.mark.parametrize(
    ("precisions", "classes", "best"),
    [
        ((0.3, 0.2, 0.3), (), 0),
        ((0.1, 0.3, 0.2), (), 2),
        ((0.3, 0.2, 0.2), (0.0, 0.3, 0.2), 2),  # classes told apart are worth a little of all
        ((0.3, 0.2, 0.2), (0.0, 0.05, 0.1), 0),
    ],
)
def test_weights_of_a_whole_detector_are_the_best_until_others_are_better(
    finished, run, tmp_path, monkeypatch, precisions, classes, best
):
    rows = [{"AP": value} for value in precisions]
    for row, value in zip(rows, classes, strict=False):
        row["class_AP"] = value
    measured = iter(rows)
    monkeypatch.setattr(Validator, "__call__", lambda self, network: (next(measured), []))
    start = finished / "best.npz"

    def fill(network):
        load_weights(network, start)
        return True

    assert not run(tmp_path, [Stop(1)], fill)
    assert run(tmp_path, initial_weights=fill)
    assert Run(tmp_path).metrics()["AP"].tolist() == list(precisions)
    assert Run(tmp_path).metrics()["step"].tolist() == [0, 2, 4]
    ours, theirs = arrays(tmp_path / "best.npz"), arrays(start)
    same = all((ours[name] == theirs[name]).all() for name in theirs)
    assert same == (best == 0)


def test_frozen_layers_keep_their_weights(tmp_path, run):
    start = tmp_path / "start.npz"
    run(
        tmp_path / "run",
        initial_weights=lambda network: save_weights(network, start),
        freeze_before="class_logits_head",
        ema=0.0,
    )
    before, after = arrays(start), arrays(tmp_path / "run" / "best.npz")
    for name in ("stem/0", "stem_bn/0", "stem_bn/2"):
        np.testing.assert_array_equal(after[name], before[name])
    assert (after["class_logits_head/0"] != before["class_logits_head/0"]).any()


def test_frozen_batch_norms_keep_their_statistics_scales_and_offsets(finished, run, tmp_path):
    start = finished / "best.npz"
    run(
        tmp_path,
        initial_weights=lambda network: load_weights(network, start),
        freeze_batch_norm=True,
        ema=0.0,
    )
    before, after = arrays(start), arrays(tmp_path / "best.npz")
    same = {name for name in before if (after[name] == before[name]).all()}
    batch_norms = {name for name in before if "_bn/" in name}
    assert batch_norms and batch_norms <= same and not {"stem/0", "class_logits_head/0"} & same


def test_an_unknown_layer_to_freeze_is_named_with_those_like_it(tmp_path, run):
    with pytest.raises(ConfigError, match="haed.*there are class_logits_head"):
        run(tmp_path, freeze_before="class_logits_haed")


def test_a_loss_that_is_no_number_ends_the_run_and_names_the_setting(tmp_path, run):
    with pytest.raises(ConfigError, match="learning_rate"):
        run(tmp_path, learning_rate=1e30, clip_norm=0.0, optimizer="momentum", warmup_steps=0)


def rates(at, **changes):
    schedule = make_optimizer(settings(**changes))._learning_rate
    return [float(schedule(step)) for step in at]


def test_regions_to_be_ignored_are_not_validated_on(tiny, dataset, monkeypatch):
    box, region, wall = [10, 10, 40, 60], [60, 10, 90, 60], [150, 10, 180, 60]
    labels = {"boxes": np.float32([box, region]), "class_ids": np.zeros(2, int), "scores": np.float32([1, 0])}
    sample = replace(dataset.samples[0], **labels)
    validator = Validator(tiny, replace(dataset, samples=(sample,)))
    found = Detections([box, region, wall], [0.9, 0.8, 0.1], [0, 0, 0])
    monkeypatch.setattr(validator, "_detect", lambda image: found)
    row, _ = validator(validator.network)
    assert (row["AP"], row["count_mae"]) == (pytest.approx(1), 0)


def test_the_learning_rate_rises_to_its_peak_and_falls_to_the_end_of_the_schedule():
    changes = {"steps": 100, "learning_rate": 1.0, "warmup_steps": 10, "warmup_learning_rate": 0.2}
    assert rates([0, 5, 10, 55, 100], **changes) == pytest.approx([0.2, 0.6, 1.0, 0.505, 0.01])
    assert rates([100], **changes, schedule_steps=1000)[0] > 0.97


def test_decay_with_momentum_is_that_of_an_l2_loss():
    import keras

    changes = {"optimizer": "momentum", "learning_rate": 0.1, "momentum": 0.9, "clip_norm": 0.0, "ema": 0.0}
    steps, decay = 100, 0.001
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
    assert float(weight.numpy()[0]) == pytest.approx(expected, rel=0.02)
