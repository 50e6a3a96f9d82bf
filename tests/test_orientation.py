import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

from skushare.orientation import exif_orientation, lies_on_side, upright


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_are_turned_as_by_pillow(orientation):
    stored = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    picture = Image.fromarray(stored)
    picture.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(picture))
    turned = upright(stored, orientation)
    assert (turned == expected).all() and (turned.shape[:2] == (6, 4)) == lies_on_side(orientation)


def test_an_orientation_written_as_a_fraction_is_a_number():
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII4xII", 0x112, 5, 1, 26, 6, 1)
    file = io.BytesIO()
    Image.new("RGB", (60, 40)).save(file, "JPEG", exif=exif)
    with Image.open(file) as picture:
        assert type(exif_orientation(picture)) is int and exif_orientation(picture) == 6
