"""What one visitor's camera shows: the newest count, its recent course, and snapshots."""

import copy
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np

from skushare.brands.frames import A_FRAME, FrameNamer, LabelNamer, LookNamer, track_and_name
from skushare.brands.versions import ids_from
from skushare.colors import label_colors, shown_colors
from skushare.detections import Detections
from skushare.draw import annotate
from skushare.errors import SkushareError
from skushare.jpeg import encode_jpeg
from skushare.live.course import Course
from skushare.live.pace import Pace, automatic_sizes
from skushare.shelf.tracking import ShelfTracker

logger = logging.getLogger(__name__)

MAX_SNAPSHOTS = 24


@dataclass(frozen=True)
class Snapshot:
    """A frame that was kept: its time, count and JPEG bytes with the boxes drawn."""

    taken: datetime
    facings: int
    jpeg: bytes

    @property
    def file_name(self):
        """A name that sorts by time and tells the count."""
        return f"shelf-{self.taken:%Y%m%d-%H%M%S}-{self.facings}-facings.jpg"


@dataclass(frozen=True)
class Reading:
    """The state of a session at one moment.

    Attributes:
        facings: median count over the last two seconds, ``None`` before the first frame.
        latency_ms: median time from a frame's arrival to its boxes being drawn.
        fps: frames processed a second.
        age: seconds since the newest frame, ``None`` before the first.
        error: what went wrong with the newest frame, fit for the user, or ``None``.
        detections: of the newest frame.
        unique: facings counted once each since the start or the last :meth:`LiveSession.recount`.
    """

    facings: int | None
    latency_ms: float | None
    fps: float
    age: float | None
    error: str | None
    detections: Detections
    unique: int = 0


class Dropped(NamedTuple):
    """A count that was dropped for a new one: how many facings it had, and what goes on with it.

    ``begun`` is that of the session since, ``namer`` what named the facings of the count.
    """

    facings: int
    tracker: ShelfTracker
    video: tuple | None
    begun: int
    namer: object


class LiveSession:
    """Counts the frames of one camera. Every method may be called from any thread.

    Args:
        detector: a :class:`~skushare.detector.runtime.Detector`; may be shared by sessions.
        clock: seconds, rising; replaced in tests.

    Attributes:
        min_score: least score that counts.
        namer: one of :mod:`skushare.brands.frames`, that names the brands or groups by look; or ``None``.
        begun: how often counting began anew: what was counted before another ``begun`` is gone.
        video: (name, share from 0 to 1 that is past, why the rest cannot be read or ``""``) of a recorded
            video that is not counted to its end, set by whoever counts it; ``None`` without one, and when
            counting begins anew.
    """

    def __init__(self, detector, clock=time.monotonic):
        self.detector = detector
        self.min_score = detector.threshold("live")
        self._pace = Pace(automatic_sizes(detector.live_sizes), detector.facing_size)
        self.namer = None
        self._clock = clock
        self._lock = threading.Lock()
        self._tracker, self._tracking = ShelfTracker(), threading.Lock()
        self.begun, self.video = 0, None
        self._snapshots = deque(maxlen=MAX_SNAPSHOTS)
        self._shown, self._colors = {}, None
        self._course, self._error = Course(), None
        self._newest = None  # (image, detections)

    def copy(self):
        """A session that goes on from here by itself."""
        own = {"_lock", "_tracking"}
        with self._tracking, self._lock:
            shared = [self.detector, self._clock, self.gallery, getattr(self.namer, "embedder", None)]
            memo = {id(each): each for each in shared}
            state = {name: value for name, value in vars(self).items() if name not in own}
            other = object.__new__(type(self))
            vars(other).update(copy.deepcopy(state, memo))
        other._lock, other._tracking = threading.Lock(), threading.Lock()
        return other

    def process(self, image, live=True):
        """The RGB ``image`` with its facings drawn; the session's reading moves on to it.

        What is not ``live`` is recorded: no camera waits, so nothing is left out for the pace. A failure
        never stops the stream: the image comes back as it was, and :meth:`reading` tells what happened.
        """
        started = self._clock()
        try:
            pace = self._pace
            detections = self.detector.detect(image, "live", self.min_score, size=pace.size)
            pace.see(detections.boxes, max(image.shape[:2]))
            with self._tracking:  # so that no id of one namer meets the names of the next
                namer = self.namer
                if namer is not None:
                    namer.a_frame = pace.a_frame if live else A_FRAME
                detections = track_and_name(image, detections, self._tracker, namer)
            drawn = self._draw(image, detections, namer)
        except Exception as error:
            self._fail(error)
            return image
        finished = self._clock()
        if live:
            pace.take(finished - started)
        with self._lock:
            if self._course.has_paused(finished):
                self._course, self._newest = Course(), None
            self._error = None
            if namer is self.namer:
                self._newest = (image, detections)
            elif self._newest is None:
                self._newest = (image, _unnamed(detections, self.gallery))
            self._course.take(finished, len(detections), 1000 * (finished - started))
        return drawn

    @property
    def size(self):
        """Longest side in pixels that frames are resized to now."""
        return self._pace.size

    def look_at(self, sizes):
        """Resize frames to the first of ``sizes``, largest first, or to a later one: see :class:`Pace`.

        Smaller is faster and sees less. At first these are the detector's own, but the tiny ones.
        """
        if tuple(sizes) != self._pace.sizes:
            self._pace = Pace(sizes, self.detector.facing_size)

    @property
    def gallery(self):
        """The gallery that names the brands, or ``None``."""
        return self.namer.gallery if self.namer else None

    @property
    def brands(self):
        """Names of the brands, or of the looks so far, by the brand ids of the detections."""
        return self.namer.brands if self.namer else ()

    @property
    def by_look(self):
        """Whether facings that no gallery knows are grouped by look."""
        return isinstance(self.namer, LookNamer)

    @property
    def looks(self):
        """A :class:`~skushare.brands.frames.Look` for each that was founded since the naming was chosen."""
        return self.namer.founded if self.by_look else ()

    def name_by(self, gallery, embedder, by_look=False, last=None):
        """Have ``gallery`` name the brands from now on; another choice than before counts anew.

        Args:
            gallery: a :class:`~skushare.brands.gallery.Gallery` or a brand map; ``None`` and not
                ``by_look`` leave the facings their class labels alone.
            embedder: of the gallery and of the looks.
            by_look: group by look what a gallery, or none, does not know.
            last: the count that was dropped last, or ``None``; as for :meth:`recount`.

        Returns:
            The :class:`Dropped` count; ``None`` where counting goes on, as with another version of the
            present gallery.
        """
        kind, made_with = FrameNamer, embedder
        if gallery is not None and gallery.by_label:
            kind, made_with = LabelNamer, self.detector.labels
        elif by_look:
            kind = LookNamer
        elif gallery is None:
            kind = type(None)
        same_kind = type(self.namer) is kind
        if same_kind and (gallery and gallery.digest) == (self.gallery and self.gallery.digest):
            return None
        with self._tracking, self._lock:
            if same_kind and self._is_version(gallery):
                self._go_over_to(gallery)
                return None
            dropped = self._drop(last)
            self._choose(None if kind is type(None) else kind(made_with, gallery))
        return dropped

    def _is_version(self, gallery):
        return None not in (gallery, self.gallery) and gallery.name == self.gallery.name

    def _go_over_to(self, gallery):
        """Go on with another version of the present gallery, in whose ids all is counted from then on."""
        ids = ids_from(self.gallery, gallery)
        before, namer = self.gallery, copy.copy(self.namer)
        namer.gallery = gallery
        for number in range(len(namer.looks.skus) if self.by_look else 0):  # which come after its own
            earlier = len(before.brands) + number, len(before.skus) + number
            ids[earlier] = len(gallery.brands) + number, len(gallery.skus) + number
        self._go_on_as(namer, ids)

    def _go_on_as(self, namer, ids):
        """Go on with ``namer``; ``ids``: {(brand id, SKU id) of what was counted: those that it uses}."""
        self.namer = namer
        self._tracker.rename(ids)
        if self._newest is not None:
            image, found = self._newest
            self._newest = image, _renamed(found, ids)

    def _choose(self, namer):
        """Go on with ``namer``, whose brands have nothing to do with those before."""
        self.namer = namer
        if self._newest is not None:  # of which the brand ids count in other names
            image, found = self._newest
            self._newest = image, _unnamed(found, self.gallery)
        self._shown, self._colors = {}, None

    def examples(self, look):
        """As :meth:`~skushare.brands.frames.LookNamer.examples`; none where nothing is grouped by look."""
        with self._tracking:
            return self.namer.examples(look) if self.by_look else ((), [])

    def go_on_with(self, gallery, look, brand, last=None):
        """Go on with ``gallery``, which was just taught ``brand``: the look called ``look``.

        The count goes on, and the other looks keep their names, if the gallery is a version of the present
        one or the first one. Another one counts anew, and the :class:`Dropped` count is given, with the
        ``last`` one as by :meth:`recount`.
        """
        with self._tracking, self._lock:
            if self.gallery is not None:
                if not self._is_version(gallery):
                    dropped = self._drop(last)
                    self._choose(LookNamer(self.namer.embedder, gallery))
                    return dropped
                self._go_over_to(gallery)  # which somebody else may have taught as well
            self._go_on_as(*self.namer.taught(look, brand, gallery))
        return None

    def colors(self, shown):
        """{brand: ``"#RRGGBB"``} for a chart of the brands ``shown``; the drawn boxes have them from then on.

        A brand that was shown keeps its colour.
        """
        chosen = self.gallery.chosen_colors if self.gallery else {}
        self._shown = self._shown | dict.fromkeys(shown)  # a copy may be reading the one before
        colors = shown_colors(self.brands or self.detector.labels, self._shown, chosen)
        self._colors = colors
        return colors

    def _draw(self, image, detections, namer):
        if namer is None or detections.brand_ids is None:
            return annotate(image, detections, self.detector.labels)
        chosen = namer.gallery.chosen_colors if namer.gallery else {}
        # A look may be newer than the chart that gives the others their colours.
        colors = label_colors(namer.brands, chosen) | (self._colors or {})
        return annotate(image, detections, namer.brands, "brand", colors=colors)

    def _fail(self, error):
        if isinstance(error, SkushareError):
            message = str(error)
        else:
            message = (
                f"A frame could not be counted ({type(error).__name__}). The picture goes on without boxes; "
                "the server's log has the details."
            )
        with self._lock:
            is_new = self._error != message
            self._error = message
        if is_new:  # once, not at every frame
            logger.error("a live frame could not be counted", exc_info=error)

    def reading(self):
        """The present :class:`Reading`."""
        with self._tracking:
            unique = len(self._tracker)
        with self._lock:
            detections = self._newest[1] if self._newest else Detections()
            return Reading(*self._course.present(self._clock()), self._error, detections, unique)

    def unique_facings(self):
        """The facings counted once each; see :meth:`~skushare.shelf.tracking.ShelfTracker.facings`."""
        with self._tracking:
            return self._tracker.facings()

    def sweep(self):
        """Frames with the facings counted once; see ``ShelfTracker.pictures``."""
        with self._tracking:
            return self._tracker.pictures()

    def recount(self, last=None):
        """Begin to count anew, as at another shelf; gives the :class:`Dropped` count.

        Where nothing was counted since the ``last`` one was dropped, it is that one, to be taken back still.
        """
        with self._tracking:
            return self._drop(last)

    def take_back(self, dropped):
        """Go on with a ``dropped`` count and its namer; gives the present ones as :class:`Dropped`.

        If counting began anew since, nothing is done: ``None``.
        """
        with self._tracking, self._lock:
            if not self.can_take_back(dropped):
                return None
            present = self._drop()
            self._tracker, self.video = dropped.tracker, dropped.video
            if self.namer is not dropped.namer:
                self._choose(dropped.namer)
            return present

    def can_take_back(self, dropped):
        """Whether :meth:`take_back` would do so."""
        return dropped.begun == self.begun

    def _drop(self, last=None):
        """Count from 0, while ``_tracking`` is held; gives the count as :meth:`recount` does."""
        waits = last is not None and self.can_take_back(last)
        tracker, video = self._tracker, self.video
        self._tracker, self.video, self.begun = ShelfTracker(), None, self.begun + 1
        self._error = None  # as that the way was too long
        if self.namer is not None:
            self.namer.forget_tracks()
        if waits and not len(tracker):
            return last._replace(begun=self.begun)
        return Dropped(len(tracker), tracker, video, self.begun, self.namer)

    def history(self):
        """The count's course: see :meth:`~skushare.live.course.Course.history`."""
        with self._lock:
            return self._course.history(self._clock())

    def newest(self):
        """The newest frame: (RGB image, its detections); ``None`` before the first."""
        with self._lock:
            return self._newest

    def take_snapshot(self, taken=None):
        """Keep the newest frame with its own count; ``None`` before the first frame.

        Only the last few snapshots are kept. ``taken``: the time; default: by the clock of this computer.
        """
        with self._lock:
            newest, namer = self._newest, self.namer
        if newest is None:
            return None
        image, detections = newest
        picture = encode_jpeg(self._draw(image, detections, namer))
        snapshot = Snapshot(taken or datetime.now(), len(detections), picture)
        with self._lock:
            self._snapshots.append(snapshot)
        return snapshot

    def snapshots(self):
        """Kept snapshots, newest first."""
        with self._lock:
            return list(reversed(self._snapshots))


def _unnamed(detections, gallery):
    """``detections`` as before ``gallery`` names them: of unknown brands; without a gallery, of none."""
    if gallery is None:
        return replace(detections, brand_ids=None, sku_ids=None, brand_scores=None)
    return gallery.name_products(detections, np.full(len(detections), -1, np.int32))


def _renamed(detections, ids):
    """``detections`` with other brands and products, ``ids`` being {(brand id, SKU id): the new ones}."""
    if detections.brand_ids is None:
        return detections
    pairs = zip(detections.brand_ids.tolist(), detections.sku_ids.tolist(), strict=True)
    renamed = np.array([ids.get(pair, pair) for pair in pairs]).reshape(-1, 2)
    return replace(detections, brand_ids=renamed[:, 0], sku_ids=renamed[:, 1])
