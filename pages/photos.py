"""Photos: count the facings on many photos."""

from copy import deepcopy
from functools import partial

import streamlit as st

from skushare.album import Album
from skushare.app.audit_saving import UNNAMED, save_as_audit
from skushare.app.cells import figures
from skushare.app.clock import now
from skushare.app.galleries import DEMO, shared_embedder
from skushare.app.looks import show_looks
from skushare.app.model import detector_of, score_key, score_slider, tell_model
from skushare.app.naming import name_album, tell_unknown
from skushare.app.navigation import require_navigation
from skushare.app.photo_tabs import show_counts, show_facings, show_pictures
from skushare.app.refused import tell_refused
from skushare.app.shares import seen_names, show_share_panel
from skushare.app.shelves import shelves_of, show_counted, show_layout
from skushare.app.tabs import show_tabs
from skushare.app.text import plain
from skushare.app.visits import go_back_to, of_visit, put_in_address, start_anew, tell_gone
from skushare.audits.album import audit_of_shelves
from skushare.colors import shown_colors
from skushare.image_files import SUFFIXES
from skushare.live.connection import ADVICE
from skushare.samples import sample_pictures
from skushare.shelf.gaps import count_gaps
from skushare.text import counted

require_navigation()

SECONDS_A_TURN = 2.0  # of counting, before the page shows how far it is
MOST_NAMED = 5  # photos that were not counted

CHOICES = ("gallery_name", "sample", "photos_by_look", "photos_joined")  # in the state of the visit

state = st.session_state


def go_on(album):
    """Have the fields stand as they last stood for ``album``, but for what the visit has chosen already."""
    for name in CHOICES:
        if state.get(name) is None and name in album.choices:
            state[name] = deepcopy(album.choices[name])


album = of_visit("list", Album, go_on)
detector, embedder = detector_of(album.detector), shared_embedder()
state.setdefault("upload_round", 0)
state.setdefault("shot_round", 0)


def clear():
    """Start an empty list."""
    if cleared := start_anew("list"):
        state.cleared = cleared
    forget_sample()
    state.upload_round += 1
    state.shot_round += 1
    state.uploads = ()


def take_back():
    """Have the list again that was cleared."""
    cleared = state.pop("cleared")
    go_back_to("list", cleared)
    go_on(cleared)


def forget_sample():
    """Have the gallery of the sample picture name no brands of the visitor's own photos."""
    if state.pop("sample", False) and state.get("gallery_name") == DEMO:
        state.gallery_name = None


def make_audit(taken, words):
    """The audit of what was there when the button was pressed."""
    shelves, album, min_score, known = taken
    return audit_of_shelves(shelves, album, detector, min_score, words, known)


def show_shares():
    """How the shelves divide over brands, what stands beside what, and looks that have no brand yet."""
    found = [shelf.detections for shelf in shelves]
    kept, measure = show_share_panel(
        found,
        detector.labels,
        brands,
        colors,
        "share",
        known.own_brands if known else (),
        known.skus if known else (),
    )
    shelf_names = [shelf.photo.name for shelf in shelves]
    show_layout(shelf_names, found, detector.labels, brands, measure, colors, "share", kept)
    if naming and naming.looks:
        show_looks(album, min_score, naming, known, embedder, found)


st.title("Count facings on photos")
if not album:
    tell_gone("list", "The list", "Add the photos again.")
uploads = st.file_uploader(
    "Add shelf photos, one or many",
    type=sorted(SUFFIXES),
    accept_multiple_files=True,
    # A new key empties the widget, and with it the server's copy of the full-size files.
    key=f"uploads_{state.upload_round}",
)
if uploads:  # at once: what is on its way to a field when a new one takes its place is lost
    state.uploads = [*state.get("uploads", ()), *uploads]
    state.upload_round += 1
    st.rerun()
uploads = state.get("uploads", ())
tell_refused("uploads_", SUFFIXES, MOST_NAMED, state.shot_round)
shot = None
if st.toggle("Take a photo with this device's camera", key="use_camera"):
    from skushare.app.camera import camera_status  # takes a while to import, which most need not wait for

    if (status := camera_status()) in ADVICE:
        st.warning(ADVICE[status], icon=":material/videocam_off:")
    else:
        shot = st.camera_input(
            "Hold it square to the shelf, so that the shelf fills the picture",
            key=f"shot_{state.shot_round}",
            resolution="1080p",
        )

files = [(upload.file_id, upload.name, upload.getvalue) for upload in uploads]
if shot:
    called = state.setdefault("shot_names", {})  # a shot keeps its name in later runs
    name = called.setdefault(shot.file_id, f"camera-{now():%H%M%S}.jpg")
    files.append((shot.file_id, name, shot.getvalue))
if files:
    forget_sample()
progress = st.empty()
if uploads:
    progress.progress(0.0, text="Counting")
before = len(album)
# Names, rows and gaps are found once all are counted, and not anew after each turn. A run that the visitor
# cuts short leaves the rest to the next one.
while files and (left := album.take(files, detector, SECONDS_A_TURN, embedder)):
    put_in_address("list", again=True)  # a reload meanwhile is to find what was counted
    with progress.container():
        st.progress(1 - left / len(files), text=f"Counted {len(files) - left} of {len(files)} photos")
        show_counted(album, state.get(score_key(detector, "photo"), detector.threshold("photo")))
progress.empty()
if album:
    put_in_address("list", again=len(album) > before)
    state.pop("cleared", None)

if album.failures:
    st.error(
        "  \n".join(map(plain, album.failures.values())),
        icon=":material/broken_image:",
    )
if album.waiting:  # of files that went with the page
    more = f" and {len(album.waiting) - MOST_NAMED} more" if len(album.waiting) > MOST_NAMED else ""
    names = plain(", ".join(album.waiting[:MOST_NAMED])) + more
    st.warning(
        f"Not counted, because the page was left too early: {names}. Add them again.",
        icon=":material/hourglass_disabled:",
    )
if album.repeats:
    st.info(
        "Already in the list, counted once: " + plain(", ".join(album.repeats)),
        icon=":material/content_copy:",
    )

if not album and not files:
    if cleared := state.get("cleared"):
        photos = counted(len(cleared), "photo")
        st.button(f"Restore the cleared list of {photos}", icon=":material/undo:", on_click=take_back)
    st.markdown("No photo at hand?")
    pictures = sample_pictures()
    if pictures and st.button("Try a sample picture", icon=":material/shelves:"):
        album.add(pictures[0].name, pictures[0].read_bytes(), detector, embedder)
        if state.get("gallery_name") is None:
            state.gallery_name, state.sample = DEMO, True
        st.rerun()

if album:
    min_score = score_slider(detector, "photo", start=album.choices.get("min_score"), persist_state="session")
    naming = known = None
    if embedder:
        naming, known = name_album(album, min_score, detector.labels, embedder, "photos")
        tell_unknown(naming, known)
    brands = naming.brands if naming else ()
    shelves = shelves_of(album, naming, min_score, "photos")
    chosen = {name: state[name] for name in CHOICES if name in state}
    album.choices = deepcopy(chosen) | {"min_score": min_score}
    names = brands or detector.labels
    seen = seen_names([shelf.detections for shelf in shelves], detector.labels, brands)
    colors = shown_colors(names, seen, known.chosen_colors if known else {})
    total = sum(len(shelf.detections) for shelf in shelves)
    gaps, _ = count_gaps([shelf.gaps for shelf in shelves])
    with figures():
        st.metric("Facings", f"{total:,}", border=True)
        st.metric("Photos", len(album), border=True)
        if not any(shelf.parts for shelf in shelves):  # joined photos share facings
            st.metric("Facings a photo", f"{total / len(album):.1f}", border=True)
        st.metric("Gaps", f"{gaps:,}", border=True, help="Empty places between two facings of a shelf row")
    views = {
        "Pictures": partial(show_pictures, shelves, album, names, colors, teachable=embedder is not None),
        "Count per photo": partial(show_counts, shelves),
        "Every facing": partial(show_facings, shelves, detector.labels, brands),
        "Share of shelf": show_shares,
    }
    # Above the tabs, below whose pictures a phone would have to look for it.
    save_as_audit(
        "photos",
        take=lambda: (shelves, album, min_score, known),
        make=make_audit,
        about=UNNAMED if naming and naming.looks else "",
        source=album,
        shown=(tuple(album.photos.values()), min_score, total, known and known.digest),
    )
    show_tabs(views, "photos_tab")
    tell_model(detector, "Clear the list")
if album or album.failures:
    st.button("Clear the list", icon=":material/delete:", on_click=clear)

if uploads:
    state.uploads = ()
    st.rerun()
