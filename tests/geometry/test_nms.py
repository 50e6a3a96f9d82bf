import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.geometry import iou, nms


def brute_force(boxes, scores, threshold):
    """Greedy NMS word by word: take the best, drop what overlaps it, repeat."""
    left = sorted(range(len(boxes)), key=lambda i: (-scores[i], i))
    keep = []
    while left:
        best = left.pop(0)
        keep.append(best)
        left = [i for i in left if iou(boxes[best : best + 1], boxes[i : i + 1])[0, 0] <= threshold]
    return keep


@given(st.integers(0, 40), st.sampled_from([0.3, 0.5, 0.7]), st.integers(0, 2**31))
def test_agrees_with_brute_force(n, threshold, seed):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 60, (n, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(5, 40, (n, 2))], axis=1).astype(np.float32)
    scores = rng.integers(0, 8, n) / 8  # ties on purpose
    assert nms(boxes, scores, threshold).tolist() == brute_force(boxes, scores, threshold)


@pytest.mark.parametrize("limit", [0, 1, 2, 5])
def test_keeps_the_best_up_to_the_limit(limit):
    boxes = np.array([[i * 20, 0, i * 20 + 10, 10] for i in range(4)])
    keep = nms(boxes, [0.1, 0.4, 0.3, 0.2], max_detections=limit)
    assert keep.tolist() == [1, 2, 3, 0][:limit]


def test_no_boxes():
    assert nms(np.zeros((0, 4)), []).tolist() == []
