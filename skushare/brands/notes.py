"""What the saved galleries say of brands: which are the user's own, and their colours."""

from typing import NamedTuple

from sqlalchemy import func, select

from skushare.brands.gallery import Gallery, Sku
from skushare.colors import shown_colors
from skushare.database.engine import reading
from skushare.database.tables import GalleryRow


class BrandNotes(NamedTuple):
    """What the saved galleries say of brands, whichever gallery or audit these come from.

    Attributes:
        own: names of the user's own brands.
        chosen: {brand: ``"#RRGGBB"``} of those that somebody chose a colour for.
        usual: {brand: ``"#RRGGBB"``} of all, as the pages show them that work with the gallery.
    """

    own: frozenset[str]
    chosen: dict[str, str]
    usual: dict[str, str]

    def colors(self, names, shown=()):
        """As :func:`~skushare.colors.shown_colors`."""
        return shown_colors(names, shown, self.chosen, self.usual)

    def own_among(self, names, skus=()):
        """Those of ``names`` that are own brands, a list.

        Args:
            skus: of the gallery that the names come from; they tell of brands that no saved gallery has.
        """
        own = self.own | {sku.brand for sku in skus if sku.own and sku.brand not in self.usual}
        return [name for name in names if name in own]


def brand_notes(first=""):
    """The :class:`BrandNotes` of the newest version of every gallery; pictures are not read.

    Where galleries differ, the one called ``first`` is right, then the one saved last.
    """
    query = _newest(GalleryRow.content)
    own, chosen, usual = {}, {}, {}
    with reading() as db:
        for content in sorted(db.scalars(query), key=lambda content: content["name"] == first):
            skus = [Sku(**sku) for sku in content["skus"]]
            gallery = Gallery(content["name"], skus)
            chosen = {**{b: c for b, c in chosen.items() if b not in gallery.brands}, **gallery.chosen_colors}
            usual |= gallery.colors
            own |= {brand: brand in gallery.own_brands for brand in gallery.brands}
    return BrandNotes(frozenset(brand for brand, is_own in own.items() if is_own), chosen, usual)


def library_state():
    """A value that is another one after any gallery was saved or deleted."""
    # With the digests, as SQLite gives the number of a deleted version again.
    query = _newest(GalleryRow.id, GalleryRow.digest)
    with reading() as db:
        return tuple(map(tuple, db.execute(query)))


def _newest(*columns):
    """A query for ``columns`` of the newest version of every gallery, the one saved last at the end."""
    newest = select(func.max(GalleryRow.id)).where(~GalleryRow.hidden).group_by(GalleryRow.name)
    return select(*columns).where(GalleryRow.id.in_(newest)).order_by(GalleryRow.id)
