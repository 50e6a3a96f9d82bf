"""Photos: count the facings on many photos."""

from datetime import datetime

import streamlit as st

from skushare.album import Album
from skushare.app.audit_saving import UNNAMED, audit_of_shelves, save_as_audit
from skushare.app.brands import DEMO, name_album, shared_embedder, show_looks, tell_unknown
from skushare.app.gallery import gallery
from skushare.app.model import score_slider, shared_detector
from skushare.app.navigation import require_navigation
from skushare.app.shares import show_share_panel
from skushare.app.shelves import (
    counts_of,
    drawing_choices,
    facings_of,
    shelves_of,
    show_counted,
    show_layout,
)
from skushare.app.text import plain
from skushare.app.visits import of_visit, put_in_address, start_anew
from skushare.colors import shown_colors
from skushare.errors import SkushareError
from skushare.images import SUFFIXES
from skushare.samples import sample_pictures
from skushare.shelf.gaps import count_gaps
from skushare.shelf.share import share_of_shelves
from skushare.spreadsheet import to_csv

require_navigation()

PHOTOS_A_PAGE = 12
MOST_COLUMNS = 3
SECONDS_A_TURN = 2.0  # of counting, before the page shows how far it is

detector, embedder = shared_detector(), shared_embedder()
state, album = st.session_state, of_visit("list", Album)
state.setdefault("upload_round", 0)


def clear():
    """Start an empty list."""
    start_anew("list")
    forget_sample()
    state.upload_round += 1


def forget_sample():
    """Have the gallery of the sample picture name no brands of the visitor's own photos."""
    if state.pop("sample", False) and state.get("gallery_name") == DEMO:
        state.gallery_name = None


def make_audit(taken, words):
    """The audit of what was there when the button was pressed."""
    shelves, album, min_score, known = taken
    return audit_of_shelves(shelves, album, detector, min_score, words, known)


def choose_page(shelves):
    """Those of ``shelves`` that fit on a page, of which the visitor chooses one."""
    if len(shelves) <= PHOTOS_A_PAGE:
        return shelves
    page = st.pagination(-(-len(shelves) // PHOTOS_A_PAGE), key="photo_page", persist_state="page")
    return shelves[(page - 1) * PHOTOS_A_PAGE : page * PHOTOS_A_PAGE]


def show_pictures(shown, names, colors):
    """The shelves ``shown`` with their boxes drawn, a cell each."""
    by_row, with_gaps, blocks = drawing_choices("photos")
    upright = any(shelf.photo.height > shelf.photo.width for shelf in shown)  # too high in the whole width
    columns = min(MOST_COLUMNS, max(len(shown), 1 + upright)) if all(shelf.key for shelf in shown) else 1
    for shelf in gallery(shown, columns):
        photo, count, empty = shelf.photo, len(shelf.detections), shelf.gaps
        st.image(
            photo.drawn(shelf.detections, names, by_row, empty.boxes if with_gaps else (), colors, blocks),
            width="stretch",
            alt=f"{photo.name} with {count} boxes drawn",
        )
        rows, room = shelf.detections.row_ids.max(initial=-1) + 1, int(empty.facings.sum())
        st.markdown(f"**{count} facings** in {rows} rows; gaps: {len(empty.boxes)}, room for {room}")
        st.text(photo.name)
        if shelf.key:
            show_steps(shelf)


def show_steps(shelf):
    """What can be done with the photo of ``shelf``."""
    with st.container(horizontal=True):
        if embedder and st.button("Teach its brands", key=f"teach_{shelf.key}", icon=":material/school:"):
            try:
                state.teach_frame = (shelf.photo.name, album.original(shelf.key))
                st.switch_page("pages/teach.py")
            except SkushareError as error:
                st.error(plain(str(error)), icon=":material/error:")
        st.button(
            "Remove",
            key=f"remove_{shelf.key}",
            icon=":material/delete:",
            help="Take this photo off the list, as if it had not been added.",
            on_click=album.remove,
            args=(shelf.key,),
        )


st.title("Count facings on photos")
uploads = st.file_uploader(
    "Add shelf photos, one or many",
    type=sorted(suffix.removeprefix(".") for suffix in SUFFIXES),
    accept_multiple_files=True,
    max_upload_size=64,  # MB, above any camera's JPEG
    # A new key empties the widget, and with it the server's copy of the full-size files.
    key=f"uploads_{state.upload_round}",
)
shot = None
if st.toggle("Take a photo with this device's camera", key="use_camera"):
    shot = st.camera_input(
        "Hold it straight on to the shelf, so that the shelf fills the picture",
        key=f"shot_{state.upload_round}",
        resolution="1080p",
    )

files = [(upload.file_id, upload.name, upload.getvalue) for upload in uploads]
if shot:
    files.append((shot.file_id, f"camera-{datetime.now():%H%M%S}.jpg", shot.getvalue))
if files:
    forget_sample()
progress = st.empty()
if uploads:
    progress.progress(0.0, text="Counting")
# Names, rows and gaps are found once all are counted, and not anew after each turn. A run that the visitor
# cuts short leaves the rest to the next one.
while left := album.take(files, detector, SECONDS_A_TURN, embedder):
    with progress.container():
        st.progress(1 - left / len(files), text=f"Counted {len(files) - left} of {len(files)} photos")
        show_counted(album, state.get("photo_score", detector.threshold("photo")))
progress.empty()
if album:
    put_in_address("list")

if album.failures:
    st.error(
        "  \n".join(map(plain, album.failures.values())),
        icon=":material/broken_image:",
    )
if album.repeats:
    st.info(
        "Already in the list, counted once: " + plain(", ".join(album.repeats)),
        icon=":material/content_copy:",
    )

if not album and not files:
    st.markdown("No photo at hand?")
    pictures = sample_pictures()
    if pictures and st.button("Try a sample picture", icon=":material/shelves:"):
        album.add(pictures[0].name, pictures[0].read_bytes(), detector, embedder)
        if state.get("gallery_name") is None:
            state.gallery_name, state.sample = DEMO, True
        st.rerun()

if album:
    min_score = score_slider(detector, "photo", key="photo_score", persist_state="session")
    naming = known = None
    if embedder:
        naming, known = name_album(album, min_score, detector.labels, embedder, "photos")
        tell_unknown(naming, known)
    brands = naming.brands if naming else ()
    shelves = shelves_of(album, naming, min_score, "photos")
    names = brands or detector.labels
    seen = share_of_shelves([shelf.detections for shelf in shelves], detector.labels, brands)["name"]
    colors = shown_colors(names, seen, known.chosen_colors if known else {})
    total = sum(len(shelf.detections) for shelf in shelves)
    gaps, _ = count_gaps([shelf.gaps for shelf in shelves])
    with st.container(horizontal=True):
        st.metric("Facings", f"{total:,}", border=True)
        st.metric("Photos", len(album), border=True)
        st.metric("Facings a photo", f"{total / len(album):.1f}", border=True)
        st.metric("Gaps", f"{gaps:,}", border=True, help="Empty places between two facings of a shelf row")
    tabs = st.tabs(
        ["Pictures", "Count per photo", "Every facing", "Share of shelf"], key="photos_tab", on_change="rerun"
    )
    if tabs[0].open:
        with tabs[0]:
            show_pictures(choose_page(shelves), names, colors)
    if tabs[1].open:
        with tabs[1]:
            counts = counts_of(shelves)
            st.dataframe(counts, hide_index=True)
            st.download_button(
                "Download counts",
                lambda: to_csv(counts),
                "facings-per-photo.csv",
                "text/csv",
                icon=":material/download:",
                on_click="ignore",
            )
    if tabs[2].open:
        with tabs[2]:
            shown = choose_page(shelves)
            st.dataframe(facings_of(shown, detector.labels, brands), hide_index=True)
            if len(shown) < len(shelves):
                st.caption(
                    f"Of the {len(shown)} photos of the chosen page; the download holds all {len(shelves)}."
                )
            st.download_button(
                "Download every facing",
                lambda: to_csv(facings_of(shelves, detector.labels, brands)),
                "facings.csv",
                "text/csv",
                icon=":material/download:",
                on_click="ignore",
            )
    if tabs[3].open:
        with tabs[3]:
            found, measure = show_share_panel(
                [shelf.detections for shelf in shelves],
                detector.labels,
                brands,
                colors,
                "share",
                known.own_brands if known else (),
                known.skus if known else (),
            )
            shelf_names = [shelf.photo.name for shelf in shelves]
            show_layout(shelf_names, found, detector.labels, brands, measure, colors, "share")
            if naming and naming.looks:
                show_looks(album, min_score, naming, known, embedder, [shelf.detections for shelf in shelves])
    save_as_audit(
        "photos",
        take=lambda: (shelves, album, min_score, known),
        make=make_audit,
        about=UNNAMED if naming and naming.looks else "",
        source=album,
        shown=(tuple(album.photos), min_score, total, known and known.digest),
    )
if album or album.failures:
    st.button("Clear the list", icon=":material/delete:", on_click=clear)

if uploads:
    state.upload_round += 1
    st.rerun()
