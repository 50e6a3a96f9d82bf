import json
from dataclasses import replace

import pandas as pd
import pytest

from skushare.training.comparison import best_figures, differing_settings, validated_alike
from skushare.training.plan import Plan
from skushare.training.runs import Run

PLAN = Plan((("shop@train", 1.0),), "shop@val")


def test_only_settings_that_differ_are_listed():
    slow = replace(PLAN, training=replace(PLAN.training, learning_rate=1e-4), weights="imagenet")
    table = differing_settings({"one": PLAN, "two": slow})
    assert sorted(table.index) == ["learning_rate", "weights"]
    assert table.loc["learning_rate"].tolist() == ["0.0015", "0.0001"]
    assert table.loc["weights"].tolist() == ["random", "imagenet"]


def test_weights_of_datasets_are_told():
    other = replace(PLAN, train=(("shop@train", 1.0), ("kiosk", 2.5)))
    table = differing_settings({"one": PLAN, "two": other})
    assert table.loc["train"].tolist() == ["shop@train", "shop@train, kiosk x 2.5"]


def test_equal_plans_differ_in_nothing():
    assert differing_settings({"one": PLAN, "two": PLAN}).empty
    assert differing_settings({"one": PLAN}).empty


def test_the_figures_are_those_of_the_best_validation():
    rows = {"step": [0, 5, 9], "AP": [0.1, 0.3, 0.2], "AP50": [0.5, 0.6, 0.9], "count_mae": [9.0, 5.0, 4.0]}
    assert best_figures(pd.DataFrame(rows)) == {"step": 5, "AP": 0.3, "AP50": 0.6, "count_mae": 5.0}
    assert best_figures(pd.DataFrame(rows | {"AP": [float("nan"), 0.3, 0.2]}))["AP"] == 0.3
    assert best_figures(pd.DataFrame(rows | {"class_AP": [0.0, 0.1, 0.3]}))["step"] == 9


@pytest.mark.parametrize("columns", [{"step": []}, {"AP": [float("nan")], "AP50": [0.5]}])
def test_without_an_ap_no_validation_is_the_best(columns):
    assert best_figures(pd.DataFrame(columns)) == {}


@pytest.mark.parametrize(
    ("validation", "photos", "digests", "labels", "alike"),
    [
        ("shop@val", 24, [7, 8], ("a",), True),
        ("shop@val", 24, None, ("a",), True),  # not begun
        ("shop@val", 24, [7, 9], ("a",), False),  # another split or other labels
        ("shop@val", 24, [7, 9], ("b", "a"), True),  # the same boxes by other numbers, as far as is known
        ("shop@val", 0, [7, 8], ("a",), False),
        ("kiosk", 24, [7, 8], ("a",), False),
    ],
)
def test_figures_compare_where_photos_and_labels_were_the_same(
    tmp_path, validation, photos, digests, labels, alike
):
    def write(name, plan, digests, labels):
        (tmp_path / name).mkdir()
        (tmp_path / name / "plan.json").write_text(plan.to_json())
        (tmp_path / name / "detector.json").write_text(replace(plan.detector, labels=labels).to_json())
        if digests:
            (tmp_path / name / "labels.json").write_text(json.dumps(digests))
        return Run(tmp_path / name)

    training = replace(PLAN.training, validation_photos=photos)
    runs = [
        write("one", PLAN, [5, 8], ("a",)),
        write("two", replace(PLAN, validation=validation, training=training), digests, labels),
    ]
    assert validated_alike(runs) == alike and validated_alike(runs[:1])
