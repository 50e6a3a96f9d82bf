import io
import os
import shutil
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from skushare.errors import ImageError, SkushareError
from skushare.image_files import find_images
from skushare.images import (
    MAX_PIXELS,
    read_header,
    read_image,
    write_image,
)

ROOT = Path(__file__).resolve().parents[1]

# Four quadrants that no rotation or flip maps onto themselves.
QUADRANTS = np.array([[[200, 30, 30], [30, 200, 30]], [[30, 30, 200], [220, 220, 40]]], np.uint8)
UPRIGHT = QUADRANTS.repeat(40, 0).repeat(60, 1)

# How a camera stores the upright picture under each EXIF orientation.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}


def encode(image, format, **options):
    buffer = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(image)) if isinstance(image, np.ndarray) else image
    image.save(buffer, format, **options)
    return buffer.getvalue()


def png_header(width, height):
    """A valid PNG of one colour that claims ``width`` x ``height`` but holds no pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def quadrant_colors(image):
    h, w = image.shape[:2]
    return np.array([[image[h * y // 4, w * x // 4] for x in (1, 3)] for y in (1, 3)])


def assert_upright(image, tolerance=8):
    assert image.dtype == np.uint8 and image.shape == UPRIGHT.shape
    assert abs(quadrant_colors(image).astype(int) - QUADRANTS).max() <= tolerance


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "AVIF"])
def test_reads_format(format):
    assert_upright(read_image(encode(UPRIGHT, format)))


HEIC = Path(__file__).with_name("quadrants.heic")  # in tiles and on its side, as iPhones write it


def test_reads_the_photos_of_an_iphone(tmp_path):
    photo = Path(shutil.copy(HEIC, tmp_path / "IMG_0001.HEIC"))
    assert find_images([tmp_path]) == [photo]
    assert_upright(read_image(photo))
    assert read_header(photo) == ("HEIF", "RGB", 120, 80, False)


@pytest.mark.parametrize("keep", [12, 100, 0.5, 0.9])
def test_a_damaged_heic_is_refused_by_name(keep, tmp_path):
    data = HEIC.read_bytes()
    path = tmp_path / "IMG_0001.HEIC"
    path.write_bytes(data[: keep if keep > 1 else int(len(data) * keep)])
    with pytest.raises(ImageError, match=r"IMG_0001\.HEIC.*damaged"):
        read_image(path)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_applies_exif_orientation(format, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert_upright(read_image(encode(STORED[orientation](UPRIGHT), format, exif=exif)))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_ignores_impossible_orientation(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert_upright(read_image(encode(UPRIGHT, "JPEG", exif=exif)))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_does_not_cost_the_picture():
    data = encode(UPRIGHT, "JPEG", exif=b"Exif\0\0II*\0" + b"\xff" * 40)
    assert_upright(read_image(data))


def transparent(mode):
    layer = Image.fromarray(UPRIGHT).convert(mode)
    layer.putalpha(Image.fromarray(np.repeat([[0] * 60 + [255] * 60], 80, 0).astype(np.uint8)))
    return layer


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_transparency_is_laid_on_white(format):
    image = read_image(
        encode(transparent("RGBA"), format, **({"lossless": True} if format == "WEBP" else {}))
    )
    assert (image[40, 10] == 255).all()
    assert abs(image[20, 100].astype(int) - QUADRANTS[0, 1]).max() <= 2


def test_grey_with_alpha():
    image = read_image(encode(transparent("LA"), "PNG"))
    assert (image[40, 10] == 255).all()
    assert len(set(image[20, 100])) == 1


def test_transparent_palette():
    palette = Image.fromarray(np.zeros((40, 40), np.uint8), "P")
    palette.putpalette([10, 20, 30, 200, 0, 0])
    palette.paste(1, (20, 0, 40, 40))
    image = read_image(encode(palette, "PNG", transparency=0))
    assert (image[20, 5] == 255).all() and (image[20, 35] == [200, 0, 0]).all()


@pytest.mark.parametrize("format, options", [("JPEG", {}), ("TIFF", {})])
def test_cmyk(format, options):
    assert_upright(
        read_image(encode(Image.fromarray(UPRIGHT).convert("CMYK"), format, **options)), tolerance=12
    )


@pytest.mark.parametrize("mode", ["L", "1", "P"])
def test_few_colors(mode):
    image = read_image(encode(Image.fromarray(UPRIGHT).convert(mode), "PNG"))
    assert image.shape == UPRIGHT.shape and image.dtype == np.uint8


def test_grey_jpeg():
    assert_grey_ramp(read_image(encode(np.tile(np.arange(256, dtype=np.uint8), (32, 1)), "JPEG")))


def assert_grey_ramp(image):
    assert image.shape == (32, 256, 3) and image.dtype == np.uint8
    assert (image[..., 0] == image[..., 2]).all()
    assert abs(image[16, :, 1].astype(int) - np.arange(256)).max() <= 4


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_16_bit_grey_keeps_its_tones(format):
    ramp = np.tile((np.arange(256) * 257).astype(np.uint16), (32, 1))
    assert_grey_ramp(read_image(encode(ramp, format)))


@pytest.mark.parametrize("order", "<>")
def test_16_bit_grey_is_as_bright_in_either_byte_order(order, tmp_path):
    dark = np.full((32, 48), 40 * 257, np.uint16)
    dark[8:] = 60 * 257
    tifffile = b"II*\0" if order == "<" else b"MM\0*"
    entries = [(256, 48), (257, 32), (258, 16), (259, 1), (262, 1), (273, 122), (278, 32), (279, dark.nbytes)]
    fields = b"".join(struct.pack(f"{order}HHIHH", tag, 3, 1, value, 0) for tag, value in entries)
    header = tifffile + struct.pack(f"{order}IH", 8, len(entries)) + fields + bytes(4)
    data = header.ljust(122, b"\0") + dark.astype(f"{order}u2").tobytes()
    assert np.unique(read_image(data)).tolist() == [40, 60]


def test_16_bit_color_png():
    image = read_image(cv2.imencode(".png", UPRIGHT[..., ::-1].astype(np.uint16) * 257)[1].tobytes())
    assert_upright(image, tolerance=1)


def test_float_tiff_is_scaled_by_its_extremes():
    ramp = np.tile(np.linspace(-1, 3, 256, dtype=np.float32), (32, 1))
    ramp[31, 0] = np.nan
    image = read_image(encode(ramp, "TIFF"))
    image[31] = image[30]
    assert_grey_ramp(image)


def test_first_frame_of_an_animation():
    frames = [Image.fromarray(UPRIGHT), Image.new("RGB", (120, 80), "black")]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert_upright(read_image(data), tolerance=2)


HOSTILE = {
    "empty": (b"", "empty"),
    "text": (b"this is not a photo, whatever its name says", "not a picture"),
    "html": (b"<!DOCTYPE html><html><body>404</body></html>", "not a picture"),
    "video": (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(200), "is a video"),
    "huge PNG": (png_header(20_000, 20_000), "too large"),
    "PNG above the cap": (png_header(MAX_PIXELS // 8000 + 1, 8000), "too large"),
    "PNG without pixels": (png_header(100, 100), "cut short"),
    "tiny": (encode(np.zeros((4, 400, 3), np.uint8), "PNG"), "too small"),
    "JPEG start alone": (b"\xff\xd8\xff\xe0" + bytes(20), "not a picture"),
}


# pytest resets the filter that the module sets; a fresh interpreter checks it below.
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("kind", HOSTILE)
def test_refuses(kind, tmp_path):
    data, reason = HOSTILE[kind]
    path = tmp_path / "aisle 7.jpg"
    path.write_bytes(data)
    with pytest.raises(ImageError, match=reason) as caught:
        read_image(path)
    assert "aisle 7.jpg" in str(caught.value)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_truncated_file_is_not_half_accepted(format, keep):
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    data = encode(noise, format)
    with pytest.raises(ImageError):
        read_image(data[: int(len(data) * keep)])


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_with_zeros_for_its_end_is_refused(progressive):
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    data = encode(noise, "JPEG", progressive=progressive)
    half = len(data) // 2
    with pytest.raises(ImageError, match="cut short"):
        read_image(data[:half] + bytes(len(data) - half))


@pytest.mark.parametrize("format", ["JPEG", "MPO"])
def test_jpeg_with_a_thumbnail_and_a_trailer(format):
    exif = Image.Exif()
    exif[0x927C] = encode(UPRIGHT[::4, ::4], "JPEG")  # as a maker's note holds its preview
    options = {"save_all": True, "append_images": [Image.new("RGB", (60, 40))]} if format == "MPO" else {}
    data = encode(UPRIGHT, format, exif=exif, **options)
    trailer = np.random.default_rng(0).bytes(500_000)  # a motion photo's film
    assert_upright(read_image(data + trailer))
    with pytest.raises(ImageError, match="cut short"):
        read_image(encode(UPRIGHT, "JPEG", exif=exif)[:-300])


def test_a_large_file_that_is_no_picture_is_not_read_whole(tmp_path):
    with open(tmp_path / "a.jpg", "wb") as file:
        file.write(b"no picture")
        file.truncate(32 << 20)
    tracemalloc.start()
    with pytest.raises(ImageError, match="not a picture"):
        read_image(tmp_path / "a.jpg")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_cap_is_checked_before_decoding_without_a_warning():
    """In a fresh interpreter that turns warnings into errors, as Pillow's bomb warning is one."""
    code = (
        "import sys; sys.path.insert(0, '.')\n"
        "from skushare.images import read_image; from skushare.errors import ImageError\n"
        "try: read_image(sys.stdin.buffer)\n"
        "except ImageError as error: print(error)"
    )
    for side, reason in (
        (9_800, "cut short"),
        (12_000, "too large with 12000 x 12000"),
        (60_000, "too large"),
    ):
        run = subprocess.run(
            [sys.executable, "-W", "error::UserWarning", "-W", "error::RuntimeWarning", "-c", code],
            input=png_header(side, side),
            cwd=ROOT,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert reason in run.stdout.decode() and not run.stderr, run.stderr.decode()


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(ImageError, match="no such file"):
        read_image(tmp_path / "none.jpg")
    with pytest.raises(ImageError, match="folder"):
        read_image(tmp_path)


def test_permission_denied(tmp_path, monkeypatch):
    """Raised by hand, because root may read everything."""
    path = tmp_path / "secret.png"
    path.write_bytes(encode(UPRIGHT, "PNG"))

    def deny(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", deny)
    with pytest.raises(ImageError, match="secret.png.*Permission denied"):
        read_image(path)


def test_sources_agree(tmp_path):
    data = encode(UPRIGHT, "JPEG")
    (tmp_path / "a.jpg").write_bytes(data)
    expected = read_image(data)
    for source in (
        tmp_path / "a.jpg",
        str(tmp_path / "a.jpg"),
        bytearray(data),
        memoryview(data),
        io.BytesIO(data),
    ):
        assert (read_image(source) == expected).all()
    with pytest.raises(ImageError, match="upload.jpg"):
        read_image(b"", name="upload.jpg")


@pytest.mark.parametrize("name, tolerance", [("a.png", 0), ("a.jpg", 8), ("A.JPEG", 8)])
def test_write_then_read(tmp_path, name, tolerance):
    write_image(tmp_path / name, UPRIGHT)
    assert_upright(read_image(tmp_path / name), tolerance)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_write_errors(tmp_path):
    with pytest.raises(ImageError, match=r"\.png"):
        write_image(tmp_path / "a.gif", UPRIGHT)
    with pytest.raises(SkushareError, match="missing"):
        write_image(tmp_path / "missing" / "a.png", UPRIGHT)


def test_full_disk_keeps_the_old_file(tmp_path, monkeypatch):
    write_image(tmp_path / "a.png", UPRIGHT)

    def no_space(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(SkushareError, match="No space left"):
        write_image(tmp_path / "a.png", UPRIGHT[:40])
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert_upright(read_image(tmp_path / "a.png"))


@pytest.mark.parametrize("side, scale", [(None, 1), (481, 1), (480, 0.5), (1, 0.125)])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_may_come_smaller_but_not_below_what_is_enough(side, scale, orientation):
    file = io.BytesIO()
    large = Image.fromarray(QUADRANTS.repeat(320, 0).repeat(480, 1))
    exif = Image.Exif()
    exif[0x0112] = orientation
    large.save(file, "JPEG", exif=exif)
    expected = np.asarray(large) if orientation == 1 else np.rot90(large, -1)
    image = read_image(file.getvalue(), side=side)
    assert image.shape == (round(scale * expected.shape[0]), round(scale * expected.shape[1]), 3)
    assert np.abs(image[3, 3].astype(int) - expected[3, 3]).max() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_header_tells_the_upright_size(tmp_path, format, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    (tmp_path / "a").write_bytes(encode(STORED[orientation](UPRIGHT), format, exif=exif))
    header = read_header(tmp_path / "a")
    assert (header.height, header.width) == UPRIGHT.shape[:2] and (header.format, header.mode) == (
        format,
        "RGB",
    )
    assert header.turned == (orientation > 1 and format != "TIFF")  # which Pillow turns by itself


def test_the_header_is_read_without_the_pixels(tmp_path):
    (tmp_path / "a").write_bytes(png_header(9000, 8000))
    assert read_header(tmp_path / "a")[2:4] == (9000, 8000)
    for name in ("none", "."):
        with pytest.raises(ImageError):
            read_header(tmp_path / name)
