"""The share of shelf as a page shows it: by brand, own brands against competitors, and against targets."""

import pandas as pd
import streamlit as st

from skushare.app.edited_table import edited_rows
from skushare.app.notes import show_error
from skushare.audits.targets import save_target, targets, told_against
from skushare.brands.gallery import categories_of_brands
from skushare.brands.product_shares import knows_products, share_by_product
from skushare.charts import ACCENT, share_chart
from skushare.colors import PALETTE
from skushare.errors import SkushareError
from skushare.shelf.share import (
    COMPETITORS,
    OWN,
    UNKNOWN,
    is_look,
    margin_of,
    names_of,
    of_category,
    share_of_shelves,
    with_targets,
)
from skushare.text import told_share

MEASURES = {"Facings": "share", "Length along the boards": "linear", "Area": "area"}
EVERY_BRAND, AGAINST = "Every brand", "Own against competitors"
ALL_CATEGORIES = "All categories"
SIDES = {OWN: ACCENT, COMPETITORS: PALETTE[19]}  # colours of the two


def show_shares(shares, labels, measure="share", colors=None, wanted=None):
    """Draw the chart of the column ``measure`` of ``shares``, and say what a single class means.

    Args:
        labels: names of the classes where ``shares`` are of classes, else empty.
        colors, wanted: as ``colors`` and ``targets`` of :func:`~skushare.charts.share_chart`.
    """
    if shares.empty:
        st.caption("Nothing counted at this confidence.")
        return
    looks = set(filter(is_look, shares["name"]))
    st.vega_lite_chart(*share_chart(shares, measure, colors, wanted, looks), width="stretch")
    if len(labels) == 1:
        st.caption("This model finds product fronts and does not tell brands apart: they form one class.")


def seen_names(photos, labels=(), brands=()):
    """The names on ``photos``, first what is largest on all together or on one of them, as charts show it.

    Looks come after brands, as in a chart; arguments as of :func:`~skushare.shelf.share.share_of_shelves`.
    """
    places = {}
    for of in (photos, *([found] for found in photos)):
        names = sorted(names_of(of, labels, brands), key=lambda name: bool(is_look(name)))
        for place, name in enumerate(names):
            places[name] = min(place, places.get(name, place))
    return sorted(places, key=places.get)


def choose_sides(key, own):
    """Whether the own brands are to be shown against all others; asked only where there are any."""
    if not own:
        return False
    options = (EVERY_BRAND, AGAINST)
    chosen = st.segmented_control(
        "Show",
        options,
        default=EVERY_BRAND,
        key=f"{key}_sides",
        required=True,
        persist_state="page",
        wrap=True,
    )
    return chosen == AGAINST


def choose_category(key, categories):
    """The category that is to be shown, empty for all; asked only where the gallery has some.

    Args:
        categories: of each SKU.
    """
    known = sorted(set(filter(None, categories)), key=str.casefold)
    if not known:
        return ""
    chosen = st.selectbox(
        "Category",
        [ALL_CATEGORIES, *known],
        key=f"{key}_category",
        width=220,
        help="Set categories on the Teach page. Unknown facings are in none.",
        persist_state="page",
    )
    return chosen if chosen in known else ""


def show_share_panel(photos, labels, brands, colors, key, own=(), skus=()):
    """The shares of photos together, with fields for the measure, the category, the sides and the targets.

    Args:
        photos: a list of :class:`~skushare.detections.Detections`.
        labels: names of the classes; brands: of the brands, empty where the facings have none.
        colors: {name: ``"#RRGGBB"``} of either.
        own: names of the own brands; skus: of the gallery, by ``sku_ids``.

    Returns:
        (which of each photo's detections are of the chosen category, ``None`` for all; the chosen measure).
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control(
            "Share by",
            MEASURES,
            default="Facings",
            key=f"{key}_measure",
            required=True,
            persist_state="page",
            wrap=True,
        )
        measure = MEASURES[chosen]
        categories = [sku.category for sku in skus]
        category = choose_category(key, categories)
        sides = choose_sides(key, own)
    kept = None
    if category:
        of_brands = categories_of_brands(skus, brands)
        kept = [of_category(found, categories, category, of_brands) for found in photos]
    wanted = read_targets(brands, category)
    shares = share_of_shelves(photos, labels, brands, own if sides else None, kept)
    show_shares(shares, () if brands else labels, measure, SIDES if sides else colors, wanted)
    if brands and len(shares):
        together = share_of_shelves(photos, labels, brands, own, kept) if own else None
        if own and not sides:
            show_own(together, measure, wanted.get(OWN))
        alone = share_of_shelves(photos, labels, brands, kept=kept) if sides else shares
        known = {*brands, *(sku.brand for sku in skus)}
        _edit_targets(alone, together, measure, wanted, known, category, key)
    if knows_products(skus):
        _show_products(share_by_product(photos, skus, brands, measure, kept), skus, category)
    return kept, measure


def _show_products(table, skus, category):
    """The ``table`` of :func:`share_by_product`; of the products without a facing, those of ``category``."""
    if category:
        wanted = {(sku.brand, sku.name) for sku in skus if sku.category == category}
        is_wanted = table[["brand", "product"]].apply(tuple, axis=1).isin(wanted)
        table = table[is_wanted | (table["facings"] > 0)]
    with st.expander("By product", icon=":material/package_2:"):
        percent = st.column_config.NumberColumn("share, %", format="%.1f")
        shown = table.assign(share=100 * table["share"])
        st.dataframe(shown, hide_index=True, column_config={"share": percent})
        missing = int((table["facings"] == 0).sum())
        if missing:
            st.caption(
                f"{missing:,} of the gallery's products {'has' if missing == 1 else 'have'} no facing: "
                "not on the shelf, or not recognised."
            )


def show_own(together, measure, target=None):
    """What the own brands have together, and how far that is from the target, coloured beyond the margin."""
    row = together[together["name"] == OWN]
    share, margin = (row[c].iloc[0] if len(row) else 0.0 for c in (measure, margin_of(measure)))
    told = {}
    if target is not None:
        color, arrow = ("green", "up") if share > target else ("red", "down")
        within = abs(share - target) <= margin
        told = {
            "delta": told_against(share, target),
            "delta_color": "off" if within else color,
            "delta_arrow": "off" if within else arrow,
        }
    st.metric("Own brands", told_share(share, margin), border=True, **told)


def read_targets(brands, category=""):
    """{brand: target share}; none where the database cannot be read, and the page says so.

    ``brands``: that are shown. A look among them has none: each shelf has a look A of its own.
    """
    if not brands:
        return {}
    try:
        return {name: share for name, share in targets(category).items() if not is_look(name)}
    except SkushareError as error:
        show_error(error)
        return {}


def _edit_targets(shares, together, measure, wanted, brands, category, key):
    """A table of ``shares`` of brands and their targets, in which targets can be written.

    ``brands``: that have a line if they have a target, also without a facing.
    """
    shares = shares[~((shares["name"] == UNKNOWN) | shares["name"].map(is_look).astype(bool))]
    if together is not None:
        shares = pd.concat([together[together["name"] == OWN], shares]).drop_duplicates("name")
    table = with_targets(shares, wanted, measure, brands)
    if table.empty:
        return
    with st.expander("Target shares", icon=":material/target:"):
        sure = table["sure"].map({True: "yes", False: "within the margin"})
        shown = table[["name"]].assign(
            share=100 * table[measure],
            margin=100 * table[margin_of(measure)],
            target=(100 * table["target"]).round(6),  # 7, not 7.000000000000001, which is no such edit
            difference=(100 * table["difference"]).round(1),  # else "-0.0"
            sure=sure.where(table["target"].notna() & table[margin_of(measure)].notna()),
        )
        number = st.column_config.NumberColumn
        columns = {
            "share": number("share, %", format="%.1f"),
            "margin": number("± %", format="%.1f"),
            "target": number("target, %", format="%.1f", min_value=0, max_value=100, help="Write it here"),
            "difference": number("difference, points", format="%+.1f"),
            "sure": st.column_config.TextColumn("beyond the margin"),
        }
        changes = edited_rows(
            f"{key}_targets_{category}",
            shown.set_index("name", drop=False),
            hide_index=True,
            column_config=columns,
            disabled=[c for c in shown if c != "target"],
            placeholder="",  # not "None"
        )
        where = f"of {category}" if category else "of all categories together"
        st.caption(f"Targets {where}; they apply to everyone who uses this database. Empty means none.")
        new = {name: values["target"] and values["target"] / 100 for name, values in changes.items()}
        if any([_is_saved(name, target, category) for name, target in new.items()]):
            st.rerun()


def _is_saved(name, target, category):
    try:
        save_target(name, target, category)
    except SkushareError as error:
        show_error(error)
        return False
    return True
