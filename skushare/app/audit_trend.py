"""How shares go over time: a chart for each shelf or store, or one for all."""

from dataclasses import replace

import streamlit as st

from skushare.app.audit_list import brand_totals
from skushare.app.cells import cells
from skushare.app.color_key import show_key
from skushare.app.galleries import notes_of
from skushare.audits import listing
from skushare.audits.charts import trend_chart
from skushare.audits.listing import PLACE
from skushare.text import counted

BRANDS_AT_FIRST = 5
BRANDS_A_CHART = 2  # at first, of each shelf or store its largest
MOST_BRANDS = 12  # lines that can be told apart
MOST_CHARTS = 12  # of shelves or stores
CHARTS_BESIDE = 2
CHARTS = {  # of shares over time, and the words of an audit by which there are several
    "one for each shelf": PLACE,
    "one for each store": PLACE[:1],
    "all in one": (),
}


def show_trend(wanted):
    """How the shares of brands go over time."""
    span = listing.time_span(wanted)
    if span is None:
        st.info("No audit matches. Widen the filter.", icon=":material/filter_alt_off:")
        return
    now = listing.revision()
    brands = brand_totals(now, wanted)["brand"].tolist()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        apart = CHARTS[st.session_state.get("history_charts", next(iter(CHARTS)))]  # its field comes last
        first = [brand for brand in wanted.brands if brand in brands] or _first_brands(now, wanted, apart)
        chosen = st.multiselect(
            "Brands", brands, first[:MOST_BRANDS], max_selections=MOST_BRANDS, key="history_trend_brands"
        )
        steps = list(listing.STEPS)
        step = st.selectbox(
            "A point for each", steps, steps.index(listing.fitting_step(*span)), key="history_step", width=160
        )
        charts = st.selectbox(
            "Charts",
            CHARTS,
            key="history_charts",
            width=200,
            persist_state="page",
            help="In one chart, a brand's share is that of the facings of all these shelves together.",
        )
    if not chosen:
        st.info("Choose a brand.")
        return
    of_brands = notes_of().colors(brands, chosen)
    colors = {brand: of_brands[brand] for brand in sorted(chosen, key=str.casefold)}
    words = CHARTS[charts]
    places = _places(now, wanted, words) if words else []
    if words == PLACE:
        places = _told_nameless(wanted, places)
        if not places:
            return
    if len(places) > MOST_CHARTS:
        what = "shelves" if words == PLACE else "stores"
        st.caption(f"The first {MOST_CHARTS} of {len(places):,} {what}; choose others in the filter.")
        places = places[:MOST_CHARTS]
    table = _trend(now, _of_places(wanted, words, places), tuple(chosen), step, words)
    # A brand that a shelf never had has no line in its chart.
    table = table[table.groupby([*words, "brand"])["facings"].transform("sum") > 0]
    if table.empty:
        st.info("None of these brands is there. Choose others.")
        return
    if len(places) > 1:
        show_key(colors)
        parts = dict(list(table.groupby(list(words))))
        for place in cells(places, CHARTS_BESIDE):
            st.text(_title(place))
            if place in parts:
                st.vega_lite_chart(*trend_chart(parts[place], colors, table), width="stretch")
            else:
                st.caption("None of these brands")
    else:
        if places:
            st.text(_title(*places))
        st.vega_lite_chart(*trend_chart(table, colors), width="stretch")
    st.caption(
        "Point at a dot, or tap it, to see how many audits and facings it stands for. A bar is a "
        "share's margin, with a certainty of 95 %; audits of older versions have none."
    )


def _first_brands(now, wanted, words):
    """The brands to begin with: the largest of each place that has a chart, and more if these are few."""
    places = _places(now, wanted, words) if words else []
    if words == PLACE:
        places = [place for place in places if any(place[:2])]
    totals = brand_totals(now, _of_places(wanted, words, places[:MOST_CHARTS]), words)
    rank = totals.groupby(list(words)).cumcount() if words else totals.index.to_series()
    few = totals["brand"][rank < BRANDS_A_CHART].nunique()
    ordered = totals["brand"][rank.sort_values(kind="stable").index].unique()
    return ordered[: max(BRANDS_AT_FIRST, few)].tolist()


def _of_places(wanted, words, places):
    """``wanted``, restricted to ``places`` that are told apart by ``words``."""
    if words == PLACE:
        return replace(wanted, places=tuple(places))
    return replace(wanted, stores=tuple(name for (name,) in places)) if words else wanted


def _told_nameless(wanted, places):
    """``places`` that have a store or a shelf; tells the visitor how many audits have neither."""
    nameless = tuple(place for place in places if not any(place[:2]))
    if nameless:
        count = listing.count_audits(replace(wanted, brands=(), places=nameless))
        st.info(
            f"Not drawn, as they have neither store nor shelf: {counted(count, 'audit')}. "
            'To have one in a chart, fill these in by "Edit" on its page.'
        )
    return [place for place in places if place not in nameless]


def _title(place):
    return " · ".join(filter(None, place)) or "no store"


# What all visitors see alike, as long as no audit changes


@st.cache_data(max_entries=32, show_spinner=False)
def _places(revision, wanted, words):
    return listing.audited(wanted, words)


@st.cache_data(max_entries=32, show_spinner=False)
def _trend(revision, wanted, brands, step, words):
    return listing.trend(wanted, brands, step, words)
