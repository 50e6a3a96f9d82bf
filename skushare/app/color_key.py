"""A key of colours: which name has which, beside pictures and charts that have them."""

from html import escape

import streamlit as st

_KEY = '<div style="display:flex;flex-wrap:wrap;gap:.25rem 1rem;font-size:.875rem">{}</div>'
_ITEM = (
    '<span style="display:inline-flex;align-items:center;gap:.4rem;min-width:0">'
    '<span style="flex:none;width:.9rem;height:.9rem;border-radius:.2rem;background:{color}"></span>'
    '<span style="overflow-wrap:anywhere">{text}</span></span>'
)
LONGEST = 40  # characters of a name


def show_key(colors):
    """Show each name of ``colors``, {name: ``"#RRGGBB"``}, beside its colour, in their order."""
    st.html(color_key(colors))


def color_key(colors):
    """HTML of what :func:`show_key` shows."""
    items = (_ITEM.format(color=escape(color), text=escape(_short(name))) for name, color in colors.items())
    return _KEY.format("".join(items))


def _short(name):
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
