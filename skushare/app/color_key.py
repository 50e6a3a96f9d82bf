"""A key of colours: which name has which, beside pictures and charts that have them."""

from html import escape

import streamlit as st

from skushare.colors import PALETTE

MOST = len(PALETTE)  # names that are seen at once: of more, colours repeat
LONGEST = 40  # characters of a name
_KEY = '<div style="display:flex;flex-wrap:wrap;gap:.25rem 1rem;font-size:.875rem">{}</div>'
_MORE = (
    '<details style="font-size:.875rem;margin-top:.25rem">'
    '<summary style="cursor:pointer;margin-bottom:.25rem">{} more</summary>{}</details>'
)
_ITEM = (
    '<span style="display:inline-flex;align-items:center;gap:.4rem">'
    '<span style="flex:none;width:.9rem;height:.9rem;border-radius:.2rem;background:{color}"></span>'
    '<span style="overflow-wrap:anywhere">{text}</span></span>'
)


def show_key(colors, facings=None):
    """Show each name of ``colors``, {name: ``"#RRGGBB"``}, beside its colour, in their order.

    ``facings``: {name: how many there are}, to be told beside.
    """
    st.html(color_key(colors, facings))


def color_key(colors, facings=None):
    """HTML of what :func:`show_key` shows; beyond ``MOST`` names, the rest is folded up."""
    items = []
    for name, color in colors.items():
        text = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
        count = f" ({facings[name]:,})" if facings else ""
        items.append(_ITEM.format(color=escape(color), text=escape(text) + count))
    first, more = (_KEY.format("".join(some)) for some in (items[:MOST], items[MOST:]))
    return first + _MORE.format(len(items) - MOST, more) * (len(items) > MOST)
