import json
from dataclasses import replace

import pytest

from skushare.dataset.formats import read_dataset
from skushare.dataset.store import add_dataset
from skushare.dataset.synthetic import write_dataset
from skushare.detector.models import RUN_CONFIG
from skushare.detector.presets import PRESETS, preset
from skushare.errors import ConfigError
from skushare.training.config import TrainingConfig
from skushare.training.plan import BEST, Plan, find_weights, labels_of, licence_of


@pytest.mark.parametrize("preset", PRESETS)
def test_a_plan_survives_json(preset):
    plan = Plan(
        train=(("a@train", 2.0), ("b.json", 1.0)),
        validation="a@val",
        detector=PRESETS[preset],
        training=TrainingConfig(steps=3, batch_size=4),
        backend="jax",
        devices="2",
        one_class=True,
        licence="mine – ½",
    )
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"train": ()}, "at least one dataset"),
        ({"train": (("a", 0.0),)}, "weight of a"),
        ({"train": (("a", float("nan")),)}, "weight of a"),
        ({"train": (("a", "2"),)}, "weight of a"),
        ({"train": (("", 1.0),)}, "one is empty"),
        ({"train": ("a",)}, "pairs"),
        ({"validation": ""}, "validation"),
        ({"backend": "mxnet"}, "tensorflow, jax, torch"),
        ({"devices": "gpu"}, "a number of GPUs"),
        ({"devices": "0"}, "a number of GPUs"),
        ({"devices": "3", "backend": "jax"}, "batch_size"),
        ({"devices": "2"}, "backend jax"),
        ({"one_class": 1}, "one_class"),
    ],
)
def test_what_cannot_work_is_explained(changes, words):
    with pytest.raises(ConfigError, match=words):
        Plan(**{"train": (("a", 1.0),), "validation": "b", **changes})


def test_places_become_absolute_and_stored_names_stay(tmp_path, monkeypatch):
    write_dataset(tmp_path / "mine", 1, seed=0, size=(160, 120), rows=1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    write_dataset(tmp_path / "shop", 1, seed=0, size=(160, 120), rows=1)  # which the stored one comes before
    add_dataset(read_dataset(tmp_path / "shop"), "shop")
    plan = Plan(train=(("mine/annotations.json", 1), ("shop@train", 2)), validation="mine@val").located()
    assert plan.train == ((str(tmp_path / "mine" / "annotations.json"), 1.0), ("shop@train", 2.0))
    assert plan.validation == f"{tmp_path / 'mine'}@val"
    with pytest.raises(ConfigError, match="no-such"):
        Plan(train=(("no-such", 1.0),), validation="shop").located()


def test_a_layer_to_train_from_that_is_not_there_is_told_at_once(tmp_path):
    write_dataset(tmp_path / "mine", 1, seed=0, size=(160, 120), rows=1)
    source = str(tmp_path / "mine")
    plan = Plan(train=((source, 1.0),), validation=source, training=TrainingConfig(freeze_before="lateral_2"))
    assert plan.located().training == plan.training
    with pytest.raises(ConfigError, match="no layer called 'lateral_2'.*there are .* and others"):
        replace(plan, detector=preset("ssd_mobilenet_v2_320")).located()


def test_weights_are_found_in_files_models_and_runs(tmp_path):
    assert find_weights("shelf_dense").name == "weights.npz"
    (tmp_path / "best.npz").touch()
    assert find_weights(tmp_path) == find_weights(tmp_path / "best.npz") == tmp_path / "best.npz"
    with pytest.raises(ConfigError, match="no-such"):
        find_weights("no-such")


def test_the_classes_of_weights_are_those_of_their_model_or_run(tmp_path):
    assert labels_of(find_weights("shelf_dense")) == ("facing",)
    assert labels_of(tmp_path / BEST) == labels_of(tmp_path / "weights.npz") == ()
    (tmp_path / RUN_CONFIG).write_text(preset("shelf_dense", labels=("tea", "milk")).to_json())
    assert labels_of(tmp_path / BEST) == ("tea", "milk")
    (tmp_path / RUN_CONFIG).write_text("{")
    assert labels_of(tmp_path / BEST) == ()


def test_the_licence_of_weights_is_that_of_their_model_or_run(tmp_path):
    assert "Non-commercial" in licence_of("shelf_dense") == licence_of(find_weights("shelf_dense"))
    (tmp_path / "best.npz").touch()
    assert licence_of(tmp_path) == ""
    (tmp_path / "plan.json").write_text('{"licence": "our own"}')
    assert licence_of(tmp_path) == "our own"
    assert [licence_of(weights) for weights in ("", "imagenet", "no-such")] == ["", "", ""]


def test_an_inherited_licence_tells_whose_model_card_it_speaks_of(tmp_path):
    inherited = licence_of("shelf_dense")
    assert "See MODEL_CARD.md of the model shelf_dense for" in inherited
    (tmp_path / "weights.npz").touch()
    (tmp_path / "model.json").write_text(json.dumps({"licence": inherited}))
    assert licence_of(tmp_path) == inherited
    (tmp_path / "MODEL_CARD.md").touch()
    assert licence_of(tmp_path) == inherited


@pytest.mark.parametrize(
    ("weights", "file"),
    [
        ("start.npz", "start.npz"),
        ("runs/base", "runs/base/best.npz"),
        ("runs/base/model/weights.npz", "runs/base/model/weights.npz"),
        ("runs/base", "workspace/runs/base/model/weights.npz"),
    ],
)
def test_a_begun_plan_does_without_the_weights_it_started_from(tmp_path, monkeypatch, weights, file):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    write_dataset(tmp_path / "mine", 1, seed=0, size=(160, 120), rows=1)
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).touch()
    (tmp_path / file).with_name("model.json").write_text("{}")
    plan = Plan(train=(("mine", 1),), validation="mine", weights=weights)
    begun = replace(plan.located(), licence="that of the weights")
    assert begun.weights == str(tmp_path / file)
    (tmp_path / file).rename(tmp_path / "gone.npz")
    assert plan.located(begun) == begun
    with pytest.raises(ConfigError, match=weights):
        plan.located()
    (tmp_path / file).with_name("weights.npz").touch()  # another file now
    assert plan.located(begun) == begun
    with pytest.raises(ConfigError, match="other"):
        replace(plan, weights="other.npz").located(begun)
    assert replace(plan, weights="", licence="mine").located(begun) == replace(
        begun, weights="", licence="mine"
    )
