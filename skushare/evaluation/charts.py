"""Charts of one or more evaluations, for light and dark pages alike."""

import altair as alt
import pandas as pd

from skushare.charts import ACCENT, TEXT
from skushare.colors import numbered_color

HEIGHT = 300
COLORS = (ACCENT, numbered_color(1))  # of the model, and of the one it is compared with
MAX_CLASSES = 20


def precision_recall_chart(curves, points):
    """Precision over recall.

    Args:
        curves: {model: table of ``Result.precision_recall``}.
        points: {model: (precision, recall)} at the threshold in use.
    """
    x = alt.X("recall:Q", title="recall (share of facings found)", scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("precision:Q", title="precision (share of boxes right)", scale=alt.Scale(domain=[0, 1]))
    base = alt.Chart(_stack(curves)).encode(x=x, y=y, color=_color(curves), order="recall:Q")
    tips = [_number(name) for name in ("threshold", "precision", "recall")]
    line = base.mark_line(strokeWidth=2).encode(tooltip=["model:N", *tips])
    rows = [{"model": name, "precision": p, "recall": r} for name, (p, r) in points.items()]
    at = alt.Chart(pd.DataFrame(rows)).mark_point(size=130, filled=True, opacity=1)
    at = at.encode(x=x, y=y, color=_color(curves), tooltip=["model:N", *tips[1:]])
    return (line + at).properties(height=HEIGHT)


def calibration_chart(tables):
    """Share of right boxes over their score, beside the diagonal of perfect scores; {model: table}."""
    axis = alt.Scale(domain=[0, 1])
    base = alt.Chart(_stack(tables)).encode(
        x=alt.X("score:Q", title="score", scale=axis),
        y=alt.Y("precision:Q", title="share of boxes right", scale=axis),
        color=_color(tables),
        tooltip=["model:N", _number("score"), _number("precision"), alt.Tooltip("detections:Q", format=",")],
    )
    size = alt.Size("detections:Q", legend=None, scale=alt.Scale(range=[20, 220]))
    ideal = alt.Chart(pd.DataFrame({"score": [0, 1], "precision": [0, 1]}))
    ideal = ideal.mark_line(strokeDash=[4, 4], color=TEXT).encode(x="score:Q", y="precision:Q")
    return (
        ideal + base.mark_line(strokeWidth=2) + base.mark_point(filled=True, opacity=1).encode(size=size)
    ).properties(height=HEIGHT)


def counting_chart(curves, points):
    """Mean absolute counting error over the score threshold.

    Args:
        curves: {model: table of ``Result.counting``}.
        points: {model: threshold in use}.
    """
    table = _stack(curves)
    # Thresholds far too low find thousands; the axis shows where the choice is made.
    top = float(max(1, 4 * table["MAE"].min(), 1.2 * _largest_in_use(curves, points)))
    x = alt.X("threshold:Q", title="score threshold", scale=alt.Scale(domain=[0, 1]))
    line = alt.Chart(table).mark_line(strokeWidth=2, clip=True)
    line = line.encode(
        x=x,
        y=alt.Y("MAE:Q", title="count off by, a photo", scale=alt.Scale(domain=[0, top])),
        color=_color(curves),
        tooltip=["model:N", _number("threshold"), _number("MAE", ".1f"), _number("bias", "+.1f")],
    )
    rows = [{"model": name, "threshold": threshold} for name, threshold in points.items()]
    rule = alt.Chart(pd.DataFrame(rows)).mark_rule(strokeDash=[4, 4], strokeWidth=2)
    return (line + rule.encode(x=x, color=_color(curves))).properties(height=HEIGHT)


def counts_chart(tables):
    """Found over true facings a photo, beside the diagonal of true counts; {model: ``Result.photos``}."""
    table = _stack(tables)
    top = int(max([1, *table["facings"], *table["found"]]))
    axis = alt.Scale(domain=[0, top], nice=True)
    points = (
        alt.Chart(table)
        .mark_point(filled=True, size=50, opacity=0.7)
        .encode(
            x=alt.X("facings:Q", title="true facings", scale=axis),
            y=alt.Y("found:Q", title="found", scale=axis),
            color=_color(tables),
            tooltip=["model:N", "photo:N", "facings:Q", "found:Q", "error:Q"],
        )
    )
    ideal = alt.Chart(pd.DataFrame({"facings": [0, top], "found": [0, top]}))
    ideal = ideal.mark_line(strokeDash=[4, 4], color=TEXT).encode(x="facings:Q", y="found:Q")
    return (ideal + points).properties(height=HEIGHT)


def confusion_chart(confusion):
    """The largest classes of ``Result.confusion``, each row in shares of its true class."""
    most = confusion.iloc[:-1].sum(axis=1).nlargest(MAX_CLASSES).index.tolist()
    rows, columns = [*most, confusion.index[-1]], [*most, confusion.columns[-1]]
    part = confusion.loc[rows, columns].rename_axis(index="true", columns="said")
    table = part.stack().rename("boxes").reset_index()
    total = confusion.sum(axis=1).to_dict()
    table["share"] = table["boxes"] / table["true"].map(total).clip(lower=1)
    base = alt.Chart(table).encode(
        x=alt.X(
            "said:N",
            sort=columns,
            title="found as",
            axis=alt.Axis(labelAngle=-45, labelLimit=120, labelOverlap=False),
        ),
        y=alt.Y("true:N", sort=rows, title="true class", axis=alt.Axis(labelLimit=120, labelOverlap=False)),
        tooltip=["true:N", "said:N", "boxes:Q", alt.Tooltip("share:Q", format=".1%")],
    )
    fill = alt.Color("share:Q", legend=None, scale=alt.Scale(scheme="teals", domain=[0, 1]))
    text = base.transform_filter("datum.boxes > 0").mark_text(fontSize=11)
    text = text.encode(
        text="boxes:Q", color=alt.condition("datum.share > 0.5", alt.value("white"), alt.value("black"))
    )
    return (base.mark_rect().encode(color=fill) + text).properties(height=170 + 28 * len(rows))


def _stack(tables):
    return pd.concat([table.assign(model=name) for name, table in tables.items()], ignore_index=True)


def _color(tables):
    names = list(tables)
    legend = alt.Legend(orient="top", title=None) if len(names) > 1 else None
    return alt.Color(
        "model:N", legend=legend, scale=alt.Scale(domain=names, range=list(COLORS[: len(names)]))
    )


def _number(name, pattern=".2f"):
    return alt.Tooltip(f"{name}:Q", format=pattern)


def _largest_in_use(curves, points):
    """The largest error of a model at the threshold that it uses."""
    nearest = [c["MAE"].iloc[(c["threshold"] - points[name]).abs().argmin()] for name, c in curves.items()]
    return max(nearest)
