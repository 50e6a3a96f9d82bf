"""Reading photos of any common kind as upright RGB arrays, and writing them."""

import io
import os
import warnings
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from pi_heif import register_heif_opener
from PIL import Image

from skushare.errors import ImageError
from skushare.files import write_file
from skushare.image_files import refuse_irregular
from skushare.jpeg_segments import has_end, unsupported_kind
from skushare.orientation import exif_orientation, lies_on_side, upright

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF")
MAX_PIXELS = 120_000_000  # phones take up to 108 million, which are 324 MB once decoded
MIN_SIDE = 16  # pixels; nothing smaller shows a shelf

# What OpenCV can divide a JPEG's sides by while decoding.
_REDUCED = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}

register_heif_opener(thumbnails=False)  # teaches Pillow HEIC, which iPhones write

# MAX_PIXELS takes the place of Pillow's own, lower limit, which only warns.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def read_image(source, name=None, side=None, least=MIN_SIDE):
    """The picture in ``source``, upright.

    EXIF orientation is applied, transparency is laid on white, 16-bit and float
    samples are scaled to 8 bits, and of an animation or a stack the first picture counts.

    Args:
        source: a path, the bytes of a file, or a binary file object.
        name: what error messages call the picture; default: the path.
        side: pixels of the longer side that are enough; a larger JPEG then comes smaller,
            up to five times as fast, but not below this.
        least: pixels that both sides need; a single facing may have fewer than a shelf.

    Returns:
        (height, width, 3) uint8, RGB.

    Raises:
        ImageError: the source is missing, unreadable, empty, damaged, cut short, of an
            unknown format, larger than ``MAX_PIXELS`` or smaller than ``least``.
    """
    if isinstance(source, (str, os.PathLike)):
        name = name or os.fspath(source)
        refuse_irregular(source, name)
        try:
            with open(source, "rb") as file:
                return _decode(file, name, side, least)
        except FileNotFoundError:
            raise ImageError(f"{name}: no such file; check the path") from None
        except IsADirectoryError:
            raise ImageError(f"{name}: is a folder; give the photos in it") from None
        except OSError as error:
            raise ImageError(f"{name}: cannot be read ({error.strerror or error}); check the file") from None
    data = source if isinstance(source, (bytes, bytearray, memoryview)) else source.read()
    return _decode(io.BytesIO(data), name or "the picture", side, least)


class Header(NamedTuple):
    """What the first bytes of a picture tell.

    Attributes:
        format, mode: Pillow's names, as "JPEG" and "RGB".
        width, height: in pixels, of the upright picture.
        turned: whether EXIF orientation must be applied to make it upright.
    """

    format: str
    mode: str
    width: int
    height: int
    turned: bool


def read_header(path):
    """The :class:`Header` of the picture in a file; its pixels are not decoded.

    Raises:
        ImageError: the file is missing or is no picture.
    """
    refuse_irregular(path, path)
    try:
        with Image.open(path, formats=FORMATS) as picture:
            # Pillow turns TIFF by itself, and would decode all of a PNG to look for EXIF behind its pixels.
            plain = picture.format == "TIFF" or (picture.format == "PNG" and "exif" not in picture.info)
            orientation = 1 if plain else exif_orientation(picture)
            width, height = picture.size[::-1] if lies_on_side(orientation) else picture.size
            return Header(picture.format, picture.mode, width, height, orientation in range(2, 9))
    except FileNotFoundError:
        raise ImageError(f"{path}: no such file; check the path") from None
    except Exception as error:  # decoders answer hostile data with almost any exception
        raise ImageError(f"{path}: is not a picture that can be read ({error})") from None


def image_size(path):
    """(width, height) of the upright picture in a file. Raises as :func:`read_header`."""
    header = read_header(path)
    return header.width, header.height


def write_image(path, image, quality=92):
    """Write ``image`` (h, w, 3) uint8 RGB to ``path``, whole or not at all.

    Args:
        path: ends in ``.jpg``, ``.jpeg`` or ``.png``, which names the format.
        quality: of a JPEG, 1 to 100.

    Raises:
        ImageError: the suffix is another.
        SkushareError: the folder is missing, not writable, or the disk is full.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".jpg", ".jpeg", ".png"):
        raise ImageError(f"{path}: pictures are written as .jpg or .png; choose one of these endings")
    options = [] if suffix == ".png" else [cv2.IMWRITE_JPEG_QUALITY, quality]
    encoded = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)[1]
    write_file(path, encoded)


def _decode(file, name, side, least):
    head = file.read(12)
    file.seek(0)
    if not head:
        raise ImageError(f"{name}: is empty (0 bytes); copy or download it again")
    # Decoders answer hostile data with almost any exception, hence the blind excepts.
    try:
        picture = Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError:
        raise _too_large(name, "") from None
    except Exception:
        if head[4:8] == b"ftyp":
            raise ImageError(
                f"{name}: is a video or a damaged photo; the Live page and skushare detect count videos, "
                "and a photo can be exported as JPEG"
            ) from None
        raise _other_jpeg(name, file) or ImageError(
            f"{name}: is not a picture that can be read; save it as JPEG or PNG"
        ) from None
    with picture:
        width, height = picture.size
        if width * height > MAX_PIXELS:
            raise _too_large(name, f" with {width} x {height}")
        if min(width, height) < least:
            raise ImageError(
                f"{name}: is too small with {width} x {height} pixels; both sides need at least {least}"
            )
        try:
            pixels = _plain_jpeg(picture, file, side)
            if pixels is None:
                pixels = _to_rgb(picture)
        except Exception as error:
            raise _other_jpeg(name, file) or ImageError(
                f"{name}: is damaged or cut short ({error}); copy or download it again"
            ) from None
        return upright(pixels, exif_orientation(picture))


def _too_large(name, size):
    return ImageError(
        f"{name}: is too large{size}; scale it down to at most {MAX_PIXELS / 1e6:g} million pixels"
    )


def _other_jpeg(name, file):
    """The error of a JPEG of a kind that no decoder here reads, ``None`` of another file."""
    file.seek(0)
    if file.read(2) != b"\xff\xd8":
        return None  # without reading all of what may be a disk image
    file.seek(0)
    kind = unsupported_kind(file.read())
    if kind:
        return ImageError(
            f"{name}: is a kind of JPEG that cannot be read ({kind}); save it again as an ordinary JPEG"
        )
    return None


def _plain_jpeg(picture, file, side):
    """Pixels of an ordinary JPEG by OpenCV, twice as fast as Pillow; ``None`` where Pillow must look."""
    if picture.format not in ("JPEG", "MPO") or picture.mode not in ("RGB", "L"):
        return None
    file.seek(0)
    data = file.read()
    if not has_end(data):
        raise ValueError("its end is missing")
    data = np.frombuffer(data, np.uint8)
    enough = [flag for factor, flag in _REDUCED.items() if side and max(picture.size) >= factor * side]
    if enough:  # these flags do not combine with that for RGB
        pixels = cv2.imdecode(data, enough[-1] | cv2.IMREAD_IGNORE_ORIENTATION)
        return None if pixels is None else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels)
    return cv2.imdecode(data, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)


def _to_rgb(picture):
    if picture.mode in ("F", "I") or picture.mode.startswith("I;"):
        return np.repeat(_to_8_bits(np.asarray(picture))[..., None], 3, axis=2)
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return np.array(picture.convert("RGB"))


def _to_8_bits(samples):
    """Grey samples of any depth as uint8; 16-bit ones by their range, others by their own extremes."""
    if samples.dtype.kind == "u" and samples.dtype.itemsize == 2:  # of either byte order
        return (samples >> 8).astype(np.uint8)
    samples = np.nan_to_num(samples.astype(np.float64), posinf=0, neginf=0)
    low, high = samples.min(), samples.max()
    return np.rint((samples - low) * (255 / max(high - low, 1e-12))).astype(np.uint8)
