import numpy as np
import pytest
from keras import ops

from skushare.detector.anchors import detector_anchors
from skushare.detector.box_coder import encode
from skushare.detector.losses import (
    detection_loss,
    paired_ciou,
    paired_iou_giou,
    quality_focal,
    sigmoid_focal,
    smooth_l1,
    varifocal,
)
from skushare.detector.presets import preset
from skushare.geometry import iou


def value(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.mark.parametrize("logit", [-60.0, -2.0, 0.0, 3.0, 60.0])
@pytest.mark.parametrize("target", [0.0, 1.0])
def test_sigmoid_focal_is_its_formula(logit, target):
    p = 1 / (1 + np.exp(-np.float64(logit)))
    q = p if target else 1 - p
    balance = 0.75 if target else 0.25
    expected = -balance * (1 - q) ** 2 * np.log(np.maximum(q, 1e-300))
    found = value(sigmoid_focal(ops.array([logit]), ops.array([target]), 0.75, 2.0))
    np.testing.assert_allclose(found, [min(expected, 60 * balance)], rtol=1e-4, atol=1e-7)


def test_quality_focal_is_zero_where_the_score_is_the_quality():
    quality = np.float32([0.1, 0.5, 0.9])
    logits = np.log(quality / (1 - quality))
    np.testing.assert_allclose(value(quality_focal(ops.array(logits), ops.array(quality))), 0, atol=1e-6)
    assert (value(quality_focal(ops.array(logits + 1), ops.array(quality))) > 0.001).all()


@pytest.mark.parametrize("logit", [-6.0, 0.0, 4.0])
@pytest.mark.parametrize("quality", [0.0, 0.3, 1.0])
def test_varifocal_is_its_formula(logit, quality):
    p = 1 / (1 + np.exp(-logit))
    entropy = -(quality * np.log(p) + (1 - quality) * np.log(1 - p))
    expected = quality * entropy if quality else 0.75 * p**2 * entropy
    found = value(varifocal(ops.array([logit]), ops.array([quality]), 0.75, 2.0))
    np.testing.assert_allclose(found, [expected], rtol=1e-4)


def test_ciou_counts_overlap_distance_and_aspect():
    a = np.float32([[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 20]])
    b = np.float32([[0, 0, 10, 10], [5, 0, 15, 10], [0, 0, 20, 10]])
    angle = np.arctan(2) - np.arctan(0.5)
    aspect = 4 / np.pi**2 * angle**2
    turned = 1 / 3 - (5**2 + 5**2) / (20**2 + 20**2) - aspect**2 / (1 - 1 / 3 + aspect)
    expected = [1, 1 / 3 - 25 / (15**2 + 10**2), turned]
    np.testing.assert_allclose(value(paired_ciou(ops.array(a), ops.array(b))), expected, atol=1e-5)


def test_smooth_l1_joins_its_two_parts():
    np.testing.assert_allclose(value(smooth_l1(ops.array([0.0, 0.5, 1.0, -3.0]))), [0, 0.125, 0.5, 2.5])


def test_giou_equals_iou_for_touching_hulls_and_is_negative_far_away():
    a = np.float32([[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 10]])
    b = np.float32([[0, 0, 10, 10], [5, 0, 15, 10], [90, 90, 100, 100]])
    overlap, giou = (value(v) for v in paired_iou_giou(ops.array(a), ops.array(b)))
    np.testing.assert_allclose(overlap, np.diag(iou(a, b)), atol=1e-6)
    np.testing.assert_allclose(giou, [1, 1 / 3, (200 - 10000) / 10000], atol=1e-5)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("shelf_dense", {}),
        ("shelf_dense", {"class_loss": "varifocal", "box_loss": "ciou"}),
        ("ssd_mobilenet_v2_320", {}),
    ],
)
class TestDetectionLoss:
    @pytest.fixture(autouse=True)
    def _changed(self, changes):
        self.changes = changes

    def loss(self, name, boxes, labels, logits, codes):
        config = preset(name, **self.changes)
        anchors = detector_anchors(config, (320, 320))[0]
        args = (ops.array(v[None]) for v in (boxes, labels, logits, codes))
        return [float(value(v)) for v in detection_loss(config, ops.array(anchors), *args)]

    def case(self, name, positives, certainty=8.0):
        config = preset(name)
        anchors = detector_anchors(config, (320, 320))[0]
        labels = np.zeros(len(anchors), np.int32)
        labels[:positives] = 1
        boxes = np.where(labels[:, None] > 0, anchors + np.float32([1, 1, 3, 2]), 0).astype(np.float32)
        columns = 1 + config.background
        logits = np.full((len(anchors), columns), -certainty, np.float32)
        logits[labels > 0, -1] = certainty
        codes = np.zeros((len(anchors), 4), np.float32)
        codes[labels > 0] = encode(boxes[labels > 0], anchors[labels > 0], config.coder)
        return boxes, labels, logits, codes

    def test_a_perfect_prediction_costs_nothing(self, name):
        class_loss, box_loss = self.loss(name, *self.case(name, 5))
        assert class_loss < 1e-2 and box_loss < 1e-4

    def test_a_picture_without_facings_gives_a_finite_loss(self, name):
        class_loss, box_loss = self.loss(name, *self.case(name, 0, certainty=0.0))
        assert np.isfinite(class_loss) and class_loss > 0 and box_loss == 0

    def test_ignored_anchors_cost_nothing(self, name):
        boxes, labels, logits, codes = self.case(name, 5)
        clean = self.loss(name, boxes, labels, logits, codes)
        labels[100:200], logits[100:200], codes[100:200] = -1, 9.0, 50.0
        np.testing.assert_allclose(self.loss(name, boxes, labels, logits, codes), clean, rtol=1e-5, atol=1e-7)

    def test_a_misplaced_box_costs_box_loss_alone_where_classes_are_independent(self, name):
        boxes, labels, logits, codes = self.case(name, 5)
        codes[:5, 0] += 1.0
        assert self.loss(name, boxes, labels, logits, codes)[1] > 0.02
