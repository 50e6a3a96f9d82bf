"""Charts of audits, for light and dark pages alike."""

import altair as alt
import pandas as pd

from skushare.charts import PLOT_HEIGHT, TEXT, top_legend
from skushare.colors import label_colors

BEYOND, WITHIN = "beyond the margin", "within the margin"  # what a change of a share is
_HEIGHT = 260  # of a plot
_AROUND = 150  # what legend, axis and title take of a comparison
_SMALL = 180  # where stores have a chart each


def trend_chart(trend, colors=None):
    """The shares of :func:`~skushare.audits.listing.trend` over time; a chart a store where it tells them.

    Each has a bar from share - margin to share + margin, where its margin is known. ``colors``: {brand:
    ``"#RRGGBB"``}; default :func:`~skushare.colors.label_colors` of the brands.
    """
    names = sorted(trend["brand"].unique(), key=str.casefold)
    table = trend.assign(
        low=(trend["share"] - trend["margin"]).clip(lower=0),
        high=(trend["share"] + trend["margin"]).clip(upper=1),
        told=[
            f"{share:.1%}" + f" ± {margin:.1%}" * (margin == margin)
            for share, margin in zip(trend["share"], trend["margin"], strict=True)
        ],
    )
    # By themselves axes tell a year only where one begins, and the ticks of a longer time may pass that over.
    days = (trend["time"].max() - trend["time"].min()) / pd.Timedelta(days=1)
    legend = alt.Legend if "store" in trend else top_legend
    base = alt.Chart().encode(
        x=alt.X("time:T", title=None, axis=alt.Axis(format="%b %Y") if days > 365 else alt.Axis()),
        color=_colors(names, colors, legend(symbolOpacity=1)),
        tooltip=[
            alt.Tooltip("brand:N"),
            alt.Tooltip("time:T", title="from"),
            alt.Tooltip("told:N", title="share"),
            alt.Tooltip("facings:Q", format=","),
            alt.Tooltip("audits:Q", format=","),
        ],
    )
    axis = {"title": "share of facings", "axis": alt.Axis(format="%")}
    bars = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=4, opacity=0.35)
    lines = base.mark_line(point={"size": 45, "filled": True}, strokeWidth=2.5)
    chart = alt.layer(
        bars.encode(y=alt.Y("low:Q", **axis), y2="high:Q"),
        lines.encode(y=alt.Y("share:Q", **axis)),
        data=table,
    )
    if "store" not in trend:
        return chart.properties(height=_HEIGHT, autosize=PLOT_HEIGHT)
    header = alt.Header(title=None, labelColor=TEXT, labelLimit=300)
    return chart.properties(height=_SMALL, width=340).facet(
        facet=alt.Facet("store:N", header=header), columns=2
    )


def comparison_chart(comparison, colors=None):
    """Shares before and after of :func:`~skushare.audits.compare.compare`, a line a brand.

    It is dashed where the change is within its margin. ``colors`` as in :func:`trend_chart`.
    """
    names = comparison["brand"].tolist()
    told = comparison.assign(certainty=comparison["sure"].map({True: BEYOND, False: WITHIN}))
    base = alt.Chart(told).encode(
        y=alt.Y("brand:N", sort=names, title=None, axis=alt.Axis(labelLimit=140)),
        color=_colors(names, colors, legend=None),
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


def _colors(names, colors, legend):
    colors = label_colors(sorted(names), colors)
    scale = alt.Scale(domain=names, range=[colors[name] for name in names])
    return alt.Color("brand:N", title=None, scale=scale, legend=legend)
