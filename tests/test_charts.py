"""Charts: stable colours, bounded bars, nothing to draw."""

import re

import pandas as pd
import pytest

from skushare.charts import MAX_BARS, count_chart, rows_chart, share_chart
from skushare.colors import NEUTRAL, PALETTE, label_colors


def shares(*facings):
    total = max(1, sum(facings))
    return pd.DataFrame(
        {
            "name": [f"brand {i}" for i in range(len(facings))],
            "facings": facings,
            "share": [n / total for n in facings],
        }
    )


def color_of(chart):
    assert chart.spec["layer"][0]["encoding"]["color"]["scale"] is None  # the colours are the data's own
    return dict(zip(chart.data["name"], chart.data["color"], strict=True))


def test_a_label_keeps_its_colour_whatever_stands_beside_it():
    alone = color_of(share_chart(shares(5).assign(name="Nordmilk")))
    among = color_of(share_chart(shares(9, 5, 2).assign(name=["Juno", "Nordmilk", "Apex"])))
    assert alone["Nordmilk"] == among["Nordmilk"] == label_colors(["Nordmilk"])["Nordmilk"]


@pytest.mark.parametrize("count, bars", [(0, 0), (1, 1), (MAX_BARS, MAX_BARS), (MAX_BARS + 5, MAX_BARS)])
def test_small_brands_are_added_up_beyond_a_dozen(count, bars):
    table = shares(*range(count, 0, -1))
    data = share_chart(table).data
    assert len(data) == bars
    assert data["facings"].sum() == table["facings"].sum()
    added_up = [name.endswith(" others") for name in data["name"]]
    assert sum(added_up) == (count > MAX_BARS)
    assert not any(added_up[:-1])  # last, however much it is
    assert not any("." in text for text in data["text"])


def test_what_is_added_up_has_the_margins_of_independent_parts_and_no_more_than_the_whole():
    table = shares(*range(MAX_BARS + 3, 0, -1))
    for margin, added_up in ((0.1, 0.2), (0.6, 1.0)):
        chart = share_chart(table.assign(margin=margin)).data
        assert chart["margin"].iloc[-1] == pytest.approx(added_up)


def test_looks_are_added_up_before_any_brand_is():
    table = shares(*range(MAX_BARS + 5, 0, -1))
    looks = [f"brand {i}" for i in range(MAX_BARS)]  # the largest, and brands of fewer facings after them
    data = share_chart(table, minor=looks).data
    expected = [
        *(f"brand {i}" for i in range(MAX_BARS - 1 - 5)),
        *(f"brand {MAX_BARS + i}" for i in range(5)),
    ]
    assert data["name"].tolist() == [*expected, "6 others"]
    assert data["facings"].sum() == table["facings"].sum()
    rows = table.assign(row=1, linear=0.1)
    chart = rows_chart(rows, minor=looks).to_dict()
    assert chart["encoding"]["color"]["scale"]["domain"] == [*expected, "6 others"]


@pytest.mark.parametrize("count", [3, MAX_BARS + 3])
def test_a_brand_called_other_has_a_bar_of_its_own(count):
    table = shares(*range(count, 0, -1))
    table.loc[0, "name"] = "other"
    data = share_chart(table).data.set_index("name")
    assert data.index[0] == "other" and data.loc["other", "facings"] == count
    assert data.index.is_unique and data["facings"].sum() == table["facings"].sum()
    chart = rows_chart(table.assign(row=1, linear=0.1))
    scale = chart.to_dict()["encoding"]["color"]["scale"]["domain"]
    assert scale[0] == "other" and len(scale) == len(set(scale)) == len(data)
    assert (chart.data["name"] == "other").sum() == 1


def test_what_is_added_up_is_grey_and_takes_no_brand_s_colour():
    table = shares(*range(MAX_BARS + 5, 0, -1))
    colors = color_of(share_chart(table))
    assert colors.pop("6 others") == NEUTRAL["other"]
    assert colors == label_colors(sorted(colors))


def test_the_chart_leaves_its_table_alone():
    table = shares(3, 1)
    share_chart(table)
    assert list(table.columns) == ["name", "facings", "share"]


def test_a_margin_is_drawn_and_told():
    table = shares(30, 70).assign(margin=[0.04, 0.04], linear=[0.5, 0.5], linear_margin=[0.1, 0.0])
    data = share_chart(table).data.set_index("name")
    assert data.loc["brand 0", "text"] == "30 % ± 4 % (30)"
    assert data.loc["brand 0", ["low", "high"]].tolist() == pytest.approx([0.26, 0.34])
    data = share_chart(table, "linear").data.set_index("name")
    assert data.loc["brand 0", "text"] == "50 % ± 10 % (30)" and data.loc["brand 1", "text"] == "50 % (70)"


def test_a_margin_is_seen_on_its_bar_and_beyond():
    table = shares(30, 60, 10).assign(name=["unknown", "Juno", "Apex"], margin=0.05)
    chart = share_chart(table, colors={"Juno": "#101010", "Apex": "#FAFAFA"})
    assert dict(zip(chart.data["name"], chart.data["ink"], strict=True)) == {
        "unknown": "#141414",  # which is grey, as the half beyond the bar
        "Juno": "#FFFFFF",
        "Apex": "#141414",
    }
    rules = [layer["encoding"] for layer in chart.spec["layer"] if layer["mark"]["type"] == "rule"]
    ends = [(rule["x"]["field"], rule["x2"]["field"], rule.get("color", {}).get("field")) for rule in rules]
    assert ends == [("low", "shown", "ink"), ("shown", "high", None)]


@pytest.mark.parametrize("count", [0, 1, MAX_BARS, MAX_BARS + 3])
def test_rows_keep_their_sum_and_their_colours(count):
    table = shares(*range(count, 0, -1)).assign(row=1, linear=1 / max(1, count))
    chart = rows_chart(table).to_dict()
    names = chart["encoding"]["color"]["scale"]["domain"]
    assert len(names) == min(count, MAX_BARS)
    assert ("4 others" in names) == (count > MAX_BARS)
    assert set(rows_chart(table).data["name"]) == set(names)


def test_rows_tell_their_names_apart_where_colours_of_the_page_repeat():
    names = [f"brand {i}" for i in range(MAX_BARS)]
    table = shares(*range(MAX_BARS, 0, -1)).assign(row=1, linear=1 / MAX_BARS)
    colors = {name: PALETTE[i // 2] for i, name in enumerate(names)}
    colors |= dict.fromkeys(names[8:10], "#123456")
    drawn = rows_chart(table, colors=colors).to_dict()["encoding"]["color"]["scale"]
    drawn = dict(zip(drawn["domain"], drawn["range"], strict=True))
    assert all(drawn[name] == colors[name] for name in names[::2])  # of two alike the larger one keeps it
    assert drawn[names[9]] == "#123456"  # as somebody chose
    assert len(set(drawn.values())) == MAX_BARS - 1


@pytest.mark.parametrize("points", [[], [(-1.5, 12)], [(-2.0, 12), (0.0, 14)]])
def test_count_chart_takes_any_history(points):
    history = pd.DataFrame(points, columns=["seconds", "facings"])
    encoding = count_chart(history).spec["encoding"]
    assert encoding["x"]["field"] == "seconds"
    assert encoding["y"]["scale"]["domainMin"] == 0


@pytest.mark.parametrize("targets, marks", [({}, 0), ({"brand 1": 0.5, "nobody": 0.9}, 1)])
def test_a_target_is_marked_where_there_is_one(targets, marks):
    chart = share_chart(shares(3, 1), targets=targets)
    assert chart.data["target"].notna().sum() == marks
    assert sum(layer["mark"]["type"] == "tick" for layer in chart.spec["layer"]) == marks
    assert (chart.data["end"] >= chart.data["high"]).all()


def test_new_numbers_of_as_many_brands_keep_the_specification():
    before, after = share_chart(shares(30, 29, 3)), share_chart(shares(30, 31, 3))
    assert before.spec is after.spec
    assert before.data["name"].tolist() != after.data["name"].tolist()  # the longest bar is on top
    assert count_chart(pd.DataFrame()).spec is count_chart(pd.DataFrame()).spec


@pytest.mark.parametrize("chart", [share_chart(shares(3, 1)), count_chart(pd.DataFrame())])
def test_a_specification_holds_no_data(chart):
    parts = [chart.spec, *chart.spec.get("layer", ())]
    assert not any({"data", "datasets"} & set(part) for part in parts)


def test_beside_the_longest_bar_is_room_for_its_text_however_narrow_the_chart_is():
    def room(table):
        (scale,) = {
            str(each["encoding"]["x"]["scale"]): each["encoding"]["x"]["scale"]
            for each in share_chart(table).spec["layer"]
        }.values()
        return scale["domainMax"], int(re.fullmatch(r"max\(width - (\d+), 1\)", scale["rangeMax"]["expr"])[1])

    few, many = shares(64, 20).assign(margin=0.03), shares(6400, 2000).assign(margin=0.03)
    assert room(few)[0] == pytest.approx(0.8)  # no room is left in the scale itself
    assert room(many)[1] > room(few)[1] > 6 * len("76 % ± 3 % (64)")
    assert room(shares())[1] < 20
