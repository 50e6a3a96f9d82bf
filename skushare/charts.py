"""Charts of counts and shares, for light and dark pages alike."""

from functools import lru_cache
from typing import NamedTuple

import altair as alt
import numpy as np
import pandas as pd

from skushare.colors import NEUTRAL, PALETTE, ink_on, label_colors
from skushare.shelf.share import margin_of
from skushare.text import told_share

# All are legible on white and on near-black.
ACCENT = "#12908a"
TEXT = "#7b8b88"
# What is to be read has more contrast; Vega knows the page that a chart is on.
WORDS_ON_LIGHT, WORDS_ON_DARK = "#5c6b68", "#9fb0ad"
WORDS = alt.ExprRef(f"luminance(background) > 0.2 ? '{WORDS_ON_LIGHT}' : '{WORDS_ON_DARK}'")
AMBER, VIOLET, RUST = "#c98a1b", "#8a6fc4", "#d0663f"
MAX_BARS = 12
LEGEND_COLUMNS = 3  # as many as a phone has room for
# A chart's height is that of its plot alone, however many lines its legend has.
PLOT_HEIGHT = alt.AutoSizeParams(type="fit-x", contains="padding")
ANY_DATA = alt.NamedData("any")  # stands for the data, which come with each chart
# What the specification of a share chart reads.
_COLUMNS = ["name", "color", "ink", "facings", "shown", "margin"]
_COLUMNS += ["low", "high", "text", "target", "end", "place"]
_LENGTH_STEP = 0.05  # of the longest bar's length: the axis stays while shares move a little
_TEXT_GAP = 8  # pixels between a bar and its text
_LETTER, _LETTERS_STEP = 6.5, 4  # pixels of a letter beside a bar; the room for letters grows by so many


class Chart(NamedTuple):
    """What ``st.vega_lite_chart`` takes; other ``data`` of an equal ``spec`` are drawn without a new start.

    Attributes:
        data: a DataFrame.
        spec: a Vega-Lite dict without data; kept for the next chart, and not to be changed.
    """

    data: pd.DataFrame
    spec: dict


def share_chart(shares, measure="share", colors=None, targets=None, minor=()):
    """Horizontal bars of a :func:`~skushare.shelf.share.share_of_shelf` table with their margins.

    The largest comes first. Beyond a dozen names the smallest are added up as "5 others".

    Args:
        measure: the column that the bars show: "share", "linear" or "area".
        colors: {name: ``"#RRGGBB"``}, those of the boxes drawn beside it; default
            :func:`~skushare.colors.label_colors` of the names.
        targets: {name: share from 0 to 1}, of those that have one; shown by a mark across the bar.
        minor: names that are added up before any others are, however large: looks that have no brand.
    """
    table, others = _fold(shares, minor)
    table["shown"], table["margin"] = table[measure], table.get(margin_of(measure), 0.0)
    table = table.sort_values("shown", ascending=False, kind="stable")
    table = table.sort_values("name", key=lambda names: names == others, kind="stable", ignore_index=True)
    table["low"] = (table["shown"] - table["margin"]).clip(0, 1)
    table["high"] = (table["shown"] + table["margin"]).clip(0, 1)
    table["text"] = [_told(row.shown, row.margin, row.facings) for row in table.itertuples()]
    table["target"] = table["name"].map(targets or {}).astype(float)
    table["end"] = table[["high", "target"]].max(axis=1)
    table["place"] = range(len(table))
    longest = max([0.01, *table["end"]])
    table["color"] = table["name"].map(_colors(table["name"], colors, others))
    table["ink"] = table["color"].map(ink_on)
    spec = _share_spec(
        measure,
        len(table),
        round(_LENGTH_STEP * np.ceil(longest / _LENGTH_STEP), 2),
        bool(table["target"].notna().any()),
        int(_LETTERS_STEP * np.ceil(max(map(len, table["text"]), default=0) / _LETTERS_STEP)),
    )
    return Chart(table[_COLUMNS], spec)


@lru_cache(maxsize=256)  # Altair takes ten times as long as all the rest
def _share_spec(measure, bars, longest, has_targets, letters):
    # Beyond the longest bar is room for the text, however narrow the chart is.
    end = alt.ExprRef(f"max(width - {_TEXT_GAP + _LETTER * letters:.0f}, 1)")
    scale = alt.Scale(domainMin=0, domainMax=longest, rangeMin=0, rangeMax=end, nice=False)
    base = alt.Chart(ANY_DATA).encode(
        y=alt.Y(
            "name:N",
            sort=alt.EncodingSortField("place", op="min"),
            title=None,
            axis=alt.Axis(labelLimit=140, ticks=False, domain=False, labelColor=WORDS),
        ),
        tooltip=[
            alt.Tooltip("name:N"),
            alt.Tooltip("facings:Q", format=","),
            alt.Tooltip("shown:Q", title=measure, format=".1%"),
            alt.Tooltip("low:Q", title="from", format=".1%"),
            alt.Tooltip("high:Q", title="to", format=".1%"),
        ],
    )
    # The text tells the numbers, so there is no axis.
    x = alt.X("shown:Q", axis=None, scale=scale)
    color = alt.Color("color:N", legend=None, scale=None)  # as it is in the data
    shares = base.mark_bar(cornerRadiusEnd=4, size=22).encode(x=x, color=color)
    # Both halves of a margin are seen: the one on the bar, whatever its colour, and the one on the page.
    doubt = base.transform_filter("datum.margin > 0.0005").mark_rule(strokeWidth=2, color=TEXT)
    on_bar = doubt.encode(
        x=alt.X("low:Q", axis=None, scale=scale),
        x2="shown:Q",
        color=alt.Color("ink:N", legend=None, scale=None),
    )
    beyond = doubt.encode(x=x, x2="high:Q")
    text = base.mark_text(align="left", dx=_TEXT_GAP, fontSize=14, color=WORDS)
    text = text.encode(x=alt.X("end:Q", axis=None, scale=scale), text="text:N")
    chart = shares + on_bar + beyond + text
    if has_targets:
        marks = base.transform_filter("isValid(datum.target)").mark_tick(thickness=3, size=30, color=TEXT)
        chart += marks.encode(
            x=alt.X("target:Q", axis=None, scale=scale),
            tooltip=[alt.Tooltip("name:N"), alt.Tooltip("target:Q", format=".1%")],
        )
    return spec_of(chart.properties(height=36 * max(1, bars)))


def rows_chart(rows, measure="linear", colors=None, minor=()):
    """How each shelf row divides over the names: a bar a row, the topmost first.

    Args:
        rows: a :func:`~skushare.shelf.share.share_by_row` table.
        measure, colors, minor: as in :func:`share_chart`; of ``colors`` that repeat only the largest name
            keeps its own, as the legend alone tells what a colour means.
    """
    whole = rows.groupby("name")["facings"].sum().sort_values(ascending=False, kind="stable")
    names = whole.index.tolist()
    others = None
    if len(names) > MAX_BARS:
        kept = _largest(names, minor)
        others = _added_up(len(names) - len(kept))
        names = [*(name for name in names if name in kept), others]
    table = rows.assign(name=rows["name"].where(rows["name"].isin(names), others), shown=rows[measure])
    colors = _colors(names, _apart(names, colors or {}), others)
    return (
        alt.Chart(table)
        .mark_bar(size=22)
        .encode(
            y=alt.Y("row:O", title="shelf row", axis=alt.Axis(ticks=False, domain=False)),
            x=alt.X("sum(shown):Q", title=None, axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
            color=alt.Color(
                "name:N",
                legend=alt.Legend(title=None, orient="bottom", labelLimit=95, columns=LEGEND_COLUMNS),
                scale=alt.Scale(domain=names, range=[colors[name] for name in names]),
            ),
            order=alt.Order("facings:Q", sort="descending"),
            tooltip=[
                alt.Tooltip("row:O"),
                alt.Tooltip("name:N"),
                alt.Tooltip("facings:Q", format=","),
                alt.Tooltip("shown:Q", title=measure, format=".1%"),
            ],
        )
        # The height is that of all: of bars, axis and the lines of the legend.
        .properties(height=36 * max(1, table["row"].nunique()) + 105 + 18 * -(-len(names) // LEGEND_COLUMNS))
    )


def top_legend(**more):
    """A legend above the plot of a chart of ``PLOT_HEIGHT``, in as many columns as there is room for."""
    narrow = "width < 400"  # as the plot is on a phone
    return alt.Legend(
        orient="top",
        columns=alt.ExprRef(f"{narrow} ? 2 : floor(width / 190)"),
        labelLimit=alt.ExprRef(f"{narrow} ? 100 : 160"),
        rowPadding=4,
        **more,
    )


def count_chart(history):
    """The count's course of :meth:`~skushare.live.session.LiveSession.history` over the last minutes."""
    return Chart(history, _count_spec())


@lru_cache
def _count_spec():
    return spec_of(
        alt.Chart(ANY_DATA)
        .mark_area(
            line={"color": ACCENT, "strokeWidth": 2}, color=ACCENT, opacity=0.25, interpolate="step-after"
        )
        .encode(
            x=alt.X(
                "seconds:Q",
                title="seconds ago",
                axis=alt.Axis(labelExpr="abs(datum.value)", tickMinStep=1),
                scale=alt.Scale(domainMax=0, nice=False),
            ),
            y=alt.Y("facings:Q", title="facings", axis=alt.Axis(tickMinStep=1), scale=alt.Scale(domainMin=0)),
            tooltip=[alt.Tooltip("facings:Q")],
        )
        .properties(height=180)
    )


def spec_of(chart):
    """The Vega-Lite dict of an Altair ``chart`` that has no data; of Streamlit's theme, not Altair's."""
    with alt.theme.enable("none"):
        return {key: value for key, value in chart.to_dict().items() if key != "data"}


def _told(share, margin, facings):
    """A share in words: "31 % ± 4 % (58)"."""
    return f"{told_share(share, margin)} ({facings:,})"


def _colors(names, colors, others):
    """{name: ``"#RRGGBB"``} of ``names``; ``others``, what is added up is called so, are no brand."""
    of_names = label_colors(sorted(name for name in names if name != others), colors)
    return of_names | {others: NEUTRAL["other"]}


def _apart(names, colors):
    """Those of ``colors`` that no name before has: among more names than the palette has, they repeat.

    What somebody chose is kept, unless it is of the palette.
    """
    kept = {}
    for name in filter(colors.get, names):
        if colors[name] not in PALETTE or colors[name] not in kept.values():
            kept[name] = colors[name]
    return kept


def _added_up(count):
    """A name for ``count`` names that are added up; not just "other", as a brand may be called so."""
    return f"{count} others"


def _largest(names, minor):
    """Those of ``names``, the largest first, that have a bar of their own where there are too many."""
    return set(sorted(names, key=lambda name: name in minor)[: MAX_BARS - 1])


def _fold(shares, minor):
    """(``shares`` with a dozen rows at most, the name of the row that adds up the others or ``None``)."""
    if len(shares) <= MAX_BARS:
        return shares.copy(), None
    has_bar = shares["name"].isin(_largest(shares["name"], set(minor)))
    rest = shares[~has_bar].drop(columns="name")
    squares = [column for column in rest if column.endswith("margin")]  # of parts that are nearly independent
    others = _added_up(len(rest))
    doubt = ((rest[squares] ** 2).sum() ** 0.5).clip(upper=1)  # of a whole there is no more
    other = {**rest.sum(), **doubt, "name": others}
    table = pd.concat([shares[has_bar], pd.DataFrame([other])[shares.columns]], ignore_index=True)
    return table.astype({"facings": int}), others
