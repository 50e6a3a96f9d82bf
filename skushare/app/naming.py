"""The choice of what names the brands of the facings that a page shows."""

from contextlib import suppress

import streamlit as st

from skushare.app.galleries import DEMO, MY_BRANDS, demo_gallery, saved_gallery
from skushare.app.notes import show_error
from skushare.brands.brand_map import read_brand_map, require_labels
from skushare.brands.library import brand_map_names, delete_gallery, gallery_names, save_gallery
from skushare.errors import SkushareError

GROUP_UNKNOWN = "Group what it does not know by look"
BY_LOOK = "No gallery: group by look"
NO_BRANDS, OWN_LABELS = "No brands", "The model's own labels"


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
        show_error(error)
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
    """A toggle: group by look what the gallery ``name`` does not know? The choice outlives the page."""
    state, field = st.session_state, f"{key}_looks"
    by_look = state.setdefault(f"{key}_by_look", {})
    state[field] = by_look.get(name, name == MY_BRANDS)  # the field would keep what another gallery has

    def choose():
        by_look[name] = state[field]

    return st.toggle(GROUP_UNKNOWN, key=field, on_change=choose)


def choose_as(key, gallery, by_look, labels):
    """Set the fields of :func:`choose_naming` so that the next run gives this ``gallery`` and ``by_look``."""
    state = st.session_state
    if gallery is None:
        state.gallery_name = "" if by_look or len(labels) == 1 else OWN_LABELS
    else:
        state.gallery_name = gallery.name
        with suppress(SkushareError):  # which the field tells, if it is chosen
            if gallery.digest == demo_gallery().digest:
                state.gallery_name = DEMO
        state.setdefault(f"{key}_by_look", {})[gallery.name] = by_look


def _offer_brand_map(key, labels, gallery):
    """A place to give the brands of the model's ``labels``, or to delete the brand map that is chosen."""
    state = st.session_state
    with st.popover("Brand map", icon=":material/account_tree:"):
        st.markdown(
            "Gives many labels of the model one brand: a CSV file with the columns `label`, `brand` "
            "and `own` (yes or no), or a JSON list of objects with these keys. It is saved, and can be "
            "chosen under Brands."
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
                show_error(error)
            else:
                state.gallery_name = brand_map.name
                state.brand_map_round += 1  # empties the field
                st.rerun()
        if gallery is not None and gallery.by_label:
            gone = st.button(
                "Delete the chosen map",
                icon=":material/delete:",
                key=f"{key}_brand_map_gone",
                help="Audits keep the brands that they were made with.",
            )
            if gone:
                try:
                    delete_gallery(gallery.name)
                except SkushareError as error:
                    show_error(error)
                else:
                    state.gallery_name = None
                    st.rerun()


def name_album(album, min_score, labels, embedder, key):
    """Fields for what names the brands of an album; gives (naming, gallery).

    A naming is kept until the photos, the score or the gallery change. It is ``None`` where the class
    ``labels`` of the model are the brands.
    """
    gallery, by_look = choose_naming(key, labels)
    if gallery is None and not by_look:
        return None, None
    made_of = (tuple(album.photos.values()), min_score, gallery and gallery.digest, by_look)
    kept = st.session_state.get(f"{key}_naming")
    if kept is None or kept[0] != made_of:
        kept = (made_of, album.named(min_score, embedder, gallery, by_look, labels))
        st.session_state[f"{key}_naming"] = kept
    return kept[1], gallery


def tell_unknown(naming, gallery):
    """Say so if ``gallery`` knows none of the facings; takes what :func:`name_album` gives."""
    if naming is None or gallery is None or gallery.by_label or naming.looks:
        return
    ids = [int(i) for found in naming.detections for i in found.brand_ids]
    if ids and max(ids) < 0:
        st.caption(f"The gallery knows none of these. Switch on **{GROUP_UNKNOWN}** to name them here.")
