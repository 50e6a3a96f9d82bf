"""Colours of names: told apart within a chart, and the same in charts, drawings and reports."""

import zlib
from functools import lru_cache

import cv2
import numpy as np

# Two dozen colours that lie as far from each other as could be found (any two of them 24 apart in CIELAB, and
# 11 for eyes that lack a kind of cone), each with a contrast of at least 2 on white and on the dark page.
PALETTE = (
    "#96C369",
    "#784B87",
    "#B43C00",
    "#D2B400",
    "#00C3FF",
    "#7878FF",
    "#FF78A5",
    "#00694B",
    "#872DA5",
    "#A56978",
    "#A5963C",
    "#962D3C",
    "#4B781E",
    "#E196D2",
    "#0069C3",
    "#00B4A5",
    "#96A578",
    "#E10069",
    "#D22DA5",
    "#D28700",
    "#FF87F0",
    "#8787C3",
    "#B4694B",
    "#962D69",
)
# Of what has a number and no name: Okabe and Ito's colours and one darker, told apart with any colour vision.
NUMBERED = ("#0072B2", "#E69F00", "#56B4E9", "#D55E00", "#009E73", "#CC79A7", "#F0E442", "#882255")
NEUTRAL = {"unknown": "#A0A0A0", "other": "#6F7B79"}  # no brands, and so never in a brand's colour
INK = (20, 20, 20)  # of rims and plates in drawings
MOST = 100  # names that are compared with each other
NEAR = 20  # in CIELAB; of two colours nearer than this, one is taken for the other


def label_colors(names, chosen=None, usual=None):
    """A colour for each of ``names`` as {name: ``"#RRGGBB"``}, all different as far as the palette goes.

    Each name has a colour of its own, which follows from its letters. It loses it only to a name before it
    that has the same one, so that a name added at the end changes no other's colour.

    Args:
        names: in the order in which they choose.
        chosen: {name: colour} that somebody chose; these always hold, even where two are alike.
        usual: {name: colour} that names have elsewhere, to be kept unless a name before has it here.

    Example:
        >>> colors = label_colors(["Oats", "Rye"], chosen={"Rye": "#123456"})
        >>> colors["Rye"], colors["Oats"] == label_colors(["Oats"])["Oats"]
        ('#123456', True)
    """
    names = tuple(dict.fromkeys(names))
    wishes = [
        tuple((name, known[name].upper()) for name in names if known.get(name))
        for known in (chosen or {}, usual or {})
    ]
    return dict(_assigned(names, *wishes))


def shown_colors(names, shown, chosen=None, usual=None):
    """The colours of a page on which of the many ``names`` only some are seen.

    They are those of :func:`label_colors` of all ``names``; beyond the length of the palette, where these
    repeat, ``shown`` get different ones first.
    """
    usual = label_colors(names, chosen, usual)
    return label_colors([*shown, *names], chosen, usual)


@lru_cache(maxsize=256)
def _assigned(names, chosen, usual):
    chosen, usual = dict(chosen), dict(usual)
    colors, taken = {}, list(chosen.values())
    for name in names:
        if name in chosen or name in NEUTRAL:
            colors[name] = chosen.get(name) or NEUTRAL[name]
            continue
        own = usual.get(name) or PALETTE[_index(name)]
        start = PALETTE.index(own) if own in PALETTE else _index(name)
        order = dict.fromkeys([own, *PALETTE[start:], *PALETTE[:start]])
        free = [color for color in order if color not in taken] if len(taken) < MOST else []
        colors[name] = next((color for color in free if not _is_near(color, taken)), (free or [own])[0])
        taken += [colors[name]] * bool(free)
    return colors


def _index(name):
    return zlib.crc32(name.encode()) % len(PALETTE)


def numbered_color(index):
    """Colour number ``index`` as ``"#RRGGBB"``; they repeat after eight."""
    return NUMBERED[index % len(NUMBERED)]


def rgb_of(color):
    """(red, green, blue), 0 to 255, of ``"#RRGGBB"``."""
    return tuple(bytes.fromhex(color[1:]))


def ink_on(color):
    """What is seen on ``color``, ``"#RRGGBB"``: white, or an ink nearly black."""
    return "#FFFFFF" if _lab(color)[0] < 50 else "#{:02X}{:02X}{:02X}".format(*INK)


def _is_near(color, others):
    here = np.array(_lab(color))
    return any(np.linalg.norm(here - _lab(other)) < NEAR for other in others)


@lru_cache(maxsize=4096)
def _lab(color):
    """The place of ``"#RRGGBB"`` in CIELAB."""
    pixel = np.float32(rgb_of(color)).reshape(1, 1, 3) / 255
    return tuple(cv2.cvtColor(pixel, cv2.COLOR_RGB2LAB)[0, 0].tolist())
