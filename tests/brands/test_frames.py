"""Facings on frames keep their brand while they stay, and a frame costs the same however full it is."""

from dataclasses import replace

import numpy as np
import pytest

from skushare.brands.frames import (
    A_FRAME,
    LOOKS_EVERY,
    FrameNamer,
    LabelNamer,
    LookNamer,
    track_and_name,
)
from skushare.brands.gallery import Gallery, Sku
from skushare.brands.looks import taught_look
from skushare.detections import Detections
from skushare.jpeg import decode_jpeg
from tests.brands.conftest import COLORS, picture


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


def tracked(tracks, *colors, shift=0):
    image, found = frame(*colors, shift=shift)
    return image, replace(found, track_ids=tracks)


def test_a_facing_keeps_its_brand_by_its_track_however_far_it_moves(namer):
    namer.a_frame = 2
    namer.name(*tracked([5, 6], "red", "blue"))
    namer.name(*tracked([], shift=40))
    assert namer.name(*tracked([7, 8, 5, 6], "red", "red", "red", "blue")).brand_ids.tolist() == [0, 0, 0, 1]
    # One facing further, where the one next to it was: not the neighbour's brand.
    namer.a_frame = 0
    named = namer.name(*tracked([8, 5, 6, 9], "red", "red", "blue", "red"))
    assert named.brand_ids.tolist() == [0, 0, 1, -1]
    assert namer.looked_at.tolist() == [True, True, True, False]


def seen(*places):
    """(image, detections) of facings in these places of a wide frame, the first red, the others blue."""
    image = np.zeros((100, 400, 3), np.uint8)
    boxes = np.array([(left, 20, left + 20, 60) for left in places]).clip(0)
    for box, color in zip(boxes, ("red", *["blue"] * len(places)), strict=False):
        image[20:60, box[0] : box[2]] = COLORS[color]
    ones = np.ones(len(boxes))
    return image, Detections(boxes, ones, 0 * ones, track_ids=range(len(boxes)))


def test_a_facing_seen_whole_goes_before_cut_off_ones_and_before_what_was_learnt_of_it_cut_off(namer):
    namer.a_frame = 1
    assert namer.name(*seen(-8, 100)).brand_ids.tolist() == [-1, 1]  # the whole one first
    namer.name(*seen(-8, 100))
    assert namer.looked_at.tolist() == [True, True]
    namer.a_frame = 0
    namer.name(*seen(30, 140))  # what was learnt of the first is of a piece, and has no say any more
    assert namer.looked_at.tolist() == [False, True]
    namer.a_frame = 5
    assert namer.name(*seen(30, 140)).brand_ids.tolist() == [0, 1] and namer.looked_at.all()
    counts = len(namer.embedder.counts)
    namer.name(*seen(-8, -9))  # seen whole before: their pieces are not looked at
    assert namer.embedder.counts[counts:] == [0] and namer.looked_at.all()


def test_tracks_that_are_numbered_anew_are_other_facings(namer):
    namer.name(*tracked([0, 1], "red", "blue"))
    namer.forget_tracks()
    namer.a_frame = 0
    assert namer.name(*tracked([0, 1], "blue", "red")).brand_ids.tolist() == [-1, -1]


def test_the_tracks_that_are_remembered_are_bounded_and_the_newest(namer, monkeypatch):
    monkeypatch.setattr("skushare.brands.frames.REMEMBERED", 4)
    for first in range(0, 20, 2):
        namer.name(*tracked([first, first + 1], "red", "blue"))
    assert list(namer._tracks) == [14, 15, 16, 17, 18, 19]


class Tracks:
    """A tracker that says what the tracks are, and keeps the votes."""

    def __init__(self, *tracks):
        self.tracks, self.votes = iter(tracks), []

    def update(self, image, detections):
        return replace(detections, track_ids=next(self.tracks))

    def vote(self, detections):
        self.votes.append((detections.track_ids.tolist(), detections.brand_ids.tolist()))


def test_what_was_not_looked_at_yet_has_no_vote(namer):
    namer.a_frame, tracker = 1, Tracks([0, 1], [0, 1], [-1, 1])
    for _ in range(3):
        track_and_name(*frame("red", "blue"), tracker, namer)
    assert tracker.votes == [([0], [0]), ([0, 1], [0, 1]), ([-1, 1], [0, 1])]


def test_votes_need_something_that_names(embedder):
    for namer in (None, LookNamer(embedder)):
        tracker = Tracks([0])
        assert track_and_name(*frame("red"), tracker, namer).track_ids.tolist() == [0]
        assert tracker.votes == []
    tracker, known = Tracks([3]), LabelNamer(("can",), Gallery("map", [Sku("a", "can", "Cola")]))
    track_and_name(None, Detections([[0, 0, 1, 1]], [0.9], [0]), tracker, known)
    assert tracker.votes == [([3], [0])]


def test_looks_are_founded_by_what_is_there_more_than_once(embedder):
    namer, shelf = LookNamer(embedder), frame("red", "blue", "red", "green", "red", "blue")
    assert [namer.name(*shelf).brand_ids for _ in range(LOOKS_EVERY - 1)] == [None] * (LOOKS_EVERY - 1)
    namer.name(*shelf)
    assert namer.brands == ("look A", "look B")  # the more frequent first; one green pack is none
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


def test_a_brand_map_names_by_label_and_embeds_nothing():
    namer = LabelNamer(("can", "jar"), Gallery("map", [Sku("a", "jar", "Jam"), Sku("b", "tin", "Tea")]))
    found = namer.name(None, Detections(np.zeros((2, 4)), [0.9, 0.9], [0, 1]))
    assert namer.brands == ("Jam", "Tea") and found.brand_ids.tolist() == [-1, 0]


def test_looks_are_of_what_the_gallery_does_not_know(embedder, gallery):
    namer = LookNamer(embedder, gallery.without("b"))  # green
    for _ in range(LOOKS_EVERY + 1):
        found = namer.name(*frame("green", "red", "green"))
    assert namer.brands == ("Rot", "Blau", "look A")
    assert found.brand_ids.tolist() == [2, 0, 2] and found.sku_ids.tolist() == [2, 0, 2]


def test_a_look_keeps_a_picture_and_gives_its_examples(embedder):
    namer = LookNamer(embedder)
    for _ in range(LOOKS_EVERY):
        namer.name(*frame("red", "blue", "red", "red", "blue"))
    (first, second), (vectors, pictures) = namer.founded, namer.examples("look A")
    assert (first.name, second.name) == ("look A", "look B") and len(vectors) == len(pictures) == 3
    assert first.picture == pictures[0] and decode_jpeg(first.picture).mean((0, 1)).argmax() == 0
    assert len(namer.examples("look C")[0]) == len(namer.examples("look C")[1]) == 0


def test_no_look_is_founded_by_what_was_learnt_of_facings_when_they_were_cut_off(embedder):
    namer = LookNamer(embedder)
    for left in (*[-8] * (LOOKS_EVERY - 1), 30):  # at last they are whole, and none is looked at for the pace
        namer.name(*seen(300, left, left, left))
        namer.a_frame = 0
    assert not namer.looked_at[1:].any() and namer.founded == ()
    namer.a_frame = A_FRAME
    for _ in range(LOOKS_EVERY):
        namer.name(*seen(300, 30, 30, 30))
    assert len(namer.founded) == 1 and len(namer.examples("look A")[0]) == 3


def test_no_look_is_founded_by_the_picture_of_what_is_cut_off_but_was_seen_whole(embedder):
    namer = LookNamer(embedder)
    for left in (*[30] * (LOOKS_EVERY - 1), -8):
        namer.name(*seen(30, left, left, left))
    assert namer.looked_at.all() and namer.founded == ()
    for _ in range(LOOKS_EVERY):
        namer.name(*seen(-8, 30, 30, 30))
    vectors, pictures = namer.examples("look A")
    assert len(namer.founded) == 1 and len(pictures) == 3
    assert np.allclose(embedder.embed_pictures(map(decode_jpeg, pictures)), vectors, atol=0.05)


def test_a_look_that_is_taught_as_a_further_product_of_its_brand_is_that(embedder):
    red = embedder.embed_pictures([picture("red")])
    namer = LookNamer(embedder, taught_look(Gallery("new"), "Oats", red, [b"jpeg"], embedder))
    for _ in range(LOOKS_EVERY):
        namer.name(*frame("red", "blue", "blue"))
    gallery = taught_look(namer.gallery, "Oats", *namer.examples("look A"), embedder)
    assert [sku.name for sku in gallery.skus] == ["Oats", "Oats 2"]
    assert namer.taught("look A", "Oats", gallery)[1] == {(1, 1): (0, 1)}


def test_a_look_that_was_taught_before_goes_on_as_what_it_is(embedder, gallery):
    namer = LookNamer(embedder)
    for _ in range(LOOKS_EVERY):
        namer.name(*frame("red", "red", "blue", "blue"))
    vectors, pictures = namer.examples("look A")
    elsewhere = [b"of another page"] * len(pictures)
    known = taught_look(Gallery("new"), "Oats", vectors, elsewhere, embedder)
    known = taught_look(known, "Blau", *namer.examples("look B"), embedder)
    again = taught_look(known, "Oats", *namer.examples("look A"), embedder)
    assert again is known and namer.taught("look A", "Oats", again)[1] == {(0, 0): (0, 0), (1, 1): (2, 2)}


def test_a_look_that_is_taught_goes_and_letters_are_not_given_again(embedder):
    namer = LookNamer(embedder)
    for _ in range(LOOKS_EVERY):
        namer.name(*frame("red", "red", "blue", "blue", "red"))
    blue = Gallery("new").with_examples(Sku("a", "Blau", "Blau"), *namer.examples("look B"), embedder)
    namer, ids = namer.taught("look B", "Blau", blue)
    assert ids == {(0, 0): (1, 1), (1, 1): (0, 0)}
    assert namer.brands == ("Blau", "look A") and namer.founded[1].brand == "Blau"
    for _ in range(LOOKS_EVERY):
        found = namer.name(*frame("green", "green", "blue", "blue", "red"))
    assert namer.brands == ("Blau", "look A", "look C") and found.brand_ids[2:].tolist() == [0, 0, 1]
