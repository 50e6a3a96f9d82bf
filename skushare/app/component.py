"""Components of this package in the browser."""

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent


def component(name, html):
    """The component made of ``NAME.css`` and ``NAME.js`` in this folder; ``html`` is what it begins with."""
    # Registered at each run: Streamlit 1.65, the newest for Python 3.10, forgets it between tests.
    css, js = ((_HERE / f"{name}.{ending}").read_text() for ending in ("css", "js"))
    return st.components.v2.component(f"skushare_{name}", html=html, css=css, js=js)
