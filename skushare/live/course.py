"""How the count of a camera's frames goes: at the moment, and over the last minutes."""

from collections import deque

import numpy as np
import pandas as pd

LONGEST = 120  # seconds
STEP = 0.5  # seconds between points: a chart needs no more
RECENT = 2.0  # seconds: what "now" means for count, latency and frame rate
PAUSE = 30  # seconds without a frame, after which the camera is at another shelf


class Course:
    """The counts of frames, one after the other. Times are seconds of one clock, rising."""

    def __init__(self):
        self._recent = deque(maxlen=256)  # (time, count, milliseconds) a frame
        self._points = deque(maxlen=int(LONGEST / STEP))  # (time, count)

    def has_paused(self, now):
        """Whether the last frame is so long ago that one at ``now`` begins a new course."""
        return bool(self._points) and now - self._points[-1][0] > PAUSE

    def take(self, now, count, milliseconds):
        """A frame of ``count`` facings was drawn, ``milliseconds`` after it had arrived."""
        self._recent.append((now, count, milliseconds))
        if not self._points or now - self._points[-1][0] >= STEP:
            self._points.append((now, self._median_count()))

    def present(self, now):
        """The facings, latency in milliseconds, frames a second, and seconds since the newest frame.

        The first two are medians; before the first frame it is ``(None, None, 0.0, None)``.
        """
        if not self._recent:
            return None, None, 0.0, None
        newest, before = self._recent[-1][0], self._recent[-min(2, len(self._recent))][0]
        since = min(newest - RECENT, before)  # two frames at least: one alone has no rate
        window = [(at, ms) for at, _, ms in self._recent if at >= since]
        span = newest - window[0][0]
        fps = (len(window) - 1) / span if span > 0 else 0.0
        return self._median_count(), float(np.median([ms for _, ms in window])), fps, now - newest

    def history(self, now):
        """A DataFrame of ``seconds`` (0 is now, the past negative) and ``facings``."""
        return pd.DataFrame([(at - now, count) for at, count in self._points], columns=["seconds", "facings"])

    def _median_count(self):
        newest = self._recent[-1][0]
        return int(np.median([count for at, count, _ in self._recent if newest - at <= RECENT]))
