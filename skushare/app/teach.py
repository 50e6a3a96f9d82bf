"""What the Teach page does: a shelf's facings, the gallery that learns them, and what it knows."""

from dataclasses import dataclass, field, replace
from threading import RLock

import numpy as np
import pandas as pd

from skushare.app.galleries import Teaching
from skushare.brands.piles import Piles
from skushare.brands.recognition import example_picture
from skushare.errors import SkushareError
from skushare.text import counted

COLUMNS = ("brand", "product", "category", "own", "colour")


@dataclass
class Lesson:
    """One shelf being taught.

    Attributes:
        name: of the photo.
        piles: its facings; those not yet taught lie in piles.
        teaching: the gallery that learns them.
        problem: why the last action was refused; empty if it was done.
        note: what is to be said of the last action that was done; mostly empty.
        done: what the last action taught, for people, until it was said; mostly empty.
        elsewhere: how many of the facings other galleries have learnt.
        lock: held while something is done: runs of the page overlap.
    """

    name: str
    piles: Piles = field(repr=False)
    teaching: Teaching
    embedder: object = field(repr=False)
    problem: str = ""
    note: str = ""
    done: str = ""
    elsewhere: int = 0
    lock: RLock = field(default_factory=RLock, repr=False)

    @classmethod
    def begin(cls, name, image, detections, embedder, teaching):
        """The lesson on the photo ``image``, (h, w, 3) uint8 RGB, whose facings were found."""
        pictures = [example_picture(image, box) for box in detections.boxes]
        vectors = embedder.embed(image, detections.boxes)
        piles = Piles.by_look(pictures, vectors, embedder.likeness)
        return cls(name, piles, teaching, embedder)

    def copy(self):
        """A lesson that goes on from here by itself."""
        return replace(self, teaching=replace(self.teaching), lock=RLock())

    def begun_with(self, teaching):
        """The lesson on what is not taught yet, with another gallery; ``None`` if all is taught."""
        if self.taught and not len(self.piles):
            return None
        return replace(self, teaching=teaching, problem="", note="", elsewhere=self.taught)

    def keep(self, teaching, gallery):
        """Save ``gallery``, made from that of ``teaching``, which the lesson goes on with.

        Raises:
            SkushareError: as :meth:`Teaching.save`.
        """
        with self.lock:
            before = teaching.gallery
            teaching.save(gallery)
            self.go_on(teaching, before)

    def go_on(self, teaching, before):
        """Go on with ``teaching``; facings whose examples it has lost lie in piles again.

        ``before``: its gallery as it was until now.
        """
        with self.lock:
            self.teaching = teaching
            was, is_still = (self._shown_by(gallery) for gallery in (before, teaching.gallery))
            facings = np.flatnonzero((self.piles.piles < 0) & was & ~is_still)
            if len(facings):
                self.piles = self.piles.put_back(facings, self.embedder.likeness)

    @property
    def facings(self):
        """How many facings the photo has."""
        return len(self.piles.piles)

    @property
    def taught(self):
        """How many of the facings are taught."""
        return int((self.piles.piles < 0).sum())

    @property
    def known(self):
        """How many of the facings are taught, or were examples before this lesson, as of an earlier visit."""
        return int(((self.piles.piles < 0) | self._shown_by(self.teaching.gallery)).sum())

    def _shown_by(self, gallery):
        """Which facings are examples of ``gallery``: (n,) bool."""
        return gallery.shows(self.piles.embeddings, self.piles.pictures)[1]

    def suggestions(self):
        """As :meth:`Piles.suggestions`."""
        return self.piles.suggestions(self.teaching.gallery, self.embedder)

    def act(self, action):
        """Do what the user did on the board (see :func:`~skushare.app.pile_board.pile_board`).

        What is taught is saved at once, with all that others taught the gallery until then. An action on a
        pile that is gone, as after a double click, does nothing; one that comes while another is being done
        waits for it.
        """
        with self.lock:
            self._act(action)

    def _act(self, action):
        kind, pile = action["kind"], action.get("pile", action.get("to"))
        if pile is not None and pile not in self.piles.numbers:
            return
        self.problem = self.note = self.done = ""
        try:
            if kind == "move":
                facings = [
                    i
                    for i in action["facings"]
                    if 0 <= i < len(self.piles.piles) and self.piles.piles[i] >= 0
                ]
                self.piles = self.piles.moved(facings, pile) if facings else self.piles
            elif kind == "split":
                self.piles = self.piles.split(pile, self.embedder.likeness)
            elif kind == "teach":
                before = self.teaching.gallery
                if self.teaching.catch_up():
                    self.go_on(self.teaching, before)
                piles, gallery = self.piles.learnt(
                    pile, self.teaching.gallery, action["brand"], action["product"], self.embedder
                )
                if gallery is self.teaching.gallery:
                    self.note = already_taught(gallery, action["brand"])
                self.teaching.save(gallery)
                if not self.note:
                    self.done = taught_as(
                        len(self.piles.members(pile)), gallery.spelled(action["brand"]), action["product"]
                    )
                self.piles = piles
        except SkushareError as error:
            self.problem = str(error)


def already_taught(gallery, brand):
    """What to say where all facings that were named ``brand`` are examples of it in ``gallery``."""
    brand = gallery.spelled(brand)
    return f"{gallery.name}: these facings are already examples of {brand}; none is taught twice"


def taught_as(facings, brand, product):
    """What to say where so many ``facings`` were taught, as "2 facings taught as Cola: can"."""
    name = ": ".join(filter(None, (brand, product.strip())))
    return f"{counted(facings, 'facing')} taught as {name}"


def products(gallery):
    """What ``gallery`` knows: a DataFrame of ``COLUMNS``, the index being the products' ids."""
    colors = gallery.colors
    rows = [(s.brand, s.name, s.category, s.own, colors[s.brand]) for s in gallery.skus]
    table = pd.DataFrame(rows, columns=list(COLUMNS), index=[sku.id for sku in gallery.skus])
    return table.assign(examples=np.bincount(gallery.example_skus, minlength=len(gallery.skus)))


def edited(gallery, changes):
    """``gallery`` with ``changes``, {id: {column: value}}; a colour counts for all of its brand.

    A product named like its brand is renamed with it. Two spellings are one brand: one that is known is
    written as the gallery has it, and the present one in another case is so for all of it.

    Raises:
        GalleryError: a value cannot be.
    """
    fields = {"product": "name", "colour": "color"}
    for identity, values in changes.items():
        values = {fields.get(column, column): value for column, value in values.items()}
        values = {key: "" if value is None else value for key, value in values.items()}
        color = values.pop("color", None)
        before = gallery.sku(identity)
        if "brand" in values:
            known = gallery.spelled(values["brand"])
            if known == before.brand:
                gallery = gallery.with_brand(known, brand=values["brand"])
                if called := gallery.find(values["brand"], known):
                    gallery = gallery.with_sku(called.id, name=values["brand"])
            else:
                values["brand"] = known
            if before.name == before.brand:
                values.setdefault("name", values["brand"])
        gallery = gallery.with_sku(identity, **values)
        if color is not None:
            gallery = gallery.with_brand(gallery.sku(identity).brand, color=color)
    return gallery
