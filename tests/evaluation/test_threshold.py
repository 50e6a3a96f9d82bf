import json
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skushare.dataset.dataset import Dataset, Sample
from skushare.detector import models
from skushare.detector.models import LITERT, models_folder, read_model, write_description
from skushare.errors import ConfigError, ModelError, SkushareError
from skushare.evaluation.threshold import FEW, caution, check_storable, is_test, store_threshold
from skushare.lock import hold


@pytest.fixture
def own(tmp_path):
    """A copy of the shipped model."""
    shutil.copytree(models_folder() / "shelf_dense", tmp_path / "mine")
    return read_model(tmp_path / "mine")


def labelled(name, boxes=1):
    """A dataset of one picture with so many boxes."""
    return Dataset(name, (Sample(Path("a.jpg"), 10, 10, [[1, 1, 9, 9]] * boxes),), ("facing",))


def test_few_photos_are_a_reason_to_doubt_a_threshold():
    assert "3 are few" in caution(3) and "few" not in caution(FEW)


@pytest.mark.parametrize("boxes", [0, 1])
def test_no_threshold_is_taken_from_photos_without_labels_or_with_ignored_ones_alone(own, boxes):
    dataset = labelled("shop@val", boxes)
    sample = replace(dataset.samples[0], scores=np.zeros(boxes, np.float32))
    with pytest.raises(ConfigError, match="no labelled box"):
        store_threshold(own, "photo", 0.95, replace(dataset, samples=(sample,)), force=True)


@pytest.mark.parametrize(("mode", "name"), [("photo", "min_score"), ("live", "live_min_score")])
def test_a_threshold_is_stored_and_all_else_stays(own, mode, name):
    store_threshold(own, mode, 0.61, labelled("shop@val"))
    changed = read_model(own.folder)
    assert changed.config == replace(own.config, **{name: 0.61})
    assert (changed.files, changed.about) == (own.files, own.about)


def test_of_two_evaluations_that_began_together_both_thresholds_are_kept(own):
    store_threshold(own, "live", 0.22, labelled("shop@val"))
    store_threshold(own, "photo", 0.61, labelled("shop@val"))
    config = read_model(own.folder).config
    assert (config.min_score, config.live_min_score) == (0.61, 0.22)


def test_no_threshold_goes_to_a_model_that_took_the_place_of_the_evaluated_one(own):
    (own.folder / LITERT).write_bytes(b"another")
    write_description(own.folder, own.config, own.about)
    with pytest.raises(ModelError, match="evaluate it again"):
        store_threshold(own, "photo", 0.61, labelled("shop@val"))
    assert read_model(own.folder).config == own.config


def test_a_threshold_waits_for_its_turn(own, monkeypatch):
    monkeypatch.setattr(models, "LOCK_SECONDS", 0.05)
    with hold(own.folder / models.LOCK), pytest.raises(SkushareError, match="try again"):
        store_threshold(own, "photo", 0.61, labelled("shop@val"))


@pytest.mark.parametrize(
    ("mode", "size", "settings", "own_size"),
    [
        ("live", 640, {"live_size": 640}, True),
        ("live", 320, {"live_size": 640}, False),
        ("photo", 640, {"photo_size": 640}, False),  # by itself it sizes photos by their facings
        ("photo", 640, {"photo_size": 640, "facing_size": 0.0}, False),  # and looks several times
        ("photo", 640, {"photo_size": 640, "facing_size": 0.0, "photo_views": ((1.0, False),)}, True),
        ("photo", 320, {"photo_size": 640, "facing_size": 0.0, "photo_views": ((1.0, False),)}, False),
        ("photo", 320, {"resize": "stretch"}, True),  # takes no other size than its own
    ],
)
def test_no_threshold_is_taken_from_a_size_that_the_model_does_not_count_at(
    own, mode, size, settings, own_size
):
    model = replace(own, config=replace(own.config, **settings))
    with nullcontext() if own_size else pytest.raises(ConfigError, match=rf"{mode} mode .* {size}.*--size"):
        check_storable(model, labelled("shop@val"), True, mode, size)


def test_a_shipped_model_is_not_changed_unasked(own, monkeypatch):
    monkeypatch.setenv("SKUSHARE_MODELS", str(own.folder.parent))
    before = (own.folder / "model.json").read_bytes()
    with pytest.raises(ConfigError, match="shipped"):
        store_threshold(own, "photo", 0.61, labelled("shop@val"))
    assert (own.folder / "model.json").read_bytes() == before
    store_threshold(own, "photo", 0.61, labelled("shop@val"), force=True)
    assert json.loads((own.folder / "model.json").read_text())["config"]["min_score"] == 0.61


def test_no_threshold_is_taken_from_a_test_split(own):
    with pytest.raises(ConfigError, match="validation"):
        store_threshold(own, "photo", 0.61, labelled("shop@test"), force=True)


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("shop@test", True),
        ("sku110k/test", True),
        ("shop@val", False),
        ("contest@val", False),
        ("test", True),
    ],
)
def test_a_test_split_is_known_by_its_name(name, test):
    assert is_test(Dataset(name, (), ("facing",))) == test


def test_damage_is_not_covered_up(own):
    (own.folder / "weights.npz").write_bytes(b"damaged")
    with pytest.raises(ModelError, match=r"weights\.npz"):
        store_threshold(own, "photo", 0.61, labelled("shop@val"))
    assert Path(own.folder / "model.json").is_file()
