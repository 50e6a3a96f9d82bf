"""The share of shelf as a page shows it."""

import streamlit as st

from skushare.charts import share_chart


def show_shares(shares, labels, measure="share", colors=None):
    """Draw the chart of the column ``measure`` of ``shares``, and say what a single class means."""
    if shares.empty:
        st.caption("Nothing counted at this confidence.")
        return
    st.altair_chart(share_chart(shares, measure, colors), width="stretch")
    if len(labels) == 1:
        st.caption("This model finds product fronts and does not tell brands apart: they form one class.")
