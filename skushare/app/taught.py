"""What a gallery has learnt, to look at and to put right, on the Teach page."""

import shlex
from datetime import datetime, timezone
from urllib.parse import quote

import pandas as pd
import streamlit as st

from skushare.app.clock import there
from skushare.app.edited_table import edited_rows
from skushare.app.teach import edited, products
from skushare.app.text import plain
from skushare.brands.library import gallery_versions, open_gallery
from skushare.brands.versions import what_changed

MOST_EXAMPLES = 12  # shown at a time
MOST_VERSIONS = 30


def show_products(gallery, keep):
    """The products of ``gallery`` in a table that can be edited.

    Args:
        keep: called with the changed gallery, saves it.
    """
    table = products(gallery)
    table.insert(table.columns.get_loc("colour"), "swatch", table["colour"].map(_swatch))
    changes = edited_rows(
        f"products of {gallery.name}",
        table,
        hide_index=True,
        disabled=["examples", "swatch"],
        column_config={
            "own": st.column_config.CheckboxColumn("own", help="Your own brand, against competitors"),
            "swatch": st.column_config.ImageColumn("", width=50),
            "colour": st.column_config.TextColumn("colour", help="#RRGGBB, in the charts"),
        },
    )
    changed = edited(gallery, changes)
    if changed.digest != gallery.digest:
        keep(changed)
        st.rerun()


def _swatch(color):
    """A picture of ``color``, "#RRGGBB", as an address that a browser shows."""
    square = f'<rect width="24" height="24" fill="{color}"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24">{square}</svg>'
    return f"data:image/svg+xml,{quote(svg)}"


def show_product(gallery, keep):
    """A product that the user chooses: its examples, to take wrong ones out; merging and forgetting it."""
    state, key = st.session_state, "taught_product"
    names = {
        sku.id: sku.brand if sku.name == sku.brand else f"{sku.brand}: {sku.name}" for sku in gallery.skus
    }
    if state.get(key) not in names:
        state[key] = None  # if it were only missing, the field would go on showing what is gone
    chosen = st.selectbox(
        "Look at a product",
        names,
        index=None,
        format_func=names.get,
        placeholder="Choose one to see its examples",
        key=key,
    )
    if chosen is None:
        return
    wrong = _choose_examples(gallery, chosen)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if st.button("Take out the wrong ones", icon=":material/remove:", disabled=not wrong):
            keep(gallery.without_examples(wrong))
            st.rerun()
        # On a phone a line of its own, or names are cut off.
        into = len(names) > 1 and st.selectbox(
            "It is the same as",
            [identity for identity in names if identity != chosen],
            index=None,
            format_func=names.get,
            placeholder="Choose another one",
            width=320,
            key=f"same_{chosen}_{gallery.digest[:12]}",
        )
        if into and st.button(
            "Merge them", icon=":material/merge:", help="This one's examples go to the other."
        ):
            keep(gallery.merged(chosen, into))
            st.rerun()
        if st.button("Forget it", icon=":material/delete:"):
            keep(gallery.without(chosen))
            st.rerun()


def _choose_examples(gallery, identity):
    """Show examples of a product, a few at a time; gives the numbers of those that are marked as wrong.

    Marks are kept while other pages of examples are looked at, and gone with another product or version.
    """
    numbers, about = gallery.examples_of(identity), (gallery.digest, identity)
    if st.session_state.get("taught_about") != about:
        st.session_state.taught_about, st.session_state.taught_wrong = about, set()
    wrong = st.session_state.taught_wrong
    pages = max(1, -(-len(numbers) // MOST_EXAMPLES))
    page = 1
    if pages > 1:
        page = st.number_input(
            f"Examples {MOST_EXAMPLES} at a time, of {len(numbers)}: page",
            1,
            pages,
            key=f"page_{identity}_{pages}",
        )
    with st.container(horizontal=True):
        for number in numbers[(page - 1) * MOST_EXAMPLES : page * MOST_EXAMPLES]:
            with st.container(border=True, width=130):
                st.image(gallery.pictures[number], width=96)
                key = f"wrong_{gallery.digest[:12]}_{number}"
                st.session_state.setdefault(key, number in wrong)  # its box is new on each page
                (wrong.add if st.checkbox("Wrong", key=key) else wrong.discard)(number)
    if wrong and pages > 1:
        st.caption(f"{len(wrong)} marked as wrong on all pages together.")
    if not numbers:
        st.caption("It has no examples, so no facing is recognised as it.")
    return sorted(wrong)


def show_versions(gallery, embedder, keep):
    """The versions of ``gallery``, newest first, and a way to bring one back."""
    found = gallery_versions(gallery.name, MOST_VERSIONS + 1)  # one more, to tell what changed since
    changes = [what_changed(before, after) for after, before in zip(found, found[1:], strict=False)]
    shown = found[:MOST_VERSIONS]
    saved = [there(datetime.fromtimestamp(each.created, timezone.utc)) for each in shown]
    st.dataframe(
        pd.DataFrame(
            {
                "version": [each.version for each in shown],
                "saved": [time.replace(tzinfo=None) for time in saved],
                "products": [each.products for each in shown],
                "examples": [each.examples for each in shown],
                "what changed": [*changes, ""][: len(shown)],
            }
        ),
        hide_index=True,
        column_config={"saved": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")},
    )
    if len(found) > MOST_VERSIONS:
        name = shlex.quote(gallery.name)
        told = f"These are the newest. skushare gallery versions {name} lists all there are, and skushare "
        st.caption(plain(told + f"gallery restore {name} VERSION brings back any of them."))
    if len(shown) < 2:
        return  # there is none to bring back
    with st.container(horizontal=True, vertical_alignment="bottom"):
        old = st.selectbox(
            "Bring back",
            [each.version for each in shown[1:]],
            index=None,
            format_func=lambda version: f"version {version}",
            placeholder="Choose a version",
            key=f"restore_{gallery.digest[:12]}",
        )
        if old and st.button(
            "Bring it back", icon=":material/history:", help="As the newest; all others stay."
        ):
            keep(open_gallery(gallery.name, old).embedded_by(embedder))
            st.rerun()
