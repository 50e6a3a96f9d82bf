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
    library_state,
    newest_digest,
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
    return _opened(newest_digest(name))


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


def name_album(album, min_score, embedder, key):
    """Fields for what names the brands of an album; gives (naming, gallery).

    A naming is kept until the photos, the score or the gallery change.
    """
    gallery = choose_gallery(f"{key}_gallery")
    by_look = gallery is None or st.toggle(
        "Group what it does not know by look", value=gallery.name == MY_BRANDS, key=f"{key}_looks"
    )
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
            _teach_look(brand, facings, gallery, embedder)
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


def _teach_look(brand, facings, gallery, embedder):
    """Teach the facings of a look to ``gallery``, or to ``MY_BRANDS`` without one but the demo."""
    if gallery is None or st.session_state.get("gallery_name") == DEMO:
        gallery = saved_gallery(MY_BRANDS) if MY_BRANDS in gallery_names() else Gallery(MY_BRANDS)
    try:
        sku = gallery.find(brand, brand) or Sku(gallery.new_id(), brand, brand)
        vectors = [photo.embeddings[row].astype("float32") for photo, row in facings]
        pictures = [photo.cutout(row) for photo, row in facings]
        save_gallery(gallery.with_examples(sku, vectors, pictures, embedder))
    except SkushareError as error:
        st.error(plain(str(error)), icon=":material/error:")
        st.stop()
    st.session_state.gallery_name = gallery.name
