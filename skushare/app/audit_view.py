"""One audit: its figures, photos, shares and downloads."""

from functools import lru_cache

import numpy as np
import streamlit as st

from skushare.app.audit_corrections import offer_lessons, show_corrections, show_photo
from skushare.app.audit_words import show_words
from skushare.app.audits import delete, offer_list
from skushare.app.cells import picture_and_figures
from skushare.app.galleries import notes_of
from skushare.app.shares import show_share_panel
from skushare.app.shelves import show_layout
from skushare.audits.export import FORMATS, export
from skushare.brands.library import skus_of
from skushare.detections import Detections
from skushare.shelf.gaps import count_gaps, find_gaps
from skushare.shelf.share import KEPT


def show_audit(audit):
    """Photos of an audit with their facings, to be corrected, shares, downloads."""
    now = audit.corrected()
    gaps = now.gaps(_gaps)
    _bar(audit)
    st.title(f"Audit {audit.id}")
    # An unfinished audit is known by its words when it is gone on with.
    show_words(audit, may_edit=audit.finished)
    with st.container(horizontal=True):
        st.metric("Facings", f"{now.facings:,}", border=True)
        st.metric("Photos", f"{audit.photos_taken:,}", border=True)
        if gaps is not None:
            count, room = count_gaps(gaps)
            told = f"Empty places between two facings of a shelf row; room for {room:,}."
            if any(photo.doubtful is None for photo in now.photos if photo.role != "part"):
                told += " There may be fewer: what is too doubtful to count was not kept with this audit."
            st.metric("Gaps", f"{count:,}", border=True, help=told)
        st.metric("Corrections", f"{len(audit.corrections):,}", border=True)
    shares = now.shares()
    colors = notes_of(audit.gallery).colors(now.brands, shares["name"])
    left, right = picture_and_figures()
    with left:
        show_photo(now, gaps, colors)
    with right:
        st.markdown("##### Share of shelf")
        _show_shares(now, colors)
        show_corrections(audit)
        offer_lessons(audit)


def _show_shares(now, colors):
    names, found = now.by_brand()
    skus = _skus(now.gallery_digest) or skus_of(now.gallery_digest)  # it may have come since
    own = notes_of(now.gallery).own_among(names, skus)
    kept, measure = show_share_panel(found, (), names, colors, "audit_share", own, skus)
    counted = [i for i, photo in enumerate(now.photos) if photo.role != "part"]
    if counted:
        with st.expander("Rows, blocks and neighbours", icon=":material/view_module:"):
            photo_names, found = [now.photos[i].name for i in counted], [found[i] for i in counted]
            kept = kept and [kept[i] for i in counted]
            show_layout(photo_names, found, (), names, measure, colors, "audit_share", kept)


def _gaps(photo):
    """The gaps between a photo's facings, cached until a correction adds, removes or moves one."""
    columns = photo.detections.boxes, photo.detections.row_ids, photo.doubtful
    return _found_gaps(*(None if column is None else column.tobytes() for column in columns))


@lru_cache(maxsize=KEPT)  # of Streamlit's caches, each photo's key takes half a millisecond in every run
def _found_gaps(boxes, row_ids, doubtful):
    """The gaps, from the bytes of (n, 4) float32, (n,) int32 or ``None``, and (m, 4) float32 or ``None``."""
    boxes = np.frombuffer(boxes, np.float32).reshape(-1, 4)
    row_ids = None if row_ids is None else np.frombuffer(row_ids, np.int32)
    doubtful = None if doubtful is None else np.frombuffer(doubtful, np.float32).reshape(-1, 4)
    return find_gaps(Detections(boxes, *2 * [np.zeros(len(boxes))], row_ids=row_ids), doubtful)


@st.cache_data(max_entries=32, show_spinner=False)
def _skus(digest):
    return skus_of(digest)


def _bar(audit):
    with st.container(horizontal=True, vertical_alignment="center"):
        offer_list()
        downloads = {"PDF report": ("pdf", lambda: _report(audit))} | {
            kind.upper() if kind != "parquet" else "Parquet": (kind, lambda kind=kind: export([audit], kind))
            for kind in FORMATS
        }
        for label, (kind, make) in downloads.items():
            st.download_button(
                label,
                make,
                f"audit-{audit.id}.{kind}",
                icon=":material/picture_as_pdf:" if kind == "pdf" else ":material/download:",
                key=f"audit_{kind}",
                on_click="ignore",
            )
        with st.popover("Delete", icon=":material/delete:"):
            st.markdown("This deletes the audit and its photos for good.")
            st.button("Delete for good", on_click=delete, args=(audit.id,))


def _report(audit):
    from skushare.audits.report import report  # a third of this module's time to import

    return report(audit)
