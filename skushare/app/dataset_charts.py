"""What a dataset is like, in charts, and whether a preset of the detector suits it."""

import streamlit as st

from skushare.app.text import plain
from skushare.colors import label_colors
from skushare.dataset import charts, statistics
from skushare.detector import coverage
from skushare.detector.presets import PRESETS


def show_charts(dataset):
    """Summary, histograms, heat map, classes; then anchors and limits of a preset against these boxes."""
    if not len(dataset.index.boxes):
        st.info("There are no boxes yet to draw charts of.", icon=":material/bar_chart_off:")
        return
    tables = _tables(dataset.name, dataset.revision, dataset.index)
    st.dataframe(tables["summary"].round(1), hide_index=True)
    _pairs(
        ("Boxes on a picture", charts.objects_chart(tables["objects"])),
        ("Size of the boxes", charts.sides_chart(tables["sides"])),
        ("Shape of the boxes", charts.aspects_chart(tables["aspects"])),
        ("Where the boxes lie", charts.positions_chart(tables["positions"])),
    )
    if len(dataset.index.labels) > 1:
        st.markdown("##### Classes")
        colors = label_colors(dataset.index.labels)
        st.altair_chart(charts.classes_chart(tables["classes"], colors), width="stretch")
        if len(dataset.index.labels) > charts.MAX_CLASSES:
            share = st.column_config.NumberColumn(format="percent")
            named = tables["classes"].rename(columns={"name": "class"})
            st.dataframe(named, hide_index=True, column_config={"share": share})
    _show_fit(dataset, tables["caps"])


def _show_fit(dataset, caps):
    st.subheader("Does a preset suit these boxes?")
    name = st.selectbox("Preset", list(PRESETS), key="dataset_preset", persist_state="page", width=360)
    config = PRESETS[name]
    with st.spinner("Comparing every box with every anchor"):
        coverage, sides = _fit(dataset.name, dataset.revision, name, dataset.index)
    warning = statistics.cap_warning(dataset.index, config)
    if warning:
        st.warning(plain(warning), icon=":material/filter_list_off:")
    else:
        st.success(
            f"It keeps up to {config.max_detections} boxes a picture, enough for the number of boxes here. "
            "How well its anchors fit them is in the table."
        )
    shown = coverage.assign(
        covered=coverage["covered"].map("{:.1%}".format),
        mean=coverage["mean"].round(2),
    )
    st.dataframe(
        shown[["preset", "use", "input", "covered", "mean"]].rename(
            columns={
                "use": "used for",
                "input": "longest side, pixels",
                "covered": "boxes that an anchor fits",
                "mean": "IoU with the best anchor",
            }
        ),
        hide_index=True,
    )
    _pairs(
        ("Boxes that its anchors fit, by size", charts.sides_chart(sides)),
        ("Recall at best, by the number of boxes kept", charts.caps_chart(caps, config.max_detections)),
    )


def _pairs(*titled):
    """Charts with titles, two side by side."""
    for start in range(0, len(titled), 2):
        for column, (title, chart) in zip(
            st.columns(2, gap="large"), titled[start : start + 2], strict=False
        ):
            column.markdown(f"##### {title}")
            column.altair_chart(chart, width="stretch")


@st.cache_data(max_entries=4, show_spinner="Going through the boxes")
def _tables(name, revision, _index):
    return {
        "summary": statistics.summary(_index),
        "objects": statistics.objects_a_picture(_index),
        "sides": statistics.box_sides(_index),
        "aspects": statistics.box_aspects(_index),
        "positions": statistics.positions(_index),
        "classes": statistics.classes(_index),
        "caps": statistics.detection_caps(_index),
    }


@st.cache_data(max_entries=8, show_spinner=False)
def _fit(name, revision, preset, _index):
    config = PRESETS[preset]
    return coverage.anchor_coverage(_index, [config]), coverage.coverage_by_side(_index, config)
