"""Cutting a large photo into overlapping tiles and joining what was found in them."""

from typing import NamedTuple

import numpy as np

from skushare.geometry.nms import nms


class Tile(NamedTuple):
    """A rectangle of an image, in pixels; right and bottom exclusive."""

    left: int
    top: int
    right: int
    bottom: int


def tile_grid(width, height, size, overlap):
    """Tiles of at most ``size`` pixels a side that cover a ``width`` x ``height`` image.

    Neighbours share at least ``overlap`` pixels, so that an object no larger than
    ``overlap`` is whole in at least one tile. Rows first, evenly spaced.

    Raises:
        ValueError: ``overlap`` is not smaller than ``size``.
    """
    if not 0 <= overlap < size:
        raise ValueError(f"overlap must be at least 0 and below the tile size {size}, got {overlap}")

    def starts(length):
        if length <= size:
            return [0]
        count = int(np.ceil((length - overlap) / (size - overlap)))
        return [round(i * (length - size) / (count - 1)) for i in range(count)]

    return [
        Tile(x, y, min(x + size, width), min(y + size, height)) for y in starts(height) for x in starts(width)
    ]


def merge_tiles(tiles, boxes, scores, class_ids, width, height, iou_threshold, edge=2.0):
    """Join per-tile detections into one list in image coordinates.

    A box that touches an inner border of its tile is a cut object, whole in the
    neighbour tile; it is dropped before NMS, so halves do not count twice.

    Args:
        tiles: the n :class:`Tile` that were searched.
        boxes, scores, class_ids: n lists of arrays, boxes xyxy in tile pixels.
        width, height: size of the whole image in pixels.
        iou_threshold: for the class-agnostic NMS of what remains.
        edge: how near to an inner border, in pixels, counts as touching.

    Returns:
        boxes (m, 4) in image pixels, scores (m,), class_ids (m,), best first.
    """
    all_boxes = [np.zeros((0, 4), np.float32)]
    all_scores, all_classes = [np.zeros(0, np.float32)], [np.zeros(0, np.int32)]
    for tile, tile_boxes, tile_scores, tile_classes in zip(tiles, boxes, scores, class_ids, strict=True):
        found = np.asarray(tile_boxes, np.float32).reshape(-1, 4) + np.float32([tile.left, tile.top] * 2)
        cut = np.zeros(len(found), bool)
        if tile.left > 0:
            cut |= found[:, 0] < tile.left + edge
        if tile.top > 0:
            cut |= found[:, 1] < tile.top + edge
        if tile.right < width:
            cut |= found[:, 2] > tile.right - edge
        if tile.bottom < height:
            cut |= found[:, 3] > tile.bottom - edge
        all_boxes.append(found[~cut])
        all_scores.append(np.asarray(tile_scores, np.float32)[~cut])
        all_classes.append(np.asarray(tile_classes, np.int32)[~cut])
    joined, joined_scores, joined_classes = map(np.concatenate, (all_boxes, all_scores, all_classes))
    keep = nms(joined, joined_scores, iou_threshold)
    return joined[keep], joined_scores[keep], joined_classes[keep]
