"""How closely the frames of a camera are looked at, so that enough of them are counted a second."""

from collections import deque

import numpy as np

from skushare.brands.frames import A_FEW, A_FRAME

FRAMES_A_SECOND = 12  # fewer, and a shelf that passes by seems to jump
COUNTING = 0.9  # of a frame's time; the rest is left for its colours and its coding
WINDOW = 20  # frames between two decisions: one slow frame decides nothing
_TARGET = COUNTING / FRAMES_A_SECOND


class Pace:
    """Steps down in what a frame costs while frames take too long, and up again when there is room.

    First fewer facings are looked at anew in a frame, then frames are resized smaller. It steps up only where
    the dearer step would still fit if all of a frame's time grew with it, so that it does not go to and fro.

    Args:
        sizes: longest sides in pixels that frames may be resized to, the largest first.
    """

    def __init__(self, sizes):
        self.sizes = tuple(sizes)
        self._steps = [(self.sizes[0], A_FRAME), *((size, A_FEW) for size in self.sizes)]
        self._step = 0
        self._taken = deque(maxlen=WINDOW)

    @property
    def size(self):
        """Longest side in pixels that the next frame is to be resized to."""
        return self._steps[self._step][0]

    @property
    def a_frame(self):
        """Facings that may be looked at anew in the next frame."""
        return self._steps[self._step][1]

    def take(self, seconds):
        """Learn that counting the newest frame took ``seconds``."""
        self._taken.append(seconds)
        if len(self._taken) < WINDOW:
            return
        median = float(np.median(self._taken))
        if median > _TARGET and self._step + 1 < len(self._steps):
            self._move(1)
        elif self._step and median * self._growth() <= _TARGET:
            self._move(-1)

    def _growth(self):
        """How many times as long a frame may take, at most, a step up."""
        (size, few), (larger, many) = self._steps[self._step], self._steps[self._step - 1]
        return (larger / size) ** 2 * many / few

    def _move(self, steps):
        self._step += steps
        self._taken.clear()
