"""Parts of a page that run again by themselves."""

import streamlit as st


def poll(draw, seconds, *args):
    """Run ``draw(*args)`` with the page and again every ``seconds`` by itself; ``None``: not by itself.

    It has a place that stays when it is empty. If it runs again just when a run of the page ends, Streamlit
    1.67 does not send what that run drew here, and the browser takes away what was there. A place that went
    with it would have what follows move up by one, and be drawn over or shown twice until the next run.
    """
    with st.columns(1)[0]:
        st.fragment(draw, run_every=seconds)(*args)
