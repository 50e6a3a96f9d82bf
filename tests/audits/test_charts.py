import pandas as pd
import pytest

from skushare.audits.charts import comparison_chart, trend_chart
from skushare.colors import PALETTE, label_colors

HOSTILE = "<b>a.b[c]</b> 🥫"


def trend(names, **columns):
    rows = [{"time": pd.Timestamp(f"2026-03-0{day}"), "brand": n} for day in (1, 2) for n in names]
    return pd.DataFrame(rows).assign(**{"facings": 1, "share": 0.5, "margin": 0.1, "audits": 1, **columns})


def colors(chart):
    scale = chart.spec["layer"][1]["encoding"]["color"]["scale"]
    return dict(zip(scale["domain"], scale["range"], strict=True))


def comparison(*sure):
    table = pd.DataFrame({"brand": ["b", "a"], "share_before": 0.2, "share_after": 0.3, "points": 10.0})
    return table.assign(margin=5.0, sure=sure)


@pytest.mark.parametrize("count", [1, len(PALETTE) - 1, len(PALETTE)])
def test_lines_of_up_to_a_palette_are_told_apart(count):
    names = [f"brand {i}" for i in range(count)]
    assert len(set(colors(trend_chart(trend(names))).values())) == count


def test_a_brand_alone_has_the_colour_that_it_has_everywhere():
    assert colors(trend_chart(trend([HOSTILE]))) == label_colors([HOSTILE])
    assert len(colors(trend_chart(trend([f"{i}" for i in range(3 * len(PALETTE))])))) == 3 * len(PALETTE)


def test_charts_beside_each_other_have_one_scale_and_no_legend():
    whole = trend(["Astra"]).assign(share=[0.2, 0.7])
    chart = trend_chart(whole[:1], of=whole)
    bars, lines = (layer["encoding"] for layer in chart.spec["layer"])
    assert bars["y"]["scale"] == lines["y"]["scale"] == {"domain": [0, pytest.approx(0.8)]}
    assert [day["date"] for day in lines["x"]["scale"]["domain"]] == [1, 2]
    assert lines["color"]["legend"] is None
    assert trend_chart(whole[1:], of=whole).spec is chart.spec  # which takes most of a chart's time


@pytest.mark.parametrize(
    "share, margin, low, high, told",
    [
        (0.5, 0.1, 0.4, 0.6, "50.0 % ± 10.0 %"),
        (0.05, 0.1, 0.0, 0.15, "5.0 % ± 10.0 %"),
        (0.95, 0.1, 0.85, 1.0, "95.0 % ± 10.0 %"),
        (0.5, float("nan"), float("nan"), float("nan"), "50.0 %"),
    ],
)
def test_a_share_over_time_has_a_bar_of_its_margin_where_that_is_known(share, margin, low, high, told):
    chart = trend_chart(trend(["Astra"], share=share, margin=margin))
    for row in chart.data.itertuples():
        assert (row.low, row.high) == (pytest.approx(low, nan_ok=True), pytest.approx(high, nan_ok=True))
        assert row.told == told
    bars, _ = chart.spec["layer"]
    assert bars["encoding"]["y2"]["field"] == "high" and bars["transform"] == [
        {"filter": "isValid(datum.low)"}
    ]


@pytest.mark.parametrize("days, format", [(0, None), (300, None), (366, "%b %Y"), (2000, "%b %Y")])
@pytest.mark.parametrize("part", [False, True])
def test_the_axis_of_more_than_a_year_tells_years(days, format, part):
    table = trend(["Astra"])
    table["time"] = [pd.Timestamp("2024-11-18"), pd.Timestamp("2024-11-18") + pd.Timedelta(days=days)]
    chart = trend_chart(table[:1], of=table) if part else trend_chart(table)
    for layer in chart.spec["layer"]:
        assert layer["encoding"]["x"].get("axis", {}).get("format") == format


def test_a_comparison_keeps_the_order_of_its_table():
    layers = comparison_chart(comparison(True, False)).to_dict()["layer"]
    assert [layer["encoding"]["y"]["sort"] for layer in layers] == [["b", "a"]] * 3


def test_few_brands_have_room_beside_the_legend_and_the_axis():
    assert comparison_chart(comparison(True, False)).to_dict()["height"] >= 148 + 2 * 30


def test_a_change_within_its_margin_is_dashed():
    chart = comparison_chart(comparison(True, False)).to_dict()
    (rows,) = chart["datasets"].values()
    assert [row["certainty"] for row in rows] == ["beyond the margin", "within the margin"]
    dash = chart["layer"][0]["encoding"]["strokeDash"]
    assert dash["field"] == "certainty" and dash["scale"]["domain"] == [row["certainty"] for row in rows]
