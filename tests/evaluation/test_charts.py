"""The charts compile to Vega-Lite, for one model and two, and for results without anything in them."""

from dataclasses import replace

import pytest

from skushare.dataset.dataset import Sample
from skushare.detections import Detections
from skushare.evaluation import charts
from skushare.evaluation.result import MISSED, NOTHING, Result


@pytest.fixture
def results(shelves, tmp_path):
    def make(seed):
        truths, ids, found = shelves(seed, classes=30)
        samples = tuple(
            Sample(tmp_path / "x.jpg", 640, 640, t, k, k * 0 + 1.0) for t, k in zip(truths, ids, strict=True)
        )
        return Result(samples, found, tuple(f"class {i}" for i in range(30)))

    return {"one": make(0), "two": make(1)}


def draw_all(results):
    photos = {name: r.photos(0.5) for name, r in results.items()}
    rates = {name: (r.at(0.5)["precision"], r.at(0.5)["recall"]) for name, r in results.items()}
    return [
        chart.to_dict()
        for chart in (
            charts.precision_recall_chart({n: r.precision_recall() for n, r in results.items()}, rates),
            charts.calibration_chart({n: r.calibration() for n, r in results.items()}),
            charts.counting_chart({n: r.counting() for n, r in results.items()}, dict.fromkeys(results, 0.5)),
            charts.counts_chart(photos),
            *(charts.confusion_chart(r.confusion(0.5)) for r in results.values()),
        )
    ]


def test_two_models_have_a_colour_each_and_a_legend(results):
    for chart in draw_all(results)[:4]:
        colors = [layer["encoding"]["color"] for layer in chart["layer"] if "color" in layer["encoding"]]
        assert all(
            c["scale"]["domain"] == ["one", "two"] and len(set(c["scale"]["range"])) == 2 for c in colors
        )
        assert colors and all(c["legend"] for c in colors)


def test_one_model_needs_no_legend(results):
    for chart in draw_all({"one": results["one"]})[:4]:
        assert all(
            "color" not in e or e["color"]["legend"] is None for e in (x["encoding"] for x in chart["layer"])
        )


def test_a_confusion_of_many_classes_shows_the_largest(results):
    chart = draw_all(results)[-1]
    data = next(iter(chart["datasets"].values()))
    assert len({row["true"] for row in data}) == charts.MAX_CLASSES + 1
    assert max(row["share"] for row in data) <= 1


def test_classes_named_as_what_is_missed_or_false_keep_rows_of_their_own(results):
    result = replace(results["one"], labels=(MISSED, NOTHING, *results["one"].labels[2:]))
    data = next(iter(draw_all({"one": result})[-1]["datasets"].values()))
    assert len({(row["true"], row["said"]) for row in data}) == len(data) == (charts.MAX_CLASSES + 1) ** 2


def test_nothing_to_find_and_nothing_found(tmp_path):
    sample = Sample(
        tmp_path / "x.jpg", 640, 640, *(Detections().boxes, Detections().class_ids, Detections().scores)
    )
    assert len(draw_all({"one": Result((sample,), [Detections()], ("facing",))})) == 5
