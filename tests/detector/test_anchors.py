import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skushare.detector.anchors import best_iou, detector_anchors, feature_grids, generate_anchors
from skushare.detector.config import AnchorConfig
from skushare.detector.presets import PRESETS, preset
from skushare.geometry import iou


@pytest.mark.parametrize(
    ("name", "size", "counts"),
    [
        ("ssd_mobilenet_v2_320", 300, [1083, 600, 150, 54, 24, 6]),  # 1917
        ("ssd_mobilenet_v2_320", 320, [1200, 600, 150, 54, 24, 6]),  # 2034
        ("shelf_dense", 320, [1600, 400, 100]),
        ("shelf_dense", 896, [12544, 3136, 784]),
    ],
)
def test_number_of_anchors_on_each_map(name, size, counts):
    anchors, found = detector_anchors(preset(name), (size, size))
    assert found == counts and len(anchors) == sum(counts)


@pytest.mark.parametrize(
    ("index", "box"),
    [
        (0, [-8, -8, 24, 24]),  # (.1, 1.0) of the first cell of 20 x 20
        (1, [8 - 45.2548, 8 - 22.6274, 8 + 45.2548, 8 + 22.6274]),  # (.2, 2.0)
        (2, [8 - 22.6274, 8 - 45.2548, 8 + 22.6274, 8 + 45.2548]),  # (.2, .5)
        (3, [8, -8, 40, 24]),  # one column on
        (60, [-8, 8, 24, 40]),  # one row down
        (1200, [16 - 56, 16 - 56, 16 + 56, 16 + 56]),  # (.35, 1.0) on the second map
        (2033, [160 - 155.9487, 160 - 155.9487, 160 + 155.9487, 160 + 155.9487]),  # sqrt(.95 x 1.0)
    ],
)
def test_literal_anchors_of_the_model_zoo_at_320(index, box):
    anchors, _ = detector_anchors(preset("ssd_mobilenet_v2_320"), (320, 320))
    np.testing.assert_allclose(anchors[index], box, atol=1e-3)


@pytest.mark.parametrize(
    ("index", "box"),
    [
        (0, [4 - 12, 4 - 16.8, 4 + 12, 4 + 16.8]),
        (1, [12 - 12, 4 - 16.8, 12 + 12, 4 + 16.8]),
        (40, [4 - 12, 12 - 16.8, 4 + 12, 12 + 16.8]),
        (1600, [8 - 24, 8 - 33.6, 8 + 24, 8 + 33.6]),
        (2099, [304 - 48, 304 - 67.2, 304 + 48, 304 + 67.2]),
    ],
)
def test_literal_anchors_of_the_dense_preset(index, box):
    anchors, _ = detector_anchors(preset("shelf_dense"), (320, 320))
    np.testing.assert_allclose(anchors[index], box, atol=1e-4)


def test_anchors_of_a_cell_do_not_depend_on_the_input_size():
    small = detector_anchors(preset("shelf_dense"), (64, 96))[0]
    large = detector_anchors(preset("shelf_dense"), (320, 320))[0]
    np.testing.assert_allclose(small[:12], large[:12])


def test_grids_round_up():
    assert feature_grids(preset("ssd_mobilenet_v2_320"), (300, 320))[:2] == [(19, 20), (10, 10)]


def test_rows_come_before_columns_before_sizes():
    config = AnchorConfig(sizes=(((2.0, 2.0), (4.0, 4.0)),), unit="cell")
    anchors = generate_anchors(config, [(2, 1)], (20, 10))
    np.testing.assert_allclose(
        anchors, [[-5, -5, 15, 15], [-15, -15, 25, 25], [-5, 5, 15, 25], [-15, -5, 25, 35]]
    )


@pytest.mark.parametrize("name", PRESETS)
@given(data=st.data())
def test_best_iou_is_that_of_the_best_of_all_anchors(name, data):
    config = preset(name)
    size = (data.draw(st.integers(2, 12)) * 32, data.draw(st.integers(2, 12)) * 32)
    corners = hnp.arrays(np.float32, (5, 2, 2), elements=st.floats(-50, 450, width=32))
    boxes = np.sort(data.draw(corners), axis=1).reshape(-1, 4)
    brute = iou(boxes, detector_anchors(config, size)[0]).max(axis=1)
    np.testing.assert_allclose(best_iou(config, [size] * 5, boxes), brute, atol=1e-5)


def test_best_iou_takes_boxes_of_several_inputs_and_none():
    config = preset("shelf_dense")
    boxes = np.float32([[10, 10, 34, 44], [10, 10, 34, 44], [5, 5, 5, 5]])
    sizes = [(320, 320), (64, 96), (64, 96)]
    expected = [iou(boxes[i : i + 1], detector_anchors(config, sizes[i])[0]).max() for i in range(3)]
    np.testing.assert_allclose(best_iou(config, sizes, boxes), expected, atol=1e-6)
    assert best_iou(config, np.zeros((0, 2)), np.zeros((0, 4))).shape == (0,)
