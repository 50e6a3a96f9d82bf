"""A photo with what was found rightly, wrongly and not at all."""

import cv2
import numpy as np

from skushare.colors import INK, numbered_color, rgb_of

# Told apart by colour with any colour vision, and by their lines without colour.
KINDS = {
    "right": numbered_color(2),
    "misnamed": numbered_color(5),
    "missed": numbered_color(6),
    "false": numbered_color(3),
}


def draw_outcome(image, outcome, scale=1.0, kinds=tuple(KINDS)):
    """A copy of ``image`` with the boxes of an ``Outcome``.

    Right ones have a thin line, false ones a thick one with a cross, missed ones a dashed
    one, and misnamed ones a thick one.

    Args:
        image: (h, w, 3) uint8 RGB.
        scale: pixels of ``image`` for a pixel of the outcome.
        kinds: those of ``KINDS`` to draw.
    """
    canvas = np.array(image, np.uint8, order="C")
    width = max(1, round(min(canvas.shape[:2]) / 400))
    for kind, color in KINDS.items():  # what matters most is drawn last
        boxes = (
            np.rint(getattr(outcome, kind) * scale).astype(int) if kind in kinds else np.zeros((0, 4), int)
        )
        for left, top, right, bottom in boxes.tolist():
            side = min(right - left, bottom - top)
            # Lines as thick as a tiny box would hide it.
            line = min(width if kind == "right" else 2 * width, max(1, side // 10))
            box = (left, top, right - 1, bottom - 1)  # right and bottom are exclusive
            # A dark rim keeps the line readable on packs of its own colour.
            _draw(canvas, box, kind, INK, line + 1 + (side > 32))
            _draw(canvas, box, kind, rgb_of(color), line)
    return canvas


def _draw(canvas, box, kind, color, width):
    left, top, right, bottom = box
    if kind == "missed":
        for start, end in _dashes(box, 4 * width + 4):
            cv2.line(canvas, start, end, color, width)
        return
    cv2.rectangle(canvas, (left, top), (right, bottom), color, width)
    if kind == "false" and color != INK:
        cv2.line(canvas, (left, top), (right, bottom), color, max(1, width // 2))
        cv2.line(canvas, (left, bottom), (right, top), color, max(1, width // 2))


def _dashes(box, length):
    """(start, end) points of the dashes around ``box``, about ``length`` pixels each."""
    left, top, right, bottom = box
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])
    for a, b in zip(corners[:-1], corners[1:], strict=True):
        pieces = 2 * max(1, round(np.abs(b - a).max() / (2 * length))) + 1  # begins and ends with a dash
        points = np.rint(np.linspace(a, b, pieces + 1)).astype(int).tolist()
        yield from zip(points[:-1:2], points[1::2], strict=True)
