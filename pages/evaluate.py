"""Evaluate: how well a model counts on labelled photos, and where it fails."""

from functools import partial

import streamlit as st

from skushare.app.evaluation_curves import show_curves
from skushare.app.evaluation_pictures import show_pictures
from skushare.app.evaluation_tables import show_breakdown, show_downloads
from skushare.app.evaluation_work import show_work
from skushare.app.evaluations import (
    finished,
    open_evaluations,
    show_figures,
    show_notes,
    stored_dataset,
    stored_splits,
)
from skushare.app.navigation import require_navigation
from skushare.app.notes import show_error
from skushare.app.tabs import show_tabs
from skushare.app.text import plain
from skushare.dataset.store import dataset_names
from skushare.detector.models import model_choices
from skushare.errors import SkushareError

require_navigation()

NOBODY = "no other model"
MODES = {"photo": "Photos (accurate)", "live": "Live (fast)"}

st.title("Evaluate a model")
models, names = model_choices(), dataset_names()
if not models:
    st.error("There is no model; train one, or fetch the shipped one again.", icon=":material/error:")
    st.stop()
if not names:
    st.info("An evaluation needs photos whose facings are marked.", icon=":material/shelves:")
    st.page_link("pages/datasets.py", label="Add a dataset", icon=":material/add:")
    st.stop()

try:
    columns = st.columns([3, 3, 3, 2, 3])
    model = columns[0].selectbox("Model", list(models), key="evaluate_model", bind="query-params")
    others = [NOBODY, *(name for name in models if name != model)]
    other = columns[1].selectbox("Compare with", others, key="evaluate_other", bind="query-params")
    name = columns[2].selectbox("Dataset", names, key="evaluate_dataset", bind="query-params")
    splits = stored_splits(name)
    split = columns[3].selectbox(
        "Split",
        list(splits),
        index=list(splits).index("val") if "val" in splits else 0,
        format_func=lambda split: splits[split].photos_called or "all",
        key=f"evaluate_split_{name}",
        bind="query-params",
    )
    mode = columns[4].selectbox(
        "Mode", list(MODES), format_func=MODES.get, key="evaluate_mode", bind="query-params"
    )

    if split is None:
        st.info(plain(f"{name} has no photos yet."), icon=":material/shelves:")
        st.page_link("pages/datasets.py", label="Add photos", icon=":material/add:")
        st.stop()
    dataset, source = stored_dataset(splits[split]), splits[split].name
    chosen = {model: models[model]} | ({other: models[other]} if other in models else {})
    evaluations = open_evaluations(chosen, dataset, mode)
    shown = finished(show_work(evaluations, source))
    if not shown:
        st.stop()
    show_notes(shown)
    show_figures(shown, named=len(chosen) > 1)  # also where one of them is not finished yet
    views = {
        "Pictures": show_pictures,
        "Curves": show_curves,
        "Breakdown": show_breakdown,
        "All figures": partial(show_downloads, source=source),
    }
    show_tabs(views, "evaluate_tab", shown)
except SkushareError as error:
    show_error(error)
