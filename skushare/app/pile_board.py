"""The piles of the Teach page in the browser: facings that can be dragged, tapped and named."""

import hashlib

import streamlit as st

from skushare.app.component import component
from skushare.app.picture_grid import data_url
from skushare.brands.gallery import LONGEST_NAME
from skushare.jpeg import decode_jpeg, encode_jpeg, shrink

THUMBNAIL = 80  # pixels of the longer side
SURE = 0.5  # a suggestion less sure than this is not written into the fields


def pile_board(key, piles, suggestions, gallery, on_action):
    """Show ``piles`` as cards.

    Args:
        piles: a :class:`~skushare.brands.piles.Piles`.
        suggestions: of its :meth:`~skushare.brands.piles.Piles.suggestions`, in the order to show them.
        gallery: names known so far are offered.
        on_action: called before the next run with what the user did, one of ``{"kind": "move",
            "facings": [...], "to": pile or None}``, ``{"kind": "split", "pile": ...}`` and ``{"kind":
            "teach", "pile": ..., "brand": ..., "product": ...}``.
    """
    data = {
        "piles": [
            _card(place, pile, piles, *suggestion)
            for place, (pile, suggestion) in enumerate(suggestions.items(), 1)
        ],
        "brands": list(gallery.brands),
        "products": sorted({sku.name for sku in gallery.skus}),
        "longest": LONGEST_NAME,
        "photo": hashlib.sha256(b"".join(piles.pictures)).hexdigest(),
    }
    board = component("pile_board", '<div class="board"></div>')
    board(key=key, data=data, on_action_change=lambda: on_action(st.session_state[key]["action"]))


def _card(place, pile, piles, sku, sure, doubtful):
    known = sku is not None and sure >= SURE
    doubtful = doubtful if known else ()
    members = [*doubtful, *(i for i in piles.members(pile).tolist() if i not in doubtful)]
    to_check = f", {len(doubtful)} to check" if doubtful else ""
    return {
        "id": pile,
        "place": place,
        "size": len(members),
        "note": f"Known as {sku.brand}, {sure:.0%} sure{to_check}" if known else "",
        "brand": sku.brand if known else "",
        "product": sku.name if known and sku.name != sku.brand else "",
        "facings": [
            {"id": i, "src": _thumbnail(piles.pictures[i]), "doubtful": i in doubtful} for i in members
        ],
    }


@st.cache_data(max_entries=2000, show_spinner=False)
def _thumbnail(jpeg):
    return data_url(encode_jpeg(shrink(decode_jpeg(jpeg), THUMBNAIL), quality=75))
