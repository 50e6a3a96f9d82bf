import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from skushare.detector.box_coder import decode, encode

SCALES = (10.0, 10.0, 5.0, 5.0)


def random_boxes(seed, n):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(-50, 300, (n, 2))
    return np.concatenate([corner, corner + rng.uniform(1, 200, (n, 2))], axis=1).astype(np.float32)


@given(st.integers(0, 30), st.integers(0, 2**31))
def test_decode_undoes_encode(n, seed):
    boxes, anchors = random_boxes(seed, n), random_boxes(seed + 1, n)
    np.testing.assert_allclose(
        decode(encode(boxes, anchors, SCALES), anchors, SCALES), boxes, atol=0.02, rtol=1e-3
    )


@pytest.mark.parametrize(
    ("box", "code"),
    [
        ([0, 0, 10, 20], [0, 0, 0, 0]),
        ([1, 2, 11, 22], [1, 1, 0, 0]),  # a tenth of the anchor right and down: ty, tx = 10 x 0.1
        ([-5, -10, 15, 30], [0, 0, 5 * np.log(2), 5 * np.log(2)]),  # twice as large
    ],
)
def test_literal_codes(box, code):
    np.testing.assert_allclose(
        encode(np.float32([box]), np.float32([[0, 0, 10, 20]]), SCALES), [code], atol=1e-5
    )


def test_keras_ops_give_the_same_as_numpy():
    boxes, anchors = random_boxes(0, 20), random_boxes(1, 20)
    codes = encode(boxes, anchors, SCALES)
    in_ops = ops.convert_to_numpy(encode(ops.array(boxes), ops.array(anchors), SCALES, ops))
    np.testing.assert_allclose(in_ops, codes, atol=1e-4)
    decoded = ops.convert_to_numpy(decode(ops.array(codes), ops.array(anchors), SCALES, ops))
    np.testing.assert_allclose(decoded, boxes, atol=1e-2)


def test_wild_codes_stay_finite():
    assert np.isfinite(decode(np.full((1, 4), 1e6, np.float32), random_boxes(0, 1), SCALES)).all()
