import time

import cv2
import numpy as np
import pytest

from skushare.colors import label_colors, numbered_color
from skushare.detections import Detections
from skushare.draw import annotate, color, draw_blocks, draw_gaps

GREY = np.full((120, 160, 3), 128, np.uint8)

# Linear-RGB simulation of missing cones (Machado, Oliveira and Fernandes, 2009).
VISION = {
    "full": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def mock_detections(**columns):
    boxes = [[20, 30, 60, 90], [70, 30, 110, 90], [-15, -15, 15, 15]]
    return Detections(boxes=boxes, scores=[0.9, 0.5, 0.7], class_ids=[0, 1, 0], **columns)


def rgb(hex_color):
    return tuple(bytes.fromhex(hex_color.removeprefix("#")))


def test_draws_on_a_copy_inside_the_box():
    found = mock_detections()[0]
    drawn = annotate(GREY, found)
    assert (GREY == 128).all() and drawn.dtype == np.uint8 and drawn.shape == GREY.shape
    ys, xs = np.nonzero((drawn != 128).any(axis=2))
    assert (xs.min(), ys.min(), xs.max(), ys.max()) == (19, 29, 60, 90)  # the box and a rim of one pixel
    assert (
        tuple(drawn[60, 20])
        == tuple(drawn[60, 59])
        == tuple(drawn[30, 40])
        == tuple(drawn[89, 40])
        == color(0)
    )
    assert (drawn[40:80, 30:50] == 128).all()


def test_no_detections_leave_the_picture_as_it_is():
    assert (annotate(GREY, Detections()) == GREY).all()
    assert (annotate(GREY, Detections(brand_ids=[]), color_by="brand") == GREY).all()


def test_a_class_has_the_color_of_its_name_in_charts():
    drawn = annotate(GREY, mock_detections(), labels=("sku",))
    assert tuple(drawn[60, 20]) == rgb(label_colors(["sku"])["sku"])
    assert tuple(drawn[60, 70]) == color(1)  # a class without a name goes by its number
    drawn = annotate(GREY, mock_detections(), labels=("sku",), colors={"sku": "#123456"})
    assert tuple(drawn[60, 20]) == rgb("#123456")


@pytest.mark.parametrize("color_by", ["brand", "row", "track"])
def test_colors_by_other_ids(color_by):
    found = mock_detections(**{f"{color_by}_ids": [3, -1, 2]})
    drawn = annotate(GREY, found, color_by=color_by)
    assert tuple(drawn[60, 20]) == color(3) == rgb(numbered_color(3))
    assert tuple(drawn[60, 70]) == (160, 160, 160)


@pytest.mark.parametrize("color_by", ["brand", "row", "track", "price"])
def test_refuses_ids_that_are_not_there(color_by):
    with pytest.raises(ValueError, match=color_by):
        annotate(GREY, mock_detections(), color_by=color_by)


def test_a_badge_adds_writing():
    badge = annotate(GREY, Detections(), count_badge=True)
    assert (badge[:20, :40] != 128).any() and (badge[60:] == 128).all()


def test_lines_grow_with_the_picture():
    def drawn_pixels(side):
        image = np.full((side, side, 3), 128, np.uint8)
        row = annotate(image, Detections(boxes=[[side / 4] * 2 + [side / 2] * 2], scores=[1], class_ids=[0]))[
            side // 3
        ]
        return (row != 128).any(axis=1).sum()

    assert drawn_pixels(200) == 2 * 3
    assert drawn_pixels(4000) >= 2 * 10


def test_a_read_only_or_sliced_image_is_fine():
    image = np.tile(GREY, (1, 2, 1))[:, ::2]
    image.setflags(write=False)
    assert annotate(image, mock_detections()).shape == GREY.shape


@pytest.mark.parametrize("vision", VISION)
def test_palette_can_be_told_apart_with_any_color_vision(vision):
    colors = np.array([color(i) for i in range(8)]) / 255
    linear = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    seen = (linear @ np.transpose(VISION[vision])).clip(0, 1)
    seen = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    lab = cv2.cvtColor(seen.astype(np.float32)[None], cv2.COLOR_RGB2LAB)[0]
    distance = np.linalg.norm(lab[:, None] - lab[None], axis=-1) + 1000 * np.eye(8)
    assert distance.min() > 14  # CIE 1976 delta E; 2.3 is just noticeable


def test_palette_repeats():
    assert numbered_color(1) == numbered_color(9) and color(0) != color(1)


def test_fast_enough_for_live_frames():
    rng = np.random.default_rng(0)
    corners = rng.uniform([0, 0], [600, 440], (150, 2))
    found = Detections(
        boxes=np.hstack([corners, corners + rng.uniform(20, 40, (150, 2))]),
        scores=np.full(150, 0.5),
        class_ids=np.zeros(150),
    )
    frame = np.zeros((480, 640, 3), np.uint8)
    seconds = []
    for _ in range(20):
        start = time.perf_counter()
        annotate(frame, found, labels=("sku",), count_badge=True)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.010  # a third of a frame at 30 a second


def test_gaps_are_dashed_and_leave_the_picture_alone():
    image = np.full((200, 300, 3), 120, np.uint8)
    drawn = draw_gaps(image, np.array([[50, 40, 150, 160]]))
    assert (image == 120).all()
    changed = (drawn != 120).any(2)
    assert 0.3 < changed[40, 50:150].mean() < 0.95  # a line with holes
    assert not changed[60:140, 70:130].any() and not changed[:, 200:].any()
    assert (draw_gaps(image, np.zeros((0, 4))) == image).all()


def test_a_block_has_one_outline_around_its_facings():
    image = np.full((200, 300, 3), 120, np.uint8)
    boxes = np.array([[20, 20, 60, 90], [64, 20, 100, 90], [200, 20, 240, 90]])
    drawn = draw_blocks(image, boxes, np.array([0, 0, 1]), np.array([0, 0, -1]), ("oats",))
    assert (image == 120).all()
    assert (drawn[30:80, 55:70] == 120).all()  # nothing between the two
    assert tuple(drawn[50, 20]) == tuple(drawn[50, 99]) == rgb(label_colors(["oats"])["oats"])
    assert tuple(drawn[50, 200]) == (160, 160, 160)  # unknown
    none = draw_blocks(image, np.zeros((0, 4)), np.zeros(0, int), np.zeros(0, int))
    assert (none == image).all()
