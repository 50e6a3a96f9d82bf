"""Pictures of invented products: brands, the print on a pack, and the pack's shape."""

import zlib
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

_FINE = 2  # a pack is drawn larger by this factor and scaled down


@dataclass(frozen=True)
class Theme:
    """What stands on one kind of shelf.

    Attributes:
        title: the sign above the shelf.
        brands: name → its two colours, ``"#RRGGBB"``.
        flavors: name → colour.
        shapes: shape → (least and greatest width / height, least and greatest height
            as a share of the room between two boards, weight of the choice).
        size: what is written small on each pack.
        bowl: whether a bowl of it may be shown on the pack.
    """

    title: str
    brands: dict
    flavors: dict
    shapes: dict
    size: str
    bowl: bool


THEMES = {
    "cereal": Theme(
        "BREAKFAST",
        {
            "Zumbrik": ("#C8202F", "#FFD23F"),
            "Crundlo": ("#1B4F9C", "#FFFFFF"),
            "Wheemba": ("#F3B61F", "#7A2E0E"),
            "Fennimoo": ("#2E8B57", "#FFF3C4"),
            "Oaviska": ("#F4EFE6", "#B5651D"),
            "Hibbloom": ("#6A2C91", "#FF9EC4"),
        },
        {
            "Honey Loops": "#E8A628",
            "Cocoa Stars": "#5A3219",
            "Oat Clusters": "#C69C6D",
            "Berry Flakes": "#B8336A",
            "Nut Crunch": "#8A5A2B",
        },
        {
            "carton": (0.60, 0.74, 0.78, 0.92, 6),
            "pouch": (0.66, 0.80, 0.66, 0.82, 2),
            "flat carton": (1.35, 1.60, 0.26, 0.30, 2),
            "jar": (0.66, 0.78, 0.50, 0.60, 1),
        },
        "375 g",
        True,
    ),
    "drinks": Theme(
        "COLD DRINKS",
        {
            "Fizzonda": ("#D4121A", "#FFFFFF"),
            "Grizzomel": ("#F07C12", "#FFF1D6"),
            "Yimbolt": ("#14203F", "#35E0C2"),
            "Quellora": ("#1E88C9", "#E6F6FF"),
            "Drombi": ("#3C9D3A", "#FFE84A"),
            "Xandrupe": ("#5B2A86", "#F3C1FF"),
        },
        {
            "Cherry": "#A3112B",
            "Lemon": "#F2D022",
            "Orange": "#F08A1C",
            "Ginger": "#B9793A",
            "Mint": "#4DB089",
        },
        {
            "bottle": (0.30, 0.36, 0.84, 0.93, 5),
            "can": (0.50, 0.54, 0.50, 0.58, 4),
            "carton": (0.44, 0.52, 0.70, 0.82, 2),
        },
        "500 ml",
        False,
    ),
    "pantry": Theme(
        "PANTRY",
        {
            "Harvundo": ("#8C1C13", "#F6E7CB"),
            "Sprottle": ("#1F6F4A", "#FFFFFF"),
            "Ommiva": ("#F2E8D5", "#7A1F3D"),
            "Jurrapa": ("#E0A100", "#3B1F0B"),
            "Trundlesk": ("#214E7A", "#FFD873"),
            "Vashkaro": ("#2B2B2B", "#E4572E"),
        },
        {
            "Tomato": "#C3271B",
            "Beans": "#7B3F1D",
            "Sweetcorn": "#F1C232",
            "Pesto": "#5E8C31",
            "Olives": "#6B7A2A",
            "Peaches": "#F4A259",
        },
        {
            "jar": (0.58, 0.70, 0.58, 0.72, 4),
            "can": (0.68, 0.76, 0.42, 0.47, 4),
            "bottle": (0.32, 0.38, 0.80, 0.92, 2),
            "pouch": (0.66, 0.78, 0.62, 0.78, 2),
            "carton": (0.62, 0.78, 0.58, 0.80, 2),
        },
        "400 g",
        True,
    ),
    "care": Theme(
        "BATH & BODY",
        {
            "Nerubelle": ("#F7F4F2", "#D46A92"),
            "Ulvenny": ("#0F7C8C", "#E9FBFD"),
            "Dappelin": ("#F6C9D6", "#6B2D5C"),
            "Kessandil": ("#23395B", "#C9B37E"),
            "Wobbrin": ("#FFFFFF", "#2F9E44"),
            "Lumiskar": ("#F29F05", "#FFFFFF"),
        },
        {
            "Aloe": "#7DBE6A",
            "Rose": "#DE8FA6",
            "Fresh Mint": "#57B8A6",
            "Sea Salt": "#4F86C6",
            "Almond": "#C9A27A",
        },
        {
            "bottle": (0.36, 0.44, 0.74, 0.90, 5),
            "carton": (0.40, 0.55, 0.58, 0.76, 2),
            "flat carton": (2.0, 2.6, 0.20, 0.24, 2),
            "jar": (0.90, 1.10, 0.34, 0.42, 2),
        },
        "250 ml",
        False,
    ),
}


@dataclass(frozen=True)
class Sku:
    """One product: ``aspect`` is width / height, ``height`` a share of the room on a shelf."""

    theme: str
    brand: str
    flavor: str
    shape: str
    aspect: float
    height: float
    design: int

    @property
    def color(self):
        """RGB, 0 to 255, of the pack's sides."""
        return np.float32(_rgb(THEMES[self.theme].brands[self.brand][0]))


def random_skus(rng, theme, brand, count):
    """``count`` products of ``brand`` that share a shape, in different flavours."""
    kinds = THEMES[theme].shapes
    weights = np.array([kind[-1] for kind in kinds.values()], float)
    shape = str(rng.choice(list(kinds), p=weights / weights.sum()))
    narrow, wide, low, high, _ = kinds[shape]
    aspect, height = rng.uniform(narrow, wide), rng.uniform(low, high)
    flavors = rng.permutation(list(THEMES[theme].flavors))[:count]
    design = int(rng.integers(1 << 30))
    return [Sku(theme, brand, str(flavor), shape, aspect, height, design) for flavor in flavors]


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


def _rgb(color):
    return tuple(bytes.fromhex(color[1:]))


def _shade(color, factor):
    return tuple(int(np.clip(c * factor, 0, 255)) for c in color)


def _readable(color):
    """Ink that stands out from ``color``."""
    return (25, 22, 28) if np.dot(color, (0.3, 0.59, 0.11)) > 140 else (250, 250, 246)


# The print


def _artwork(sku, width, height):
    """The flat print of a pack's front, (height, width, 3) uint8."""
    theme = THEMES[sku.theme]
    base, second = map(_rgb, theme.brands[sku.brand])
    flavor = _rgb(theme.flavors[sku.flavor])
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
            draw.polygon([(width / 2, 0.58 * height), *ray], _shade(base, 1.18))
    elif kind == 1:  # the lower part in another tone, with a wave for its edge
        xs = np.linspace(0, width, 30)
        ys = height * (0.45 + 0.05 * np.sin(xs / width * 5 + rng.uniform(0, 6)))
        draw.polygon([*zip(xs, ys, strict=True), (width, height), (0, height)], second)
        draw.line([*zip(xs, ys, strict=True)], flavor, max(2, height // 60))
    elif kind == 2:  # a slanted band
        draw.polygon(
            [(0, 0.5 * height), (width, 0.3 * height), (width, 0.72 * height), (0, 0.92 * height)],
            _shade(base, 0.72),
        )
    else:  # from dark to light
        for y in range(0, height, 4):
            draw.rectangle((0, y, width, y + 4), _shade(base, 0.8 + 0.45 * y / height))


def _logo(draw, box, name, base, second):
    kind = zlib.crc32(name.encode()) % 3  # a brand has one logo
    left, top, right, bottom = box
    if kind == 0:
        draw.ellipse(tuple(box), second, _shade(second, 0.6), max(2, int((bottom - top) // 30)))
        text_on(
            draw, _inset(box, 0.26), name, _readable(second) if _near(base, second) else _ink_on(second, base)
        )
    elif kind == 1:
        slant = 0.2 * (bottom - top)
        draw.polygon([(left, top + slant), (right, top), (right, bottom - slant), (left, bottom)], second)
        text_on(draw, _inset(box, 0.3), name, _ink_on(second, base))
    else:
        text_on(draw, _inset(box, 0.02), name, _ink_on(base, second), _shade(base, 0.45), bold=0.07)


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
        draw.pieslice((cx - r, cy - r, cx + r, cy + r), 0, 180, _shade(second, 0.95), _shade(second, 0.5), 3)
        for _ in range(46):
            x, y = cx + rng.uniform(-0.85, 0.85) * r, cy - rng.uniform(-0.05, 0.4) * r
            s = r * rng.uniform(0.09, 0.16)
            tone = _shade(flavor, rng.uniform(0.7, 1.5))
            draw.ellipse((x - s, y - s, x + s, y + s), tone, _shade(tone, 0.65), 3)
            draw.ellipse((x - s / 3, y - s / 3, x + s / 3, y + s / 3), _shade(tone, 0.55))
    elif kind == 1:  # fruit
        for dx, dy in ((-0.45, 0.2), (0.4, 0.3), (0.0, -0.3)):
            x, y, s = cx + dx * r * 1.3, cy + dy * r * 1.3, r * rng.uniform(0.42, 0.55)
            draw.ellipse((x - s, y - s, x + s, y + s), _shade(flavor, 0.75))
            draw.ellipse((x - s * 0.92, y - s * 0.95, x + s * 0.85, y + s * 0.85), flavor)
            draw.ellipse((x - s * 0.55, y - s * 0.6, x - s * 0.1, y - s * 0.2), _shade(flavor, 1.6))
            draw.ellipse((x, y - s * 1.25, x + s * 0.7, y - s * 0.85), (70, 140, 60))
    elif kind == 2:  # a round window with stripes
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), second)
        for i in range(-3, 4):
            half = r * np.sqrt(max(0, 1 - (i / 3.6) ** 2)) * 0.9
            y = cy + i * r / 3.6
            draw.line((cx - half, y + r / 9, cx + half, y - r / 9), _shade(flavor, 0.8 + 0.1 * i), int(r / 6))
    else:  # a leaf and a drop
        draw.polygon([(cx, cy - r), (cx + 0.62 * r, cy + 0.25 * r), (cx - 0.62 * r, cy + 0.25 * r)], flavor)
        draw.ellipse((cx - 0.68 * r, cy - 0.35 * r, cx + 0.68 * r, cy + r), flavor)
        draw.ellipse((cx - 0.4 * r, cy + 0.05 * r, cx - 0.05 * r, cy + 0.6 * r), _shade(flavor, 1.5))
        draw.chord((cx - 0.1 * r, cy - 0.9 * r, cx + 1.2 * r, cy - 0.1 * r), 200, 20, (88, 150, 70))


def _burst(draw, x, y, radius, text):
    angles = np.arange(0, 2 * np.pi, np.pi / 12)
    radii = radius * np.where(np.arange(24) % 2, 1, 0.82)
    draw.polygon([*zip(x + radii * np.cos(angles), y + radii * np.sin(angles), strict=True)], (230, 30, 40))
    text_on(
        draw, (x - 0.7 * radius, y - 0.4 * radius, x + 0.7 * radius, y + 0.4 * radius), text, (255, 255, 255)
    )


# The shapes; each returns (height, width, 4) uint8


def _join(rgb, mask, light):
    """``rgb`` under ``light`` (a factor a pixel) where ``mask`` is set."""
    lit = np.clip(np.float32(rgb) * light[..., None], 0, 255)
    return np.dstack([lit, mask]).astype(np.uint8)


def _carton(sku, width, height, turn):
    art = _artwork(sku, width, height)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 1.04 - 0.12 * y / height
    edge = np.minimum.reduce([x, y, width - 1 - x, height - 1 - y]) / _FINE
    light *= 1 - 0.35 * np.exp(-edge / 1.6)
    light += 0.25 * np.exp(-(((x / _FINE - 4) / 1.5) ** 2))  # the lit fold on the left
    return _join(art, np.full((height, width), 255, np.uint8), light)


def _pouch(sku, width, height, turn):
    art = _artwork(sku, width, height)
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
    art = _wrap(_artwork(sku, int(width * 1.25), height), width, turn)
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
    art = _wrap(_artwork(sku, int(width * 1.2), bottom - top), width, turn)
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
    base, second = map(_rgb, theme.brands[sku.brand])
    flavor = _rgb(theme.flavors[sku.flavor])
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
    body = base if care else _shade(flavor, 0.9)
    return _turned(
        sku, width, height, turn, half, 0.10, (shoulder + 0.06, 0.86), body, second if care else base
    )


def _jar(sku, width, height, turn):
    base, second = map(_rgb, THEMES[sku.theme].brands[sku.brand])
    flavor = _rgb(THEMES[sku.theme].flavors[sku.flavor])
    points = [(0, 0.43), (0.15, 0.43), (0.17, 0.40), (0.26, 0.485), (0.95, 0.49), (1, 0.45)]
    half = _profile(points, height, width)
    return _turned(sku, width, height, turn, half, 0.15, (0.32, 0.90), flavor, _shade(base, 0.9))
