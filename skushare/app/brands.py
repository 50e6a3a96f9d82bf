"""The embedder that all visitors share, the choice of a gallery, and brands for what a page shows."""

import streamlit as st

from skushare.app.gallery import gallery as cells
from skushare.app.text import plain
from skushare.brands.embedder import Embedder
from skushare.brands.gallery import Gallery, Sku
from skushare.brands.gallery_files import read_gallery
from skushare.brands.library import (
    brand_notes,
    gallery_names,
    gallery_of,
    gallery_versions,
    library_state,
    save_gallery,
)
from skushare.errors import SkushareError
from skushare.samples import DEMO_GALLERY

BY_LOOK, DEMO = "No gallery: group by look", "Demo: the sample shelves"
MY_BRANDS = "My brands"  # the gallery that looks are named into
MOST_LOOKS = 12


@st.cache_resource(show_spinner="Loading the network that tells brands apart")
def _load():
    return Embedder.load()


def shared_embedder():
    """The embedder, loaded once a server; ``None`` without one, and the page says so."""
    try:
        return _load()
    except SkushareError as error:
        st.warning(plain(str(error)), icon=":material/error:")
        return None


@st.cache_resource(max_entries=8, show_spinner=False)
def _opened(digest):
    embedder = _load()
    gallery = read_gallery(DEMO_GALLERY, embedder) if digest == DEMO else gallery_of(digest)
    return gallery.embedded_by(embedder)


def demo_gallery():
    """The gallery of the bundled sample shelves."""
    return _opened(DEMO)


def saved_gallery(name):
    """The newest version of the saved gallery ``name``, its examples of the present embedder."""
    return _opened(gallery_versions(name)[0].digest)


@st.cache_data(max_entries=8, show_spinner=False)
def _notes(state, first):
    return brand_notes(first)


def notes_of(first=""):
    """As :func:`~skushare.brands.library.brand_notes`, read again only after a gallery was changed."""
    return _notes(library_state(), first)


def choose_gallery(key, without=BY_LOOK):
    """A field to choose the gallery that names brands; gives it, or ``None`` for ``without``.

    The choice holds on all pages of a visit.
    """
    try:
        names = gallery_names()
        state = st.session_state
        options = [*names, DEMO, without]
        chosen = state.get("gallery_name")
        if chosen not in options:
            chosen = without if chosen == "" or not names else names[0]
        state[key] = chosen  # another page or a taught look may have chosen since

        def choose():
            state.gallery_name = "" if state[key] == without else state[key]

        chosen = st.selectbox(
            "Brands",
            options,
            key=key,
            on_change=choose,
            help="Galleries are made on the Teach page. Without one, facings are grouped by how they look.",
        )
        if chosen == without:
            return None
        return demo_gallery() if chosen == DEMO else saved_gallery(chosen)
    except SkushareError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return None


def choose_naming(key):
    """Fields for what names the brands; gives (gallery or ``None``, whether looks name what it does not)."""
    gallery = choose_gallery(f"{key}_gallery")
    by_look = gallery is None or st.toggle(
        "Group what it does not know by look", value=gallery.name == MY_BRANDS, key=f"{key}_looks"
    )
    return gallery, by_look


def name_album(album, min_score, embedder, key):
    """Fields for what names the brands of an album; gives (naming, gallery).

    A naming is kept until the photos, the score or the gallery change.
    """
    gallery, by_look = choose_naming(key)
    made_of = (tuple(album.photos), min_score, gallery and gallery.digest, by_look)
    kept = st.session_state.get(f"{key}_naming")
    if kept is None or kept[0] != made_of:
        kept = (made_of, album.named(min_score, embedder, gallery, by_look))
        st.session_state[f"{key}_naming"] = kept
    return kept[1], gallery


def show_looks(album, min_score, naming, gallery, embedder, counted):
    """The looks of ``naming`` with a picture each, to be given a brand in place.

    ``counted``: the detections that the page counts, of which joined photos have fewer.
    """
    known = len(naming.brands) - len(naming.looks)
    photos = list(album.photos.values())
    for number, (photo, facing) in zip(
        cells(range(min(len(naming.looks), MOST_LOOKS)), 6), naming.looks, strict=False
    ):
        name, facings = naming.brands[known + number], _facings_of(naming, photos, min_score, known + number)
        row = int((photos[photo].detections.scores >= min_score).nonzero()[0][facing])
        st.image(photos[photo].cutout(row), width=64)
        brand = st.text_input(
            f"{name}: {sum(int((d.brand_ids == known + number).sum()) for d in counted)} facings",
            placeholder="Brand",
            key=f"look_{photo}_{row}",
            help="Write the brand, and it is taught.",
        )
        if brand.strip():
            vectors = [shown.embeddings[row].astype("float32") for shown, row in facings]
            pictures = [shown.cutout(row) for shown, row in facings]
            try:
                _teach_look(brand, vectors, pictures, gallery, embedder)
            except SkushareError as error:
                st.error(plain(str(error)), icon=":material/error:")
                st.stop()
            st.rerun()
    if len(naming.looks) > MOST_LOOKS:
        st.caption(
            f"And {len(naming.looks) - MOST_LOOKS} looks of fewer facings; the Teach page has all of a photo."
        )


def _facings_of(naming, photos, min_score, brand):
    """(photo, row in its detections) of each facing of ``brand``."""
    found = []
    for photo, detections in zip(photos, naming.detections, strict=True):
        rows = (photo.detections.scores >= min_score).nonzero()[0]
        found += [(photo, int(row)) for row in rows[detections.brand_ids == brand]]
    return found


def _teach_look(brand, vectors, pictures, gallery, embedder):
    """Teach the facings of a look to ``gallery``, or to ``MY_BRANDS`` without one but the demo.

    Returns:
        The saved gallery, which is the chosen one from then on.

    Raises:
        SkushareError: the name cannot be a brand's, or the gallery cannot be saved.
    """
    if gallery is None or st.session_state.get("gallery_name") == DEMO:
        gallery = saved_gallery(MY_BRANDS) if MY_BRANDS in gallery_names() else Gallery(MY_BRANDS)
    sku = gallery.find(brand, brand) or Sku(gallery.new_id(), brand, brand)
    gallery = gallery.with_examples(sku, vectors, pictures, embedder)
    save_gallery(gallery)
    st.session_state.gallery_name = gallery.name
    return gallery


def show_live_looks(session, embedder):
    """The looks of a live ``session`` with a picture each, to be given a brand in place.

    Each keeps its place, also when it has its brand: no field moves while another is being written in.
    """
    looks, state = session.looks, st.session_state
    state.looks_shown = looks
    if not looks:
        return
    st.markdown("##### Looks")
    st.caption("Write the brand of a look, and it is taught: it is known from then on, also on other pages.")
    if problem := state.pop("look_problem", None):
        st.error(plain(problem), icon=":material/error:")
    shown = looks[: MOST_LOOKS + sum(bool(look.brand) for look in looks)]
    for number in cells(range(len(shown)), 3):
        look, line = shown[number], st.container(horizontal=True, vertical_alignment="center")
        line.image(look.picture, width=48)
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
        st.caption(f"And {len(looks) - len(shown)} looks that were found later.")


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
        session.go_on_with(gallery, look.name, brand)
    except SkushareError as error:
        state.look_problem = str(error)
