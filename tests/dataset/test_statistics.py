from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.dataset import charts, statistics
from skushare.dataset.dataset import Dataset, Sample
from skushare.detector.coverage import coverage_by_side
from skushare.detector.presets import preset

BOX = [10, 10, 40, 50]


def sample(boxes, split="train", size=(100, 200), class_ids=None):
    return Sample(Path("a.jpg"), *size, boxes, class_ids, split=split)


def index(*samples, labels=("Kent", "Camel", "unused")):
    return statistics.columns(Dataset("shop", samples, labels))


@pytest.fixture
def shop():
    return index(
        sample([[0, 0, 10, 20], [50, 100, 60, 120], [90, 180, 100, 200]], class_ids=[0, 1, 1]),
        sample([], "train"),
        sample([[0, 0, 20, 20]], "val", (200, 200)),
    )


EMPTY = [index(labels=()), index(sample([]), labels=())]


@pytest.mark.parametrize(("sizes", "median"), [([(0, 0), (100, 200)], (100, 200)), ([(0, 0)], (0, 0))])
def test_a_picture_of_unknown_size_does_not_make_the_median_smaller(sizes, median):
    table = statistics.summary(index(*(sample([], size=size) for size in sizes)))
    assert (table["width"].item(), table["height"].item()) == median


def test_summary_has_a_row_a_split_and_one_of_all(shop):
    table = statistics.summary(shop).set_index("split")
    assert table.index.tolist() == ["train", "val", "all"]
    assert table["pictures"].tolist() == [2, 1, 3] and table["boxes"].tolist() == [3, 1, 4]
    assert table["empty"].tolist() == [1, 0, 1] and table["max"].tolist() == [3, 1, 3]
    assert table["classes"].tolist() == [2, 1, 2] and table["mean"].tolist() == [1.5, 1, 4 / 3]
    assert table["median"].tolist() == [1.5, 1, 1] and table["p95"].tolist() == pytest.approx([2.85, 1, 2.8])
    assert table["width"].tolist() == [100, 200, 100] and table["height"].tolist() == [200] * 3
    assert statistics.summary(index(sample([], "")))["split"].tolist() == ["all"]
    mixed = statistics.summary(index(*(sample([], split) for split in ("test", "val", "train"))))
    assert mixed["split"].tolist() == ["train", "val", "test", "all"]  # however they lie


def test_every_histogram_counts_everything_once(shop):
    objects = statistics.objects_a_picture(shop)
    assert objects.groupby("split")["pictures"].sum().to_dict() == {"train": 2, "val": 1}
    assert objects[objects["pictures"] > 0][["low", "split"]].values.tolist() == [
        [0, "train"],
        [3, "train"],
        [1, "val"],
    ]
    for table in (statistics.box_sides(shop), statistics.box_aspects(shop), statistics.positions(shop)):
        assert table["boxes"].sum() == 4


def test_many_boxes_make_no_more_bars():
    table = statistics.objects_a_picture(index(sample(np.tile([0, 0, 9, 9], (5000, 1))), sample([])))
    assert len(table) == 30 and table["pictures"].tolist() == [1] + [0] * 28 + [1]


def test_sides_and_aspects_are_relative(shop):
    sides = statistics.box_sides(shop).query("boxes > 0")
    root = 200**0.5 / 200  # of 10 x 20 pixels on a picture 200 long
    assert [(row.low <= root <= row.high, row.boxes) for row in sides.itertuples()] == [(True, 3), (False, 1)]
    aspects = statistics.box_aspects(shop).query("boxes > 0")
    assert aspects["boxes"].tolist() == [3, 1]
    assert (aspects["low"].values <= [0.5, 1]).all() and (aspects["high"].values >= [0.5, 1]).all()


def test_positions_are_cells_of_the_picture(shop):
    cells = statistics.positions(shop).query("boxes > 0")
    centres = [[0.05, 0.05, 2], [0.55, 0.55, 1], [0.95, 0.95, 1]]
    assert [[round(c.x * 24), round(c.y * 32), c.boxes] for c in cells.itertuples()] == [
        [int(x * 24), int(y * 32), boxes] for x, y, boxes in centres
    ]
    assert (cells["x2"] - cells["x"]).tolist() == pytest.approx([1 / 24] * 3)
    assert (cells["y2"] - cells["y"]).tolist() == pytest.approx([1 / 32] * 3)


def test_classes_come_by_frequency_with_the_pictures_that_show_them(shop):
    table = statistics.classes(shop)
    assert table["name"].tolist() == ["Kent", "Camel", "unused"]
    assert table["boxes"].tolist() == [2, 2, 0] and table["pictures"].tolist() == [2, 1, 0]
    assert table["share"].tolist() == [0.5, 0.5, 0]


def test_a_cap_limits_recall_and_count():
    """The figures of a perfect detector that keeps 100 boxes where 50, 100 and 250 are."""
    data = index(*(sample(np.tile([0, 0, 9, 9], (count, 1))) for count in (50, 100, 250)))
    row = statistics.detection_caps(data, [100]).iloc[0]
    assert row.to_dict() == {"cap": 100, "recall": 250 / 400, "mae": 50, "above": 1 / 3}
    text = statistics.cap_warning(data, preset("ssd_mobilenet_v2_320"))
    assert "max_detections is 100" in text and "62.5%" in text and "max_boxes" in text and "250" in text
    assert statistics.cap_warning(data, preset("shelf_dense")) == ""
    curve = statistics.detection_caps(data)
    assert curve["recall"].is_monotonic_increasing and curve["recall"].iloc[-1] == 1


@pytest.mark.parametrize("data", EMPTY)
def test_nothing_is_no_error(data):
    for function in (
        statistics.summary,
        statistics.objects_a_picture,
        statistics.box_sides,
        statistics.box_aspects,
        statistics.positions,
        statistics.classes,
        statistics.detection_caps,
    ):
        assert isinstance(function(data), pd.DataFrame)
    assert statistics.cap_warning(data, preset("ssd_mobilenet_v2_320")) == ""


@pytest.mark.parametrize("data", [*EMPTY, "shop", "wrong"])
def test_charts_draw_any_data_and_send_little(data, shop):
    if data == "shop":
        data = replace(shop, labels=tuple(f"</script><b>{i}" for i in range(100)))
    elif data == "wrong":  # what a dataset read raw may have
        data = index(sample([[50, 50, 10, 10], [-90, 0, 300, 900], [5, 5, 5, 5]]), sample([BOX], size=(0, 0)))
    config = preset("shelf_dense")
    for chart in (
        charts.objects_chart(statistics.objects_a_picture(data)),
        charts.sides_chart(statistics.box_sides(data)),
        charts.sides_chart(coverage_by_side(data, config)),
        charts.aspects_chart(statistics.box_aspects(data)),
        charts.positions_chart(statistics.positions(data)),
        charts.classes_chart(statistics.classes(data)),
        charts.caps_chart(statistics.detection_caps(data), 100),
    ):
        assert len(chart.to_json()) < 150_000


@given(start=st.floats(0.005, 8), factor=st.floats(1.14, 200))
def test_ticks_are_round_and_enough_to_read_a_bar(start, factor):
    ticks = charts.round_ticks(start, start * factor)
    assert 3 <= len(ticks) <= 8 and (np.diff(ticks) > 0).all()
    assert ticks[0] >= start * (1 - 1e-6) and ticks[-1] <= start * factor * (1 + 1e-6)
    assert all(len(f"{tick:.6g}".strip("0.").replace(".", "")) <= 3 for tick in ticks)


def test_ticks_rise_by_1_2_5_or_evenly_where_that_is_too_coarse():
    assert charts.round_ticks(0.005, 1).tolist() == [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]
    assert charts.round_ticks(0.08, 0.16).tolist() == [0.08, 0.1, 0.12, 0.14, 0.16]


def test_charts_label_what_their_bars_span(shop):
    data = index(sample([[0, 0, 20, 40], [0, 0, 22, 40]]))
    for chart in (
        charts.sides_chart(statistics.box_sides(data)),
        charts.sides_chart(coverage_by_side(data, preset("shelf_dense"))),
        charts.aspects_chart(statistics.box_aspects(data)),
    ):
        ticks = chart.to_dict()["encoding"]["x"]["axis"]["values"]
        assert len(ticks) >= 3 and chart.data["low"].min() <= ticks[0] < ticks[-1] <= chart.data["high"].max()


@pytest.mark.parametrize("count", [3, 20])
def test_each_class_has_room_for_its_name_beside_its_bar(shop, count):
    few = replace(shop, labels=tuple(map(str, range(count))))
    chart = charts.classes_chart(statistics.classes(few)).to_dict()
    assert (
        chart["height"] >= 20 * count and chart["autosize"]["type"] == "fit-x"
    )  # the plot's, without its axis


def test_rare_classes_are_added_up(shop):
    many = replace(shop, labels=tuple(map(str, range(100))))
    table = statistics.classes(many)
    rows = charts.classes_chart(table).data
    assert len(rows) == charts.MAX_CLASSES and rows["boxes"].sum() == table["boxes"].sum()
