"""Charts of the tables of :mod:`skushare.dataset.statistics`, for light and dark pages alike."""

import altair as alt
import numpy as np
import pandas as pd

from skushare.charts import ACCENT, AMBER, PLOT_HEIGHT, RUST, TEXT, VIOLET
from skushare.colors import label_colors

SPLITS = {"train": ACCENT, "val": AMBER, "test": VIOLET, "all": ACCENT}
MAX_CLASSES = 20
_HEIGHT = 240


def objects_chart(table):
    """Bars of :func:`~skushare.dataset.statistics.objects_a_picture`, splits one upon the other."""
    splits = list(dict.fromkeys(table["split"]))
    return (
        alt.Chart(table)
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X("low:Q", title="boxes on a picture", bin="binned", axis=alt.Axis(tickMinStep=1)),
            x2="high",
            y=alt.Y("pictures:Q", title="pictures", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "split:N",
                title=None,
                scale=alt.Scale(domain=splits, range=[SPLITS.get(split, TEXT) for split in splits]),
                legend=alt.Legend(orient="top") if len(splits) > 1 else None,
            ),
            tooltip=["split:N", alt.Tooltip("low:Q", title="boxes from"), "pictures:Q"],
        )
        .properties(height=_HEIGHT)
    )


def sides_chart(table):
    """Bars of :func:`~skushare.dataset.statistics.box_sides`.

    With the table of :func:`~skushare.detector.coverage.coverage_by_side`, boxes that no
    anchor fits stand out.
    """
    title = "side of a box, share of the picture's longest side"
    fit = {"covered": "an anchor fits", "missed": "no anchor fits"}
    if "covered" in table:
        table = table.assign(missed=table["boxes"] - table["covered"]).drop(columns="boxes")
        table = table.melt(["low", "high"], list(fit), var_name="fit", value_name="boxes").replace(
            {"fit": fit}
        )
    table = _filled(table)
    chart = (
        alt.Chart(table)
        .mark_bar(binSpacing=1, color=ACCENT)
        .encode(
            x=_log_x(table, title, "~%"),
            x2="high",
            y=alt.Y("boxes:Q", title="boxes"),
            tooltip=[
                alt.Tooltip("low:Q", title="from", format=".1%"),
                alt.Tooltip("high:Q", title="to", format=".1%"),
                alt.Tooltip("boxes:Q", format=","),
            ],
        )
    )
    if "fit" in table:
        colors = alt.Scale(domain=list(fit.values()), range=[ACCENT, RUST])
        legend = alt.Legend(orient="top")
        chart = chart.encode(color=alt.Color("fit:N", title=None, scale=colors, legend=legend))
    return chart.properties(height=_HEIGHT)


def aspects_chart(table):
    """Bars of :func:`~skushare.dataset.statistics.box_aspects`: upright boxes left, lying ones right of 1."""
    table = _filled(table)
    return (
        alt.Chart(table)
        .mark_bar(binSpacing=1, color=ACCENT)
        .encode(
            x=_log_x(table, "width / height of a box", "~g"),
            x2="high",
            y=alt.Y("boxes:Q", title="boxes"),
            tooltip=[
                alt.Tooltip("low:Q", title="from", format=".2f"),
                alt.Tooltip("high:Q", title="to", format=".2f"),
                alt.Tooltip("boxes:Q", format=","),
            ],
        )
        .properties(height=_HEIGHT)
    )


def positions_chart(table):
    """Heat map of :func:`~skushare.dataset.statistics.positions`, upright like a picture."""
    axis = alt.Axis(format="%", tickCount=4, grid=False)
    edge = alt.Scale(domain=[0, 1], nice=False)
    return (
        alt.Chart(table)
        .mark_rect(color=ACCENT)  # stronger or weaker on whatever the page's ground is
        .encode(
            x=alt.X("x:Q", title="from left", scale=edge, axis=axis),
            x2="x2",
            y=alt.Y("y:Q", title="from top", scale=alt.Scale(domain=[1, 0], nice=False), axis=axis),
            y2="y2",
            opacity=alt.Opacity("boxes:Q", scale=alt.Scale(domainMin=0, range=[0, 1]), legend=None),
            tooltip=[alt.Tooltip("boxes:Q", format=",")],
        )
        .properties(height=1.4 * _HEIGHT)
    )


def classes_chart(table, colors=None):
    """Horizontal bars of :func:`~skushare.dataset.statistics.classes`; rare ones are added up as "other".

    ``colors``: {class: ``"#RRGGBB"``}, those of the drawn boxes.
    """
    if len(table) > MAX_CLASSES:
        rest = table.iloc[MAX_CLASSES - 1 :]
        other = {"name": f"{len(rest)} others", "boxes": rest["boxes"].sum(), "share": rest["share"].sum()}
        table = pd.concat([table.head(MAX_CLASSES - 1), pd.DataFrame([other])], ignore_index=True)
    names = table["name"].tolist()
    colors = alt.Scale(domain=names, range=list(label_colors(names, colors).values()))
    return (
        alt.Chart(table)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("boxes:Q", title="boxes"),
            y=alt.Y("name:N", sort=names, title=None, axis=alt.Axis(labelLimit=160, ticks=False)),
            color=alt.Color("name:N", legend=None, scale=colors),
            tooltip=[
                "name:N",
                alt.Tooltip("boxes:Q", format=","),
                alt.Tooltip("share:Q", format=".1%"),
                alt.Tooltip("pictures:Q", format=","),
            ],
        )
        .properties(height=24 * max(1, len(table)), autosize=PLOT_HEIGHT)
    )


def caps_chart(table, cap):
    """Curve of :func:`~skushare.dataset.statistics.detection_caps` and a line at the ``cap`` of a preset."""
    curve = (
        alt.Chart(table)
        .mark_line(color=ACCENT, strokeWidth=2)
        .encode(
            x=alt.X("cap:Q", title="boxes kept on a picture, at most"),
            y=alt.Y("recall:Q", title="boxes that can be found", axis=alt.Axis(format="%")),
            tooltip=[
                "cap:Q",
                alt.Tooltip("recall:Q", format=".1%"),
                alt.Tooltip("mae:Q", title="count off by, on average", format=".1f"),
                alt.Tooltip("above:Q", title="pictures with more", format=".1%"),
            ],
        )
    )
    line = (
        alt.Chart(pd.DataFrame({"cap": [cap]}))
        .mark_rule(color=RUST, strokeDash=[4, 3], strokeWidth=2)
        .encode(x="cap:Q", tooltip=[alt.Tooltip("cap:Q", title="the preset's limit")])
    )
    return (curve + line).properties(height=_HEIGHT)


def round_ticks(low, high):
    """Round numbers from ``low`` to ``high``, both above 0, to label a logarithmic axis with.

    Steps of 1, 2, 5, 10, ... where three of them or more lie in between, else even steps, which are as
    good on so short an axis.

    Returns:
        (k,) float64, ascending; 3 to 8 of them for axes of up to 200 times ``low``.
    """
    steps = np.outer(10.0 ** np.arange(np.floor(np.log10(low)) - 2, np.ceil(np.log10(high)) + 1), [1, 2, 5])
    steps = steps.ravel()
    slack = low * 1e-9  # what is an end but for rounding belongs to it
    ticks = steps[(steps >= low - slack) & (steps <= high + slack)]
    for step in steps[::-1]:
        if len(ticks) >= 3:
            break
        ticks = step * np.arange(np.ceil((low - slack) / step), np.floor((high + slack) / step) + 1)
    return ticks.round(12)


def _log_x(table, title, format):
    """The axis of bars from ``low`` to ``high`` whose lengths grow by a factor."""
    ticks = round_ticks(table["low"].min(), table["high"].max()) if len(table) else np.zeros(0)
    axis = alt.Axis(values=ticks.tolist(), format=format)
    return alt.X("low:Q", title=title, bin="binned", scale=alt.Scale(type="log", nice=False), axis=axis)


def _filled(table):
    """The rows from the first to the last with any boxes, so that no half of a chart is empty."""
    edges = table[table["boxes"] > 0]
    return table[table["low"].between(edges["low"].min(), edges["low"].max())]
