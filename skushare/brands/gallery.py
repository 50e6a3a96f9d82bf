"""The products that can be recognised: brands, SKUs and examples of how each looks."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

import numpy as np

from skushare.colors import label_colors
from skushare.errors import SkushareError
from skushare.jpeg import decode_jpeg
from skushare.text import tidy_name

LONGEST_NAME = 200  # characters
MOST_SKUS, MOST_EXAMPLES = 100_000, 1_000_000
THRESHOLD = 0.5  # a brand is named when it is more likely right than wrong
SAMPLE = 500  # examples that a gallery is calibrated on, at most
PRIOR = 20  # examples that the embedder's own calibration weighs as much as
MANY_BRANDS = 6  # with fewer, how alike they are says too little of how like them an unknown one may be
# Cosine from which two vectors are of one facing. On 20 photos of up to 201 facings, it was at least 0.9998
# for the same one (an album keeps float16) and at most 0.992 for different ones.
SAME_FACING = 0.999
COMPARED = 2**22  # numbers that a comparison of facings holds at once: 16 MiB


class GalleryError(SkushareError):
    """A gallery cannot be read or changed; the message says which and why."""


@dataclass(frozen=True)
class Sku:
    """One product.

    Attributes:
        id: short, unique in its gallery, and the same in all its versions.
        own: whether it is of the user's own brand, not a competitor's.
        color: ``"#RRGGBB"`` of its brand in charts; empty for one that nobody chose.
    """

    id: str
    name: str
    brand: str
    category: str = ""
    own: bool = False
    color: str = ""

    def __post_init__(self):
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", self.id):
            raise GalleryError(f"{self.id!r} cannot be a SKU's id: up to 64 letters, digits, '_' and '-'")
        for what in ("name", "brand", "category"):
            object.__setattr__(self, what, checked_text(getattr(self, what), what, what == "category"))
        if self.color and not re.fullmatch(r"#[0-9A-Fa-f]{6}", self.color):
            raise GalleryError(f"{self.color!r} is no colour; write it as #RRGGBB")


@dataclass(frozen=True, eq=False)
class Gallery:
    """Products and their examples; a value that does not change, methods return a new one.

    Attributes:
        name: what people call it.
        skus: the products; ``Detections.sku_ids`` counts in them.
        example_skus: (m,) int32, the product of each example.
        embeddings: (m, d) float32 unit vectors.
        pictures: m JPEG files (bytes), what each example looked like.
        embedder: digest of the embedder that made the embeddings; empty before the first.
        threshold: how sure, 0 to 1, a match must be not to be "unknown".
    """

    name: str
    skus: tuple[Sku, ...] = ()
    example_skus: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    embeddings: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    pictures: tuple[bytes, ...] = field(default=(), repr=False)
    embedder: str = ""
    threshold: float = THRESHOLD

    def __post_init__(self):
        put = object.__setattr__
        put(self, "name", checked_text(self.name, "gallery's name"))
        put(self, "skus", tuple(self.skus))
        put(self, "pictures", tuple(self.pictures))
        put(self, "example_skus", np.asarray(self.example_skus, np.int32).reshape(-1))
        vectors = np.asarray(self.embeddings, np.float32)
        put(self, "embeddings", vectors if vectors.ndim == 2 else vectors.reshape(len(self.pictures), -1))
        count = len(self.pictures)
        if len(self.skus) > MOST_SKUS or count > MOST_EXAMPLES:
            raise GalleryError(f"{self.name}: more than {MOST_SKUS:,} products or {MOST_EXAMPLES:,} examples")
        if len(self.example_skus) != count or len(self.embeddings) != count:
            raise GalleryError(f"{self.name}: it has not one product and one vector an example")
        if len({sku.id for sku in self.skus}) < len(self.skus):
            raise GalleryError(f"{self.name}: two products have the same id")
        if count and not set(np.unique(self.example_skus)) <= set(range(len(self.skus))):
            raise GalleryError(f"{self.name}: an example is of a product that is not in it")
        lengths = np.linalg.norm(self.embeddings, axis=1)
        if not np.allclose(lengths, 1, atol=0.01):  # false for NaN as well
            raise GalleryError(f"{self.name}: an example's vector has not the length 1")
        if not 0 <= self.threshold <= 1:
            raise GalleryError(f"{self.name}: the threshold must lie from 0 to 1, got {self.threshold}")

    @property
    def brands(self):
        """Names of the brands, in order of their first product; ``Detections.brand_ids`` counts in them."""
        return tuple(dict.fromkeys(sku.brand for sku in self.skus))

    @property
    def own_brands(self):
        """Names of the brands that have a product of the user's own."""
        return tuple(dict.fromkeys(sku.brand for sku in self.skus if sku.own))

    @property
    def colors(self):
        """{brand: ``"#RRGGBB"``}, as different as :func:`~skushare.colors.label_colors` can make them."""
        return label_colors(self.brands, self.chosen_colors)

    @property
    def chosen_colors(self):
        """{brand: ``"#RRGGBB"``} of the brands that somebody chose a colour for."""
        return {sku.brand: sku.color for sku in reversed(self.skus) if sku.color}

    @property
    def by_label(self):
        """Whether it names by the detector's labels, as a brand map: its products never had an example."""
        return bool(self.skus) and not self.pictures and not self.embedder

    @cached_property
    def brand_ids(self):
        """(len(skus),) int32, the brand of each product."""
        numbers = {brand: i for i, brand in enumerate(self.brands)}
        return np.array([numbers[sku.brand] for sku in self.skus], np.int32)

    @cached_property
    def digest(self):
        """SHA-256 over all of the content; two galleries of one digest recognise alike."""
        digest = hashlib.sha256(json.dumps(self.description(), sort_keys=True).encode())
        digest.update(self.example_skus.astype("<i4").tobytes())
        digest.update(self.embeddings.astype("<f4").tobytes())
        for picture in self.pictures:
            digest.update(hashlib.sha256(picture).digest())
        return digest.hexdigest()

    def description(self):
        """All but the examples, as JSON's types."""
        return {
            "name": self.name,
            "embedder": self.embedder,
            "threshold": self.threshold,
            "skus": [asdict(sku) for sku in self.skus],
        }

    @cached_property
    def prototypes(self):
        """(sku of each (p,) int32, vectors (p, d) float32 of length 1): the mean example of each product."""
        known = np.unique(self.example_skus)
        return known, self._sums[known] / np.maximum(np.linalg.norm(self._sums[known], axis=1), 1e-9)[:, None]

    @cached_property
    def _sums(self):
        """(len(skus), d) float32: the examples of each product added up."""
        total = np.zeros((len(self.skus), self.embeddings.shape[1]), np.float32)
        np.add.at(total, self.example_skus, self.embeddings)
        return total

    def middle(self, prior):
        """The similarity from which a match is more likely right than wrong in this gallery.

        Between how alike a product's examples are and how alike they are to other brands: half-way from the
        lower quartile of the one to the upper quartile of the other. The fewer examples and brands there
        are, the more counts ``prior``, the embedder's.
        """
        quartiles, count, brands = self._likeness
        if quartiles is None:
            return prior
        weight = count / (count + PRIOR) * min(1, (brands - 1) / (MANY_BRANDS - 1))
        return weight * sum(quartiles) / 2 + (1 - weight) * prior

    @cached_property
    def _likeness(self):
        """((lower quartile of likeness to own product, upper one to other brands), examples seen, brands)."""
        known, prototypes = self.prototypes
        brands = len(set(self.brand_ids[known]))
        if brands < 2:
            return None, 0, brands
        chosen = np.arange(len(self.pictures))
        if len(chosen) > SAMPLE:
            chosen = np.random.default_rng(0).choice(chosen, SAMPLE, replace=False)
        vectors, products = self.embeddings[chosen], self.example_skus[chosen]
        similarity = vectors @ prototypes.T
        similarity[self.brand_ids[products][:, None] == self.brand_ids[known]] = -1
        counts = np.bincount(self.example_skus, minlength=len(self.skus))[products]
        several = counts > 1
        if not several.any():
            return None, 0, brands
        vectors = vectors[several]
        own = self._sums[products[several]] - vectors  # without the example itself
        own = (own * vectors).sum(1) / np.maximum(np.linalg.norm(own, axis=1), 1e-9)
        return (np.quantile(own, 0.25), np.quantile(similarity.max(1), 0.75)), len(own), brands

    def recognise(self, embeddings, embedder):
        """The product of each vector, or unknown.

        Args:
            embeddings: (n, d) float32 unit vectors that ``embedder`` made.
            embedder: tells how sure a match of some similarity is.

        Returns:
            sku_ids (n,) int32, -1 where the best match is below :attr:`threshold`;
            scores (n,) float32, how sure the best match is, also where it was refused.

        Raises:
            GalleryError: the examples are of another embedder.
        """
        count = len(embeddings)
        if not len(self.pictures) or not count:
            return np.full(count, -1, np.int32), np.zeros(count, np.float32)
        self.require(embedder)
        known, prototypes = self.prototypes
        similarity = np.asarray(embeddings, np.float32) @ prototypes.T
        best = similarity.argmax(1)
        found = similarity[np.arange(count), best]
        scores = embedder.certainty(found, self.middle(embedder.middle)).astype(np.float32)
        return np.where(scores >= self.threshold, known[best], -1).astype(np.int32), scores

    def name_products(self, detections, sku_ids, scores=None):
        """``detections`` with ``sku_ids`` (n,), a negative one being unknown, and the brands of these.

        ``scores``: (n,), how sure the brands are.
        """
        brand_ids = sku_ids.copy()
        brand_ids[sku_ids >= 0] = self.brand_ids[sku_ids[sku_ids >= 0]]
        return replace(detections, sku_ids=sku_ids, brand_ids=brand_ids, brand_scores=scores)

    def require(self, embedder):
        """Raise :class:`GalleryError` unless the examples are ``embedder``'s."""
        if self.embedder and self.embedder != embedder.digest:
            raise GalleryError(
                f"{self.name}: its examples were embedded by another network; open it with embedded_by()"
            )

    def embedded_by(self, embedder):
        """The same gallery with its examples embedded by ``embedder``, from their pictures."""
        if self.embedder == embedder.digest or self.by_label:
            return self
        if not self.pictures:
            return replace(self, embedder=embedder.digest)
        vectors = embedder.embed_pictures([decode_jpeg(picture) for picture in self.pictures])
        return replace(self, embeddings=vectors, embedder=embedder.digest)

    def sku(self, identity):
        """The :class:`Sku` with the id ``identity``.

        Raises:
            GalleryError: there is none.
        """
        return self.skus[self._index(identity)]

    def examples_of(self, identity):
        """The numbers of the examples of the product ``identity``, a list."""
        return np.flatnonzero(self.example_skus == self._index(identity)).tolist()

    def shows(self, vectors, pictures, among=None):
        """Which examples show one of some facings, and which facings are shown: (m,) bool, (n,) bool.

        By their vectors, as one page cuts a facing out of the photo and another one out of its preview, or by
        their files: a vector that was made anew from an example's small picture is another one.

        Args:
            vectors: (n, d) unit vectors of the facings, made by the embedder of the examples.
            pictures: their n JPEG files.
            among: (m,) bool, the examples that count; all without it.
        """
        count = len(self.pictures)
        rows = np.arange(count) if among is None else np.flatnonzero(among)
        examples, facings = np.zeros(count, bool), np.zeros(len(pictures), bool)
        if not len(rows) or not len(pictures):
            return examples, facings
        files = set(pictures)
        examples[rows] = [self.pictures[row] in files for row in rows]
        files = {self.pictures[row] for row in np.flatnonzero(examples)}
        facings[:] = [picture in files for picture in pictures]
        vectors = np.asarray(vectors, np.float32)
        step = max(1, COMPARED // max(vectors.shape))
        for part in (rows[start : start + step] for start in range(0, len(rows), step)):
            same = self.embeddings[part] @ vectors.T > SAME_FACING
            examples[part] |= same.any(1)
            facings |= same.any(0)
        return examples, facings

    def unlearnt(self, vectors, pictures, brand, name=""):
        """The numbers of the facings that are not yet examples of ``brand``, a list.

        With a ``name``: of its product called so. The same example twice would count twice.
        ``vectors``, ``pictures``: as of :meth:`shows`.
        """
        _, known = self.shows(vectors, pictures, self._are_of(brand, name))
        return np.flatnonzero(~known).tolist()

    def corrected(self, vectors, pictures, brand, name=""):
        """Without the examples of other brands that show one of the facings, which are of ``brand``.

        With a ``name``, also without those of other products of ``brand`` than the one called so. A facing is
        what it was called last: under two names it would be an example against itself. Products stay, even
        without examples. ``vectors``, ``pictures``: as of :meth:`shows`.
        """
        wrong, _ = self.shows(vectors, pictures, ~self._are_of(brand, name))
        return self.without_examples(np.flatnonzero(wrong)) if wrong.any() else self

    def _are_of(self, brand, name):
        """(m,) bool: which examples are of ``brand`` and, unless ``name`` is empty, its product called so."""
        brand, name = checked_text(brand, "brand"), checked_text(name, "name", may_be_empty=True)
        of = [i for i, sku in enumerate(self.skus) if sku.brand == brand and name in ("", sku.name)]
        return np.isin(self.example_skus, of)

    def find(self, brand, name):
        """The product called ``name`` of ``brand``, or ``None``."""
        brand, name = checked_text(brand, "brand"), checked_text(name, "name")
        return next((sku for sku in self.skus if (sku.brand, sku.name) == (brand, name)), None)

    def spelled(self, brand):
        """``brand`` as this gallery spells it, if only the case differs: two spellings are one brand."""
        brand = checked_text(brand, "brand")
        same = [known for known in self.brands if known.casefold() == brand.casefold()]
        return brand if brand in same or not same else same[0]

    def new_id(self):
        """An id that no product has."""
        numbers = [int(m[1]) for sku in self.skus if (m := re.fullmatch(r"sku-(\d{1,9})", sku.id))]
        return f"sku-{max(numbers, default=0) + 1}"

    def new_sku(self, brand, name, own=False):
        """A :class:`Sku` called ``name``, not added yet, with what all products of ``brand`` share.

        That is the category that all of them have, and that they are ``own`` if one of them is.
        """
        (category,) = categories_of_brands(self.skus, [brand])
        return Sku(self.new_id(), name, brand, category, own or brand in self.own_brands)

    def taught(self, brand, name, embeddings, pictures, embedder, own=False):
        """With facings as examples of the product ``name`` of ``brand``, which is added if it is new.

        What is an example of it already is none once more, and what was one of another product is that no
        longer; where that changes nothing, it is the gallery itself.

        Args:
            embeddings, pictures, embedder: as for :meth:`with_examples`; own: whether a new product is, where
                ``brand`` is not already.
        """
        gallery = self.corrected(embeddings, pictures, brand, name)
        new = gallery.unlearnt(embeddings, pictures, brand, name)
        if not new:
            return gallery
        sku = gallery.find(brand, name) or gallery.new_sku(brand, name, own)
        shown = [pictures[i] for i in new]
        return gallery.with_examples(sku, np.asarray(embeddings)[new], shown, embedder)

    def with_examples(self, sku, embeddings, pictures, embedder):
        """With further examples of ``sku``, which is added if no product has its id.

        Args:
            sku: a :class:`Sku`.
            embeddings: (n, d) unit vectors, made by ``embedder``; pictures: their n JPEG files.
        """
        self.require(embedder)
        skus = self.skus if any(known.id == sku.id for known in self.skus) else (*self.skus, sku)
        index = next(i for i, known in enumerate(skus) if known.id == sku.id)
        vectors = np.asarray(embeddings, np.float32).reshape(-1, embedder.dimensions)
        earlier = self.embeddings if len(self.pictures) else vectors[:0]
        return replace(
            self,
            skus=skus,
            example_skus=np.r_[self.example_skus, np.full(len(vectors), index, np.int32)],
            embeddings=np.r_[earlier, vectors],
            pictures=(*self.pictures, *pictures),
            embedder=embedder.digest,
        )

    def without(self, identity):
        """Without the product ``identity`` and its examples."""
        index = self._index(identity)
        kept = self._keep(self.example_skus != index)
        moved = kept.example_skus - (kept.example_skus > index)
        skus = tuple(sku for sku in self.skus if sku.id != identity)
        return replace(kept, skus=skus, example_skus=moved)

    def without_examples(self, numbers: Iterable[int]):
        """Without the examples at ``numbers``; their products stay."""
        keep = np.ones(len(self.pictures), bool)
        keep[list(numbers)] = False
        return self._keep(keep)

    def with_sku(self, identity, /, **changes):
        """With other ``name``, ``brand``, ``category``, ``own`` or ``color`` of the product ``identity``."""
        index = self._index(identity)
        skus = list(self.skus)
        skus[index] = replace(skus[index], **changes)
        return replace(self, skus=tuple(skus))

    def with_brand(self, brand, /, **changes):
        """With ``changes`` (as ``brand="New name"``, ``own=True``) to all products of ``brand``."""
        if brand not in self.brands:
            raise GalleryError(f"{self.name}: there is no brand {brand!r}")
        skus = tuple(replace(sku, **changes) if sku.brand == brand else sku for sku in self.skus)
        return replace(self, skus=skus)

    def merged(self, identity, into):
        """With the examples of the product ``identity`` given to the product ``into``.

        Where both are of one brand, so are its category, colour and being own, if the other has none.
        """
        source, target = self._index(identity), self._index(into)
        if source == target:
            return self
        gone, kept = self.skus[source], self.skus[target]
        moved = np.where(self.example_skus == source, target, self.example_skus)
        merged = replace(self, example_skus=moved).without(identity)
        if gone.brand != kept.brand:
            return merged
        return merged.with_sku(
            into,
            category=kept.category or gone.category,
            own=kept.own or gone.own,
            color=kept.color or gone.color,
        )

    def _keep(self, mask):
        return replace(
            self,
            example_skus=self.example_skus[mask],
            embeddings=self.embeddings[mask],
            pictures=tuple(p for p, kept in zip(self.pictures, mask, strict=True) if kept),
        )

    def _index(self, identity):
        for index, sku in enumerate(self.skus):
            if sku.id == identity:
                return index
        raise GalleryError(f"{self.name}: there is no product {identity!r}")


def categories_of_brands(skus, brands):
    """The category of each of ``brands``, a list: the one that all its ``skus`` have, else empty."""
    found = {}
    for sku in skus:
        found.setdefault(sku.brand, set()).add(sku.category)
    return [next(iter(found[brand])) if len(found.get(brand, ())) == 1 else "" for brand in brands]


def checked_text(text, what, may_be_empty=False):
    """``text`` as :func:`~skushare.text.tidy_name` gives it; :class:`GalleryError` if empty or too long."""
    text = tidy_name(text)
    if not any(c.isprintable() for c in text) and not may_be_empty:
        raise GalleryError(f"the {what} is empty; write one")
    if len(text) > LONGEST_NAME:
        raise GalleryError(
            f"the {what} {text[:20]!r}... is longer than {LONGEST_NAME} characters; shorten it"
        )
    return text
