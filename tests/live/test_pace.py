"""Frames come at the pace that was promised where any size allows it, in the most detail that does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.brands.frames import A_FEW, A_FRAME, FEWEST
from skushare.live.pace import COUNTING, FRAMES_A_SECOND, WINDOW, Pace, automatic_sizes

SIZES = (640, 512, 416, 320)
TARGET = COUNTING / FRAMES_A_SECOND


class Machine:
    """Takes some time a frame whatever is asked, some a facing, and some a pixel."""

    def __init__(self, fixed, facing, pixels):
        self.fixed, self.facing, self.pixels = fixed, facing, pixels

    def seconds(self, size, a_frame):
        return self.fixed + self.facing * a_frame + self.pixels * (size / 640) ** 2


def run(pace, machine, frames):
    """The (size, facings) of each frame."""
    chosen = []
    for _ in range(frames):
        chosen.append((pace.size, pace.a_frame))
        pace.take(machine.seconds(*chosen[-1]))
    return chosen


@pytest.mark.parametrize(
    "machine, settled",
    [
        (Machine(0.01, 0.0005, 0.02), (640, A_FRAME)),
        (Machine(0.01, 0.001, 0.055), (640, A_FEW)),
        (Machine(0.01, 0.001, 0.08), (512, A_FEW)),
        (Machine(0.01, 0.001, 0.12), (416, A_FEW)),
        (Machine(0.01, 0.001, 0.2), (320, A_FEW)),
        (Machine(0.01, 0.001, 9), (320, FEWEST)),
    ],
)
def test_the_most_detail_that_keeps_the_pace(machine, settled):
    assert run(Pace(SIZES), machine, 6 * WINDOW)[-1] == settled


seconds = st.floats(0, 0.2)


@given(st.builds(Machine, seconds, seconds.map(lambda s: s / 16), seconds))
def test_it_settles_and_never_rests_too_slow_or_dearer_than_needed(machine):
    pace = Pace(SIZES)
    run(pace, machine, 6 * WINDOW)
    (last,) = set(run(pace, machine, 6 * WINDOW))
    assert machine.seconds(*last) <= TARGET or last == (SIZES[-1], FEWEST)


@given(st.builds(Machine, seconds, seconds.map(lambda s: s / 16), seconds))
def test_after_a_busy_spell_it_comes_back(machine):
    pace = Pace(SIZES)
    run(pace, Machine(1, 0, 0), 6 * WINDOW)
    (last,) = set(run(pace, machine, 12 * WINDOW)[-WINDOW:])
    # A third of the time is room enough for any step up.
    assert machine.seconds(*last) > TARGET / 3 or last == (SIZES[0], A_FRAME)


def test_one_slow_frame_in_ten_decides_nothing():
    pace = Pace(SIZES)
    for frame in range(10 * WINDOW):
        pace.take(1 if frame % 10 == 0 else TARGET / 2)
    assert (pace.size, pace.a_frame) == (640, A_FRAME)


def boxes(side, count=8):
    """Square boxes of ``side`` pixels."""
    return np.tile(np.float32([0, 0, side, side]), (count, 1))


@pytest.mark.parametrize(
    "sizes, side, size",
    [
        (SIZES, 30, 640),  # in a frame of 960 pixels
        (SIZES, 66, 640),  # 44 of 640
        (SIZES, 83, 512),
        (SIZES, 102, 416),
        (SIZES, 133, 320),
        (SIZES, 900, 320),
        (SIZES[:3], 900, 416),
        ((640,), 900, 640),
    ],
)
def test_where_facings_are_large_small_frames_do(sizes, side, size):
    pace = Pace(sizes, facing_size=44)
    assert pace.size == sizes[0]
    pace.see(boxes(side), 960)
    assert pace.size == size


def test_how_large_facings_are_is_learnt_from_several_frames_and_forgotten_again():
    pace = Pace(SIZES, facing_size=44)
    pace.see(boxes(200), 960)
    pace.see(boxes(30), 960)
    assert pace.size == 320
    for _ in range(6 * WINDOW):
        pace.see(boxes(30), 960)
    assert pace.size == 640
    for _ in range(6 * WINDOW):
        pace.see(boxes(900, count=2), 960)  # too few to tell
    assert pace.size == 640


def test_a_slow_machine_goes_below_what_facings_need():
    pace = Pace(SIZES, facing_size=44)
    for _ in range(6 * WINDOW):
        pace.see(boxes(30), 960)
        pace.take(1.0)
    assert pace.size == 320


@pytest.mark.parametrize(
    "sizes, automatic", [((640, 512, 416, 320), (640, 512, 416)), ((320,), (320,)), ((64, 32), (64,))]
)
def test_tiny_frames_are_never_chosen_unasked(sizes, automatic):
    assert automatic_sizes(sizes) == automatic
