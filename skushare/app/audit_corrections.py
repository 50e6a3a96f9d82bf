"""The photos of an audit, their corrections by hand, and what these teach."""

import numpy as np
import streamlit as st

from skushare.app.annotator import annotator
from skushare.app.audit_list import brand_totals
from skushare.app.galleries import MY_BRANDS, Teaching, shared_embedder
from skushare.app.notes import attempt
from skushare.app.shelves import choose_gaps
from skushare.app.text import plain
from skushare.audits import store
from skushare.audits.corrections import Facing, told_correction
from skushare.audits.lessons import lessons, teach
from skushare.audits.listing import ALL, revision
from skushare.audits.picture import WITHOUT_PICTURE, picture_of
from skushare.brands.library import gallery_names
from skushare.colors import label_colors
from skushare.dataset.dataset import Sample
from skushare.draw import draw_gaps
from skushare.errors import SkushareError
from skushare.jpeg import encode_jpeg
from skushare.shelf.share import UNKNOWN
from skushare.text import tidy_name

LARGE_SIDE = 2048  # pixels of a photo that is looked at closely
SHOWN_CORRECTIONS = 20


def show_photo(now, gaps, colors):
    """One photo of an audit, chosen by the visitor, with its facings to be corrected.

    Args:
        now: the audit as it is corrected.
        gaps: list of the gaps of each photo, or ``None`` where it tells none.
        colors: {brand: ``"#RRGGBB"``}.
    """
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
    known = [brand for brand in brand_totals(revision(), ALL)["brand"] if brand not in now.brands]
    # In another case it is the same brand, as in galleries.
    spelled = {name.casefold(): name for name in (*known, UNKNOWN, *now.brands)}
    written = filter(None, map(tidy_name, st.session_state.get(f"audit_further_{now.id}", [])))
    further = (spelled.get(name.casefold(), name) for name in written)
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
    first, second = st.columns(2)
    first.multiselect(
        "Further brands to choose from",
        known,
        accept_new_options=True,
        key=f"audit_further_{now.id}",
        placeholder="Choose, or write and press Enter",
    )
    second.text_input("Your name, for the corrections", key="audit_who", persist_state="page")


def show_corrections(audit):
    """The newest corrections of an audit; the last one of each facing can be undone."""
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


def offer_lessons(audit):
    """Have a gallery learn the brands that facings of an audit were corrected to."""
    count = sum(map(len, lessons(audit).values()))
    if not count:
        return
    with st.popover("Teach these corrections", icon=":material/school:"):
        names = gallery_names()
        name = st.selectbox("Gallery", names or [MY_BRANDS], key="audit_gallery")
        st.caption(f"Corrected facings that become examples of their brands in its next version: {count:,}")
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


@st.cache_data(max_entries=8, show_spinner=False)
def _large(picture, size, gaps, _photo):
    """JPEG bytes of a photo, known by ``picture`` and ``size``, with frames around the boxes ``gaps``."""
    image = picture_of(_photo, LARGE_SIDE)
    return encode_jpeg(draw_gaps(image, np.reshape(gaps, (-1, 4)) * (image.shape[1] / _photo.width)))
