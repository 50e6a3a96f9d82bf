"""The print on a pack: logo, picture of what is in it, and flavour, as a brand has them."""

import zlib

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from skushare.colors import rgb_of
from skushare.dataset.synthetic.products import THEMES


def artwork(sku, width, height):
    """The flat print of the front of ``sku``, (height, width, 3) uint8."""
    theme = THEMES[sku.theme]
    base, second = map(rgb_of, theme.brands[sku.brand])
    flavor = rgb_of(theme.flavors[sku.flavor])
    # One design a brand and shape, so that flavours differ in colour and pieces alone.
    rng = np.random.default_rng(sku.design)
    image = Image.new("RGB", (width, height), base)
    draw = ImageDraw.Draw(image)
    _background(draw, rng, width, height, base, second, flavor)
    if sku.shape == "flat carton":
        logo, hero, strip = (0.04, 0.12, 0.60, 0.60), (0.62, 0.10, 0.97, 0.90), (0.06, 0.66, 0.58, 0.88)
    elif height > 0.8 * width:
        logo, hero, strip = (0.06, 0.07, 0.94, 0.31), (0.10, 0.36, 0.90, 0.80), (0.00, 0.82, 1.00, 0.93)
    else:  # the label of a squat jar
        logo, hero, strip = (0.12, 0.06, 0.88, 0.44), (0.34, 0.46, 0.66, 0.80), (0.00, 0.83, 1.00, 0.97)
    scale = np.array([width, height] * 2)
    _hero(draw, rng, hero * scale, second, flavor, theme.bowl)
    _logo(draw, logo * scale, sku.brand, base, second)
    draw.rectangle(tuple(strip * scale), flavor)
    text_on(draw, _inset(strip * scale, 0.12), sku.flavor, _readable(flavor), bold=0.02)
    if strip[3] < 0.95 and strip[0] == 0:
        text_on(
            draw,
            (0.62 * width, 0.94 * height, 0.95 * width, 0.985 * height),
            theme.size,
            _readable(base),
            bold=0,
        )
    if rng.random() < 0.35:
        _burst(draw, 0.83 * width, 0.36 * height, 0.13 * min(width, height), "NEW")
    return np.asarray(image)


def _inset(box, share):
    left, top, right, bottom = box
    dx, dy = share * (right - left) / 2, share * (bottom - top) / 2
    return left + dx, top + dy, right - dx, bottom - dy


def _background(draw, rng, width, height, base, second, flavor):
    kind = rng.integers(4)
    if kind == 0:  # rays from the middle
        for angle in np.arange(0, 2 * np.pi, np.pi / 8):
            ray = [
                (width / 2 + 2 * height * np.cos(a), 0.58 * height + 2 * height * np.sin(a))
                for a in (angle, angle + np.pi / 16)
            ]
            draw.polygon([(width / 2, 0.58 * height), *ray], shade(base, 1.18))
    elif kind == 1:  # the lower part in another tone, with a wave for its edge
        xs = np.linspace(0, width, 30)
        ys = height * (0.45 + 0.05 * np.sin(xs / width * 5 + rng.uniform(0, 6)))
        draw.polygon([*zip(xs, ys, strict=True), (width, height), (0, height)], second)
        draw.line([*zip(xs, ys, strict=True)], flavor, max(2, height // 60))
    elif kind == 2:  # a slanted band
        draw.polygon(
            [(0, 0.5 * height), (width, 0.3 * height), (width, 0.72 * height), (0, 0.92 * height)],
            shade(base, 0.72),
        )
    else:  # from dark to light
        for y in range(0, height, 4):
            draw.rectangle((0, y, width, y + 4), shade(base, 0.8 + 0.45 * y / height))


def _logo(draw, box, name, base, second):
    kind = zlib.crc32(name.encode()) % 3  # a brand has one logo
    left, top, right, bottom = box
    if kind == 0:
        draw.ellipse(tuple(box), second, shade(second, 0.6), max(2, int((bottom - top) // 30)))
        text_on(
            draw, _inset(box, 0.26), name, _readable(second) if _near(base, second) else _ink_on(second, base)
        )
    elif kind == 1:
        slant = 0.2 * (bottom - top)
        draw.polygon([(left, top + slant), (right, top), (right, bottom - slant), (left, bottom)], second)
        text_on(draw, _inset(box, 0.3), name, _ink_on(second, base))
    else:
        text_on(draw, _inset(box, 0.02), name, _ink_on(base, second), shade(base, 0.45), bold=0.07)


def _near(a, b):
    return np.abs(np.subtract(a, b)).sum() < 150


def _ink_on(ground, ink):
    """``ink`` where it can be read on ``ground``, else black or white."""
    contrast = abs(np.dot(np.subtract(ground, ink), (0.3, 0.59, 0.11)))
    return ink if contrast > 60 else _readable(ground)


def _hero(draw, rng, box, second, flavor, bowl):
    """What is in the pack: a bowl of pieces, fruit, or a drop."""
    left, top, right, bottom = box
    w, h = right - left, bottom - top
    cx, cy, r = (left + right) / 2, (top + bottom) / 2, min(w, h) / 2
    kind = rng.integers(0 if bowl else 1, 4)
    if kind == 0:  # a bowl
        draw.pieslice((cx - r, cy - r, cx + r, cy + r), 0, 180, shade(second, 0.95), shade(second, 0.5), 3)
        for _ in range(46):
            x, y = cx + rng.uniform(-0.85, 0.85) * r, cy - rng.uniform(-0.05, 0.4) * r
            s = r * rng.uniform(0.09, 0.16)
            tone = shade(flavor, rng.uniform(0.7, 1.5))
            draw.ellipse((x - s, y - s, x + s, y + s), tone, shade(tone, 0.65), 3)
            draw.ellipse((x - s / 3, y - s / 3, x + s / 3, y + s / 3), shade(tone, 0.55))
    elif kind == 1:  # fruit
        for dx, dy in ((-0.45, 0.2), (0.4, 0.3), (0.0, -0.3)):
            x, y, s = cx + dx * r * 1.3, cy + dy * r * 1.3, r * rng.uniform(0.42, 0.55)
            draw.ellipse((x - s, y - s, x + s, y + s), shade(flavor, 0.75))
            draw.ellipse((x - s * 0.92, y - s * 0.95, x + s * 0.85, y + s * 0.85), flavor)
            draw.ellipse((x - s * 0.55, y - s * 0.6, x - s * 0.1, y - s * 0.2), shade(flavor, 1.6))
            draw.ellipse((x, y - s * 1.25, x + s * 0.7, y - s * 0.85), (70, 140, 60))
    elif kind == 2:  # a round window with stripes
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), second)
        for i in range(-3, 4):
            half = r * np.sqrt(max(0, 1 - (i / 3.6) ** 2)) * 0.9
            y = cy + i * r / 3.6
            draw.line((cx - half, y + r / 9, cx + half, y - r / 9), shade(flavor, 0.8 + 0.1 * i), int(r / 6))
    else:  # a leaf and a drop
        draw.polygon([(cx, cy - r), (cx + 0.62 * r, cy + 0.25 * r), (cx - 0.62 * r, cy + 0.25 * r)], flavor)
        draw.ellipse((cx - 0.68 * r, cy - 0.35 * r, cx + 0.68 * r, cy + r), flavor)
        draw.ellipse((cx - 0.4 * r, cy + 0.05 * r, cx - 0.05 * r, cy + 0.6 * r), shade(flavor, 1.5))
        draw.chord((cx - 0.1 * r, cy - 0.9 * r, cx + 1.2 * r, cy - 0.1 * r), 200, 20, (88, 150, 70))


def _burst(draw, x, y, radius, text):
    angles = np.arange(0, 2 * np.pi, np.pi / 12)
    radii = radius * np.where(np.arange(24) % 2, 1, 0.82)
    draw.polygon([*zip(x + radii * np.cos(angles), y + radii * np.sin(angles), strict=True)], (230, 30, 40))
    text_on(
        draw, (x - 0.7 * radius, y - 0.4 * radius, x + 0.7 * radius, y + 0.4 * radius), text, (255, 255, 255)
    )


def text_on(draw, box, text, fill, stroke=None, bold=0.04):
    """Write ``text`` as large as ``box`` (left, top, right, bottom) allows, centred in it."""
    left, top, right, bottom = box
    size = max(6, int((bottom - top) * 0.9))
    probe = ImageFont.load_default(100)
    size = max(6, min(size, int(100 * (right - left) / max(1, probe.getlength(text) * (1 + bold)))))
    draw.text(
        ((left + right) / 2, (top + bottom) / 2),
        text,
        fill,
        ImageFont.load_default(size),
        anchor="mm",
        stroke_width=max(0, round(size * bold)),
        stroke_fill=stroke or fill,
    )


def shade(color, factor):
    """``color``, (red, green, blue) from 0 to 255, made lighter or darker by ``factor``."""
    return tuple(int(np.clip(c * factor, 0, 255)) for c in color)


def _readable(color):
    """Ink that stands out from ``color``."""
    return (25, 22, 28) if np.dot(color, (0.3, 0.59, 0.11)) > 140 else (250, 250, 246)
