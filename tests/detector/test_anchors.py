import numpy as np
import pytest

from skushare.detector.anchors import best_iou, detector_anchors, feature_grids, generate_anchors
from skushare.detector.config import AnchorConfig
from skushare.detector.presets import preset


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


def test_best_iou_takes_the_best_anchor_of_each_box():
    anchors = np.float32([[0, 0, 10, 10], [20, 0, 30, 10]])
    np.testing.assert_allclose(
        best_iou(anchors, [[0, 0, 10, 5], [20, 0, 30, 10], [50, 50, 60, 60]]), [0.5, 1, 0]
    )
    assert best_iou(anchors, np.zeros((0, 4))).shape == (0,)
