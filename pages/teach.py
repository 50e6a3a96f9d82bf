"""Teach: name the facings of a shelf once, and have their brands recognised from then on."""

import streamlit as st

from skushare.app.galleries import DEMO, MY_BRANDS, Teaching, demo_gallery, shared_embedder, with_free_name
from skushare.app.gallery_intake import ask_one_brand, contents, tell_imported
from skushare.app.model import shared_detector
from skushare.app.navigation import require_navigation
from skushare.app.notes import show_error
from skushare.app.pile_board import pile_board
from skushare.app.taught import show_product, show_products, show_versions
from skushare.app.teach import Lesson
from skushare.app.text import plain
from skushare.app.visits import go_back_to, of_visit, put_in_address, start_anew, tell_gone
from skushare.brands.gallery import GalleryError
from skushare.brands.gallery_files import gallery_zip, read_gallery
from skushare.brands.library import delete_gallery, gallery_names
from skushare.errors import SkushareError
from skushare.image_files import SUFFIXES
from skushare.images import read_image
from skushare.samples import sample_pictures

require_navigation()

detector, embedder = shared_detector(), shared_embedder()
state = st.session_state
state.setdefault("teach_round", 0)

st.title("Teach brands")
if embedder is None:
    st.stop()


def in_hand():
    """The lesson that the visit is at, or ``None``, once all is done that was begun in another run."""
    if lesson := of_visit("lesson", lambda: None, go_on):
        with lesson.lock:
            pass
    return lesson


def go_on(lesson):
    """Teach the gallery that ``lesson`` was taught to before a reload."""
    state.teaching = lesson.teaching


def take_up(lesson):
    """Have the visit be at ``lesson`` from now on, or at none."""
    start_anew("lesson")
    go_back_to("lesson", lesson)


def begin(name, image):
    """Find the facings of a photo and sort them into piles."""
    with st.spinner("Finding the facings and sorting them by look"):
        found = detector.detect(image, mode="photo", min_score=detector.min_score)
        take_up(Lesson.begin(name, image, found, embedder, state.teaching))


def open_by_name(name):
    """The gallery to teach: the saved one of this name, or a new one."""
    if name == DEMO:
        return Teaching(demo_gallery())
    return Teaching.of(name)


def keep(gallery):
    """Save a changed gallery and go on with it."""
    if lesson := in_hand():
        lesson.keep(state.teaching, gallery)
    else:
        state.teaching.save(gallery)
    state.gallery_name = gallery.name


in_hand()  # with its gallery, if the page was loaded anew
try:
    known = gallery_names()
    current = state.teaching.gallery if state.get("teaching") else None
    options = list(dict.fromkeys([*known, *([current.name] if current else []), MY_BRANDS]))
    first = current.name if current else None
    if (current is None or state.get("teach_frame")) and state.get("gallery_name") in known:
        first = state.gallery_name  # which the page that one comes from names by
    name = st.selectbox(
        "Gallery",
        options,
        index=options.index(first) if first in options else 0,
        accept_new_options=True,
        help="A gallery knows the brands of your shelves. Choose one, or write a new name and press Enter.",
    )
    if current is None or (name and name != current.name):
        state.teaching = open_by_name(name or MY_BRANDS)
        if lesson := in_hand():
            take_up(lesson.begun_with(state.teaching))
    elif state.teaching.catch_up():
        st.toast("This gallery was taught elsewhere; here is its newest version.", icon=":material/sync:")
        if lesson := in_hand():
            lesson.go_on(state.teaching, current)

    upload = st.file_uploader(
        "Add a photo of a shelf",
        type=sorted(SUFFIXES),
        key=f"teach_upload_{state.teach_round}",
    )
    if upload is not None:
        begin(upload.name, read_image(upload.getvalue(), name=upload.name))
        state.teach_round += 1
        st.rerun()
    if (frame := state.get("teach_frame")) is not None:  # (name, bytes) from another page
        try:
            begin(frame[0], read_image(frame[1], name=frame[0]))
        except SkushareError:
            state.teach_frame = None
            raise
        state.teach_frame = None  # only now: what cuts the run short leaves it to the next one
    if not in_hand():
        tell_gone("lesson", "The photo", "Add it again.")
        pictures = sample_pictures()
        if pictures and st.button("Try a sample picture", icon=":material/shelves:"):
            begin(pictures[0].name, read_image(pictures[0]))
            st.rerun()
except SkushareError as error:
    show_error(error)

if lesson := in_hand():
    put_in_address("lesson")
    total = lesson.facings
    st.subheader(plain(lesson.name))
    if lesson.problem:
        show_error(lesson.problem)
    if lesson.done:
        st.toast(plain(lesson.done), icon=":material/check:")
        lesson.done = ""
    if lesson.note:
        st.info(plain(lesson.note), icon=":material/info:")
    if not total:
        st.info("No facing was found on this photo. Try one taken straight on and closer.")
    elif not len(lesson.piles):
        st.success(
            f"All {total} facings are taught." if total > 1 else "The facing is taught.",
            icon=":material/check:",
        )
    else:
        known = lesson.known
        st.progress(known / total, text=f"{known} of {total} facings taught")
        st.caption(
            "Facings that look alike lie in one pile. The least known piles come first, and in a known "
            "pile the facings that may be something else, marked **?**. Drag a wrong one out, or tap "
            "some and press **Put here**. Then write the brand and press **Teach**."
        )
        pile_board("piles", lesson.piles, lesson.suggestions(), lesson.teaching.gallery, lesson.act)
    if lesson.taught > lesson.elsewhere:
        state.gallery_name = lesson.teaching.gallery.name

gallery = state.teaching.gallery if state.get("teaching") else None
is_saved = bool(gallery and state.teaching.seen)
if gallery and (gallery.skus or is_saved):
    st.subheader("What this gallery knows")
    try:
        if gallery.skus:
            show_products(gallery, keep)
            show_product(gallery, keep)
        else:
            st.caption("No product. Teach it one, or bring an earlier version back.")
        if is_saved:
            versions = st.expander("Versions", key="versions_open", on_change="rerun")
            if versions.open:
                with versions:
                    show_versions(gallery, embedder, keep)
    except SkushareError as error:
        show_error(error)

with st.expander("Export, import, delete"):
    try:
        if gallery and gallery.skus:
            st.download_button(
                "Export as a zip",
                lambda: gallery_zip(gallery),
                f"{gallery.name}.zip",
                "application/zip",
                icon=":material/download:",
                on_click="ignore",
            )
        if is_saved:
            with st.popover("Delete this gallery", icon=":material/delete_forever:"):
                st.markdown(
                    f"The gallery **{plain(gallery.name)}** and all its versions are gone then. "
                    "Those that audits were made with are kept out of sight, for these."
                )
                if st.button("Delete for good"):
                    delete_gallery(gallery.name)
                    st.toast(f"The gallery {plain(gallery.name)} is deleted", icon=":material/delete:")
                    state.teaching = state.gallery_name = None
                    take_up(None)
                    st.rerun()
        as_next = st.toggle(
            "Import as the next version of the gallery of the same name",
            key=f"import_next_{state.teach_round}",
            help="Otherwise that gallery stays unchanged, and the imported one gets a free name.",
        )
        archive = st.file_uploader(
            "Import a zip: an exported gallery, or pictures in folders BRAND/ or BRAND/PRODUCT/",
            type="zip",
            help="They may all lie in one outer folder. If that could be a brand too, you are asked.",
            key=f"gallery_upload_{state.teach_round}",
        )
        one_brand = archive and ask_one_brand(archive, f"import_of_{archive.file_id}")
        if one_brand is not None:
            faults = []
            read = read_gallery(archive, embedder, faults, one_brand)
            if read.by_label:
                raise GalleryError(
                    f"{read.name}: it names by a model's labels and cannot be taught; "
                    "give its CSV file under Brand map on the Photos or Live page, or import the zip by "
                    "skushare gallery import, and choose it there under Brands"
                )
            imported = read if as_next else with_free_name(read)
            state.teaching = Teaching.of(imported.name)
            keep(imported)
            state.teach_imported = imported.name, read.name, contents(imported), faults
            state.teach_round += 1
            st.rerun()
        if gallery and gallery.name == state.get("teach_imported", ("",))[0]:
            tell_imported(*state.teach_imported)
    except SkushareError as error:
        show_error(error)
