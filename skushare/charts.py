"""Charts of counts and shares, for light and dark pages alike."""

import altair as alt

from skushare.draw import label_color

# Both are legible on white and on near-black.
ACCENT = "#12908a"
TEXT = "#7b8b88"
MAX_BARS = 12


def share_chart(shares):
    """Horizontal bars of a :func:`~skushare.shelf.share.share_of_shelf` table, largest first.

    A label keeps its colour from chart to chart and in the drawn boxes. Beyond a dozen
    names the smallest are added up as "other".
    """
    table = _fold(shares)
    names = table["name"].tolist()
    table["text"] = [f"{row.facings:,} ({row.share:.0%})" for row in table.itertuples()]
    base = alt.Chart(table).encode(
        y=alt.Y("name:N", sort=names, title=None, axis=alt.Axis(labelLimit=140, ticks=False, domain=False)),
        # The text tells the numbers, so there is no axis; it needs room beyond the longest bar.
        x=alt.X(
            "facings:Q",
            axis=None,
            scale=alt.Scale(domainMin=0, domainMax=1.4 * max([1, *table["facings"]]), nice=False),
        ),
        tooltip=[
            alt.Tooltip("name:N"),
            alt.Tooltip("facings:Q", format=","),
            alt.Tooltip("share:Q", format=".1%"),
        ],
    )
    colors = alt.Color(
        "name:N", legend=None, scale=alt.Scale(domain=names, range=[label_color(name) for name in names])
    )
    bars = base.mark_bar(cornerRadiusEnd=4, size=22).encode(color=colors)
    text = base.mark_text(align="left", dx=6, fontSize=14, color=TEXT).encode(text="text:N")
    return (bars + text).properties(height=36 * max(1, len(table)))


def count_chart(history):
    """The count's course of :meth:`~skushare.live.session.LiveSession.history` over the last minutes."""
    return (
        alt.Chart(history)
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


def _fold(shares):
    if len(shares) <= MAX_BARS:
        return shares.copy()
    head = shares.head(MAX_BARS - 1).copy()
    rest = shares.iloc[MAX_BARS - 1 :]
    head.loc[len(head)] = {"name": "other", "facings": rest["facings"].sum(), "share": rest["share"].sum()}
    return head
