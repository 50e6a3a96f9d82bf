"""An index of a dataset: which images there are and which boxes lie in them."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from skushare.errors import DatasetError, ImageError
from skushare.geometry import clip
from skushare.images import image_size, read_image
from skushare.text import tidy_name

_MAX_PIXELS = 1e9  # NaN and infinity are beyond it too


@dataclass(frozen=True, eq=False)
class Sample:
    """One labelled image; the image itself stays on disk. Boxes, ids and scores may be given as lists.

    Attributes:
        path: the image file.
        width, height: its size in pixels, as labelled.
        boxes: (n, 4) float32 xyxy in its pixels.
        class_ids: (n,) int32; default: all of the first class.
        scores: (n,) float32, confidence of machine-made labels; 1, the default, for human ones; 0 for
            regions to be ignored (marked difficult or as a crowd): neither facing nor background.
        split: "train", "val", "test" or another; empty where there are no splits.
        group: what must not be torn apart by a split: the shop, the shelf, the visit; empty if unknown.
    """

    path: Path
    width: int
    height: int
    boxes: np.ndarray = ()
    class_ids: np.ndarray | None = None
    scores: np.ndarray | None = None
    split: str = ""
    group: str = ""

    def __post_init__(self):
        put, boxes = object.__setattr__, np.asarray(self.boxes, np.float32).reshape(-1, 4)
        ids = np.zeros(len(boxes)) if self.class_ids is None else self.class_ids
        scores = np.ones(len(boxes)) if self.scores is None else self.scores
        put(self, "boxes", boxes)
        put(self, "class_ids", np.asarray(ids, np.int32))
        put(self, "scores", np.asarray(scores, np.float32))

    @property
    def ignored(self):
        """(n,) bool: which boxes are regions to be ignored."""
        return self.scores == 0

    @property
    def facings(self):
        """The sample without its regions to be ignored."""
        return self.with_boxes(~self.ignored)

    def fractions(self):
        """The boxes as fractions of the image: (n, 4) float64 left, top, right, bottom.

        Raises:
            DatasetError: there are boxes, but the size is not known.
        """
        if len(self.boxes) and not self.width * self.height:
            raise DatasetError(f"{self.path}: its size is unknown, so its boxes cannot be fractions of it")
        return self.boxes / np.tile([float(self.width), float(self.height)], 2)

    def with_boxes(self, kept):
        """The sample with some of its boxes: (n,) bool or numbers, as numpy takes them."""
        return replace(self, boxes=self.boxes[kept], class_ids=self.class_ids[kept], scores=self.scores[kept])

    def size_fault(self, width, height):
        """What is wrong if its picture, upright, has ``width`` x ``height`` pixels; "" where labelled so."""
        if (width, height) == (self.width, self.height):
            return ""
        return (
            f"{self.path}: has {width} x {height} pixels, but its labels are for {self.width} x "
            f"{self.height}; mend them with skushare data check NAME --fix size"
        )


@dataclass(frozen=True)
class Dataset:
    """Samples and the names of their classes.

    Attributes:
        name: what figures and runs call it.
        samples: tuple of :class:`Sample`, of all splits.
        labels: class names; class id = position.
        provenance: where it comes from: source, format, licence; plain JSON values.
    """

    name: str
    samples: tuple[Sample, ...]
    labels: tuple[str, ...]
    provenance: dict = field(default_factory=dict)

    def __len__(self):
        return len(self.samples)

    @property
    def splits(self):
        """Names of the splits that samples lie in, in order of first appearance."""
        return tuple(dict.fromkeys(sample.split for sample in self.samples))

    def only(self, split):
        """The samples of ``split``, as a dataset called ``name@split``.

        Raises:
            DatasetError: there is no such split.
        """
        if split not in self.splits:
            known = ", ".join(filter(None, self.splits)) or "none"
            raise DatasetError(f"{self.name}: no split called {split!r}; there are: {known}")
        samples = tuple(s for s in self.samples if s.split == split)
        return replace(self, name=f"{self.name}@{split}", samples=samples)

    def cleaned(self):
        """Boxes clipped to their images; those of which less than a pixel a side is left are dropped."""
        return replace(self, samples=tuple(map(_cleaned, self.samples)))

    def as_one_class(self):
        """The same boxes, all of the one class "facing": what a detector of facings learns from."""
        samples = tuple(replace(s, class_ids=np.zeros_like(s.class_ids)) for s in self.samples)
        return replace(self, samples=samples, labels=("facing",))

    def with_labels(self, labels):
        """The same boxes, their classes numbered as in ``labels``, which has the names of all of them."""
        if labels == self.labels:
            return self
        ids = np.array([labels.index(label) for label in self.labels], np.int32)
        samples = tuple(replace(s, class_ids=ids[s.class_ids]) for s in self.samples)
        return replace(self, samples=samples, labels=labels)

    def renamed(self, names):
        """The same boxes, with classes called otherwise.

        Args:
            names: {name of a class: its new name}. Classes that get one name become one; the boxes of
                those whose new name is empty go.

        Raises:
            DatasetError: there is no class of that name.
        """
        if unknown := [name for name in names if name not in self.labels]:
            raise DatasetError(
                f"{self.name}: no class called {unknown[0]!r}; there are: {', '.join(self.labels) or 'none'}"
            )
        called = [tidy_name(names.get(label, label)) for label in self.labels]
        places = {}  # a name that a class had before keeps that class's
        for place, name in enumerate(called):
            if name and (name not in places or name == self.labels[place]):
                places[name] = place
        labels = tuple(sorted(places, key=places.get))
        ids = np.array([labels.index(name) if name else -1 for name in called], np.int32)
        samples = (replace(s, class_ids=ids[s.class_ids]) for s in self.samples)
        return replace(self, samples=tuple(s.with_boxes(s.class_ids >= 0) for s in samples), labels=labels)


def joined_labels(lists):
    """The class names of several ``lists``, each once, in order of first appearance."""
    return tuple(dict.fromkeys(label for labels in lists for label in labels))


def read_photo(sample):
    """The picture that the labels of ``sample`` are for, (h, w, 3) uint8 RGB, upright.

    Raises:
        ImageError: it cannot be read.
        DatasetError: it has another size than its labels say, so the boxes lie elsewhere on it.
    """
    image = read_image(sample.path)
    if fault := sample.size_fault(*image.shape[1::-1]):
        raise DatasetError(fault)
    return image


def evenly_spaced(samples, count):
    """``count`` of ``samples``, or all where there are fewer, evenly spaced from the first to the last."""
    chosen = np.linspace(0, len(samples) - 1, min(count, len(samples))).round().astype(int)
    return tuple(samples[i] for i in chosen)


def make_sample(path, size, rows, split, where, group=""):
    """A :class:`Sample` of what a reader found in a file.

    Args:
        size: (width, height) as labelled; where it is not above 0, the size of the
            picture is taken, (0, 0) if that cannot be read.
        rows: list of (left, top, right, bottom, class id, score).
        where: what the message calls the place of the labels, such as "labels.csv, line 3".

    Raises:
        DatasetError: something is not a number, or no number of pixels.
    """
    try:
        table = np.array(rows, np.float64).reshape(-1, 6)
        size = tuple(map(int, size))
    except (ValueError, TypeError, OverflowError) as error:
        raise DatasetError(f"{where}: a box or the size is not made of numbers ({error})") from None
    if not (np.abs(table) < _MAX_PIXELS).all() or max(size) >= _MAX_PIXELS:
        raise DatasetError(f"{where}: a box or the size is not a number of pixels")
    if min(size) <= 0:
        try:
            size = image_size(path)
        except ImageError:
            size = (0, 0)
    return Sample(Path(path), *size, table[:, :4], table[:, 4], table[:, 5], split, group)


def _cleaned(sample):
    boxes = clip(sample.boxes, sample.width, sample.height)
    return replace(sample, boxes=boxes).with_boxes((boxes[:, 2:] - boxes[:, :2] >= 1).all(axis=1))
