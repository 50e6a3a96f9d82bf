from dataclasses import replace
from pathlib import Path

import pytest

from skushare.detector.models import RUN_CONFIG
from skushare.detector.presets import SSD_MOBILENET_V2_320
from skushare.errors import ConfigError
from skushare.files import make_folder
from skushare.training.config import TrainingConfig
from skushare.training.pipeline import read_pipeline
from skushare.training.pipeline_writing import write_pipeline
from skushare.training.plan import BEST
from skushare.training.recipes import FEWEST, FEWEST_APART, MOST, RECIPES, TUNING_RATE, recipe


def test_the_article_is_there_number_by_number():
    """From ``anchors.md`` §0: its file differs from the reference in six numbers."""
    article = recipe("article")
    training = article.training
    assert (training.learning_rate, training.warmup_learning_rate) == (0.8, 0.13333)
    assert (training.steps, training.schedule_steps, training.warmup_steps) == (5000, 50000, 2000)
    assert (training.batch_size, training.momentum, article.weights) == (48, 0.9, "imagenet")
    assert article.detector.input_size == 300
    assert article.detector.max_boxes == article.detector.max_detections == 100
    same = {"input_size": 320, "photo_size": 320, "live_size": 320}
    assert replace(article.detector, **same) == SSD_MOBILENET_V2_320


def test_the_article_goes_through_its_own_format():
    article = recipe("article")
    text = write_pipeline(article.detector, article.training, article.weights)
    assert read_pipeline(text)[:3] == (article.detector, article.training, "imagenet")


def test_the_articles_settings_stay_whatever_the_data():
    assert recipe("article").training_for(3) == recipe("article").training


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "article"])
@pytest.mark.parametrize(("photos", "steps"), [(0, FEWEST), (1, FEWEST), (100, 500), (10**6, MOST)])
def test_our_own_recipes_are_as_long_as_the_data_needs(name, photos, steps):
    training = recipe(name).training_for(photos)
    assert training.steps == steps
    assert training.warmup_steps <= steps / 10 and 10 <= steps / training.validate_every <= 12


@pytest.mark.parametrize(
    ("weights", "labels", "steps"),
    [
        ("shelf_dense", (), FEWEST),
        ("shelf_dense", ("tea",), FEWEST),
        ("shelf_dense", ("tea", "milk"), FEWEST_APART),
        ("", ("tea", "milk"), FEWEST_APART),
        ("imagenet", ("tea", "milk"), FEWEST_APART),
        ("mine", ("tea", "milk"), FEWEST),  # which tells them apart, in another order
        ("mine", ("tea", "soap"), FEWEST_APART),
    ],
)
def test_classes_that_the_weights_do_not_know_take_longer(tmp_path, monkeypatch, weights, labels, steps):
    monkeypatch.chdir(tmp_path)
    (make_folder("mine") / BEST).touch()
    known = replace(recipe("shelf_dense").detector, labels=("milk", "tea"))
    Path("mine", RUN_CONFIG).write_text(known.to_json())
    training = recipe("shelf_dense").training_for(9, weights, labels)
    assert training.steps == steps
    tuned = weights in ("shelf_dense", "mine") and steps == FEWEST
    assert training.learning_rate == (TUNING_RATE if tuned else TrainingConfig().learning_rate)
    assert recipe("shelf_dense").training_for(10**6, weights, labels).steps == MOST
    assert recipe("article").training_for(9, weights, labels) == recipe("article").training


@pytest.mark.parametrize("steps", [1, 5, 10, 24, 100, 1000, 6000, 10**5])
def test_a_short_run_has_a_short_warm_up_and_average(steps):
    training = recipe("shelf_dense").lasting(steps)
    assert training.steps == steps and training.warmup_steps <= steps / 10
    assert 1 / (1 - training.ema) <= 1.01 * max(steps / 10, 1)
    assert training.ema <= TrainingConfig().ema
    assert replace(recipe("article").lasting(steps), steps=5000) == recipe("article").training


@pytest.mark.parametrize(("weights", "frozen"), [("shelf_dense", True), ("imagenet", False), ("gone", False)])
def test_weights_that_know_shelves_learn_slowly_and_keep_their_batch_norms(weights, frozen):
    usual, training = TrainingConfig(), recipe("shelf_dense").training_for(9, weights)
    assert training.freeze_batch_norm == frozen == (training.learning_rate < usual.learning_rate)
    assert recipe("article").training_for(9, weights) == recipe("article").training


def test_an_unknown_recipe_is_named_with_those_there_are():
    with pytest.raises(ConfigError, match="article"):
        recipe("yolo")
