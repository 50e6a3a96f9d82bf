"""What to export: the form that starts an export."""

import streamlit as st

from skushare.app.galleries import DEMO, demo_gallery, saved_gallery
from skushare.app.notes import show_error
from skushare.brands.library import gallery_names
from skushare.detector.models import counting_model, model_choices
from skushare.errors import SkushareError
from skushare.export.jobs import RUNNING, Request, free_export_name, list_exports, start_export

NO_GALLERY = "No gallery: group by look"
PRECISIONS = {
    "float16": "half the size of float32, and nearly the same boxes",
    "float32": "the weights as they were trained",
    "uint8": "a quarter of the size; boxes move by some pixels",
}
SHARD_MB = 4


def show_form():
    """Ask what to export, and start it."""
    models = model_choices()
    if not models:
        st.error("There is no model; train one, or fetch the shipped one again.", icon=":material/error:")
        return
    left, right = st.columns(2)
    counting = counting_model()
    usual = list(models).index(counting) if counting in models else 0
    model = left.selectbox("Model", list(models), usual, key="export_model")
    saved = gallery_names()
    gallery = right.selectbox(
        "Gallery",
        [NO_GALLERY, *saved, DEMO],
        index=min(1, len(saved)),  # brands that were taught are wanted on the phone, too
        key="export_gallery",
        help="Names the brands on the phone. Galleries are made on the Teach page; one can be imported or "
        "taught on the phone too.",
    )
    precision = left.radio(
        "Weights", list(PRECISIONS), captions=list(PRECISIONS.values()), key="export_precision"
    )
    shard = right.number_input(
        "Largest weight file in MB",
        min_value=1,
        max_value=64,
        value=SHARD_MB,
        key="export_shard",
        help="The weights are split into files of this size. Browsers load several at once and keep each.",
    )
    name = right.text_input(
        "Name",
        free_export_name(model.rpartition("/")[2]),
        key=f"export_name_{st.session_state.get('export_turn', 0)}_{model}",
    )
    busy = any(export.condition()[0] == RUNNING for export in list_exports())
    if st.button(
        "Export",
        type="primary",
        icon=":material/ios_share:",
        disabled=busy,
        help="One export at a time." if busy else None,
    ):
        try:
            chosen = None
            if gallery != NO_GALLERY:
                chosen = demo_gallery() if gallery == DEMO else saved_gallery(gallery)
            request = Request(
                str(models[model]),
                model,
                "" if chosen is None else gallery,
                precision,
                int(shard) << 20,
            )
            export = start_export(name.strip(), request, chosen)
        except SkushareError as error:
            show_error(error)
            return
        st.session_state.export_turn = st.session_state.get("export_turn", 0) + 1
        st.session_state.export_next = export.name
        st.rerun()
