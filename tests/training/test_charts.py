import pandas as pd
import pytest

from skushare.training.charts import QUALITIES, comparison_chart, loss_chart, quality_chart

METRICS = pd.DataFrame(
    {
        "step": [25, 50],
        "epoch": [1.0, 2.0],
        "minutes": [3.0, 6.0],
        **{name: [0.5, 0.25] for name in QUALITIES},
    }
)


def rows(chart):
    return [row for data in chart.to_dict()["datasets"].values() for row in data]


@pytest.mark.parametrize("count", [1, 2, 50])
def test_the_loss_is_shown_as_it_is_and_smoothed(count):
    losses = pd.DataFrame(
        {"step": range(10, 10 * count + 10, 10), "loss": [2.0, 1.0] * (count // 2) or [2.0]}
    )
    shown = rows(loss_chart(losses, 0.1))
    assert [row["loss"] for row in shown] == losses["loss"].tolist()
    assert all(1 <= row["mean"] <= 2 for row in shown) and shown[0]["epoch"] == pytest.approx(1.0)


def test_a_wild_start_does_not_press_the_rest_flat():
    losses = pd.DataFrame({"step": range(200), "loss": [1e6] + [1.0] * 199})
    chart = loss_chart(losses, 0.0).to_dict()
    assert chart["layer"][0]["encoding"]["y"]["scale"]["domain"][1] < 1e5


def test_the_legend_of_a_run_s_figures_lies_beside_the_plot_not_on_its_lines():
    assert quality_chart(METRICS).to_dict()["encoding"]["color"]["legend"]["orient"] == "top"


def test_the_legend_of_many_runs_leaves_the_plot_its_height():
    few, many = (comparison_chart({f"run {i}": METRICS for i in range(n)}, "AP").to_dict() for n in (1, 12))
    assert few["height"] == many["height"] > 200 and many["autosize"]["type"] == "fit-x"


def test_all_precisions_are_shown():
    shown = rows(quality_chart(METRICS))
    assert {(row["measure"], row["step"]) for row in shown} == {
        (name, step) for name in ("AP", "AP50", "AP75") for step in (25, 50)
    }


@pytest.mark.parametrize("measure", QUALITIES)
@pytest.mark.parametrize("x", ["step", "epoch", "minutes"])
@pytest.mark.parametrize("count", [1, 9])
def test_runs_keep_apart_in_one_chart(measure, x, count):
    chart = comparison_chart({f"run {i}": METRICS for i in range(count)}, measure, x)
    assert len(rows(chart)) == 2 * count
    scale = chart.to_dict()["encoding"]["color"]["scale"]
    assert len(scale["domain"]) == len(scale["range"]) == count


def test_the_first_validation_alone_lies_at_step_0_not_at_0_000000():
    first = METRICS.head(1).assign(step=0, epoch=0.0, minutes=0.0)
    charts = [quality_chart(first), *(comparison_chart({"a": first}, "AP", x) for x in ("step", "epoch"))]
    assert {chart.to_dict()["encoding"]["x"]["axis"]["format"] for chart in charts} == {",~f"}


@pytest.mark.parametrize(("x", "whole"), [("step", True), ("epoch", False), ("minutes", False)])
def test_no_part_of_a_step_is_on_an_axis(x, whole):
    axis = comparison_chart({"a": METRICS}, "AP", x).to_dict()["encoding"]["x"]["axis"]
    assert (axis.get("tickMinStep") == 1) == whole
