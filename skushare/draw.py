"""Drawing detections on an image."""

import cv2
import numpy as np

from skushare.colors import INK, label_colors, numbered_color, rgb_of

_NO_ID = (160, 160, 160)  # of a detection whose row, track or brand is not known
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def color(index):
    """Colour number ``index`` as (red, green, blue), each 0 to 255; grey below 0."""
    if index < 0:
        return _NO_ID
    return rgb_of(numbered_color(int(index)))


def annotate(image, detections, labels=(), color_by="class", count_badge=False, colors=None):
    """A copy of ``image`` with the boxes of ``detections`` drawn on it.

    Args:
        image: (h, w, 3) uint8 RGB.
        detections: :class:`~skushare.detections.Detections` in pixels of ``image``.
        labels: names of the ids that ``color_by`` picks; one without a name has the colour of its number.
        color_by: ``"class"``, ``"brand"``, ``"row"`` or ``"track"``.
        count_badge: write the number of boxes in the upper left corner.
        colors: {label: ``"#RRGGBB"``}, those of the chart beside the picture; default
            :func:`~skushare.colors.label_colors` of ``labels``.

    Raises:
        ValueError: ``color_by`` is another, or the detections lack its ids.
    """
    canvas = np.array(image, np.uint8, order="C")
    ids = _ids(detections, color_by)
    width = max(1, round(min(canvas.shape[:2]) / 400))
    boxes = np.rint(detections.boxes).astype(int) - [0, 0, 1, 1]  # right and bottom are exclusive
    for left, top, right, bottom in boxes.tolist():
        # A dark rim keeps the line readable on packs of its own colour.
        cv2.rectangle(canvas, (left, top), (right, bottom), INK, width + 1)
    colors = colors or label_colors(labels)
    for (left, top, right, bottom), index in zip(boxes.tolist(), ids.tolist(), strict=True):
        rgb = rgb_of(colors[labels[index]]) if 0 <= index < len(labels) else color(index)
        cv2.rectangle(canvas, (left, top), (right, bottom), rgb, width)
    if count_badge:
        scale = max(0.35, min(canvas.shape[:2]) / 1600)
        _write(canvas, f"{len(detections)} facing{'s' * (len(detections) != 1)}", (0, 0), 2.2 * scale)
    return canvas


def draw_gaps(image, boxes):
    """A copy of ``image`` (h, w, 3) uint8 RGB with a dashed frame around each of ``boxes`` (n, 4) xyxy."""
    canvas = np.array(image, np.uint8, order="C")
    width = max(1, round(min(canvas.shape[:2]) / 400))
    dash = 8 * width
    for left, top, right, bottom in np.rint(boxes).astype(int).tolist():
        for x in range(left, right, 2 * dash):
            for y in (top, bottom):
                _dash(canvas, (x, y), (min(x + dash, right), y), width)
        for y in range(top, bottom, 2 * dash):
            for x in (left, right):
                _dash(canvas, (x, y), (x, min(y + dash, bottom)), width)
    return canvas


def draw_blocks(image, boxes, blocks, ids, labels=(), colors=None):
    """A copy of ``image`` (h, w, 3) uint8 RGB with one outline around the facings of each block.

    Args:
        boxes: (n, 4) xyxy pixels; blocks: (n,) number of the block of each.
        ids: (n,) what each is; labels, colors: as of :func:`annotate`.
    """
    canvas = np.array(image, np.uint8, order="C")
    width = max(2, round(min(canvas.shape[:2]) / 250))
    colors = colors or label_colors(labels)
    for block in np.unique(blocks):
        inside = np.flatnonzero(blocks == block)
        pad = max(2, int(np.median(boxes[inside, 2] - boxes[inside, 0]) / 2))  # what neighbours stand apart
        edges = np.rint(boxes[inside]).astype(int)
        corner = edges[:, :2].min(0) - 2 * pad
        edges -= np.tile(corner, 2)
        mask = np.zeros(edges[:, :0:-1].max(0)[:2] + 2 * pad + 1, np.uint8)
        for left, top, right, bottom in edges.tolist():
            cv2.rectangle(mask, (left, top), (right - 1, bottom - 1), 255, cv2.FILLED)
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((2 * pad + 1, 2 * pad + 1), np.uint8))
        outlines, _ = cv2.findContours(
            mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=tuple(corner.tolist())
        )
        index = int(ids[inside[0]])
        rgb = rgb_of(colors[labels[index]]) if 0 <= index < len(labels) else color(index)
        cv2.drawContours(canvas, outlines, -1, INK, width + 2)
        cv2.drawContours(canvas, outlines, -1, rgb, width)
    return canvas


def _dash(canvas, start, end, width):
    cv2.line(canvas, start, end, INK, width + 2)
    cv2.line(canvas, start, end, (255, 255, 255), width)


def _ids(detections, color_by):
    columns = {
        "class": detections.class_ids,
        "brand": detections.brand_ids,
        "row": detections.row_ids,
        "track": detections.track_ids,
    }
    if color_by not in columns:
        raise ValueError(f"color_by must be one of {', '.join(columns)}, got {color_by!r}")
    if columns[color_by] is None:
        raise ValueError(f"the detections have no {color_by} ids to colour by")
    return columns[color_by]


def _write(canvas, text, corner, scale):
    """Light ``text`` on a dark plate whose upper left corner is ``corner``."""
    thickness = max(1, round(1.5 * scale))
    (width, height), below = cv2.getTextSize(text, _FONT, scale, thickness)
    pad = max(2, round(6 * scale))
    left, top = max(corner[0], 0), max(corner[1], 0)
    cv2.rectangle(canvas, (left, top), (left + width + 2 * pad, top + height + below + pad), INK, cv2.FILLED)
    origin = (left + pad, top + height + pad)
    cv2.putText(canvas, text, origin, _FONT, scale, (255, 255, 255), thickness, cv2.LINE_AA)
