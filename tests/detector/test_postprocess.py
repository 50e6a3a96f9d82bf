import numpy as np
import pytest

from skushare.detector.box_coder import encode
from skushare.detector.postprocess import postprocess
from skushare.detector.presets import preset
from skushare.geometry import vote

ANCHORS = np.float32([[0, 0, 20, 28], [40, 0, 60, 28], [42, 0, 62, 28], [80, 0, 100, 28]])


def run(
    logits, boxes=ANCHORS, min_score=0.5, max_detections=10, labels=("facing",), scale=(1, 1), size=(200, 100)
):
    config = preset("shelf_dense", labels=labels)
    codes = encode(np.float32(boxes), ANCHORS, config.coder)
    logits = np.float32(logits).reshape(len(ANCHORS), -1)
    return postprocess(config, ANCHORS, logits, codes, min_score, max_detections, scale, size)


def test_best_first_and_doubles_suppressed():
    found = run([1, 2, 3, -5])
    scores = 1 / (1 + np.exp([-1.0, -2.0, -3.0]))
    np.testing.assert_allclose(found.boxes, vote(ANCHORS[[2, 0]], ANCHORS[:3], scores), atol=1e-4)
    np.testing.assert_allclose(found.scores, scores[[2, 0]], rtol=1e-5)


@pytest.mark.parametrize(("min_score", "count"), [(0.0, 3), (0.5, 2), (0.95, 1), (1.0, 0)])
def test_threshold(min_score, count):
    assert len(run([1, 2, 3, -5], min_score=min_score)) == count


def test_nothing_found_is_empty():
    assert len(run([-9, -9, -9, -9])) == 0


def test_at_most_max_detections():
    assert len(run([1, 2, 3, 1], max_detections=1)) == 1


def test_boxes_return_to_photo_pixels_and_are_clipped():
    boxes = ANCHORS.copy()
    boxes[0] = [-10, -10, 20, 28]
    found = run([5, -9, -9, -9], boxes, scale=(0.5, 2.0))
    np.testing.assert_allclose(found.boxes, [[0, 0, 40, 14]], atol=1e-3)


def test_what_is_less_than_a_pixel_wide_or_high_is_none():
    boxes = np.float32([[10, 10, 10.9, 40], [40, 0, 42, 28], [60, 10, 90, 10.9], [195, 0, 200.9, 28]])
    np.testing.assert_allclose(run([5, 4, 3, 2], boxes).boxes, [boxes[1], [195, 0, 200, 28]], atol=1e-3)


def test_of_many_the_best_scored_are_candidates(monkeypatch):
    monkeypatch.setattr("skushare.detector.postprocess.CANDIDATES", 2)
    found = run([1, -9, 3, 2], min_score=0.0)
    np.testing.assert_allclose(found.scores, 1 / (1 + np.exp([-3.0, -2.0])), rtol=1e-5)


def test_one_place_holds_one_facing_whatever_its_class():
    found = run([[-9, 4], [3, -9], [-9, 2], [-9, -9]], labels=("a", "b"))
    assert found.class_ids.tolist() == [1, 0]


def test_the_background_column_is_no_class():
    config = preset("ssd_mobilenet_v2_320")
    logits = np.float32([[9, -9], [-9, 4], [9, -9], [9, -9]])
    found = postprocess(config, ANCHORS, logits, np.zeros((4, 4), np.float32), 0.5, 10, (1, 1), (200, 100))
    assert len(found) == 1 and found.class_ids.tolist() == [0]
