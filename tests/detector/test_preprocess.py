import numpy as np
import pytest

from skushare.detector.preprocess import PADDING, input_size, prepare
from skushare.detector.presets import preset


@pytest.mark.parametrize(
    ("name", "width", "height", "longest", "expected"),
    [
        ("shelf_dense", 768, 1024, 896, (896, 672)),
        ("shelf_dense", 1024, 768, 320, (256, 320)),
        ("shelf_dense", 1000, 10, 320, (32, 320)),
        ("ssd_mobilenet_v2_320", 768, 1024, 896, (320, 320)),
    ],
)
def test_input_size(name, width, height, longest, expected):
    assert input_size(preset(name), width, height, longest) == expected


def test_fit_keeps_the_aspect_and_pads_right_and_below():
    image = np.full((100, 200, 3), 200, np.uint8)
    batch, scale = prepare(image, 80, (64, 96), "fit")
    assert batch.shape == (1, 64, 96, 3) and batch.dtype == np.float32
    assert (batch[0, :40, :80] == 200).all()
    assert (batch[0, 40:] == PADDING).all() and (batch[0, :, 80:] == PADDING).all()
    assert scale == (0.4, 0.4)


def test_stretch_fills_the_square():
    batch, scale = prepare(np.full((100, 200, 3), 200, np.uint8), 0, (320, 320), "stretch")
    assert (batch == 200).all() and scale == (1.6, 3.2)
