"""Curves of several training runs in one chart, and what differs between them."""

import pandas as pd
import streamlit as st

from skushare.errors import SkushareError
from skushare.training.comparison import best_figures, differing_settings, validated_alike
from skushare.training_charts import QUALITIES, comparison_chart

AXES = {"step": "Steps", "epoch": "Epochs", "minutes": "Minutes"}
AT_FIRST = 4  # runs whose curves are shown


def show_comparison(known):
    """A chart and a table of those of the runs ``known`` that the user chooses."""
    curves, plans = {}, {}
    for run in known:
        metrics = run.metrics()
        try:
            plans[run.name] = run.plan
            if len(metrics):
                curves[run.name] = metrics.assign(epoch=metrics["step"] * run.epochs_a_step())
        except SkushareError:
            continue  # the Runs tab tells what is wrong with it
    if not curves:
        st.info(
            "Curves appear here after the first validation of a run.", icon=":material/stacked_line_chart:"
        )
        return
    chosen = st.multiselect(
        "Runs", list(curves), list(curves)[:AT_FIRST], key="training_compared", persist_state="page"
    )
    if not chosen:
        return
    with st.container(horizontal=True):
        measure = st.selectbox(
            "Measure",
            list(QUALITIES),
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
    shown = {name: curves[name] for name in chosen}
    st.altair_chart(comparison_chart(shown, measure, x or "step"), width="stretch")
    st.markdown("##### At the best AP")
    figures = pd.DataFrame({name: best_figures(curves[name]) for name in chosen}).T
    st.dataframe(figures.rename(columns={"count_mae": "count off by"}).style.format("{:.3f}"))
    if not validated_alike([run for run in known if run.name in chosen]):
        st.warning("They were validated on different photos or labels, so their figures do not compare.")
    st.markdown("##### Settings that differ")
    differing = differing_settings({name: plans[name] for name in chosen})
    if len(differing):
        st.dataframe(differing)
    else:
        st.caption("None.")
