"""The pictures of packs: a print on a carton, a pouch, a can, a bottle or a jar, in the light of a shop."""

import cv2
import numpy as np

from skushare.colors import rgb_of
from skushare.dataset.synthetic.prints import artwork, shade
from skushare.dataset.synthetic.products import THEMES

_FINE = 2  # a pack is drawn larger by this factor and scaled down


def render_pack(sku, height, turn=0.0):
    """The front of ``sku``.

    Args:
        height: pixels of the picture, at least 16.
        turn: how far a round pack is turned about its axis, -1 to 1.

    Returns:
        (height, width, 4) uint8 RGBA, transparent around the pack's outline.
    """
    width = max(8, round(height * sku.aspect))
    draw = {"can": _can, "bottle": _bottle, "jar": _jar, "pouch": _pouch}.get(sku.shape, _carton)
    picture = draw(sku, width * _FINE, height * _FINE, turn)
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


# The shapes; each returns (height, width, 4) uint8


def _join(rgb, mask, light):
    """``rgb`` under ``light`` (a factor a pixel) where ``mask`` is set."""
    lit = np.clip(np.float32(rgb) * light[..., None], 0, 255)
    return np.dstack([lit, mask]).astype(np.uint8)


def _carton(sku, width, height, turn):
    art = artwork(sku, width, height)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 1.04 - 0.12 * y / height
    edge = np.minimum.reduce([x, y, width - 1 - x, height - 1 - y]) / _FINE
    light *= 1 - 0.35 * np.exp(-edge / 1.6)
    light += 0.25 * np.exp(-(((x / _FINE - 4) / 1.5) ** 2))  # the lit fold on the left
    return _join(art, np.full((height, width), 255, np.uint8), light)


def _pouch(sku, width, height, turn):
    art = artwork(sku, width, height)
    rng = np.random.default_rng(sku.design + 1)
    y = np.linspace(0, 1, height, dtype=np.float32)
    # Full in the middle, pressed flat at the seams.
    bulge = 0.10 * np.sqrt(np.sin(np.pi * y).clip(0)) + 0.012 * np.sin(9 * y + rng.uniform(0, 6))
    half = np.minimum(width / 2 * (0.90 + bulge), width / 2 - 1)
    x = np.arange(width, dtype=np.float32) - width / 2
    mask = np.uint8(255) * (np.abs(x)[None] < half[:, None]).astype(np.uint8)
    across = x[None] / half[:, None]
    light = 1.08 - 0.42 * np.abs(across + 0.15) ** 2.2
    seam = (y < 0.06) | (y > 0.95)
    light = np.where(seam[:, None], 0.8 + 0.16 * np.sin(x * 0.5)[None], light)
    for _ in range(5):  # creases
        cx, cy, angle = rng.uniform(-0.8, 0.8), rng.uniform(0.08, 0.92), rng.uniform(0, np.pi)
        d = (across - cx) * np.cos(angle) + (y[:, None] - cy) * 1.6 * np.sin(angle)
        along = (across - cx) * np.sin(angle) - (y[:, None] - cy) * 1.6 * np.cos(angle)
        light += 0.22 * np.exp(-((d / 0.05) ** 2) - (along / 0.3) ** 2) * rng.choice([-1, 1])
    return _join(art, mask, light.astype(np.float32))


def _wrap(art, width, turn):
    """``art`` seen on the front of a cylinder ``width`` pixels wide."""
    height, art_width = art.shape[:2]
    x = (np.arange(width, dtype=np.float32) + 0.5) / width * 2 - 1
    u = (0.5 + np.arcsin(x) / np.pi * 1.35 + 0.06 * turn) * art_width
    columns = np.broadcast_to(u.astype(np.float32), (height, width))
    rows = np.broadcast_to(np.arange(height, dtype=np.float32)[:, None], (height, width))
    return cv2.remap(art, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def _round_light(width, gloss):
    """Light across a cylinder: (width,) factors."""
    x = np.linspace(-1, 1, width, dtype=np.float32)
    return (
        0.42
        + 0.66 * np.sqrt(np.maximum(0, 1 - x**2)) ** 0.8
        + gloss * np.exp(-(((x + 0.45) / 0.10) ** 2))
        + 0.5 * gloss * np.exp(-(((x - 0.62) / 0.06) ** 2))
    )


def _can(sku, width, height, turn):
    rim = max(4, int(0.035 * height))
    bow = 0.05 * width  # of top and bottom, seen from slightly above
    art = _wrap(artwork(sku, int(width * 1.25), height), width, turn)
    light = np.broadcast_to(_round_light(width, 0.5), (height, width)).copy()
    x = np.linspace(-1, 1, width, dtype=np.float32)
    arc = bow * np.sqrt(np.maximum(0, 1 - x**2))
    y = np.arange(height, dtype=np.float32)[:, None]
    bottom = height - 1 - bow + arc
    mask = ((y <= bottom) & (y >= bow - arc)).astype(np.uint8) * 255
    metal = (y < bow + arc + rim) | (y > bottom - rim)
    rgb = np.where(metal[..., None], np.uint8(205), art)
    line = (np.abs(y - bow - arc - rim) < 2 * _FINE) | (np.abs(y - bottom + rim) < 1.5 * _FINE)
    light *= np.where(line, 0.6, 1)
    lid = y < bow + arc
    light = np.where(lid, 0.78 + 0.1 * x, light)
    return _join(rgb, mask, light.astype(np.float32))


def _profile(points, height, width):
    """Half-widths, one a pixel row, along smooth ``points`` (y, half-width) in shares of the size."""
    ys, halves = np.array(points, float).T
    half = np.interp(np.linspace(0, 1, height), ys, halves)
    kernel = np.hanning(max(3, height // 28))
    padded = np.pad(half, len(kernel) // 2, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), "same")[len(kernel) // 2 :][:height] * width


def _turned(sku, width, height, turn, half, cap_end, label, body, cap):
    """A round pack from its ``half``-widths, with a cap down to ``cap_end`` and a label band."""
    x = np.arange(width, dtype=np.float32) - (width - 1) / 2
    mask = (np.abs(x)[None] <= half[:, None]).astype(np.uint8) * 255
    across = np.clip(x[None] / np.maximum(half[:, None], 1), -1, 1)
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    rgb = np.empty((height, width, 3), np.float32)
    rgb[:] = body
    light = np.interp(across, np.linspace(-1, 1, 256), _round_light(256, 0.55)).astype(np.float32)
    top, bottom = (round(edge * height) for edge in label)
    art = _wrap(artwork(sku, int(width * 1.2), bottom - top), width, turn)
    rgb[top:bottom] = art
    light[[top, top + 1, bottom - 2, bottom - 1]] *= 0.7
    in_cap = y < cap_end
    rgb = np.where(in_cap[..., None], np.float32(cap), rgb)
    ridges = 1 + 0.10 * np.sin(np.arcsin(across) * 22)
    light = np.where(in_cap, light * ridges, light)
    light *= np.where(np.abs(y - cap_end) < 0.006, 0.55, 1)
    return _join(rgb, mask, light)


def _bottle(sku, width, height, turn):
    theme = THEMES[sku.theme]
    base, second = map(rgb_of, theme.brands[sku.brand])
    flavor = rgb_of(theme.flavors[sku.flavor])
    care = sku.theme == "care"
    rng = np.random.default_rng(sku.design + 2)
    neck = 0.26 if care else 0.19
    shoulder = rng.uniform(0.30, 0.40)
    waist = rng.uniform(0.44, 0.495)
    points = [
        (0, neck),
        (0.10, neck),
        (0.13, neck + 0.02),
        (shoulder - 0.12, neck + 0.03),
        (shoulder, 0.48),
        (0.62, waist),
        (0.80, 0.48),
        (0.97, 0.49),
        (1, 0.46),
    ]
    half = _profile(points, height, width)
    body = base if care else shade(flavor, 0.9)
    return _turned(
        sku, width, height, turn, half, 0.10, (shoulder + 0.06, 0.86), body, second if care else base
    )


def _jar(sku, width, height, turn):
    base, second = map(rgb_of, THEMES[sku.theme].brands[sku.brand])
    flavor = rgb_of(THEMES[sku.theme].flavors[sku.flavor])
    points = [(0, 0.43), (0.15, 0.43), (0.17, 0.40), (0.26, 0.485), (0.95, 0.49), (1, 0.45)]
    half = _profile(points, height, width)
    return _turned(sku, width, height, turn, half, 0.15, (0.32, 0.90), flavor, shade(base, 0.9))
