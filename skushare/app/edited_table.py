"""A table that can be written into, and stays under the visitor's hands while what was written is saved."""

import pandas as pd
import streamlit as st


def edited_rows(place, table, **options):
    """Draw ``table`` by ``st.data_editor``; give what was written into it that it does not have yet.

    The browser shows all that was written on top of the table. So the table is drawn anew, which ends what is
    being typed, only where it has other rows than in the last run, or a cell that was written into has
    another value than then, which is not the written one: somebody else changed it since.

    Args:
        place: the same for all tables that take each other's place; the widget's key begins with it.
        table: its index, without duplicates, tells which row is which.
        options: of ``st.data_editor``.

    Returns:
        {index of a row: {column: value}}; what cannot be saved comes again in each run.
    """
    state = st.session_state
    number, last = state.get(place, (0, table))
    written = state.get(f"{place}_{number}", {}).get("edited_rows", {})
    new, anew = {}, last.index.tolist() != table.index.tolist()
    for row, column, value in [(last.index[int(i)], *cell) for i in written for cell in written[i].items()]:
        if row not in table.index or _are_same(table.at[row, column], value):
            continue
        if _are_same(table.at[row, column], last.at[row, column]):
            new.setdefault(row, {})[column] = value
        else:
            anew = True
    number += anew
    state[place] = number, table
    st.data_editor(table, key=f"{place}_{number}", **options)
    return new


def _are_same(one, other):
    return one == other or (pd.isna(one) and pd.isna(other))
