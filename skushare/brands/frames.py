"""Brands on the frames of a camera, at the camera's pace."""

import copy
from collections import OrderedDict
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from skushare.brands.brand_map import name_by_label
from skushare.brands.gallery import Gallery, Sku
from skushare.brands.looks import group_looks, look_name
from skushare.brands.recognition import example_picture, named
from skushare.geometry import are_whole, iou
from skushare.shelf.share import REFUSED

SAME = 0.5  # IoU from which a box shows the facing that it showed in the frame before
A_FRAME = 16  # facings embedded a frame at most: what keeps the pace
A_FEW = 8  # where even that takes too long
FEWEST = 4  # where frames cannot be resized smaller either
REMEMBERED = 2000  # facings out of view whose vectors are kept; a thousand take half a megabyte
LOOKS_EVERY = 10  # frames
SMALLEST_LOOK = 2  # facings that found a look; a single one is more often a wrong box
MOST_LOOKS = 26


class FrameNamer:
    """Names the facings of successive frames.

    A facing keeps its vector as long as its track is the same, or without a track while it stays where it
    was; of the others, and in turn of the older vectors, a few are made anew in each frame, so that a
    frame's time does not depend on how many facings it shows. One that was made where the facing was cut off
    by the picture's border counts as none as soon as the facing is seen whole. What has none yet is unknown
    for the moment.

    Attributes:
        gallery: what names the brands; may be changed at any time, ``None`` names nothing.
        a_frame: facings embedded a frame at most; may be changed at any time.
    """

    def __init__(self, embedder, gallery=None):
        self.embedder, self.gallery, self.a_frame = embedder, gallery, A_FRAME
        self._frame = 0
        self._boxes = np.zeros((0, 4), np.float32)  # of the last frame, as the next two
        self._vectors = np.zeros((0, embedder.dimensions), np.float32)
        self._made = np.zeros(0, np.int64)  # the frame that a vector is of, from 1; 0 without one
        self._of_whole = np.zeros(0, bool)  # whether a vector is of a facing seen whole
        self._tracks = OrderedDict()  # {track: (its vector, made, of whole)}, the newest last

    @property
    def brands(self):
        """Names of the brands, by brand id."""
        return self.gallery.brands if self.gallery else ()

    def name(self, image, detections):
        """``detections`` of ``image`` with brands, as of :func:`~skushare.brands.recognition.recognise`.

        Their ``track_ids`` tell what moved where, as of :class:`~skushare.shelf.tracking.ShelfTracker`; where
        they are ``None`` or -1, the overlap with the frame before does.
        """
        gallery = self.gallery
        if gallery is None:
            return detections
        self._follow(image, detections)
        return named(detections, self._vectors, self.embedder, gallery)

    @property
    def looked_at(self):
        """(n,) bool, of which detections of the last frame the brand tells something."""
        return self._made > 0

    def forget_tracks(self):
        """Forget which facing had which track: from now on, tracks are numbered anew."""
        self._tracks.clear()

    def _follow(self, image, detections):
        """Have a vector for each of the detections, zeros where it has none yet."""
        self._frame += 1
        count, whole = len(detections), are_whole(detections.boxes, image.shape[1::-1])
        vectors = np.zeros((count, self.embedder.dimensions), np.float32)
        made, of_whole = np.zeros(count, np.int64), np.zeros(count, bool)
        tracks = np.full(count, -1) if detections.track_ids is None else detections.track_ids
        if count and len(self._boxes):
            overlap = iou(detections.boxes, self._boxes)
            before = overlap.argmax(1)
            stays = (overlap[np.arange(count), before] >= SAME) & (tracks < 0)
            before = before[stays]
            vectors[stays], made[stays] = self._vectors[before], self._made[before]
            of_whole[stays] = self._of_whole[before]
        for i, track in enumerate(tracks.tolist()):
            if track in self._tracks:
                vectors[i], made[i], of_whole[i] = self._tracks[track]
        made[whole & ~of_whole] = 0
        # What has no vector first, whole facings before others; that of a whole one gets no better cut off.
        order = np.lexsort((made, np.where(whole, 0, 1) + 2 * (made > 0)))
        chosen = order[(whole | ~of_whole)[order]][: self.a_frame]
        vectors[chosen] = self.embedder.embed(image, detections.boxes[chosen])
        made[chosen] = np.where(vectors[chosen].any(1), self._frame, 0)
        of_whole[chosen] = whole[chosen]
        for i in chosen[(tracks[chosen] >= 0) & (made[chosen] > 0)].tolist():
            self._tracks[tracks[i]] = vectors[i].copy(), made[i], of_whole[i]  # not a view of the frame's
            self._tracks.move_to_end(tracks[i])
        while len(self._tracks) > count + REMEMBERED:
            self._tracks.popitem(last=False)
        self._boxes, self._vectors, self._made, self._of_whole = detections.boxes, vectors, made, of_whole


class LabelNamer:
    """Names the facings of successive frames by the labels that the detector gave them; embeds nothing.

    Attributes:
        gallery: a brand map.
        a_frame: as of :class:`FrameNamer`, without any effect.
    """

    def __init__(self, labels, gallery):
        self.gallery, self.a_frame, self._labels = gallery, A_FRAME, labels

    @property
    def brands(self):
        """Names of the brands, by brand id."""
        return self.gallery.brands

    @property
    def looked_at(self):
        """All detections of the last frame, as an index."""
        return slice(None)

    def forget_tracks(self):
        """There is nothing to forget."""

    def name(self, image, detections):
        """``detections`` with brands, as of :func:`~skushare.brands.brand_map.name_by_label`."""
        return name_by_label(detections, self._labels, self.gallery)


def frame_namer(gallery, embedder, labels):
    """What names the facings of successive frames by ``gallery``; ``None`` without one.

    Args:
        gallery: a gallery of ``embedder``, or a brand map of the detector's class ``labels``.
    """
    if gallery is None:
        return None
    return LabelNamer(labels, gallery) if gallery.by_label else FrameNamer(embedder, gallery)


def track_and_name(image, detections, tracker, namer=None):
    """``detections`` of a frame with tracks and, by ``namer``, brands; ``tracker`` counts and learns them.

    In this order, since a track tells which facing of the frame before a facing is, however fast the camera
    moves. A facing that the namer had no time for gets no vote.

    Args:
        image: (h, w, 3) uint8 RGB; detections: its facings.
        tracker: a :class:`~skushare.shelf.tracking.ShelfTracker`, whose tracks the namer has followed so far.
    """
    detections = tracker.update(image, detections)
    if namer is None:
        return detections
    detections = namer.name(image, detections)
    if detections.brand_ids is not None:
        tracker.vote(detections[namer.looked_at])
    return detections


class Look(NamedTuple):
    """A look that was founded: its name, what its most typical facing looks like, and what became of it.

    ``picture`` is a JPEG file; ``brand`` is empty until the look is taught.
    """

    name: str
    picture: bytes
    brand: str = ""


class LookNamer(FrameNamer):
    """Groups by look the facings of successive frames that no gallery knows.

    What no look so far fits founds a new one, now and then; a look keeps its name from frame to frame. Ids of
    looks come after those of the gallery; without one there are no brand ids before the first look.

    Attributes:
        looks: a gallery of the looks that have no brand, which grows.
        founded: a :class:`Look` for each that was ever founded, in their order.
    """

    def __init__(self, embedder, gallery=None):
        super().__init__(embedder, gallery)
        self.looks, self.founded = Gallery("looks"), ()

    @property
    def brands(self):
        """Names of the brands, then of the looks, by brand id."""
        return super().brands + self.looks.brands

    def name(self, image, detections):
        """``detections`` of ``image`` with brands, or looks as their brands."""
        self._follow(image, detections)
        found = self._named(detections)
        if self._frame % LOOKS_EVERY == 0:
            strange = self.looked_at if found.brand_ids is None else found.brand_ids < 0
            # The picture of what is cut off but was seen whole would show another thing than its vector.
            shown = are_whole(detections.boxes, image.shape[1::-1]) | ~self._of_whole
            strange = np.flatnonzero(strange & self.looked_at & shown)
            self._found_looks(image, detections.boxes[strange], self._vectors[strange])
        return found

    def _named(self, detections):
        brands = (
            detections
            if self.gallery is None
            else named(detections, self._vectors, self.embedder, self.gallery)
        )
        if not self.looks.skus:
            return brands
        looks = named(detections, self._vectors, self.embedder, self.looks)
        if self.gallery is None:
            return looks
        is_look = (brands.brand_ids < 0) & (looks.brand_ids >= 0)
        return replace(
            brands,
            brand_ids=np.where(is_look, looks.brand_ids + len(self.gallery.brands), brands.brand_ids),
            sku_ids=np.where(is_look, looks.sku_ids + len(self.gallery.skus), brands.sku_ids),
            brand_scores=np.where(is_look, np.minimum(looks.brand_scores, 1 - REFUSED), brands.brand_scores),
        )

    def _found_looks(self, image, boxes, vectors):
        """Add a look for each group of the facings in ``boxes``, the largest group first."""
        groups, grown, founded = group_looks(vectors, self.embedder.likeness), self.looks, self.founded
        for group in range(groups.max(initial=-1) + 1):
            rows = np.flatnonzero(groups == group)
            if len(rows) < SMALLEST_LOOK or len(grown.skus) >= MOST_LOOKS:
                break
            rows = rows[np.argsort(-(vectors[rows] @ vectors[rows].sum(0)), kind="stable")]  # typical first
            pictures = [example_picture(image, box) for box in boxes[rows]]
            name = look_name(len(founded))
            sku = Sku(f"look-{len(founded)}", name, name)
            grown = grown.with_examples(sku, vectors[rows], pictures, self.embedder)
            founded = (*founded, Look(name, pictures[0]))
        self.looks, self.founded = grown, founded

    def examples(self, look):
        """(vectors, JPEG files) of the facings that founded the look called ``look``; none of one taught."""
        rows = np.flatnonzero([self.looks.skus[i].name == look for i in self.looks.example_skus])
        return self.looks.embeddings[rows], [self.looks.pictures[row] for row in rows]

    def taught(self, look, brand, gallery):
        """A namer that goes on with ``gallery``, which was taught the look called ``look`` as ``brand``.

        Args:
            gallery: the present one with further products or examples, those of the look among them; a first
                one, if there was none.

        Returns:
            (the namer, {(brand id, SKU id): the new ones}); other ids stay.
        """
        shown, _ = gallery.shows(*self.examples(look))
        sku = int(gallery.example_skus[shown][-1])
        gone = next(known for known in self.looks.skus if known.name == look)
        goes_on = copy.copy(self)
        goes_on.gallery, goes_on.looks = gallery, self.looks.without(gone.id)
        goes_on.founded = tuple(
            each._replace(brand=brand) if each.name == look else each for each in self.founded
        )
        skus = self.gallery.skus if self.gallery else ()
        ids = {}
        for number, known in enumerate(self.looks.skus):
            earlier = len(super().brands) + number, len(skus) + number
            if known == gone:
                ids[earlier] = int(gallery.brand_ids[sku]), sku
            else:
                left = goes_on.looks.skus.index(known)
                ids[earlier] = len(gallery.brands) + left, len(gallery.skus) + left
        return goes_on, ids
