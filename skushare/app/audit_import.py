"""Audits that were made on a phone, from the file that its app exports."""

import streamlit as st

from skushare.app.clock import there
from skushare.app.notes import note
from skushare.audits.phone import MOST_MB, import_audits
from skushare.errors import SkushareError


def show_import():
    """A place to give such files, and what became of them."""
    state = st.session_state
    st.markdown(
        "On the phone, open History, press **All as JSON**, and add the file here. Details, facings, "
        "brands and corrections are imported; the pictures stay on the phone. Audits that were "
        "imported before are skipped."
    )
    files = st.file_uploader(
        "JSON files from the phone",
        type="json",
        accept_multiple_files=True,
        max_upload_size=MOST_MB,
        key=f"import_files_{state.setdefault('import_round', 0)}",
    )
    if not st.button("Import", type="primary", disabled=not files):
        return
    try:
        added, known = import_audits(((file.name, file.getvalue()) for file in files), there)
    except SkushareError as error:
        note(str(error), failed=True)
    else:
        state.import_round += 1  # the files are done with
        note(_told(len(added), len(known)))
    st.rerun()


def _told(added, known):
    """What an import has done: "2 audits are imported, 1 was imported before"."""
    told = f"{added:,} audit{' is' if added == 1 else 's are'} imported" if added else "Nothing new"
    return told + (f", {known:,} {'was' if known == 1 else 'were'} imported before" if known else "")
