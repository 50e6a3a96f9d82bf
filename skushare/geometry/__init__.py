"""Geometry of axis-aligned boxes, in NumPy alone.

Every box array is float32, shape (n, 4), ``xyxy``: left, top, right, bottom, in
pixels; right and bottom are exclusive, so width = right - left.
"""

from skushare.geometry.boxes import (
    are_whole,
    area,
    clip,
    intersection,
    iou,
    mirror,
    to_xywh,
    turned,
)
from skushare.geometry.nms import nms
from skushare.geometry.tiles import Tile, merge_tiles, tile_grid
from skushare.geometry.voting import merge_views, vote

__all__ = [
    "Tile",
    "are_whole",
    "area",
    "clip",
    "intersection",
    "iou",
    "merge_tiles",
    "merge_views",
    "mirror",
    "nms",
    "tile_grid",
    "to_xywh",
    "turned",
    "vote",
]
