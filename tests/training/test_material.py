"""Several datasets read as the one material of a plan: their classes are joined by name."""

import json

import numpy as np
import pytest

from skushare.detector import weights
from skushare.detector.models import RUN_CONFIG
from skushare.detector.presets import preset
from skushare.errors import DatasetError
from skushare.images import write_image
from skushare.training.material import initial_weights, read_data
from skushare.training.plan import Plan


@pytest.fixture
def source(tmp_path):
    """Write a COCO file with the classes ``labels`` and a box for each of ``boxes``; returns its path."""

    def write(name, labels, boxes=(), photos=1):
        write_image(tmp_path / "photo.png", np.zeros((50, 100, 3), np.uint8))
        content = {
            "images": [
                {"id": i, "file_name": "photo.png", "width": 100, "height": 50} for i in range(photos)
            ],
            "annotations": [
                {"id": i, "image_id": 0, "category_id": labels.index(label), "bbox": [i, 0, 20, 20]}
                for i, label in enumerate(boxes)
            ],
            "categories": [{"id": i, "name": label} for i, label in enumerate(labels)],
        }
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(content))
        return str(path)

    return write


@pytest.mark.parametrize(
    ("train", "validation", "labels", "known"),
    [
        pytest.param(["a b", "b a"], "b a", "a b", "a b", id="another order"),
        pytest.param(["b a"], "a b", "b a", "b a", id="the first dataset to train on gives the order"),
        pytest.param(["a b", "c b"], "a b c", "a b c", "a b c", id="all that some dataset has"),
        pytest.param(["a b c"], "c", "a b c", "a b c", id="a validation that lacks some"),
        pytest.param(["b a"], "c a", "b a", "b a c", id="a class that only the validation has"),
    ],
)
def test_classes_are_joined_by_name(source, train, validation, labels, known):
    named = [names.split() for names in train]
    sources = [source(f"train{i}", names, names) for i, names in enumerate(named)]
    validated = source("val", validation.split(), validation.split())
    config, datasets, read = read_data(Plan(tuple((path, 2.0) for path in sources), validated))
    assert config.labels == tuple(labels.split()) and read.labels == tuple(known.split())
    for (dataset, weight), names in zip(datasets, named, strict=True):
        assert weight == 2.0 and dataset.labels == config.labels
        assert [config.labels[i] for i in dataset.samples[0].class_ids] == names
    assert [read.labels[i] for i in read.samples[0].class_ids] == validation.split()


def test_taught_as_one_they_are_facings(source):
    sources = ((source("train0", ["a", "b"], ["b"]), 1.0), (source("train1", ["c"], ["c"]), 1.0))
    config, datasets, read = read_data(Plan(sources, source("val", ["d"], ["d"]), one_class=True))
    assert config.labels == read.labels == ("facing",)
    assert all(dataset.samples[0].class_ids.tolist() == [0] for dataset, _ in datasets)


@pytest.mark.parametrize(
    ("labels", "photos", "words"), [([], 1, "no class to learn"), (["a"], 0, "has no photos")]
)
def test_what_nothing_can_be_learnt_from_is_named(source, labels, photos, words):
    plan = Plan(((source("barren", labels, photos=photos), 1.0),), source("val", ["a"], ["a"]))
    with pytest.raises(DatasetError, match=f"barren.*{words}"):
        read_data(plan)


def test_a_validation_without_a_box_is_named(source):
    plan = Plan(((source("train", ["a"], ["a"]), 1.0),), source("bare", ["a"]))
    with pytest.raises(DatasetError, match="bare.*no labelled box"):
        read_data(plan)


@pytest.mark.parametrize("filled", [True, False])
def test_weights_of_a_run_are_loaded_with_the_names_of_its_classes(tmp_path, monkeypatch, filled):
    given, said = [], []
    monkeypatch.setattr(weights, "load_matching", lambda *arguments: given.append(arguments) or filled)
    (tmp_path / "best.npz").touch()
    (tmp_path / RUN_CONFIG).write_text(preset("shelf_dense", labels=("tea", "milk")).to_json())
    plan = Plan(train=(("a", 1.0),), validation="a", weights=str(tmp_path))
    assert initial_weights(plan, "config", said.append)("network") == filled
    assert given == [("network", tmp_path / "best.npz", "config", ("tea", "milk"))]
    assert ["random" in line for line in said] == ([] if filled else [True])
