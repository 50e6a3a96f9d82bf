from dataclasses import replace

import numpy as np
import pytest

from skushare.dataset.dataset import Dataset, Sample
from skushare.dataset.statistics import columns
from skushare.training.advice import advise, epochs
from skushare.training.config import TrainingConfig
from skushare.training.plan import Plan
from skushare.training.recipes import recipe


def shelves(boxes, side=60.0, photos=4):
    """Photos of 1000 x 1000 pixels with so many square boxes of so many pixels."""
    low = np.random.default_rng(0).uniform(0, 1000 - side, (boxes, 2))
    found = np.column_stack([low, low + side])
    samples = [Sample(f"{i}.jpg", 1000, 1000, found) for i in range(photos)]
    return columns(Dataset("shelves", tuple(samples), ("facing",)))


def plan(name="shelf_dense", weights="shelf_dense", validation="mine@val", detector=(), **changes):
    chosen = recipe(name)
    return Plan(
        train=(("mine@train", 1.0),),
        validation=validation,
        detector=replace(chosen.detector, **dict(detector)),
        training=replace(chosen.training, **changes),
        weights=weights,
    )


@pytest.mark.parametrize("name", ["shelf_dense", "ssd_mobilenet_v2_320"])
def test_our_own_recipes_are_not_warned_of(name):
    assert advise(plan(name)) == []


@pytest.mark.parametrize("boxes", [1, 150])
def test_the_dense_recipe_suits_any_shelf(boxes):
    assert advise(plan(), [shelves(boxes)]) == []


def test_the_traps_of_the_article_are_told():
    warnings = advise(plan("article"), [shelves(150)])
    for words in ("learning_rate 0.8 is 10 times", "the usual rule gives 0.0075", "max_detections is 100"):
        assert any(words in warning for warning in warnings), words
    assert any("max_boxes is 100" in warning and "count as background" in warning for warning in warnings)
    assert any("step 50,000" in warning and "99% of its peak" in warning for warning in warnings)
    assert any("Only 0% of the boxes have an anchor" in warning for warning in warnings)


def test_a_trap_is_told_only_where_it_applies():
    roomy = advise(plan("article"), [shelves(20, side=300)])
    assert not any("max_boxes" in warning or "anchor" in warning for warning in roomy)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"learning_rate": 0.1}, "high for AdamW"),
        ({"steps": 100, "warmup_steps": 80, "ema": 0.9}, "80 of 100 steps are warm-up"),
        ({"steps": 600, "ema": 0.998}, "averages over some 500 steps"),
        ({"steps": 2000, "schedule_steps": 4000}, "never settle"),
        ({"steps": 1, "batch_size": 2, "warmup_steps": 0, "ema": 0.0}, "see only part of the 4 photos"),
        ({"freeze_before": "block_3_expand", "weights": ""}, "begin at random"),
        ({"weights": ""}, "begins at random values"),
        ({"validation": "mine@train"}, "trained on and validated on"),
        ({"validation": "mine@train"}, "in the Health tab of the Datasets page"),
        ({"optimizer": "momentum", "learning_rate": 0.08}, "the usual rule gives 0.0013"),
    ],
)
def test_what_will_go_wrong_is_told(changes, words):
    warnings = advise(plan(**changes), [shelves(20)])
    assert len(warnings) == 1 and words in warnings[0]


def classes(labels, boxes, name="1.jpg"):
    """A photo with a box for each of ``boxes``, of the classes ``labels``; "~a" is to be ignored."""
    labels, boxes = tuple(labels.split()), boxes.split()
    ids = [labels.index(label.strip("~")) for label in boxes]
    scores = [not label.startswith("~") for label in boxes]
    found = [[60 * i, 0, 60 * i + 50, 60] for i in range(len(ids))]
    photo = Sample(name, 1000, 1000, found, ids, scores)
    return columns(Dataset("shop", (photo,), labels))


@pytest.mark.parametrize(
    ("train", "validation", "unlearnt", "unknown"),
    [
        pytest.param([("a b", "a b")], ("b a c", "a"), "", "", id="all are taught"),
        pytest.param([("a b", "a"), ("b a", "b")], ("a", "a"), "", "", id="each by one of the datasets"),
        pytest.param([("a b c", "b"), ("d", "")], ("a", "a"), "a, c, d", "", id="without a box"),
        pytest.param([("a b", "a b")], ("c d a", "d a c c"), "", "c, d", id="only the validation's"),
        pytest.param([("a b", "b")], ("a c", "a c"), "a", "c", id="both"),
        pytest.param([("a b", "a ~b")], ("a c", "a ~c"), "b", "", id="regions to be ignored"),
        pytest.param([("a b c d e f g h", "h")], ("a", "a"), "a, b, c, d, e and 2 more", "", id="many"),
        pytest.param([("a", "a")], ("b c", "b c"), "", "", id="a model of one class"),
    ],
)
def test_classes_that_nothing_teaches_are_named(train, validation, unlearnt, unknown):
    indexes = [classes(*each) for each in train]
    validation = classes(*validation, "val.jpg")
    told = advise(plan(), indexes, validation)
    assert len(told) == bool(unlearnt) + bool(unknown)
    assert not unlearnt or any(f"cannot be learnt: {unlearnt}. " in text for text in told)
    assert not unknown or any(f"stay unknown to the model: {unknown}. " in text for text in told)
    assert advise(replace(plan(), one_class=True), indexes, validation) == []


@pytest.mark.parametrize(
    ("labels", "steps", "told"), [("a b", 1499, True), ("a b", 1500, False), ("a", 300, False)]
)
def test_too_few_steps_for_new_classes_are_told(labels, steps, told):
    short = replace(plan(), training=recipe("shelf_dense").lasting(steps))
    warnings = advise(short, [classes(labels, labels)])
    assert any("new classes apart" in text for text in warnings) == told and len(warnings) == told
    assert not advise(replace(short, one_class=True), [classes(labels, labels)])


@pytest.mark.parametrize("one_class", [True, False])
@pytest.mark.parametrize("ignored", ["", "a"])
def test_a_validation_without_a_box_is_told(one_class, ignored):
    validation = classes("a", ignored, "val.jpg")
    validation = replace(validation, scores=np.zeros_like(validation.scores))
    (told,) = advise(replace(plan(), one_class=one_class), [classes("a b", "a b")], validation)
    assert told.startswith("No photo of mine@val has a box: ")


@pytest.mark.parametrize("one_class", [True, False])
@pytest.mark.parametrize("labels", ["", "a", "a b"])
def test_that_no_box_is_there_to_learn_is_told_once(labels, one_class):
    indexes = [classes(labels, ""), classes(labels, "")]
    (told,) = advise(replace(plan(), one_class=one_class), indexes, classes("a", "a", "val.jpg"))
    assert "No photo to train on has a box" in told


def test_photos_that_are_trained_on_and_validated_on_are_told():
    train, validation = shelves(20, photos=4), shelves(20, photos=6)
    (told,) = advise(plan(), [train], validation)
    assert told.startswith("4 of 6 photos of mine@val are trained on and validated on: ")
    (told,) = advise(plan(), [classes("a", "a", "3.jpg")], validation)
    assert told.startswith("1 of 6 photos of mine@val is trained on")
    assert advise(plan(), [classes("a", "a", "7.jpg")], validation) == []


@pytest.mark.parametrize(
    ("scores", "least", "told"),
    [
        ([1, 0.3, 0.3, 0.49], 0.5, "3 of 4 boxes of mine@train are a model's labels that score below "),
        ([1, 0.3, 0.3, 0.49], 0.3, ""),
        ([1, 0.8, 0.5, 0.49], 0.5, ""),
        ([1, 0, 0, 0], 0.5, ""),
        ([0.3, 0.3, 1, 0], 0.5, "2 of 3 boxes of mine@train"),
    ],
)
def test_labels_that_score_too_low_to_teach_are_told(scores, least, told):
    index = replace(shelves(4, photos=1), scores=np.float32(scores))
    warnings = advise(plan(min_label_score=least), [index])
    assert [text.startswith(told) for text in warnings] == [True] * bool(told)


def test_spellings_of_one_class_in_two_datasets_are_told():
    indexes = [classes("milk tea", "milk tea tea"), classes("Milk Tea", "Milk Milk Tea")]
    (told,) = advise(plan(), indexes)
    assert "classes of their own: milk for Milk, Tea for tea. " in told
    assert advise(replace(plan(), one_class=True), indexes) == []


def test_the_model_zoos_own_rate_is_fine():
    reference = {"batch_size": 512, "learning_rate": 0.08, "steps": 50000, "warmup_steps": 2000}
    assert advise(plan("article", **reference)) == []


@pytest.mark.parametrize(("photos", "expected"), [(40, 10.0), (0, 400.0)])
def test_epochs_count_how_often_a_photo_is_seen(photos, expected):
    assert epochs(TrainingConfig(steps=100, batch_size=4), photos) == expected
