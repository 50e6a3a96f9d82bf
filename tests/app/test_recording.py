"""The frames of a video go through a session in order, each once, whichever run takes them."""

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from skushare.app.recording import Counting
from skushare.errors import ImageError


def test_two_runs_count_each_frame_once_and_in_order():
    seen = []

    def process(image):
        time.sleep(0.005)
        seen.append(image)
        return -image

    counting = Counting(((n / 20, n) for n in range(20)), SimpleNamespace(process=process))
    with ThreadPoolExecutor(2) as pool:
        steps = [step for pair in iter(lambda: [*pool.map(lambda _: counting.step(), range(2))], [None, None])
                 for step in pair if step]  # fmt: skip
    assert seen == list(range(20)) and sorted(steps) == [(n, n / 20, -n) for n in range(20)]


def test_damage_is_told_to_the_next_run_as_well():
    def frames():
        yield 0.5, 1
        raise ImageError("shelf.mp4: is damaged after its first frames")

    counting = Counting(frames(), SimpleNamespace(process=lambda image: image))
    assert counting.step() == (0, 0.5, 1)
    for _ in range(2):
        with pytest.raises(ImageError, match="damaged"):
            counting.step()
