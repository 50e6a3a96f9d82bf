"""Facings on frames keep their brand while they stay, and a frame costs the same however full it is."""

import numpy as np
import pytest

from skushare.brands.frames import A_FRAME, LOOKS_EVERY, FrameNamer, LookNamer
from skushare.detections import Detections
from tests.brands.conftest import COLORS


class Counting:
    """The embedder, telling how many facings it embedded."""

    def __init__(self, embedder):
        self._embedder, self.counts = embedder, []

    def __getattr__(self, name):
        return getattr(self._embedder, name)

    def embed(self, image, boxes):
        self.counts.append(len(boxes))
        return self._embedder.embed(image, boxes)


def frame(*colors, shift=0):
    """A frame with a facing of each colour, 20 pixels wide, and its detections."""
    image = np.zeros((30, 20 * len(colors) + shift + 10, 3), np.uint8)
    left = shift + 20.0 * np.arange(len(colors))
    for start, color in zip(left.astype(int), colors, strict=True):
        image[:, start : start + 20] = COLORS[color]
    boxes = np.stack([left, 0 * left, left + 20, 0 * left + 30], 1)
    return image, Detections(boxes, np.ones(len(colors)), np.zeros(len(colors)))


@pytest.fixture
def namer(embedder, gallery):
    return FrameNamer(Counting(embedder), gallery)


def test_brands_are_the_gallery_s(namer):
    assert namer.name(*frame("red", "blue", "green")).brand_ids.tolist() == [0, 1, 0]


def test_without_a_gallery_nothing_is_named(namer):
    namer.gallery = None
    assert namer.name(*frame("red")).brand_ids is None


@pytest.mark.parametrize("colors", [(), ("red",)])
def test_empty_frames_before_and_after(namer, colors):
    for shown in ((), colors, ()):
        assert len(namer.name(*frame(*shown)).brand_ids) == len(shown)


def test_a_full_frame_is_named_over_a_few_frames_and_stays_named(namer):
    shelf = frame(*["red", "blue"] * A_FRAME)
    known = [int((namer.name(*shelf).brand_ids >= 0).sum()) for _ in range(4)]
    assert known == [A_FRAME, 2 * A_FRAME, 2 * A_FRAME, 2 * A_FRAME]
    assert max(namer.embedder.counts) == A_FRAME


def test_a_facing_that_moves_a_little_keeps_its_brand_and_one_swapped_is_seen(namer):
    namer.name(*frame("red", "blue"))
    assert namer.name(*frame("red", "blue", shift=5)).brand_ids.tolist() == [0, 1]
    assert namer.name(*frame("blue", "blue", shift=5)).brand_ids.tolist() == [1, 1]


def test_looks_are_founded_by_what_is_there_more_than_once(embedder):
    namer, shelf = LookNamer(embedder), frame("red", "blue", "red", "green", "red", "blue")
    assert [namer.name(*shelf).brand_ids for _ in range(LOOKS_EVERY - 1)] == [None] * (LOOKS_EVERY - 1)
    namer.name(*shelf)
    assert namer.gallery.brands == ("look A", "look B")  # the more frequent first; one green pack is none
    assert namer.name(*shelf).brand_ids.tolist() == [0, 1, 0, -1, 0, 1]
    for _ in range(2 * LOOKS_EVERY):
        namer.name(*frame("green", "blue", "green"))
    # A look keeps its name, and a new one is added.
    assert namer.name(*frame("green", "blue", "red")).brand_ids.tolist() == [2, 1, 0]


@pytest.mark.parametrize("colors", [(), ("red",)])
def test_no_look_without_facings_that_are_alike(embedder, colors):
    namer = LookNamer(embedder)
    for _ in range(2 * LOOKS_EVERY):
        assert namer.name(*frame(*colors)).brand_ids is None
