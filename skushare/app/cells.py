"""Pictures side by side."""

import streamlit as st


def cells(items, columns):
    """Go through ``items`` and give each a framed cell, row by row; a phone shows them one below the other.

    What the loop's body draws goes into the item's cell.
    """
    for start in range(0, len(items), columns):
        for cell, item in zip(st.columns(columns), items[start : start + columns], strict=False):
            with cell.container(border=True):
                yield item
