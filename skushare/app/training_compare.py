"""Curves of several training runs in one chart, and what differs between them."""

import pandas as pd
import streamlit as st

from skushare.app.text import plain
from skushare.errors import SkushareError
from skushare.training.charts import QUALITIES, comparison_chart
from skushare.training.comparison import best_figures, differing_settings, validated_alike
from skushare.training.runs import METRICS

AXES = {"step": "Steps", "epoch": "Epochs", "minutes": "Minutes"}
AT_FIRST = 4  # runs whose curves are shown
MOST = 12  # curves that can be told apart


def show_comparison(known):
    """A chart and a table of those of the runs ``known`` that the user chooses."""
    validated = {run.name: run for run in known if (run.folder / METRICS).exists()}
    if not validated:
        st.info(
            "Curves appear here after the first validation of a run.", icon=":material/stacked_line_chart:"
        )
        return
    chosen = st.multiselect(
        "Runs",
        list(validated),
        list(validated)[:AT_FIRST],
        max_selections=MOST,
        key="training_compared",
        persist_state="page",
    )
    curves, plans = _read([validated[name] for name in chosen])
    if not curves:
        return
    with st.container(horizontal=True):
        measure = st.selectbox(
            "Measure",
            [name for name in QUALITIES if all(name in metrics for metrics in curves.values())],
            format_func=QUALITIES.get,
            key="training_measure",
            persist_state="page",
        )
        x = st.segmented_control(
            "Along",
            list(AXES),
            default="step",
            format_func=AXES.get,
            key="training_axis",
            persist_state="page",
        )
    st.altair_chart(comparison_chart(curves, measure, x or "step"), width="stretch")
    st.markdown("##### At the best AP")
    figures = pd.DataFrame({name: best_figures(metrics) for name, metrics in curves.items()}).T
    figures = figures.rename(columns={"class_AP": "AP by class", "count_mae": "count off by"})
    formats = dict.fromkeys(figures, "{:.3f}") | {"step": "{:,.0f}", "count off by": "{:.1f}"}
    st.dataframe(figures.style.format({name: formats[name] for name in figures}), placeholder="–")
    if not validated_alike([validated[name] for name in curves]):
        st.warning("They were validated on different photos or labels, so their figures do not compare.")
    st.markdown("##### Settings that differ")
    differing = differing_settings(plans)
    if len(differing):
        st.dataframe(differing)
    else:
        st.caption("None.")


def _read(chosen):
    """The curves and the plans of the runs ``chosen``, {name: it} each; says which cannot be read."""
    curves, plans = {}, {}
    for run in chosen:
        try:
            metrics, plan, epochs = run.metrics(), run.plan, run.epochs_a_step()
        except SkushareError as error:
            st.warning(plain(str(error)))
            continue
        if metrics.empty:
            st.warning(plain(f"{run.folder / METRICS}: holds no validation that can be read"))
            continue
        curves[run.name], plans[run.name] = metrics.assign(epoch=metrics["step"] * epochs), plan
    return curves, plans
