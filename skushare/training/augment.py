"""From a shelf photo to a training crop: scale, place, flip, light, blur."""

from typing import NamedTuple

import cv2
import numpy as np

from skushare.detector.preprocess import PADDING, REFERENCE_SIDE
from skushare.geometry import area, clip

SURE = 0.5  # score from which a labelled pack may be pasted elsewhere


class Crop(NamedTuple):
    """A training picture.

    Attributes:
        image: (size, size, 3) uint8 RGB.
        boxes: (n, 4) float32 xyxy of the facings to learn, in its pixels.
        class_ids: (n,) int32.
        ignored: (m, 4) float32, regions that teach nothing.
    """

    image: np.ndarray
    boxes: np.ndarray
    class_ids: np.ndarray
    ignored: np.ndarray


def random_crop(image, sample, size, resize, config, rng):
    """A random crop of ``image``, augmented, with its boxes.

    With ``resize="fit"`` the photo is scaled so that facings appear as large as they
    would at a random input size (``min_scale`` to ``max_scale`` of a photo of 1024
    pixels), and a window of ``size`` is cut. With ``"stretch"`` a random part of the
    photo is stretched to the square, as SSD does.

    Args:
        image: (h, w, 3) uint8 RGB; sample: its ``Sample``.
        size: side of the crop in pixels; resize: of the ``DetectorConfig``.
        config: a ``TrainingConfig``; rng: ``numpy.random.Generator``.
    """
    height, width = image.shape[:2]
    if resize == "stretch":
        scale = size / (rng.uniform(config.min_scale, config.max_scale, 2).clip(0, 1) * [width, height])
    else:
        logs = rng.uniform(np.log(config.min_scale), np.log(config.max_scale))
        aspect = np.exp(rng.uniform(-config.aspect_jitter, config.aspect_jitter) / 2)
        scale = np.exp(logs) * REFERENCE_SIDE / max(width, height) * np.array([aspect, 1 / aspect])
    room = np.array([width, height]) - size / scale
    # A photo smaller than the window floats somewhere inside it, on padding.
    offset = rng.uniform(np.minimum(room, 0), np.maximum(room, 0))
    crop = _cut(image, offset, scale, size)
    boxes = (sample.boxes - np.tile(offset, 2)) * np.tile(scale, 2)
    inside = clip(boxes, size, size)
    visible = area(inside) / np.maximum(area(boxes), 1e-6)
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
        inside[:, [0, 2]] = size - inside[:, [2, 0]]
    certain = ~sample.ignored & (sample.scores >= config.min_label_score)
    learnt = (visible >= config.min_visible) & certain
    # A sliver of a facing may pass for background; one of a whole crowd may fill the crop.
    ignored = (visible > np.where(sample.ignored, 0, 0.05)) & ~learnt
    if config.photometric:
        crop = photometric(crop, rng)
    return Crop(crop, inside[learnt], sample.class_ids[learnt], inside[ignored])


def mosaic(crops, size):
    """Four square crops of half ``size`` as one :class:`Crop` of ``size``: more scenes a step.

    After Bochkovskiy et al. 2020, arXiv:2004.10934, sect. 3.3.
    """
    half = size // 2
    image = np.full((size, size, 3), PADDING, np.uint8)  # of an odd size, one row and column stay so
    boxes, ignored = [], []
    for number, crop in enumerate(crops):
        left, top = half * (number % 2), half * (number // 2)
        image[top : top + half, left : left + half] = crop.image
        boxes.append(crop.boxes + np.float32([left, top, left, top]))
        ignored.append(crop.ignored + np.float32([left, top, left, top]))
    ids = np.concatenate([crop.class_ids for crop in crops])
    return Crop(image, np.concatenate(boxes), ids, np.concatenate(ignored))


def paste_facings(crop, image, sample, share, rng):
    """``crop`` with the packs of another photo in the place of some facings.

    After Ghiasi et al. 2021, arXiv:2012.07177, whose objects have outlines; packs nearly fill their boxes.

    Args:
        crop: a :class:`Crop`; image, sample: the other photo; share: of facings to replace.
    """
    known = np.flatnonzero(sample.scores >= SURE)
    if not len(known):
        return crop
    out, class_ids = crop.image.copy(), crop.class_ids.copy()
    for box in np.flatnonzero(rng.random(len(crop.boxes)) < share):
        left, top, right, bottom = crop.boxes[box].round().astype(int)
        chosen = rng.choice(known)
        other = sample.boxes[chosen].round().astype(int)
        pack = image[max(other[1], 0) : other[3], max(other[0], 0) : other[2]]
        if min(right - left, bottom - top) < 4 or min(pack.shape[:2]) < 8:
            continue
        stretch = (right - left) * pack.shape[0] / ((bottom - top) * pack.shape[1])
        if 0.6 < stretch < 1.7:
            side = right - left, bottom - top
            out[top:bottom, left:right] = cv2.resize(pack, side, interpolation=cv2.INTER_AREA)
            class_ids[box] = sample.class_ids[chosen]
    return crop._replace(image=out, class_ids=class_ids)


def useful_scale(width, height, size, resize, config):
    """The scale, at most 1, at which a photo still has all detail that :func:`random_crop` shows of it.

    Args:
        width, height: of the photo in pixels; the rest as of :func:`random_crop`.
    """
    if resize == "stretch":
        return min(1.0, size / (config.min_scale * min(width, height)))
    largest = config.max_scale * np.exp(config.aspect_jitter / 2)
    return min(1.0, float(largest * REFERENCE_SIDE / max(width, height)))


def _cut(image, offset, scale, size):
    """The window of ``size`` / ``scale`` photo pixels at ``offset``, resized to a square."""
    height, width = image.shape[:2]
    # With the neighbours that the outermost pixels are interpolated from.
    low = np.maximum(np.floor(offset - 0.5), 0).astype(int)
    high = np.minimum(np.ceil(offset + size / scale + 0.5), [width, height]).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    shrink = scale.min() < 1
    if shrink:
        # Area averaging first: a bare affine warp would alias packs into noise.
        target = np.maximum(np.round((high - low) * np.minimum(scale, 1)), 1).astype(int)
        part = cv2.resize(part, tuple(int(v) for v in target), interpolation=cv2.INTER_AREA)
    step = (high - low) / np.array(part.shape[1::-1])
    factor = scale * step
    shift = (low - offset) * scale + (factor - 1) / 2  # OpenCV counts from the middle of the first pixel
    matrix = np.array([[factor[0], 0, shift[0]], [0, factor[1], shift[1]]], np.float32)
    return cv2.warpAffine(
        part, matrix, (size, size), flags=cv2.INTER_LINEAR, borderValue=(PADDING, PADDING, PADDING)
    )


def photometric(image, rng):
    """Random light, contrast, colour cast, saturation, blur, noise and re-encoding, on uint8 RGB."""
    x = image
    if rng.random() < 0.3:
        # Dark coolers and overexposed shelves: a curve, not a factor.
        curve = 255 * np.linspace(0, 1, 256) ** np.exp(rng.uniform(-0.6, 0.7))
        x = cv2.LUT(x, np.rint(curve).astype(np.uint8))
    if rng.random() < 0.3:
        x = x * _shade(x.shape[:2], rng)
    x = cv2.transform(x, _colours(cv2.mean(x)[:3], rng))
    if rng.random() < 0.15:
        x = x + np.float32(rng.uniform(2, 10)) * rng.standard_normal(x.shape[:2] + (1,), np.float32)
    if x.dtype != np.uint8:
        x = np.rint(x).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.4, 1.3))
    if rng.random() < 0.2:
        quality = int(rng.integers(35, 85))
        x = cv2.imdecode(cv2.imencode(".jpg", x, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return x


def _colours(mean, rng):
    """Random gain, contrast, cast, order and saturation as one affine map of colours, (3, 4).

    ``mean`` is the picture's mean colour, (3,). One pass over the pixels instead of five.
    """
    gain, contrast = rng.uniform(0.65, 1.3), rng.uniform(0.7, 1.3)
    cast = rng.uniform(0.9, 1.1, 3)
    factors = np.diag(cast * contrast * gain)
    offset = cast * np.mean(mean) * gain * (1 - contrast)
    if rng.random() < 0.25:
        # Other colours of the same packs: shapes have to do.
        order = rng.permutation(3)
        factors, offset = factors[order], offset[order]
    saturation = rng.uniform(0.4, 1.4)
    mix = saturation * np.eye(3) + (1 - saturation) / 3
    return mix @ np.column_stack([factors, offset])


def _shade(shape, rng):
    """A factor for each pixel, from 1 down to .35 at one end: light falling off across the picture."""
    y, x = np.ogrid[-0.5 : 0.5 : shape[0] * 1j, -0.5 : 0.5 : shape[1] * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    ramp = (0.5 + (np.cos(angle) * x + np.sin(angle) * y) / 1.42).clip(0, 1)
    return (1 - rng.uniform(0, 0.65) * ramp).astype(np.float32)[..., None]
