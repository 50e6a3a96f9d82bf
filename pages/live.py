"""Live: count the facings that the visitor's camera sees, or a video that it took before."""

import streamlit as st

from skushare.app.audit_saving import UNNAMED, save_as_audit
from skushare.app.camera import camera_status, camera_stream, without_stream
from skushare.app.cells import cells, picture_and_figures
from skushare.app.clock import now
from skushare.app.galleries import shared_embedder
from skushare.app.looks import are_new_looks, show_live_looks
from skushare.app.model import choose_sizes, detector_of, score_slider, shared_detector, tell_model
from skushare.app.naming import choose_as, choose_naming
from skushare.app.navigation import open_page, require_navigation
from skushare.app.polling import poll
from skushare.app.recording import count_recording, leave_recording, tell_left
from skushare.app.shares import SIDES, choose_category, choose_sides, read_targets, show_shares
from skushare.app.visits import keep_dropped, of_visit, put_in_address, start_anew, tell_gone
from skushare.audits.camera import CameraView, audit_of_frame, audit_of_sweep
from skushare.charts import count_chart
from skushare.jpeg import encode_jpeg
from skushare.live.connection import ADVICE, HOPELESS, MISSING, NO_ROUTE, Connection
from skushare.live.session import LiveSession
from skushare.shelf.share import in_category, share_of_shelf
from skushare.text import counted

require_navigation()

SWEEP, FRAME = "All facings so far, each once", "The newest frame alone"
STALE_SECONDS = 3
ONCE = (
    "Move the camera along the shelf: each facing counts once, even if you go back. If you pass it row "
    "by row, have each pass show half of what the one before it showed: with less, some count twice. "
    "**Start over** begins at 0, for another shelf."
)
PACE = "Choose the size under Detail, further down: fewer pixels are faster but show less."
UNIQUE, IN_VIEW = "Unique so far", "In view"

embedder = shared_embedder()
state = st.session_state


def go_on(session):
    """Have the fields stand as when the ``session`` was begun, which counts anew with other ones."""
    if embedder:
        choose_as("live", session.gallery, session.by_look, session.detector.labels)


def sweep_of_visit():
    return of_visit("sweep", lambda: LiveSession(shared_detector()), go_on)


session = sweep_of_visit()
if session.newest() is None and session.detector.digest != shared_detector().digest:
    start_anew("sweep")  # with the model that was chosen since
    session = sweep_of_visit()
detector = detector_of(session.detector)
if "connection" not in state:
    state.connection = Connection()
connection = state.connection

st.title("Count facings live")
if session.newest() is None:
    tell_gone("sweep", "The count", "Count the shelf again.")
status = camera_status()
if status in ADVICE:
    st.warning(ADVICE[status], icon=":material/videocam_off:")
    if st.button("Count photos instead", icon=":material/photo_library:"):
        open_page("pages/photos.py")


def choose_settings():
    """The settings, which the session has from then on; gives the sizes of frames."""
    st.markdown("##### Settings")
    # Of another detector, scores mean something else.
    start = session.min_score if session.detector is detector else None
    session.min_score = score_slider(detector, "live", start=start)
    sizes = choose_sizes(detector, "live_size")
    session.look_at(sizes)
    if embedder:
        known, by_look = choose_naming("live", detector.labels)
        keep_dropped(session.name_by(known, embedder, by_look, state.get("dropped")))
    return sizes


if status in (*HOPELESS, MISSING) and session.newest() is None:
    without_stream()
    recording_place = st.container()
    sizes = choose_settings()
    with recording_place:
        count_recording(session, sizes)
        tell_left(session)
    st.stop()  # what was counted before the camera was unplugged, or of a video, stays


def make_audit(taken, words, way):
    """The audit of what was there when the button was pressed."""
    audit_of = audit_of_frame if way == FRAME or not taken.sweep else audit_of_sweep
    return audit_of(taken, detector.labels, words)


def count_anew():
    """Begin at 0, and with the model that the app counts with by now."""
    if session.detector.digest == shared_detector().digest:
        state.dropped = session.recount(state.get("dropped"))
    else:
        state.dropped = None
        start_anew("sweep")


def take_back():
    """Go on with the dropped count and its brands; the present one can be taken back in its turn."""
    dropped = state.dropped  # by now: for a video, counting may have begun anew since the button was drawn
    if dropped is None or not session.can_take_back(dropped):
        return
    leave_recording()  # which would begin anew
    state.dropped = session.take_back(dropped)
    go_on(session)


def keep_snapshot():
    """Keep the newest frame, or have the page say that there is none."""
    snapshot = session.take_snapshot(now())
    state.no_frame = snapshot is None
    if snapshot:  # which a phone shows far below the button
        st.toast("The snapshot is at the end of the page", icon=":material/photo_camera:")


reading_row = st.container()
video_column, course_column = picture_and_figures()
looks_row = st.container()
settings_row = st.container()  # below what is read all the time, also on a phone
with video_column:
    camera = camera_stream(session)
    buttons = st.container(horizontal=True)
    # What the camera tells can cut a run short; a callback is done before.
    buttons.button("Start over", icon=":material/restart_alt:", help=ONCE, on_click=count_anew)
    save_as_audit(
        "live",
        take=lambda: CameraView.of(session),
        make=make_audit,
        place=buttons,
        ways=(SWEEP, FRAME),
        about=UNNAMED if any(not look.brand for look in session.looks) else "",
    )
    buttons.button("Save a snapshot", icon=":material/photo_camera:", on_click=keep_snapshot)
    if state.pop("no_frame", False):
        st.info("There is no frame to save yet. Start the camera and press again.")
    if embedder and buttons.button("Teach from this frame", icon=":material/school:"):
        if frame := session.newest():
            state.teach_frame = (f"frame-{now():%H%M%S}.jpg", encode_jpeg(frame[0], 95))
            open_page("pages/teach.py")
        else:
            st.info("There is no frame to teach from yet. Start the camera and press again.")
    recording_place = st.container()
with settings_row:
    sizes = choose_settings()
    tell_model(detector, "Press **Start over**")
dropped = state.get("dropped")  # asked after the settings, which may have chosen other brands
if dropped and dropped.facings and session.can_take_back(dropped):
    buttons.button(
        f"Restore the count of {dropped.facings}",
        icon=":material/undo:",
        help="Go back to the earlier count and its brands. The present count can then be restored in turn.",
        on_click=take_back,
    )
with recording_place:
    count_recording(session, sizes, disabled=camera.state.playing)
if session.newest() is not None or camera.state.playing:
    put_in_address("sweep")
with looks_row:  # outside of what is drawn every second, which would disturb the writing of a name
    show_live_looks(session, embedder)


def _categories(known):
    return [sku.category for sku in known.skus]


poll_seconds = 1.0 if camera.state.playing or camera.state.signalling else None


def show_reading():
    """The count and the speed, or what is to be done to get them."""
    link = connection.update(camera.state.playing, camera.state.signalling)
    reading = session.reading()
    # Each has its place, whatever is to be told: what moves on the page is seen twice until the next rerun.
    notes, figures = st.container(), st.container(horizontal=True)
    if link in ("slow", "failed"):
        notes.warning(NO_ROUTE, icon=":material/signal_disconnected:")
    if reading.error:
        notes.error(reading.error, icon=":material/error:")
    elif link == "playing" and reading.age is not None and reading.age > STALE_SECONDS:
        notes.warning(
            f"No new picture for {reading.age:.0f} seconds. Check the camera and the network.",
            icon=":material/hourglass_top:",
        )
    if reading.facings is not None and link != "connecting":
        figures.metric(IN_VIEW if link == "playing" else "Last in view", reading.facings, border=True)
        figures.metric(UNIQUE, reading.unique, border=True, help=ONCE)
        if link == "playing":  # what was counted stays, its speed is over
            told = f"Each has {session.size} pixels and takes {reading.latency_ms:.0f} ms. {PACE}"
            figures.metric("Pictures a second", f"{reading.fps:.1f}", border=True, help=told)
    elif link == "idle" and status not in ADVICE:
        notes.info(
            "Press **Start the camera**, allow it, and hold it square to the shelf, so that the shelf "
            "fills the picture.",
            icon=":material/videocam:",
        )
    elif link not in ("idle", "failed") and not reading.error:
        notes.info("Waiting for the first picture", icon=":material/hourglass_top:")


def show_course():
    """The count over time, and the shares of all facings so far or of the newest frame."""
    reading = session.reading()
    shares_place, course_place = st.container(), st.container()
    if reading.facings is None:
        return
    with shares_place:
        st.markdown("##### Share of shelf")
        which = st.segmented_control(
            "Share of", (UNIQUE, IN_VIEW), default=UNIQUE, key="share_of", required=True
        )
        found = session.unique_facings() if which == UNIQUE else reading.detections
        known, brands = session.gallery, session.brands if found.brand_ids is not None else ()
        own, categories = (known.own_brands, _categories(known)) if known else 2 * ((),)
        category, sides = choose_category("live", categories), choose_sides("live", own)
        if category:
            found = in_category(found, categories, category)
        shares = share_of_shelf(found, detector.labels, brands, own if sides else None)
        colors = SIDES if sides else session.colors(shares["name"])
        wanted = read_targets(known.brands if known else (), category)
        show_shares(shares, () if brands else detector.labels, colors=colors, wanted=wanted)
        if session.looks:
            st.caption("Facings that no gallery knows are grouped by look. Name the looks below.")
        if are_new_looks(session):
            st.rerun()
    with course_place:
        st.markdown("##### Facings over time")
        st.vega_lite_chart(*count_chart(session.history()), width="stretch")


def show_snapshots():
    """The newest frames that were kept, to be downloaded."""
    snapshots = session.snapshots()
    if not snapshots:
        return
    st.subheader("Snapshots of this visit")
    for snapshot in cells(snapshots, columns=4):
        st.image(snapshot.jpeg, width="stretch", alt=f"Shelf with {counted(snapshot.facings, 'box')} drawn")
        st.markdown(f"**{counted(snapshot.facings, 'facing')}** at {snapshot.taken:%H:%M:%S}")
        st.download_button(
            "Download",
            snapshot.jpeg,
            snapshot.file_name,
            "image/jpeg",
            key=f"snapshot_{snapshot.taken.isoformat()}",
            icon=":material/download:",
            on_click="ignore",
        )


with reading_row:
    tell_left(session)  # beside the count, which looks whole
    poll(show_reading, poll_seconds)
with course_column:
    poll(show_course, poll_seconds)
poll(show_snapshots, poll_seconds)
