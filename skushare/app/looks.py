"""Looks that have no brand yet, each with a picture and a field to name it in place."""

from threading import Lock

import streamlit as st

from skushare.app.cells import cells
from skushare.app.galleries import DEMO, MY_BRANDS, Teaching
from skushare.app.naming import choose_as
from skushare.app.notes import show_error
from skushare.app.teach import already_taught
from skushare.app.text import plain
from skushare.app.visits import keep_dropped
from skushare.brands.looks import taught_look
from skushare.errors import SkushareError
from skushare.text import counted

MOST_LOOKS, LOOKS_BESIDE = 12, 3
_turns = Lock()  # runs of a page overlap: who names looks one after the other teaches the second meanwhile


def show_looks(album, min_score, naming, gallery, embedder, found):
    """The looks of ``naming`` with a picture each, to be given a brand in place.

    ``found``: the detections that the page counts, of which joined photos have fewer.
    """
    _head_looks()
    if problem := st.session_state.pop("look_problem", None):
        show_error(problem)
    known = len(naming.brands) - len(naming.looks)
    photos = list(album.photos.values())
    shown = [
        (photo, int((photos[photo].detections.scores >= min_score).nonzero()[0][facing]))
        for photo, facing in naming.looks[:MOST_LOOKS]
    ]
    pictures = _pictures_of([(photos[photo], row) for photo, row in shown])
    for number in cells(range(len(shown)), LOOKS_BESIDE):
        name, facings = naming.brands[known + number], _facings_of(naming, photos, min_score, known + number)
        photo, row = shown[number]
        key = f"look_{photo}_{row}"
        # A callback is called once for what was written; the field itself has it in every run.
        _picture_of(name, pictures[number]).text_input(
            f"{name}: {counted(sum(int((d.brand_ids == known + number).sum()) for d in found), 'facing')}",
            placeholder="Brand",
            key=key,
            on_change=_name_look,
            args=(key, facings, gallery, embedder),
        )
    if len(naming.looks) > MOST_LOOKS:
        st.caption(
            f"And {counted(len(naming.looks) - MOST_LOOKS, 'look')} of fewer facings; the Teach page shows "
            "all of a photo."
        )


def _head_looks():
    st.markdown("##### Looks")
    st.caption("Write the brand of a look to teach it: from then on it is recognised, on other pages too.")


def _picture_of(name, picture):
    """A line that begins with a picture of a look, short enough for a phone to show several."""
    line = st.container(horizontal=True, vertical_alignment="center")
    line.image(picture, width=48, alt=f"A facing of {name}")
    return line


def _facings_of(naming, photos, min_score, brand):
    """(photo, row in its detections) of each facing of ``brand``."""
    found = []
    for photo, detections in zip(photos, naming.detections, strict=True):
        rows = (photo.detections.scores >= min_score).nonzero()[0]
        found += [(photo, int(row)) for row in rows[detections.brand_ids == brand]]
    return found


def _pictures_of(facings):
    """JPEG bytes of each of ``facings``, of :func:`_facings_of`; each photo is decoded once."""
    rows = {}
    for photo, row in facings:
        rows.setdefault(photo, []).append(row)
    cut = {photo: dict(zip(its, photo.cutouts(its), strict=True)) for photo, its in rows.items()}
    return [cut[photo][row] for photo, row in facings]


def _name_look(key, facings, gallery, embedder):
    """Teach ``facings``, of :func:`_facings_of`, as examples of the brand written in the field ``key``."""
    brand, state = st.session_state[key].strip(), st.session_state
    if not brand:
        return
    vectors = [photo.embeddings[row].astype("float32") for photo, row in facings]
    pictures = _pictures_of(facings)
    try:
        _teach_look(brand, vectors, pictures, gallery, embedder)
        state[key] = ""
    except SkushareError as error:
        state.look_problem = str(error)


def _teach_look(brand, vectors, pictures, gallery, embedder):
    """Teach the facings of a look to ``gallery``, or to ``MY_BRANDS`` if there is none or only the demo.

    Returns:
        The saved gallery, which is the chosen one from then on.

    Raises:
        SkushareError: the name cannot be a brand's, or the gallery cannot be saved.
    """
    without = gallery is None or st.session_state.get("gallery_name") == DEMO
    with _turns:
        teaching = Teaching.of(MY_BRANDS if without else gallery.name)
        taught = taught_look(teaching.gallery, brand, vectors, pictures, embedder)
        if taught is teaching.gallery:
            st.toast(plain(already_taught(taught, brand)), icon=":material/info:")
        teaching.save(taught)
    st.session_state.gallery_name = teaching.gallery.name
    return teaching.gallery


def show_live_looks(session, embedder):
    """The looks of a live ``session`` with a picture each, to be given a brand in place.

    Each keeps its place, also when it has its brand: no field moves while another is being written in.
    """
    looks, state = session.looks, st.session_state
    state.looks_shown = looks
    if not looks:
        return
    _head_looks()
    if problem := state.pop("look_problem", None):
        show_error(problem)
    shown = looks[: MOST_LOOKS + sum(bool(look.brand) for look in looks)]
    for number in cells(range(len(shown)), LOOKS_BESIDE):
        look = shown[number]
        line = _picture_of(look.name, look.picture)
        if look.brand:
            line.text(f"{look.name}: {look.brand}")
            continue
        key = f"live_look_{number}"
        # What the camera tells can cut a run short; a callback is done before.
        line.text_input(
            look.name,
            placeholder="Brand",
            key=key,
            on_change=_name_live_look,
            args=(session, look, key, embedder),
        )
    if len(shown) < len(looks):
        st.caption(f"And {counted(len(looks) - len(shown), 'look')} found later.")


def are_new_looks(session):
    """Whether the live ``session`` has looks that :func:`show_live_looks` has not shown yet."""
    return session.looks != st.session_state.get("looks_shown", ())


def _name_live_look(session, look, key, embedder):
    brand, state = st.session_state[key].strip(), st.session_state
    vectors, pictures = session.examples(look.name)
    if not brand or not pictures:
        return
    try:
        gallery = _teach_look(brand, vectors, pictures, session.gallery, embedder)
        keep_dropped(session.go_on_with(gallery, look.name, gallery.spelled(brand), state.get("dropped")))
        choose_as("live", gallery, True, session.detector.labels)  # as the session goes on
    except SkushareError as error:
        state.look_problem = str(error)
