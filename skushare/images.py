"""Reading photos of any common kind as upright RGB arrays, finding them in folders, writing them."""

import io
import os
import stat
import warnings
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from pi_heif import register_heif_opener
from PIL import Image

from skushare.errors import ImageError
from skushare.files import write_file

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF")
SUFFIXES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".webp",
        ".gif",
        ".bmp",
        ".tif",
        ".tiff",
        ".heic",
        ".heif",
        ".avif",
    }
)

MAX_PIXELS = 120_000_000  # phones take up to 108 million, which are 324 MB once decoded
MIN_SIDE = 16  # pixels; nothing smaller shows a shelf

_ORIENTATION = 0x0112  # the EXIF tag
# What is left to do after transposing (orientations 5 to 8), as a flip code of OpenCV.
_FLIPS = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}
# What OpenCV can divide a JPEG's sides by while decoding.
_REDUCED = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
_FRAMES = (0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA)  # markers of JPEGs that are read, where they have 8 bits
# Those of JPEGs that the decoders lack.
_LACKED = {0xCB: "lossless, arithmetic-coded", 0xF7: "JPEG-LS"} | dict.fromkeys(
    (0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF, 0xDE), "hierarchical"
)

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
        _refuse_irregular(source, name)
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
    _refuse_irregular(path, path)
    try:
        with Image.open(path, formats=FORMATS) as picture:
            # Pillow turns TIFF by itself, and would decode all of a PNG to look for EXIF behind its pixels.
            plain = picture.format == "TIFF" or (picture.format == "PNG" and "exif" not in picture.info)
            orientation = 1 if plain else exif_orientation(picture)
            width, height = picture.size[::-1] if lies_on_side(orientation) else picture.size
            return Header(picture.format, picture.mode, width, height, orientation in range(2, 9))
    except Exception as error:  # decoders answer hostile data with almost any exception
        raise ImageError(f"{path}: is not a picture that can be read ({error})") from None


def image_size(path):
    """(width, height) of the upright picture in a file. Raises as :func:`read_header`."""
    header = read_header(path)
    return header.width, header.height


def find_images(paths):
    """The images that ``paths`` (files and folders) stand for.

    Folders are searched with all their subfolders for files with one of ``SUFFIXES``,
    in sorted order, without hidden files; subfolders that are links come last. A file given
    by itself is kept whatever its suffix. Each file comes once, where it was first met.

    Returns:
        list of :class:`~pathlib.Path`.

    Raises:
        ImageError: a path does not exist or is a pipe or device, or a folder cannot be searched.
    """
    found = {}
    for given in paths:
        path = Path(given)  # of "", this folder, which an unset variable of a shell does not mean
        if not os.path.exists(given):
            raise ImageError(f"{str(given) or repr('')}: no such file or folder; check the path")
        _refuse_irregular(path, path)
        for image in _walk(path) if path.is_dir() else [path]:
            found.setdefault(os.path.realpath(image), image)  # a link may lead to itself
    return list(found.values())


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


def exif_orientation(picture):
    """How a Pillow ``picture`` is to be turned to stand upright: EXIF's 1 (not at all) to 8."""
    try:
        orientation = picture.getexif().get(_ORIENTATION)
    except Exception:  # unreadable EXIF must not cost the picture
        return 1
    return int(orientation) if orientation in range(1, 9) else 1  # some write it as a fraction


def lies_on_side(orientation):
    """Whether EXIF's ``orientation`` swaps the width and height of a picture."""
    return orientation in (5, 6, 7, 8)


def upright(pixels, orientation):
    """``pixels`` turned and mirrored as EXIF's ``orientation`` says."""
    if lies_on_side(orientation):
        pixels = cv2.transpose(pixels)
    if orientation in _FLIPS:
        pixels = cv2.flip(pixels, _FLIPS[orientation])
    return pixels


def _walk(folder):
    left, seen = [folder], {str(parent) for parent in folder.resolve().parents}  # a link may lead back
    for start in left:
        for parent, folders, files in os.walk(start, onerror=_not_searched):
            real = os.path.realpath(parent)
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            left += [Path(parent, name) for name in folders if Path(parent, name).is_symlink()]
            for name in sorted(files):
                path = Path(parent, name)
                if not name.startswith(".") and path.suffix.lower() in SUFFIXES and not _is_irregular(path):
                    yield path


def _is_irregular(path):
    """Whether ``path`` is a pipe, a socket or a device, whose reading may never end."""
    try:
        mode = os.stat(path).st_mode
    except OSError:  # as of a broken link, which is told where it is read
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _refuse_irregular(path, name):
    if _is_irregular(path):
        raise ImageError(f"{name}: is a pipe or a device; give a file, or a folder of files")


def _not_searched(error):
    raise ImageError(
        f"{error.filename}: cannot be searched for photos ({error.strerror}); make the folder readable, "
        "or give the others by themselves"
    )


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
    kind = lacked_kind(file.read())
    if kind:
        return ImageError(
            f"{name}: is a kind of JPEG that cannot be read ({kind}); save it again as an ordinary JPEG"
        )
    return None


def lacked_kind(data):
    """The kind of the JPEG in ``data``, bytes, if no decoder here reads it, in words; else empty."""
    for marker, at in _segments(data) if data[:2] == b"\xff\xd8" else ():
        if marker in _LACKED:
            return _LACKED[marker]
        if marker in _FRAMES:
            bits = int.from_bytes(data[at + 4 : at + 5], "big")
            return f"{bits} bits a sample" if bits != 8 and 2 <= bits <= 16 else ""
    return ""


def _plain_jpeg(picture, file, side):
    """Pixels of an ordinary JPEG by OpenCV, twice as fast as Pillow; ``None`` where Pillow must look."""
    if picture.format not in ("JPEG", "MPO") or picture.mode not in ("RGB", "L"):
        return None
    file.seek(0)
    data = file.read()
    if not _has_end(data):
        raise ValueError("its end is missing")
    data = np.frombuffer(data, np.uint8)
    enough = [flag for factor, flag in _REDUCED.items() if side and max(picture.size) >= factor * side]
    if enough:  # these flags do not combine with that for RGB
        pixels = cv2.imdecode(data, enough[-1] | cv2.IMREAD_IGNORE_ORIENTATION)
        return None if pixels is None else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels)
    return cv2.imdecode(data, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)


def _has_end(data):
    """Whether a JPEG's end marker follows its scan; decoders take zeros in its place for grey."""
    *_, (_, at) = _segments(data)
    return data.find(b"\xff\xd9", at) >= 0


def _segments(data):
    """(marker, its place) of each segment of a JPEG; at last, of what follows them, (``None``, its place)."""
    at = 2
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] not in (b"", b"\xda"):
        yield data[at + 1], at
        at += 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    yield None, at


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
