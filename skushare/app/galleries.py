"""The embedder and the galleries that all visitors share."""

from dataclasses import dataclass, field, replace
from threading import Lock

import streamlit as st

from skushare.app.text import plain
from skushare.brands.embedder import Embedder
from skushare.brands.gallery import LONGEST_NAME, Gallery
from skushare.brands.gallery_files import read_gallery
from skushare.brands.library import (
    gallery_names,
    gallery_of,
    newest_digest,
    save_gallery,
)
from skushare.brands.notes import brand_notes, library_state
from skushare.errors import SkushareError
from skushare.samples import DEMO_GALLERY
from skushare.workspace import free_name

DEMO = "Demo: the sample shelves"
MY_BRANDS = "My brands"  # the gallery that looks are named into
ROOM = 6  # characters for a blank and a number behind a name


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

    Runs of the page overlap: what one is saving, the next one waits for.

    Attributes:
        gallery: what it knows, its examples of the present embedder.
        seen: digest of the saved version that it was made from, empty if there was none.
    """

    gallery: Gallery
    seen: str = ""
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, name):
        """Teach the saved gallery ``name``, or a new one of that name."""
        teaching = cls(Gallery(name))
        teaching.catch_up()
        return teaching

    def catch_up(self):
        """Load the newest saved version, whoever saved it; gives whether it differs from the one in hand."""
        with self._lock:
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
        with self._lock:
            version = save_gallery(gallery, self.seen)
            self.gallery, self.seen = gallery, gallery.digest
            return version


def with_free_name(gallery):
    """``gallery``, renamed if a saved gallery with other content already has its name."""
    names = gallery_names()
    if gallery.name not in names or newest_digest(gallery.name) == gallery.digest:
        return gallery
    wanted = gallery.name[: LONGEST_NAME - ROOM].strip()
    return replace(gallery, name=free_name(wanted, names, between=" "))


@st.cache_data(max_entries=8, show_spinner=False)
def _notes(state, first):
    return brand_notes(first)


def notes_of(first=""):
    """As :func:`~skushare.brands.notes.brand_notes`, read again only after a gallery was changed."""
    return _notes(library_state(), first)
