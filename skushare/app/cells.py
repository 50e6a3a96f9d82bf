"""Pictures side by side."""

import streamlit as st

# Streamlit has its columns one below the other on a phone only, where none is wider than 640 pixels.
_BELOW = """<style>
@media (max-width: 1000px) {
  .st-key-picture_and_figures > div > .stHorizontalBlock > .stColumn { min-width: 100%; }
}
</style>"""

_EQUAL = "<style>.st-key-figures > * { flex: 1 1 8rem !important; }</style>"


def cells(items, columns):
    """Go through ``items`` and give each a framed cell, row by row; a phone shows them one below the other.

    What the loop's body draws goes into the item's cell.
    """
    for start in range(0, len(items), columns):
        for cell, item in zip(st.columns(columns), items[start : start + columns], strict=False):
            with cell.container(border=True):
                yield item


def figures():
    """A line of ``st.metric`` of one width; a phone shows two beside each other."""
    line = st.container(horizontal=True, key="figures")
    line.html(_EQUAL)
    return line


def picture_and_figures():
    """Two columns, the first the wider one; on a tablet one below the other, so that charts have room."""
    with st.container(key="picture_and_figures"):
        st.html(_BELOW)
        return st.columns([3, 2], gap="large")
