"""Start: what skushare does, shown on a bundled picture."""

import streamlit as st

from skushare.album import Album
from skushare.app.cells import picture_and_figures
from skushare.app.galleries import demo_gallery, shared_embedder
from skushare.app.model import shared_detector
from skushare.app.navigation import require_navigation
from skushare.app.shares import show_shares
from skushare.colors import shown_colors
from skushare.detector.models import DEFAULT_MODEL
from skushare.samples import sample_pictures

require_navigation()

st.title("Count every facing on the shelf")
st.markdown("Take a photo or point a camera at a shelf. skushare boxes each product front and counts it.")
with st.container(horizontal=True):
    if st.button("Count photos", type="primary", icon=":material/photo_library:"):
        st.switch_page("pages/photos.py")
    if st.button("Count live", icon=":material/videocam:"):
        st.switch_page("pages/live.py")

detector, embedder = shared_detector(DEFAULT_MODEL), shared_embedder()


@st.cache_resource(max_entries=2, show_spinner="Counting a sample picture")
def counted_sample(path, model):
    """The bundled picture at ``path``, counted by the shipped model, and its brands by the demo gallery."""
    album = Album()
    album.add(path.name, path.read_bytes(), detector, embedder)
    return album, embedder and album.named(detector.min_score, embedder, demo_gallery())


pictures = sample_pictures()
if pictures:
    album, naming = counted_sample(pictures[0], detector.name)
    picture_column, result_column = picture_and_figures()
    shares = album.shares(detector.min_score, detector.labels, naming)
    names = naming.brands if naming else detector.labels
    colors = shown_colors(names, shares["name"], demo_gallery().chosen_colors if naming else {})
    with picture_column:
        for photo in album.photos.values():
            st.image(
                photo.drawn(
                    naming.detections[0] if naming else photo.detections.above(detector.min_score),
                    names,
                    colors=colors,
                ),
                width="stretch",
                caption="A sample picture, counted by the detector that comes with skushare",
                alt="A shelf with a box around each facing",
            )
    with result_column:
        st.metric("Facings on this shelf", int(shares["facings"].sum()), border=True)
        st.markdown("##### Share of shelf")
        show_shares(shares, () if naming else detector.labels, colors=colors)
        st.caption("The shelf and its brands are made up. Teach skushare yours on the Teach page.")
