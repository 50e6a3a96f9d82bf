"""One audit to look at and correct, and two side by side."""

from functools import lru_cache

import numpy as np
import streamlit as st

from skushare.app.annotator import annotator
from skushare.app.audit_list import brand_totals
from skushare.app.audit_saving import word_fields
from skushare.app.audits import delete, go_to
from skushare.app.cells import picture_and_figures
from skushare.app.galleries import MY_BRANDS, Teaching, notes_of, shared_embedder
from skushare.app.notes import attempt, note, show_notes
from skushare.app.shares import show_share_panel
from skushare.app.shelves import choose_gaps, show_layout
from skushare.app.text import plain
from skushare.audits import store
from skushare.audits.audit import UNFINISHED, told_thresholds
from skushare.audits.charts import BEYOND, comparison_chart
from skushare.audits.compare import compare
from skushare.audits.corrections import Facing, told_correction
from skushare.audits.export import FORMATS, export
from skushare.audits.lessons import lessons, teach
from skushare.audits.listing import ALL, revision
from skushare.audits.picture import WITHOUT_PICTURE, picture_of
from skushare.brands.library import gallery_names, skus_of
from skushare.colors import label_colors
from skushare.dataset.dataset import Sample
from skushare.detections import Detections
from skushare.draw import annotate, draw_gaps
from skushare.errors import SkushareError
from skushare.jpeg import encode_jpeg
from skushare.shelf.gaps import count_gaps, find_gaps
from skushare.shelf.share import KEPT, UNKNOWN
from skushare.text import tidy_name

LARGE_SIDE = 2048  # pixels of a photo that is looked at closely
SMALL_SIDE = 900  # of one beside another
BESIDE_A_PAGE = 3  # photos of each of two audits: reading and drawing one takes a while
SHOWN_CORRECTIONS = 20


def show_opened(numbers):
    """The audit of this number, or two side by side; where one cannot be opened, the way to the list."""
    try:
        audits = [store.open_audit(number) for number in numbers]
    except SkushareError as error:
        note(str(error), failed=True)  # what was just tried on it may have failed for the same reason
        show_notes()
        _to_list()
        return
    show_notes(scrolled=True)
    if len(audits) == 2:
        show_comparison(*audits)
    else:
        show_audit(*audits)


def show_audit(audit):
    """Photos of an audit with their facings, to be corrected, shares, downloads."""
    now = audit.corrected()
    gaps = now.gaps(_gaps)
    _bar(audit)
    st.title(f"Audit {audit.id}")
    # An unfinished audit is known by its words when it is gone on with.
    _facts(audit, *([_edit] if audit.finished else []))
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
        _show_photo(now, gaps, colors)
    with right:
        st.markdown("##### Share of shelf")
        _show_shares(now, colors)
        _show_corrections(audit)
        _offer_lessons(audit)


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


def _to_list():
    st.button("All audits", icon=":material/list:", on_click=go_to)


def _bar(audit):
    with st.container(horizontal=True, vertical_alignment="center"):
        _to_list()
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


def _facts(audit, *beside):
    """The words of an audit, with what the functions ``beside`` add to them, and what it was made with."""
    words = [word for word in (audit.store, audit.shelf, audit.category) if word]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(" · ".join([*words, f"{audit.time:%Y-%m-%d %H:%M} (UTC{audit.time:%z})"]))
        for add in beside:
            add(audit)
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


# Photos and corrections


def _show_photo(now, gaps, colors):
    if not now.photos:
        return
    page = 1
    if len(now.photos) > 1:
        page = st.pagination(len(now.photos), key=f"audit_photo_{now.id}")
    photo = now.photos[page - 1]
    st.text(photo.name)
    drawn = gaps and photo.role != "part" and choose_gaps("audit")
    try:
        size = photo.width, photo.height
        jpeg = _large(photo.picture, size, gaps[page - 1].boxes.tolist() if drawn else [], photo)
    except SkushareError as error:
        st.error(plain(str(error)), icon=":material/broken_image:")
        return
    if photo.role == "part":
        st.image(jpeg, width="stretch", alt=f"Photo {photo.name}")
        st.caption("One of the photos that were joined. Its facings are counted on the joined picture.")
        return
    if not photo.picture:
        st.info(WITHOUT_PICTURE, icon=":material/smartphone:")
    if now.source == "sweep" and len(now.photos) > 1:
        st.caption("Each facing has its box on one picture of the sweep; others may show it without.")
    further = filter(None, map(tidy_name, st.session_state.get(f"audit_further_{now.id}", [])))
    # A brand keeps its place in a visit: the browser, and what is on its way from there, count in places.
    shown = st.session_state.setdefault(f"audit_labels_{now.id}", dict.fromkeys([*now.brands, UNKNOWN]))
    shown.update(dict.fromkeys([*now.brands, *further]))
    labels = list(shown)
    ids = [labels.index(name) for name in now.brands]
    found = photo.detections
    class_ids = [ids[b] if b >= 0 else labels.index(UNKNOWN) for b in found.brand_ids]
    sample = Sample(None, photo.width, photo.height, found.boxes, class_ids, found.scores)

    def save(picture, before, after):
        facings = (box and Facing(tuple(box[:4]), labels[int(box[4])]) for box in (before, after))
        attempt(store.save_correction, *picture, *facings, st.session_state.get("audit_who", ""))

    picture, colors = [now.id, photo.id], label_colors(labels, colors)
    annotator("audit_annotator", picture, jpeg, sample, labels, save, "Brand", colors)
    known = [brand for brand in brand_totals(revision(), ALL)["brand"] if brand not in now.brands]
    first, second = st.columns(2)
    first.multiselect(
        "Further brands to choose from",
        known,
        accept_new_options=True,
        key=f"audit_further_{now.id}",
        placeholder="Choose, or write and press Enter",
    )
    second.text_input("Your name, for the corrections", key="audit_who", persist_state="page")


def _show_corrections(audit):
    if not audit.corrections:
        return
    st.markdown("##### Corrections")
    last = {(each.photo, each.facing): i for i, each in enumerate(audit.corrections)}
    shown = list(enumerate(audit.corrections))[: -SHOWN_CORRECTIONS - 1 : -1]
    for i, each in shown:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(told_correction(each, audit)[:300])
            if last[each.photo, each.facing] == i:
                st.button(
                    "Undo",
                    key=f"audit_back_{audit.id}_{i}",
                    on_click=attempt,
                    args=(store.take_back, audit.id, each, st.session_state.get("audit_who", "")),
                )
    if len(audit.corrections) > len(shown):
        st.caption(f"The newest {len(shown)} of {len(audit.corrections):,}; the JSON file has all.")


def _offer_lessons(audit):
    count = sum(map(len, lessons(audit).values()))
    if not count:
        return
    with st.popover("Teach these corrections", icon=":material/school:"):
        names = gallery_names()
        name = st.selectbox("Gallery", names or [MY_BRANDS], key="audit_gallery")
        st.caption(f"{count} corrected facings become examples of their brands, in a new version of it.")
        if st.button("Teach", type="primary"):
            embedder = shared_embedder()
            if embedder is None:
                return
            teaching = Teaching.of(name)
            taught = teach(teaching.gallery, audit, embedder)
            if taught is teaching.gallery:
                st.info("This gallery has all of them.")
            else:
                st.success(f"Version {teaching.save(taught)} is saved.")


# Two side by side


def show_comparison(*audits):
    """What moved from one of two audits to the other."""
    audits = sorted(audits, key=lambda audit: audit.time)
    _to_list()
    st.title(f"Audits {audits[0].id} and {audits[1].id}")
    table = compare(*audits)
    names = dict.fromkeys(brand for audit in audits for brand in audit.corrected().brands)
    colors = notes_of(audits[-1].gallery).colors(names, table["brand"])
    st.altair_chart(comparison_chart(table, colors), width="stretch")
    number = st.column_config.NumberColumn
    percent, place = (number(format=f) for f in ("percent", "%.2f"))
    columns = {
        "change": number("change in facings", format="%+d"),
        "points": number(format="%+.1f", help="Change of the share"),
        "margin": number("± points", format="%.1f", help="Of the change, with a certainty of 95 %"),
        "sure": st.column_config.CheckboxColumn(BEYOND, help="Whether the change is more than its margin"),
        **{f"share {side}": percent for side in ("before", "after")},
        **{f"{way} {side}": place for way in ("place", "height") for side in ("before", "after")},
    }
    named = table.rename(columns=lambda name: name.replace("_", " "))
    st.dataframe(named, hide_index=True, column_config=columns, placeholder="")  # not "None"
    st.caption("Place: where a brand's facings are on average, 0 left to 1 right; height: 0 top to 1 bottom.")
    for column, audit, which in zip(st.columns(2), audits, ("before", "after"), strict=True):
        with column:
            st.markdown(f"##### Audit {audit.id}, {which}")
            _facts(audit)
            now, page = audit.corrected(), 1
            shown = [photo for photo in now.photos if photo.role != "part"]
            if len(shown) > BESIDE_A_PAGE:
                page = st.pagination(-(-len(shown) // BESIDE_A_PAGE), key=f"audit_beside_{audit.id}_{which}")
            for photo in shown[(page - 1) * BESIDE_A_PAGE : page * BESIDE_A_PAGE]:
                try:
                    drawn = _small(photo, now.brands, colors)
                    st.image(drawn, width="stretch", alt=f"Photo of audit {audit.id} with boxes drawn")
                    if not photo.picture:
                        st.caption(WITHOUT_PICTURE)
                except SkushareError as error:
                    st.error(plain(str(error)), icon=":material/broken_image:")


def _small(photo, brands, colors):
    """JPEG bytes of a photo with its facings in their brands' colours."""
    image = picture_of(photo, SMALL_SIDE)
    scale = image.shape[1] / photo.width
    found = photo.detections.scaled(scale)
    return encode_jpeg(annotate(image, found, brands, "brand", colors=colors))


@st.cache_data(max_entries=8, show_spinner=False)
def _large(picture, size, gaps, _photo):
    """JPEG bytes of a photo, known by ``picture`` and ``size``, with frames around the boxes ``gaps``."""
    image = picture_of(_photo, LARGE_SIDE)
    return encode_jpeg(draw_gaps(image, np.reshape(gaps, (-1, 4)) * (image.shape[1] / _photo.width)))
