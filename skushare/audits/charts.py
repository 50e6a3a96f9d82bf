"""Charts of audits, for light and dark pages alike."""

from functools import lru_cache

import altair as alt
import pandas as pd

from skushare.charts import ANY_DATA, PLOT_HEIGHT, Chart, spec_of, top_legend
from skushare.colors import label_colors
from skushare.text import told_share

BEYOND, WITHIN = "beyond the margin", "within the margin"  # what a change of a share is
_HEIGHT = 260  # of a plot
_AROUND = 150  # what legend, axis and title take of a comparison
_SMALL = 180  # of several beside each other


def trend_chart(trend, colors=None, of=None):
    """The shares of :func:`~skushare.audits.listing.trend` over time.

    Each has a bar from share - margin to share + margin, where its margin is known.

    Args:
        colors: {brand: ``"#RRGGBB"``}; default :func:`~skushare.colors.label_colors` of the brands.
        of: the trend of which this is a part, where several parts have a chart each: its axes are those of
            all, to be compared, and it has no legend.
    """
    whole = _with_bars(trend if of is None else of)
    colors = label_colors(sorted(whole["brand"].unique()), colors)
    colors = tuple((name, colors[name]) for name in sorted(colors, key=str.casefold))
    times = whole["time"].min(), whole["time"].max()
    highest = None if of is None else max(whole[["share", "high"]].max(axis=None), 0.01)
    return Chart(_with_bars(trend), _trend_spec(colors, *times, highest))


@lru_cache(maxsize=64)  # all parts have one
def _trend_spec(colors, first, last, highest):
    """The specification for (brand, colour) pairs and times from ``first`` to ``last``.

    ``highest``: the share where the axis of a part ends, ``None`` for a chart by itself.
    """
    # By themselves axes tell a year only where one begins, and the ticks of a longer time may pass that over.
    axis = alt.Axis(format="%b %Y") if (last - first) / pd.Timedelta(days=1) > 365 else alt.Axis()
    x, y = alt.Scale(), alt.Scale()
    if highest is not None:
        ends = [alt.DateTime(year=day.year, month=day.month, date=day.day) for day in (first, last)]
        x, y = alt.Scale(domain=ends), alt.Scale(domain=[0, highest])
    base = alt.Chart(ANY_DATA).encode(
        x=alt.X("time:T", title=None, axis=axis, scale=x),
        color=_color(dict(colors), top_legend(symbolOpacity=1) if highest is None else None),
        tooltip=[
            alt.Tooltip("brand:N"),
            alt.Tooltip("time:T", title="from"),
            alt.Tooltip("told:N", title="share"),
            alt.Tooltip("facings:Q", format=","),
            alt.Tooltip("audits:Q", format=","),
        ],
    )
    shares = {"title": "share of facings", "axis": alt.Axis(format="%"), "scale": y}
    bars = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=4, opacity=0.35)
    lines = base.mark_line(point={"size": 45, "filled": True}, strokeWidth=2.5)
    chart = alt.layer(
        bars.encode(y=alt.Y("low:Q", **shares), y2="high:Q"),
        lines.encode(y=alt.Y("share:Q", **shares)),
    )
    return spec_of(chart.properties(height=_HEIGHT if highest is None else _SMALL, autosize=PLOT_HEIGHT))


def _with_bars(trend):
    """``trend`` with the ends of its bars, and its shares and their margins in words."""
    return trend.assign(
        low=(trend["share"] - trend["margin"]).clip(lower=0),
        high=(trend["share"] + trend["margin"]).clip(upper=1),
        told=[
            told_share(share, margin, 1)
            for share, margin in zip(trend["share"], trend["margin"], strict=True)
        ],
    )


def comparison_chart(comparison, colors=None):
    """Shares before and after of :func:`~skushare.audits.compare.compare`, a line a brand.

    It is dashed where the change is within its margin. ``colors`` as in :func:`trend_chart`.
    """
    names = comparison["brand"].tolist()
    colors = label_colors(sorted(names), colors)
    told = comparison.assign(certainty=comparison["sure"].map({True: BEYOND, False: WITHIN}))
    base = alt.Chart(told).encode(
        y=alt.Y("brand:N", sort=names, title=None, axis=alt.Axis(labelLimit=140)),
        color=_color({name: colors[name] for name in names}, legend=None),
        tooltip=[
            alt.Tooltip("brand:N"),
            alt.Tooltip("share_before:Q", title="before", format=".1%"),
            alt.Tooltip("share_after:Q", title="after", format=".1%"),
            alt.Tooltip("points:Q", title="points", format="+.1f"),
            alt.Tooltip("margin:Q", title="± points", format=".1f"),
            alt.Tooltip("certainty:N", title="change"),
        ],
    )
    before = alt.X(
        "share_before:Q", title="share of facings, ring before, dot after", axis=alt.Axis(format="%")
    )
    dash = alt.StrokeDash(
        "certainty:N",
        title="Change",
        scale=alt.Scale(domain=[BEYOND, WITHIN], range=[[1, 0], [4, 4]]),
        legend=alt.Legend(orient="top"),
    )
    lines = base.mark_rule(strokeWidth=3).encode(x=before, x2="share_after:Q", strokeDash=dash)
    rings = base.mark_point(size=90, strokeWidth=2).encode(x=before)
    dots = base.mark_point(size=110, filled=True, opacity=1).encode(x="share_after:Q")
    return (lines + rings + dots).properties(height=36 * max(1, len(names)) + _AROUND)


def _color(colors, legend):
    scale = alt.Scale(domain=list(colors), range=list(colors.values()))
    return alt.Color("brand:N", title=None, scale=scale, legend=legend)
