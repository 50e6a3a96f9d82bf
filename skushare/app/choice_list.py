"""A table of runs or exports to choose one from."""

from functools import partial

import pandas as pd
import streamlit as st


def choice_list(rows, names, key, field, columns):
    """A table with a row for each of ``names``; a click on a row chooses its name in another field.

    Args:
        rows: a dict each; "made" is a time.
        key: of the table; field: of the field.
        columns: {name of a column: its ``st.column_config``}.
    """
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder="",
        on_select=partial(_choose, names, key, field),
        selection_mode="single-row",
        key=key,
        column_config={**columns, "made": st.column_config.DatetimeColumn(format="distance")},
    )


def _choose(names, key, field):
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        st.session_state[field] = names[rows[0]]
