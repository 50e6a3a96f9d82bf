import io

import pytest
from PIL import Image

from skushare.errors import ImageError
from skushare.images import read_image
from skushare.jpeg_segments import unsupported_kind


def encode(**options):
    buffer = io.BytesIO()
    Image.effect_mandelbrot((120, 80), (-2, -1, 1, 1), 50).convert("RGB").save(buffer, "JPEG", **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "marker, bits, kind",
    [
        *((marker, 8, "") for marker in (0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA)),
        *((marker, 12, "12 bits a sample") for marker in (0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA)),
        (0xC3, 16, "16 bits a sample"),
        (0xC0, 99, ""),  # damage
        (0xC5, 8, "hierarchical"),
        (0xDE, 8, "hierarchical"),
        (0xCB, 8, "lossless, arithmetic-coded"),
        (0xF7, 8, "JPEG-LS"),
    ],
)
def test_a_kind_of_jpeg_that_is_not_read_is_told_as_one_and_not_as_damage(marker, bits, kind):
    exif = Image.Exif()
    exif[0x927C] = encode()  # whose own frame does not matter
    before, frame, after = encode(exif=exif).rpartition(b"\xff\xc0\0\x11\x08")
    data = before + bytes([0xFF, marker, 0, 17, bits]) + after
    assert frame and unsupported_kind(data) == kind
    if kind:
        with pytest.raises(ImageError, match=rf"kind of JPEG.*\({kind}\); save it again as an ordinary JPEG"):
            read_image(data)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8\xff\xc0\0", b"II\xff\xf7" * 9]
)
def test_what_is_no_jpeg_or_ends_early_is_of_no_kind(data):
    assert unsupported_kind(data) == ""
