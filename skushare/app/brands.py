"""The embedder that all visitors share, the choice of a gallery, and brands for what a page shows."""

from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from skushare.app.cells import cells
from skushare.app.text import plain
from skushare.brands.brand_map import read_brand_map, require_labels
from skushare.brands.embedder import Embedder
from skushare.brands.gallery import Gallery
from skushare.brands.gallery_files import read_gallery
from skushare.brands.library import (
    brand_map_names,
    brand_notes,
    delete_gallery,
    gallery_names,
    gallery_of,
    library_state,
    newest_digest,
    save_gallery,
)
from skushare.brands.looks import taught_look
from skushare.errors import SkushareError
from skushare.samples import DEMO_GALLERY

GROUP_UNKNOWN = "Group what it does not know by look"
BY_LOOK, DEMO = "No gallery: group by look", "Demo: the sample shelves"
NO_BRANDS, OWN_LABELS = "No brands", "The model's own labels"
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


@dataclass
class Teaching:
    """A gallery that a visitor teaches, as others may do at the same time.

    Attributes:
        gallery: what it knows, its examples of the present embedder.
        seen: digest of the saved version that it was made from, empty if there was none.
    """

    gallery: Gallery
    seen: str = ""

    @classmethod
    def of(cls, name):
        """That of the saved gallery ``name``, or of a new one."""
        teaching = cls(Gallery(name))
        teaching.catch_up()
        return teaching

    def catch_up(self):
        """Go on with the newest saved version, whoever saved it; tells whether it is another one."""
        name = self.gallery.name
        newest = newest_digest(name) if name in gallery_names() else self.seen
        if newest == self.seen:
            return False
        self.gallery, self.seen = _opened(newest), newest
        return True

    def save(self, gallery):
        """Save ``gallery``, made from the present one, and go on with it; gives its version's number.

        Raises:
            GalleryError: somebody saved another version in the meantime.
            DatabaseError: it cannot be saved.
        """
        version = save_gallery(gallery, self.seen)
        self.gallery, self.seen = gallery, gallery.digest
        return version


@st.cache_data(max_entries=8, show_spinner=False)
def _notes(state, first):
    return brand_notes(first)


def notes_of(first=""):
    """As :func:`~skushare.brands.library.brand_notes`, read again only after a gallery was changed."""
    return _notes(library_state(), first)


def choose_gallery(key, labels, without=BY_LOOK):
    """A field to choose the gallery or brand map that names brands; gives it, or ``None`` without one.

    The choice holds on all pages of a visit.

    Args:
        labels: of the model; those of several classes may name the brands themselves, or by a brand map.
        without: what else there is to choose.
    """
    try:
        names, state, several = gallery_names(), st.session_state, len(labels) > 1
        if several:
            names = [*names, *brand_map_names()]
        options = list(dict.fromkeys([*names, DEMO, *([OWN_LABELS] if several else []), without]))
        chosen = state.get("gallery_name")
        if chosen not in options:
            usual = OWN_LABELS if several else names[0] if names else without
            chosen = without if chosen == "" else usual
        state[key] = chosen  # another page or a taught look may have chosen since

        def choose():
            state.gallery_name = "" if state[key] in (BY_LOOK, NO_BRANDS) else state[key]

        chosen = st.selectbox(
            "Brands",
            options,
            key=key,
            on_change=choose,
            help="Galleries are made on the Teach page. Without one, facings are grouped by how they look.",
        )
        if chosen in (OWN_LABELS, without):
            return None
        gallery = demo_gallery() if chosen == DEMO else saved_gallery(chosen)
        if gallery.by_label:
            require_labels(gallery, labels)
        return gallery
    except SkushareError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return None


def choose_naming(key, labels):
    """Fields for what names the brands of the facings of a model with the class ``labels``.

    Returns:
        (gallery, by_look): a gallery or brand map, or ``None``; whether looks name what it does not know.
        With neither, the class labels are the brands.
    """
    gallery = choose_gallery(f"{key}_gallery", labels)
    if len(labels) > 1:
        _offer_brand_map(key, labels, gallery)
    if gallery is None:
        return None, st.session_state.get(f"{key}_gallery") != OWN_LABELS
    return gallery, not gallery.by_label and _choose_looks(key, gallery.name)


def _choose_looks(key, name):
    """A field: do looks name what the gallery ``name`` does not know? What is chosen outlives the page."""
    chosen = st.session_state.setdefault(f"{key}_by_look", {})
    chosen[name] = st.toggle(
        GROUP_UNKNOWN,
        value=chosen.get(name, name == MY_BRANDS),
        key=f"{key}_looks",
    )
    return chosen[name]


def choose_as(key, gallery, by_look, labels):
    """Have the fields of :func:`choose_naming` at first stand as for what it gave before a reload."""
    state = st.session_state
    if gallery is None:
        state.gallery_name = "" if by_look or len(labels) == 1 else OWN_LABELS
    else:
        state.gallery_name = gallery.name
        with suppress(SkushareError):  # which the field tells, if it is chosen
            if gallery.digest == demo_gallery().digest:
                state.gallery_name = DEMO
        state[f"{key}_by_look"] = {gallery.name: by_look}


def _offer_brand_map(key, labels, gallery):
    """A place to give the brands of the model's ``labels``, or to delete the brand map that is chosen."""
    state = st.session_state
    with st.popover("Brand map", icon=":material/account_tree:"):
        st.markdown(
            "Many labels of the model to one brand: a CSV file with the columns `label`, `brand` and `own` "
            "(yes or no), or a JSON list of objects with these keys. It is kept, and chosen under Brands."
        )
        file = st.file_uploader(
            "CSV or JSON file",
            type=["csv", "json"],
            max_upload_size=4,  # MB, above any list of labels
            key=f"{key}_brand_map_{state.setdefault('brand_map_round', 0)}",
        )
        if file is not None:
            try:
                brand_map = read_brand_map(file)
                require_labels(brand_map, labels)
                save_gallery(brand_map)
            except SkushareError as error:
                st.error(plain(str(error)), icon=":material/error:")
            else:
                state.gallery_name = brand_map.name
                state.brand_map_round += 1  # empties the field
                st.rerun()
        if gallery is not None and gallery.by_label:
            st.button(
                "Delete the chosen map",
                icon=":material/delete:",
                key=f"{key}_brand_map_gone",
                help="Audits keep the brands that they were made with.",
                on_click=_delete_brand_map,
                args=(gallery.name,),
            )


def _delete_brand_map(name):
    delete_gallery(name)
    st.session_state.gallery_name = None


def name_album(album, min_score, labels, embedder, key):
    """Fields for what names the brands of an album; gives (naming, gallery).

    A naming is kept until the photos, the score or the gallery change. It is ``None`` where the class
    ``labels`` of the model are the brands.
    """
    gallery, by_look = choose_naming(key, labels)
    if gallery is None and not by_look:
        return None, None
    made_of = (tuple(album.photos), min_score, gallery and gallery.digest, by_look)
    kept = st.session_state.get(f"{key}_naming")
    if kept is None or kept[0] != made_of:
        kept = (made_of, album.named(min_score, embedder, gallery, by_look, labels))
        st.session_state[f"{key}_naming"] = kept
    return kept[1], gallery


def tell_unknown(naming, gallery):
    """A sentence where ``gallery`` knows no facing of ``naming``, as :func:`name_album` gives both."""
    if naming is None or gallery is None or gallery.by_label or naming.looks:
        return
    ids = [int(i) for found in naming.detections for i in found.brand_ids]
    if ids and max(ids) < 0:
        st.caption(f"The gallery knows none of these. Switch on **{GROUP_UNKNOWN}** to name them here.")


def show_looks(album, min_score, naming, gallery, embedder, counted):
    """The looks of ``naming`` with a picture each, to be given a brand in place.

    ``counted``: the detections that the page counts, of which joined photos have fewer.
    """
    _head_looks()
    if problem := st.session_state.pop("look_problem", None):
        st.error(plain(problem), icon=":material/error:")
    known = len(naming.brands) - len(naming.looks)
    photos = list(album.photos.values())
    for number, (photo, facing) in zip(
        cells(range(min(len(naming.looks), MOST_LOOKS)), 6), naming.looks, strict=False
    ):
        name, facings = naming.brands[known + number], _facings_of(naming, photos, min_score, known + number)
        row = int((photos[photo].detections.scores >= min_score).nonzero()[0][facing])
        st.image(photos[photo].cutout(row), width=64)
        key = f"look_{photo}_{row}"
        # A callback is called once for what was written; the field itself has it in every run.
        st.text_input(
            f"{name}: {sum(int((d.brand_ids == known + number).sum()) for d in counted)} facings",
            placeholder="Brand",
            key=key,
            help="Write the brand, and it is taught.",
            on_change=_name_look,
            args=(key, facings, gallery, embedder),
        )
    if len(naming.looks) > MOST_LOOKS:
        st.caption(
            f"And {len(naming.looks) - MOST_LOOKS} looks of fewer facings; the Teach page has all of a photo."
        )


def _head_looks():
    st.markdown("##### Looks")
    st.caption("Write the brand of a look, and it is taught: it is known from then on, also on other pages.")


def _facings_of(naming, photos, min_score, brand):
    """(photo, row in its detections) of each facing of ``brand``."""
    found = []
    for photo, detections in zip(photos, naming.detections, strict=True):
        rows = (photo.detections.scores >= min_score).nonzero()[0]
        found += [(photo, int(row)) for row in rows[detections.brand_ids == brand]]
    return found


def _name_look(key, facings, gallery, embedder):
    """Teach ``facings``, of :func:`_facings_of`, as examples of the brand written in the field ``key``."""
    brand, state = st.session_state[key].strip(), st.session_state
    if not brand:
        return
    vectors = [photo.embeddings[row].astype("float32") for photo, row in facings]
    pictures = [photo.cutout(row) for photo, row in facings]
    try:
        _teach_look(brand, vectors, pictures, gallery, embedder)
        state[key] = ""
    except SkushareError as error:
        state.look_problem = str(error)


def _teach_look(brand, vectors, pictures, gallery, embedder):
    """Teach the facings of a look to ``gallery``, or to ``MY_BRANDS`` without one but the demo.

    Returns:
        The saved gallery, which is the chosen one from then on.

    Raises:
        SkushareError: the name cannot be a brand's, or the gallery cannot be saved.
    """
    without = gallery is None or st.session_state.get("gallery_name") == DEMO
    teaching = Teaching.of(MY_BRANDS if without else gallery.name)
    teaching.save(taught_look(teaching.gallery, brand, vectors, pictures, embedder))
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
        session.go_on_with(gallery, look.name, gallery.spelled(brand))
    except SkushareError as error:
        state.look_problem = str(error)
