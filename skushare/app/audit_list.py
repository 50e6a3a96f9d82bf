"""All audits: which there are, narrowed down by a filter, as a table and as files."""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import streamlit as st

from skushare.app.audits import delete, go_to
from skushare.app.text import plain
from skushare.audits import listing, store
from skushare.audits.export import FORMATS, TABLES, export_file
from skushare.audits.listing import ALL, Filter
from skushare.text import counted

FIELDS = ("Store", "Shelf", "Category", "Brand")  # of the filter
LONGEST_SHOWN = 40  # characters of a name in the filter's label
AUDITS_A_PAGE = 50
MOST_EXPORTED = 500_000  # facings; a browser gives up after three minutes. The command line has no limit


def filter_bar():
    """Fields that narrow the audits down; gives a :class:`~skushare.audits.listing.Filter`."""
    now = listing.revision()
    with st.expander(_filter_label(), icon=":material/filter_alt:", key="history_filter"):
        brands = brand_totals(now, ALL)["brand"].tolist()
        options = (*(_names(now, field.lower()) for field in FIELDS[:3]), brands)
        chosen = [
            column.multiselect(label, names, key=f"history_{label.lower()}", persist_state="page")
            for column, label, names in zip(st.columns(4), FIELDS, options, strict=True)
        ]
        first, second, *_ = st.columns(4)  # a row of their own, or a phone would show them among the others
        since = first.date_input("From", None, key="history_since", persist_state="page")
        until = second.date_input("To", None, key="history_until", persist_state="page")
    until = until and until + timedelta(days=1)
    days = (day and datetime.combine(day, datetime.min.time()) for day in (since, until))
    return Filter(*map(tuple, chosen), *days)


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
        st.info("No audit matches. Widen the filter.", icon=":material/filter_alt_off:")
        return
    page, pages = 1, -(-count // AUDITS_A_PAGE)
    if pages > 1:
        page = st.pagination(pages, key=f"history_page_{pages}")
    table = listing.list_audits(wanted, AUDITS_A_PAGE, (page - 1) * AUDITS_A_PAGE)
    table["time"] = table["time"].dt.tz_localize(None) + pd.to_timedelta(table.pop("utc_offset"), "s")
    table.insert(2, "facings", table.pop("facings"))  # a phone shows the first four columns or so
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
            # By itself the table cuts these at ten letters or so, however much room there is.
            **{name: st.column_config.TextColumn(width="medium") for name in ("store", "shelf", "note")},
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
        return counted(count, "audit")
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


def show_unfinished():
    """Batches that were not finished, and what to do about them."""
    for batch in store.unfinished_audits():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**Audit {batch['audit']} is not finished**: {batch['photos']} of {batch['planned']} photos"
                + (f", {plain(batch['store'][:80])}" if batch["store"] else "")
            )
            st.caption("To continue, add the same photos again with the same details.")
            st.button(
                "Delete", key=f"history_delete_{batch['audit']}", on_click=delete, args=[batch["audit"]]
            )


# What all visitors see alike, as long as no audit changes


@st.cache_data(max_entries=8, show_spinner=False)
def _names(revision, what):
    return listing.known_names(what)


@st.cache_data(max_entries=32, show_spinner=False)
def brand_totals(revision, wanted, words=()):
    """As :func:`~skushare.audits.listing.brand_totals`, cached while ``revision`` is the same."""
    return listing.brand_totals(wanted, words)
