"""Facings sorted into piles that look alike, for a person to put right, name and teach."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from skushare.brands.gallery import Sku
from skushare.brands.looks import centres, group_looks, taught_look

STRICTER = 0.1  # by which likeness rises when a pile is split
STRICTEST = 0.98
SURE = 0.7  # a facing less sure than this to be what its pile is taken for is doubtful


class Suggestion(NamedTuple):
    """What a gallery takes a pile for.

    Attributes:
        sku: the :class:`~skushare.brands.gallery.Sku` that most of its facings are taken for, or ``None``.
        sure: how sure, 0 to 1, those facings are on average.
        doubtful: the facings (ints) that may be something else, the least sure first.
    """

    sku: Sku | None
    sure: float
    doubtful: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Piles:
    """The facings of a photo, each in one pile; a value, methods return a new one.

    Attributes:
        pictures: n JPEG files, one a facing.
        embeddings: (n, d) float32 unit vectors.
        piles: (n,) int32, the pile of each facing; -1 once it is learnt.
    """

    pictures: tuple[bytes, ...] = field(repr=False)
    embeddings: np.ndarray = field(repr=False)
    piles: np.ndarray

    @classmethod
    def by_look(cls, pictures, embeddings, likeness):
        """Facings whose similarity is at least ``likeness`` on average share a pile."""
        return cls(tuple(pictures), embeddings, group_looks(embeddings, likeness))

    def __len__(self):
        return len(self.numbers)

    @property
    def numbers(self):
        """Numbers of the piles that are not empty."""
        return [int(n) for n in np.unique(self.piles) if n >= 0]

    def members(self, pile):
        """The facings of ``pile`` (ints), those nearest to its middle first."""
        members = np.flatnonzero(self.piles == pile)
        if not len(members):
            return members
        middle = centres(self.embeddings[members], np.zeros(len(members), int))[0]
        return members[np.argsort(-(self.embeddings[members] @ middle), kind="stable")]

    def moved(self, facings, pile=None):
        """With ``facings`` (ints) in ``pile``, or in a new one."""
        piles = self.piles.copy()
        piles[list(facings)] = piles.max(initial=-1) + 1 if pile is None else pile
        return replace(self, piles=piles)

    def put_back(self, facings, likeness):
        """With learnt ``facings`` (ints, at least one) in new piles, by look as in :meth:`by_look`."""
        piles = self.piles.copy()
        piles[facings] = piles.max(initial=-1) + 1 + group_looks(self.embeddings[facings], likeness)
        return replace(self, piles=piles)

    def split(self, pile, likeness):
        """With ``pile`` in two or more by a stricter look than ``likeness``; one of equals is halved."""
        members = np.flatnonzero(self.piles == pile)
        looks = np.zeros(len(members), np.int32)
        while len(members) > 1 and not looks.any():
            likeness = min(STRICTEST, likeness + STRICTER)
            looks = group_looks(self.embeddings[members], likeness)
            if likeness == STRICTEST and not looks.any():
                looks = np.arange(len(members)) % 2
        piles = self.piles.copy()
        piles[members[looks > 0]] = piles.max(initial=-1) + looks[looks > 0]
        return replace(self, piles=piles)

    def learnt(self, pile, gallery, brand, product, embedder):
        """What is left when ``pile`` is taught to ``gallery``, and the gallery that knows all its facings.

        What is an example already is none once more, and what was one of another name is that no longer;
        where nothing is new, the gallery is ``gallery`` itself.

        Args:
            brand, product: names; a product that the gallery has gets further examples. Those of an empty
                ``product`` are taught as by :func:`~skushare.brands.looks.taught_look`.

        Raises:
            GalleryError: a name is missing or too long.
        """
        members, brand = self.members(pile), gallery.spelled(brand)
        vectors, shown = self.embeddings[members], [self.pictures[i] for i in members]
        if product.strip():
            taught = gallery.taught(brand, product, vectors, shown, embedder)
        else:
            taught = taught_look(gallery, brand, vectors, shown, embedder)
        return self.moved(members, -1), taught

    def suggestions(self, gallery, embedder):
        """{pile: :class:`Suggestion`} of what ``gallery`` takes each for.

        In the order in which they are worth a person's look: what it does not know first, then by the
        facing that is least sure to be what its pile is taken for; large piles before small ones.
        """
        skus, scores = gallery.recognise(self.embeddings, embedder)
        found, order = {}, {}
        for pile in self.numbers:
            members = np.flatnonzero(self.piles == pile)
            ids, votes = np.unique(skus[members], return_counts=True)
            best = int(ids[votes.argmax()])
            if best < 0:
                found[pile], order[pile] = Suggestion(None, 0.0), (0, 0.0, -len(members))
                continue
            agrees = np.where(skus[members] == best, scores[members], 0.0)
            ranked = np.argsort(agrees, kind="stable")
            doubtful = members[ranked[agrees[ranked] < SURE]]
            sure = float(agrees[agrees > 0].mean())
            found[pile] = Suggestion(gallery.skus[best], sure, tuple(doubtful.tolist()))
            order[pile] = (1, round(float(agrees.min()), 1), -len(members))
        return dict(sorted(found.items(), key=lambda item: order[item[0]]))
