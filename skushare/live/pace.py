"""How closely the frames of a camera are looked at, so that enough of them are counted a second."""

from collections import deque

import numpy as np

from skushare.brands.frames import A_FEW, A_FRAME, FEWEST
from skushare.detector.preprocess import FEW
from skushare.geometry import area

FRAMES_A_SECOND = 12  # fewer, and a shelf that passes by seems to jump
COUNTING = 0.9  # of a frame's time; the rest is left for its colours and its coding
WINDOW = 10  # frames between two decisions: one slow frame decides nothing
LEAST_SIZE = 416  # pixels: with fewer, the far facings of a real shelf are missed (results/frontier.csv)
_TARGET = COUNTING / FRAMES_A_SECOND


def automatic_sizes(sizes):
    """Those of ``sizes``, the largest first, that may be chosen unasked: the first, and no tiny ones."""
    return tuple(sizes[:1]) + tuple(size for size in sizes[1:] if size >= LEAST_SIZE)


class Pace:
    """Steps down in what a frame costs while frames take too long, and up again when there is room.

    First fewer facings are looked at anew in a frame, then frames are resized smaller, then still fewer
    facings are looked at. It goes down as far as it must if all of a frame's time shrank with it, and up
    only if the dearer step would still fit if all of the time grew: so it never goes to and fro. Where
    facings are large, as close to a shelf, the smallest size is taken that still shows them in
    ``facing_size`` pixels: larger ones cost time, and logos are taken for packs.

    Args:
        sizes: longest sides in pixels that frames may be resized to, the largest first.
        facing_size: pixels, square root of the area, in which the detector sees a facing best; 0: not known.
    """

    def __init__(self, sizes, facing_size=0.0):
        self.sizes = tuple(sizes)
        self._facing_size, self._typical = facing_size, None  # the latter as a share of the frame's side
        largest, smallest = self.sizes[0], self.sizes[-1]
        self._steps = [(largest, A_FRAME), *((size, A_FEW) for size in self.sizes), (smallest, FEWEST)]
        self._step = 0
        self._taken = deque(maxlen=WINDOW)

    @property
    def size(self):
        """Longest side in pixels that the next frame is to be resized to."""
        return min(self._steps[self._step][0], self._fitting)

    @property
    def _fitting(self):
        wanted = self._facing_size / self._typical if self._facing_size and self._typical else np.inf
        return min((size for size in self.sizes if size >= wanted), default=self.sizes[0])

    @property
    def a_frame(self):
        """Facings that may be looked at anew in the next frame."""
        return self._steps[self._step][1]

    def see(self, boxes, side):
        """Learn how large facings are: ``boxes`` (n, 4) of a frame whose longer side is ``side`` pixels."""
        if len(boxes) >= FEW:
            typical = float(np.sqrt(np.median(area(boxes)))) / side
            before = typical if self._typical is None else self._typical
            self._typical = before + (typical - before) / WINDOW

    def take(self, seconds):
        """Learn that counting the newest frame took ``seconds``."""
        self._taken.append(seconds)
        if len(self._taken) < WINDOW:
            return
        median, step = float(np.median(self._taken)), self._step
        if step and median * self._growth(step) <= _TARGET:
            step -= 1
        while median > _TARGET and step + 1 < len(self._steps):
            step += 1
            median /= self._growth(step)  # what it would take at best
        if step != self._step:
            self._step = step
            self._taken.clear()

    def _growth(self, step):
        """How many times as long a frame may take, at most, one step up from ``step``."""
        (size, few), (larger, many) = self._steps[step], self._steps[step - 1]
        return (larger / size) ** 2 * many / few
