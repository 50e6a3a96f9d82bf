"""Charts of training runs, for light and dark pages alike."""

import altair as alt
import pandas as pd

from skushare.charts import ACCENT, AMBER, PLOT_HEIGHT, RUST, TEXT, VIOLET, top_legend
from skushare.colors import label_colors

# What a validation measures, best first; the last two are errors, which should fall.
QUALITIES = {
    "AP": "AP, average precision",
    "AP50": "AP50, at half overlap",
    "AP75": "AP75, at three quarters",
    "AR300": "AR300, recall",
    "class_AP": "AP by class",  # of networks with several
    "count_mae": "count off by, on average",
    "loss": "loss",
}
# Legible on white and on near-black, and apart for most colour-blind eyes.
_DISTINCT = [ACCENT, AMBER, VIOLET, RUST, "#4d8fd1", "#7a9a3a"]
_HEIGHT = 260
_SIDE_BY_SIDE = 190  # of the two charts of one run
_SMOOTH = 0.2  # weight of the newest value in the running mean


def loss_chart(losses, photos_a_step):
    """The loss of ``Run.losses()`` by step: each value faint, the running mean strong.

    Args:
        photos_a_step: epochs that one step is, for the tooltip.
    """
    table = losses[["step", "loss"]].assign(
        mean=losses["loss"].ewm(alpha=_SMOOTH).mean(), epoch=losses["step"] * photos_a_step
    )
    tooltip = [
        alt.Tooltip("step:Q", format=","),
        alt.Tooltip("epoch:Q", format=".1f"),
        alt.Tooltip("loss:Q", format=".4f"),
    ]
    base = alt.Chart(table).encode(x=_along("step", "steps"), tooltip=tooltip)
    # Few values of a wild start would press the rest flat.
    scale = alt.Scale(domain=[0, float(table["mean"].quantile(0.95) * 1.6)], clamp=True)
    faint = base.mark_line(color=TEXT, opacity=0.45, strokeWidth=1).encode(
        y=alt.Y("loss:Q", title="loss", scale=scale)
    )
    point = {"size": 45, "filled": True, "color": ACCENT} if len(table) == 1 else False  # no line yet
    strong = base.mark_line(color=ACCENT, strokeWidth=2.5, point=point).encode(y=alt.Y("mean:Q", scale=scale))
    return (faint + strong).properties(height=_SIDE_BY_SIDE, autosize=PLOT_HEIGHT)


def quality_chart(metrics):
    """AP, AP50 and AP75 of ``Run.metrics()`` by step."""
    names = ["AP50", "AP", "AP75"]
    table = metrics.melt("step", names, var_name="measure", value_name="value")
    colors = alt.Scale(domain=names, range=[AMBER, ACCENT, VIOLET])
    return (
        alt.Chart(table)
        .mark_line(point={"size": 45, "filled": True}, strokeWidth=2.5)
        .encode(
            x=_along("step", "steps"),
            y=alt.Y("value:Q", title="average precision", scale=alt.Scale(domain=[0, 1])),
            color=alt.Color("measure:N", title=None, scale=colors, legend=top_legend()),
            tooltip=["measure:N", alt.Tooltip("step:Q", format=","), alt.Tooltip("value:Q", format=".3f")],
        )
        .properties(height=_SIDE_BY_SIDE, autosize=PLOT_HEIGHT)
    )


def comparison_chart(curves, measure, x="step"):
    """One measure of several runs.

    Args:
        curves: {name of the run: data frame with the columns ``x`` and ``measure``}.
        measure: a key of ``QUALITIES``.
        x: "step", "epoch" or "minutes".
    """
    names = list(curves)
    table = pd.concat([frame[[x, measure]].assign(run=name) for name, frame in curves.items()])
    colors = alt.Scale(domain=names, range=list(label_colors(names).values()))
    if len(names) <= len(_DISTINCT):
        colors = alt.Scale(domain=names, range=_DISTINCT[: len(names)])
    titles = {"step": "steps", "epoch": "epochs", "minutes": "minutes of training"}
    return (
        alt.Chart(table)
        .mark_line(point={"size": 40, "filled": True}, strokeWidth=2)
        .encode(
            x=_along(x, titles[x]),
            y=alt.Y(f"{measure}:Q", title=QUALITIES[measure], scale=alt.Scale(zero=measure != "loss")),
            color=alt.Color("run:N", title=None, scale=colors, legend=top_legend()),
            tooltip=[
                "run:N",
                alt.Tooltip(f"{x}:Q", format=",.1f"),
                alt.Tooltip(f"{measure}:Q", format=".4f"),
            ],
        )
        .properties(height=_HEIGHT, autosize=PLOT_HEIGHT)
    )


def _along(column, title):
    whole = {"tickMinStep": 1} if column == "step" else {}
    # The format is for a run with its first validation alone, at step 0, whose axis says 0.000000 otherwise.
    axis = alt.Axis(format=",~f", **whole)
    return alt.X(f"{column}:Q", title=title, axis=axis, scale=alt.Scale(domainMin=0, nice=False))
