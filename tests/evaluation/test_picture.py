import numpy as np
import pytest

from skushare.detections import Detections
from skushare.evaluation.matching import Outcome
from skushare.evaluation.picture import KINDS, draw_outcome

GREY = np.full((200, 300, 3), 128, np.uint8)
RIGHT, NAMED, MISSED, FALSE = [10, 10, 50, 90], [70, 10, 110, 90], [130, 10, 170, 90], [190, 10, 230, 90]


def rgb(kind):
    return np.frombuffer(bytes.fromhex(KINDS[kind][1:]), np.uint8)


def pixels(image, kind):
    return (image == rgb(kind)).all(axis=2)


@pytest.fixture
def outcome():
    found = Detections([RIGHT, NAMED, FALSE], [0.9, 0.8, 0.7], [0, 1, 0])
    truths = np.float32([RIGHT, NAMED, MISSED])
    return Outcome(found, np.array([0, 1, -1]), truths, np.array([0, 0, 0]))


def test_each_kind_has_its_colour_in_its_place(outcome):
    image = draw_outcome(GREY, outcome)
    for kind, (left, _, right, _) in {
        "right": RIGHT,
        "misnamed": NAMED,
        "missed": MISSED,
        "false": FALSE,
    }.items():
        columns = np.flatnonzero(pixels(image, kind).any(axis=0))
        assert left - 3 <= columns.min() <= left + 3 and right - 4 <= columns.max() <= right + 3


def test_kinds_differ_without_colour(outcome):
    image = draw_outcome(GREY, outcome)
    middle = slice(45, 55)  # of the boxes' height
    right, false = pixels(image, "right")[middle], pixels(image, "false")[middle]
    assert not right[:, 25:35].any() and false[:, 205:215].any()  # a cross
    edge = pixels(image, "missed")[10:90, 127:134].any(axis=1)
    assert 0.2 < edge.mean() < 0.9  # a dashed line


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_asked_for_is_drawn(outcome, kind):
    image = draw_outcome(GREY, outcome, kinds=(kind,))
    assert [bool(pixels(image, each).any()) for each in KINDS] == [each == kind for each in KINDS]


def test_boxes_follow_the_scale_and_the_image_stays_as_it_was(outcome):
    image = draw_outcome(GREY, outcome, scale=0.5)
    columns = np.flatnonzero(pixels(image, "false").any(axis=0))
    assert 93 <= columns.min() <= 97 and 112 <= columns.max() <= 117
    assert (GREY == 128).all()


def test_an_empty_outcome_draws_nothing():
    empty = Outcome(Detections(), np.zeros(0, int), np.zeros((0, 4)), np.zeros(0, int))
    assert np.array_equal(draw_outcome(GREY, empty), GREY)
