import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skushare.dataset.dataset import Dataset, Sample
from skushare.detections import Detections
from skushare.evaluation.result import MISSED, NOTHING, Result

COLA, TEA, MILK = [0, 0, 40, 60], [50, 0, 90, 60], [100, 0, 140, 60]
FAR = [300, 300, 340, 360]
NONE = np.zeros((0, 4))


def labelled(name, boxes, class_ids):
    return Sample(Path(name), 640, 480, boxes, class_ids)


@pytest.fixture
def result():
    """One photo: cola found, tea taken for milk, milk missed, one false; and one with nothing."""
    samples = (labelled("shelf.jpg", [COLA, TEA, MILK], [0, 1, 2]), labelled("wall.jpg", [], []))
    found = [Detections([COLA, TEA, FAR], [0.9, 0.8, 0.6], [0, 2, 1]), Detections()]
    return Result(samples, found, ("cola", "tea", "milk"))


def test_a_photo_whose_name_is_no_text_has_its_row(result):
    samples = (replace(result.samples[0], path=Path(os.fsdecode(b"\xff.jpg"))), result.samples[1])
    assert replace(result, samples=samples).photos(0.5)["photo"].tolist() == ["�.jpg", "wall.jpg"]


def test_figures_by_hand(result):
    figures = result.at(0.5)
    assert figures["precision"] == figures["recall"] == figures["f1"] == pytest.approx(2 / 3)
    assert (figures["count_mae"], figures["count_bias"]) == (0, 0)
    strict = result.at(0.85)
    assert (strict["precision"], strict["recall"], strict["count_mae"]) == pytest.approx((1, 1 / 3, 1))
    nothing = result.at(0.95)
    assert np.isnan(nothing["precision"]) and nothing["recall"] == 0


@pytest.mark.parametrize(
    ("found", "scores"),
    [
        ([COLA], [0.9]),  # the region is no facing that could be missed
        ([COLA, TEA], [0.9, 0.8]),  # nor is what is found on it false
        ([COLA, [55, 5, 65, 15], TEA], [0.9, 0.8, 0.7]),  # however often
    ],
)
def test_regions_to_be_ignored_are_neither_right_nor_wrong_nor_counted(found, scores):
    sample = labelled("shelf.jpg", [COLA, TEA], [0, 0])
    sample = replace(sample, scores=np.float32([1, 0]))
    result = Result.of(
        Dataset("shop", (sample,), ("facing",)),
        ("facing",),
        [Detections(found, scores, np.zeros(len(found)))],
    )
    figures = result.at(0.5) | result.scored(0)["precision"]
    assert [figures[name] for name in ("precision", "recall", "count_mae", "AP")] == pytest.approx(
        [1, 1, 0, 1]
    )
    assert result.counts.tolist() == [1] and len(result.outcome(0, 0.5).missed) == 0


def test_a_facing_within_a_region_to_be_ignored_counts():
    sample = replace(labelled("shelf.jpg", [COLA, [0, 0, 200, 200]], [0, 0]), scores=np.float32([1, 0]))
    far = Detections([COLA, FAR], [0.9, 0.8], [0, 0])
    result = Result.of(Dataset("shop", (sample,), ("facing",)), ("facing",), [far])
    assert (result.at(0.5)["recall"], result.at(0.5)["precision"]) == (1, 0.5)


def test_photos_by_hand(result):
    table = result.photos(0.5)
    columns = ["photo", "facings", "found", "error", "right", "false", "missed"]
    assert table[columns].values.tolist() == [["shelf.jpg", 3, 3, 0, 2, 1, 1], ["wall.jpg", 0, 0, 0, 0, 0, 0]]
    assert np.isnan(table.loc[1, "recall"])
    assert result.photos(0.95)["missed"].tolist() == [3, 0]


def test_confusion_by_hand(result):
    expected = pd.DataFrame(
        [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0]],
        index=["cola", "tea", "milk", NOTHING],
        columns=["cola", "tea", "milk", MISSED],
    )
    pd.testing.assert_frame_equal(result.confusion(0.5), expected)
    assert result.confusion(0.85).loc[:, MISSED].tolist() == [0, 1, 1, 0]


def test_classes_by_hand(result):
    table = result.by_class(0.5, result.scored(0)).set_index("class")
    assert table["facings"].tolist() == [1, 1, 1] and table["found"].tolist() == [1, 1, 1]
    assert table.loc["cola", ["AP", "precision", "recall"]].tolist() == pytest.approx([1, 1, 1])
    assert table.loc["tea", ["AP", "precision", "recall"]].tolist() == [0, 0, 0]


def test_the_parts_add_up(shelves):
    truths, classes, detections = shelves(0, photos=8, classes=3)
    samples = tuple(labelled("x", t, c) for t, c in zip(truths, classes, strict=True))
    result = Result(samples, detections, ("a", "b", "c"))
    scored = result.scored(0)
    photos, figures = result.photos(0.4), result.at(0.4)
    right, found, facings = (int(photos[c].sum()) for c in ("right", "found", "facings"))
    assert figures["precision"] == pytest.approx(right / found)
    assert figures["recall"] == pytest.approx(right / facings)
    assert figures["count_mae"] == pytest.approx(photos["error"].abs().mean())
    for table in (result.by_size(0.4, scored), result.by_density(0.4, scored)):
        assert table["facings"].sum() == facings
        assert (table["recall"] * table["facings"]).sum() == pytest.approx(right)
    confusion = result.confusion(0.4).to_numpy()
    assert confusion.sum() == found + facings - right and confusion[:3, :3].sum() == right
    curve = result.precision_recall()
    assert curve["recall"].iloc[-1] == pytest.approx(result.at(0)["recall"])
    assert result.calibration()["detections"].sum() == (result.scores >= 0.05).sum()


@pytest.mark.parametrize(
    ("true_labels", "model_labels", "labels", "true_ids", "said_ids"),
    [
        (("facing",), ("facing",), ("facing",), [0, 0], [0, 0]),
        (("cola", "tea"), ("facing",), ("facing",), [0, 0], [0, 0]),
        (("sku",), ("cola", "tea"), ("facing",), [0, 0], [0, 0]),
        (("cola", "tea"), ("tea", "cola"), ("cola", "tea"), [0, 1], [1, 0]),
        (("cola", "tea"), ("tea", "milk"), ("cola", "tea", "milk"), [0, 1], [1, 2]),
    ],
)
def test_classes_meet_by_name(true_labels, model_labels, labels, true_ids, said_ids):
    ids = [i % len(true_labels) for i in (0, 1)]
    dataset = Dataset("d", (labelled("x", [COLA, TEA], ids),), true_labels)
    found = [Detections([COLA, TEA], [0.9, 0.8], [i % len(model_labels) for i in (0, 1)])]
    result = Result.of(dataset, model_labels, found)
    assert result.labels == labels
    assert result.samples[0].class_ids.tolist() == true_ids
    assert result.found[0].class_ids.tolist() == said_ids


@pytest.mark.parametrize("labels", [("facing",), ("a", "b")])
@pytest.mark.parametrize("samples", [(), (labelled("empty.jpg", [], []),)])
def test_nothing_to_find_and_nothing_found(samples, labels):
    result = Result(samples, [Detections() for _ in samples], labels)
    if samples:
        scored = result.scored(10)
        assert np.isnan([result.at(0.5)["recall"], scored["precision"]["AP"]]).all()
        assert len(result.by_size(0.5, scored)) == 3 and len(result.by_density(0.5, scored)) == 1
    assert len(result.photos(0.5)) == len(samples)
    assert result.confusion(0.5).to_numpy().sum() == 0
    assert len(result.precision_recall()) == len(result.calibration()) == 0
