"""All audits: which there are, how shares go over time, and further ones from a folder."""

import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import streamlit as st

from skushare.app.audits import go_to
from skushare.app.cells import cells
from skushare.app.clock import midnight
from skushare.app.color_key import show_key
from skushare.app.galleries import notes_of
from skushare.app.notes import attempt, note
from skushare.app.text import plain
from skushare.audit_charts import trend_chart
from skushare.audits import listing, store
from skushare.audits.export import FORMATS, TABLES, export_file
from skushare.audits.listing import ALL, PLACE, Filter

FIELDS = ("Store", "Shelf", "Category", "Brand")  # of the filter
LONGEST_SHOWN = 40  # characters of a name in the filter's label
AUDITS_A_PAGE = 50
MOST_EXPORTED = 500_000  # facings; a browser gives up after three minutes. The command line has no limit
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


def filter_bar():
    """Fields that narrow the audits down; gives a :class:`~skushare.audits.listing.Filter`."""
    now = listing.revision()
    with st.expander(_filter_label(), icon=":material/filter_alt:", key="history_filter"):
        columns = st.columns(4)
        options = (*(_names(now, field.lower()) for field in FIELDS[:3]), _totals(now, ALL)["brand"].tolist())
        chosen = [
            column.multiselect(label, names, key=f"history_{label.lower()}", persist_state="page")
            for column, label, names in zip(columns, FIELDS, options, strict=True)
        ]
        since = columns[0].date_input("From", None, key="history_since", persist_state="page")
        until = columns[1].date_input("To", None, key="history_until", persist_state="page")
    until = until and until + timedelta(days=1)
    return Filter(*map(tuple, chosen), *(day and midnight(day) for day in (since, until)))


def _filter_label():
    """What the fields of the filter have chosen, to be read while they are out of sight."""
    state = st.session_state
    chosen = [
        name[:LONGEST_SHOWN] for field in FIELDS for name in state.get(f"history_{field.lower()}") or []
    ]
    days = (("from", state.get("history_since")), ("to", state.get("history_until")))
    chosen += [f"{word} {day}" for word, day in days if day]
    return f"Filter: {plain(', '.join(chosen))}" if chosen else "Filter"


def show_list(wanted):
    """The audits that ``wanted`` lets through, to be opened, compared and downloaded."""
    count = listing.count_audits(wanted)
    if not count:
        st.info("No audit is like that. Widen the filter.", icon=":material/filter_alt_off:")
        return
    page, pages = 1, -(-count // AUDITS_A_PAGE)
    if pages > 1:
        page = st.pagination(pages, key=f"history_page_{pages}")
    table = listing.list_audits(wanted, AUDITS_A_PAGE, (page - 1) * AUDITS_A_PAGE)
    table["time"] = table["time"].dt.tz_localize(None) + pd.to_timedelta(table.pop("utc_offset"), "s")
    st.caption(_told(wanted, count))  # or the tabs would be where a phone shows the table's own buttons
    choice = st.dataframe(
        table,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"history_table_{hash((wanted, page, count))}_{st.session_state.get('history_opened', 0)}",
        column_config={
            "time": st.column_config.DatetimeColumn(
                format="YYYY-MM-DD HH:mm", help="By the clock at the shelf"
            ),
            "source": st.column_config.TextColumn(
                help="Photos; live: one frame of a camera; sweep: a camera moved along the shelf, or a "
                "video, each facing counted once; phone: an audit that the web app exported"
            ),
            "note": st.column_config.TextColumn(width="large"),
        },
    )
    numbers = table["audit"].iloc[choice.selection.rows].tolist()
    # Below the table, whose own buttons lie over what is above it.
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Open",
            icon=":material/open_in_full:",
            disabled=len(numbers) != 1,
            on_click=_open,
            args=numbers[:1],
        )
        st.button(
            "Compare",
            icon=":material/compare:",
            disabled=len(numbers) != 2,
            on_click=_open,
            args=sorted(numbers)[:2],
        )
        st.caption("Tick one to open it, two to compare them.")
        _downloads(wanted)


def _open(*numbers):
    """Go to the chosen audits; back from them, none is chosen."""
    state = st.session_state
    state.history_opened = state.get("history_opened", 0) + 1
    go_to(*numbers)


def _told(wanted, count):
    """How many audits the filter lets through: "4 audits", "2 of 4 audits"."""
    if wanted == ALL:
        return f"{count:,} audit{'s' * (count != 1)}"
    return f"{count:,} of {listing.count_audits():,} audits"


def _downloads(wanted):
    with st.popover("Download", icon=":material/download:"):
        if listing.count_facings(wanted) > MOST_EXPORTED:
            st.markdown(
                f"These are more than {MOST_EXPORTED:,} facings. Narrow the filter, or on the command line: "
                "`skushare audits export all.parquet`"
            )
            return
        table = st.radio("A row for each", TABLES, format_func={"facings": "facing", "shares": "share"}.get)
        for kind in FORMATS:
            st.download_button(
                kind.upper() if kind != "parquet" else "Parquet",
                lambda kind=kind: exported(kind, wanted, table),
                f"{table}.{kind}",
                key=f"history_{kind}",
                on_click="ignore",
                help="With the original and all corrections" if kind == "json" else None,
            )


def exported(kind, wanted, table):
    """Bytes of the audits that ``wanted`` lets through as a file of ``kind``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"audits.{kind}")
        export_file(path, wanted, table)
        return path.read_bytes()


def show_trend(wanted):
    """How the shares of brands go over time."""
    span = listing.time_span(wanted)
    if span is None:
        st.info("No audit is like that. Widen the filter.", icon=":material/filter_alt_off:")
        return
    now = listing.revision()
    brands = _totals(now, wanted)["brand"].tolist()
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
                st.altair_chart(trend_chart(parts[place], colors, table))
            else:
                st.caption("None of these brands")
    else:
        if places:
            st.text(_title(*places))
        st.altair_chart(trend_chart(table, colors))
    st.caption("A bar is a share's margin, with a certainty of 95 %; audits of older versions have none.")


def _first_brands(now, wanted, words):
    """The brands to begin with: the largest of each place that has a chart, and more if these are few."""
    places = _places(now, wanted, words) if words else []
    if words == PLACE:
        places = [place for place in places if any(place[:2])]
    totals = _totals(now, _of_places(wanted, words, places[:MOST_CHARTS]), words)
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
    """Those of ``places`` that have a store or a shelf; says how many audits have neither."""
    nameless = tuple(place for place in places if not any(place[:2]))
    if nameless:
        count = listing.count_audits(replace(wanted, brands=(), places=nameless))
        st.info(
            f"Not drawn, for want of a store and a shelf: {count:,} audit{'s' * (count != 1)}. "
            'To have one in a chart, name them by "Edit" on its page.'
        )
    return [place for place in places if place not in nameless]


def _title(place):
    return " · ".join(filter(None, place)) or "no store"


def show_unfinished():
    """Batches that were not finished, and what to do about them."""
    for batch in store.unfinished_audits():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**Audit {batch['audit']} is not finished**: {batch['photos']} of {batch['planned']} photos"
                + (f", {plain(batch['store'][:80])}" if batch["store"] else "")
            )
            st.caption("To go on, give the same photos again with the same words.")
            st.button(
                "Delete", key=f"history_delete_{batch['audit']}", on_click=_delete, args=(batch["audit"],)
            )


def _delete(number):
    if attempt(store.delete_audit, number):
        note(f"Audit {number} is deleted")


# What all visitors see alike, as long as no audit changes


@st.cache_data(max_entries=8, show_spinner=False)
def _names(revision, what):
    return listing.known_names(what)


@st.cache_data(max_entries=32, show_spinner=False)
def _places(revision, wanted, words):
    return listing.audited(wanted, words)


@st.cache_data(max_entries=32, show_spinner=False)
def _totals(revision, wanted, words=()):
    return listing.brand_totals(wanted, words)


@st.cache_data(max_entries=32, show_spinner=False)
def _trend(revision, wanted, brands, step, words):
    return listing.trend(wanted, brands, step, words)
