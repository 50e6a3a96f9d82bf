"""The words of an audit, such as its store and time: shown, changed, and asked for."""

from datetime import timedelta

import streamlit as st

from skushare.app.clock import local, there
from skushare.app.notes import attempt, note
from skushare.app.text import plain
from skushare.audits import store
from skushare.audits.audit import UNFINISHED, told_thresholds
from skushare.audits.listing import known_names


def word_fields(key, first=None):
    """Fields for the words of an audit and its time; gives {"store", "shelf", "category", "time", "note"}.

    ``first``: what they begin with, the time by its own zone; default: what was written last, but its note,
    and no time: it is ``None`` then if none is chosen.
    """
    if first is None:
        first = st.session_state.get("audit_words", {}) | {"note": "", "time": None}
    words = {}
    for name in ("store", "shelf", "category"):
        # What it begins with may be no audit's any more.
        known = sorted({*known_names(name), first.get(name) or ""} - {""}, key=str.casefold)
        words[name] = (
            st.selectbox(
                name.capitalize(),
                known,
                index=known.index(first[name]) if first.get(name) in known else None,
                placeholder="Choose, or write and press Enter",
                accept_new_options=True,
                key=f"{key}_word_{name}",  # the page itself may have a field for the category
            )
            or ""
        )
    saved = first["time"]
    shown = saved and saved.replace(tzinfo=None, second=0)  # the field knows no seconds
    chosen = st.datetime_input(
        "Time" if saved else "Time, if not now",
        shown,
        key=f"{key}_time",
        help="When the shelf looked like this, by the clock there",
        format="YYYY-MM-DD",
        step=timedelta(minutes=1),
    )
    words["time"] = saved if chosen in (None, shown) else _moved(saved, chosen)
    words["note"] = st.text_area("Note", first["note"], key=f"{key}_note", height=80)
    return words


def _moved(saved, chosen):
    """``chosen``, a datetime without a zone, in the zone of ``saved`` or, without it, the visitor's."""
    if saved is None:
        return local(chosen)
    moved = chosen.replace(tzinfo=saved.tzinfo)
    elsewhere = there(saved).utcoffset() != saved.utcoffset()
    # Of the visitor's own zone: where its clock was changed between the two, that counts. An hour that comes
    # twice stays the one that it was.
    return moved if elsewhere or there(moved).utcoffset() == moved.utcoffset() else local(chosen)


def show_words(audit, may_edit=False):
    """The words of an audit, to be changed where one ``may_edit`` them, and what it was made with."""
    words = [word for word in (audit.store, audit.shelf, audit.category) if word]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(" · ".join([*words, f"{audit.time:%Y-%m-%d %H:%M} (UTC{audit.time:%z})"]))
        if may_edit:
            _edit(audit)
    if not audit.finished:
        st.warning(UNFINISHED, icon=":material/hourglass_disabled:")
    if audit.note:
        st.text(audit.note)
    made = [f"model {audit.model} {audit.model_digest[:12]}"]
    if audit.gallery:
        made.append(f"gallery {audit.gallery} {audit.gallery_digest[:12]}")
    made.append(told_thresholds(audit.thresholds))
    st.caption(plain(", ".join(filter(None, made))))


def _edit(audit):
    state = st.session_state
    key = f"audit_edit_{audit.id}_{state.get('audit_edits', 0)}"  # after a change another: closed
    popover = st.popover("Edit", type="tertiary", icon=":material/edit:", key=key, on_change="rerun")
    if not popover.open:
        state.pop(f"{key}_first", None)
        return
    now = {name: getattr(audit, name) for name in ("store", "shelf", "category", "time", "note")}
    # Whatever others change meanwhile, what is typed stays.
    first = state.setdefault(f"{key}_first", now)
    with popover, st.form(f"{key}_form", border=False):
        # Streamlit may keep what stood in fields that are gone: with other words the form has other fields.
        words = word_fields(f"{key}_{hash(tuple(first.values()))}", first)
        if st.form_submit_button("Save", type="primary"):
            changed = {name: value for name, value in words.items() if value != first[name]}
            if attempt(store.change_words, audit.id, **(now | changed)):
                others = [name for name in now if now[name] != first[name]]
                told = f". Meanwhile it was changed elsewhere as well: {', '.join(others)}" if others else ""
                note(f"Audit {audit.id} is changed{told}")
                state.audit_edits = state.get("audit_edits", 0) + 1
            st.rerun()
