"""What was done to a dataset, its files, and its end."""

import pandas as pd
import streamlit as st

from skushare.app.dataset_edits import undo_buttons
from skushare.app.notes import attempt, note
from skushare.dataset import store

SHOWN_EDITS = 200


def show_history(dataset):
    """Every edit, and what follows from having them: undo, redo, writing them into the files, deletion."""
    done, undone = dataset.history.done, dataset.history.undone
    if done or undone:
        with st.container(horizontal=True):
            undo_buttons(dataset)
        rows = [(edit, "") for edit in done] + [(edit, "undone") for edit in reversed(undone)]
        table = pd.DataFrame(
            [(edit.time, edit.reason, edit.image, state) for edit, state in rows[: -SHOWN_EDITS - 1 : -1]],
            columns=["time", "what", "picture", "state"],
        )
        table["time"] = pd.to_datetime(table["time"])
        st.dataframe(
            table,
            hide_index=True,
            column_config={"time": st.column_config.DatetimeColumn(format="localized")},
        )
        st.caption(f"Edits that hold: {len(done):,}; undone: {len(undone):,}. The newest are shown first.")
        st.markdown("##### Write the edits into the label files")
        st.markdown(
            "Edits are kept beside the dataset's COCO files, and everything in skushare reads both. "
            "Write them into the files for other programs. After that they can no longer be undone."
        )
        st.button("Write into the files", on_click=attempt, args=(store.fold_edits, dataset.name))
    else:
        st.info("No edits yet. Open a picture to correct its boxes.", icon=":material/history:")
    st.markdown("##### Files")
    st.code(str(dataset.folder), language=None)
    offer_deletion(dataset.name)


def offer_deletion(name):
    """Delete a dataset once its name is typed."""
    st.markdown("##### Delete the dataset")
    st.markdown("This deletes its labels, edits and stored pictures; runs that train on it will fail.")
    sure = st.text_input("Type the dataset's name to delete it", key="dataset_delete")
    if st.button("Delete for good", icon=":material/delete:", disabled=sure != name):
        if attempt(store.delete_dataset, name):
            st.session_state.pop("dataset_only", None)  # its pictures; the next may have the same name
            st.query_params.clear()  # they name it
            note(f"Deleted {name}")
        st.rerun()
