"""Keeping as an audit what a page shows."""

from datetime import datetime, timezone

import streamlit as st

from skushare.app.text import plain
from skushare.audits.audit import Audit, AuditPhoto, made_with, with_brands
from skushare.audits.listing import known_names
from skushare.audits.store import save_audit
from skushare.database import pictures
from skushare.errors import SkushareError
from skushare.jpeg import encode_jpeg
from skushare.shelf.rows import assign_rows

QUALITY = 95  # of a camera's frame as JPEG


def save_as_audit(key, take, make):
    """A button, after which a few words are asked for and the audit is saved.

    Args:
        key: of the widgets.
        take: called when the button is pressed; gives what is to be saved, or ``None`` for nothing yet.
        make: called with that and the words ({"store", "shelf", "category", "note"}); gives the
            :class:`~skushare.audits.audit.Audit`.
    """
    state, taken, saved = st.session_state, f"{key}_taken", f"{key}_number"
    if st.button("Save as audit", icon=":material/inventory:", key=f"{key}_begin"):
        state[taken] = take()
        state.pop(saved, None)
        if state[taken] is None:
            st.info("There is nothing to save yet. Wait for the picture, then save again.")
    if state.get(taken) is not None:
        try:
            with st.form(f"{key}_form"):
                words = word_fields(key)
                if st.form_submit_button("Save", type="primary"):
                    state[saved] = save_audit(make(state[taken], words))
                    state.audit_words = words
                    state[taken] = None
                    st.rerun()
            if st.button("Do not save", key=f"{key}_cancel"):
                state[taken] = None
                st.rerun()
        except SkushareError as error:
            st.error(plain(str(error)), icon=":material/error:")
    if saved in state:
        st.page_link(
            "pages/history.py",
            label=f"Saved as audit {state[saved]}",
            icon=":material/check:",
            query_params={"audit": str(state[saved])},
        )


def word_fields(key):
    """Fields for the words of an audit, with what was written last; gives {"store", "shelf", ...}."""
    last = st.session_state.get("audit_words", {})
    words = {}
    for name in ("store", "shelf", "category"):
        known = known_names(name)
        words[name] = (
            st.selectbox(
                name.capitalize(),
                known,
                index=known.index(last[name]) if last.get(name) in known else None,
                placeholder="Choose one or write a new one",
                accept_new_options=True,
                key=f"{key}_{name}",
            )
            or ""
        )
    words["note"] = st.text_area("Note", key=f"{key}_note", height=80)
    return words


def audit_of_album(album, detector, min_score, words, naming=None, known=None):
    """The :class:`~skushare.audits.audit.Audit` of the photos in an :class:`~skushare.album.Album`.

    ``naming`` has their brands, and ``known`` is the gallery that it comes from.
    """
    if naming is None:
        found, brands = [photo.detections.above(min_score) for photo in album.photos.values()], None
    else:
        found, brands = naming.detections, naming.brands
    found, brands = with_brands(map(assign_rows, found), detector.labels, brands)
    photos = [
        AuditPhoto(photo.name, pictures.put(album.original(key)), photo.width, photo.height, detections)
        for (key, photo), detections in zip(album.photos.items(), found, strict=True)
    ]
    return Audit(photos, brands, _now(), **words, **made_with(detector, "photo", min_score, known))


def audit_of_frame(session, frame, words):
    """The :class:`~skushare.audits.audit.Audit` of ``frame``, of ``session.newest()``."""
    image, detections = frame
    known = session.gallery
    (found,), brands = with_brands([assign_rows(detections)], session.detector.labels, known and known.brands)
    picture = pictures.put(encode_jpeg(image, QUALITY))
    time, (height, width) = _now(), image.shape[:2]
    photo = AuditPhoto(f"frame-{time:%Y%m%d-%H%M%S}.jpg", picture, width, height, found)
    about = made_with(session.detector, "live", session.min_score, known)
    return Audit([photo], brands, time, source="live", **words, **about)


def _now():
    return datetime.now(timezone.utc).astimezone()
