"""Components of this package in the browser."""

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent


def component(name, html=None):
    """The component of ``NAME.js`` and any ``NAME.css`` in this folder; ``html`` is what it begins as."""
    style = _HERE / f"{name}.css"
    css = style.read_text() if style.exists() else None
    # Registered at each run: Streamlit 1.65, the newest for Python 3.10, forgets it between tests.
    return st.components.v2.component(
        f"skushare_{name}", html=html, css=css, js=(_HERE / f"{name}.js").read_text()
    )
