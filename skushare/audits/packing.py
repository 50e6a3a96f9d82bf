"""Detections as a few kilobytes of bytes, for a database.

The layout: for each column named in ``columns``, in that order and separated by commas there, its values
row by row, little-endian; all of that compressed by zlib (RFC 1950). ``boxes`` has four float32 a facing
(left, top, right, bottom, in pixels of the photo as it stands upright), ``scores``, ``brand_scores`` and
``present`` one float32, every other column one int32.
"""

import zlib
from dataclasses import fields

import numpy as np

from skushare.detections import Detections

_FLOATS = ("boxes", "scores", "brand_scores", "present")
_COLUMNS = tuple(field.name for field in fields(Detections))


def pack(detections):
    """``(columns, data)`` of :class:`~skushare.detections.Detections`; columns that are not set are left out.

    Example:
        >>> columns, data = pack(Detections([[0, 0, 10, 20]], [0.9], [0]))
        >>> columns
        'boxes,scores,class_ids'
        >>> unpack(1, columns, data).boxes.tolist()
        [[0.0, 0.0, 10.0, 20.0]]
    """
    values = [(name, getattr(detections, name)) for name in _COLUMNS]
    values = [(name, value) for name, value in values if value is not None]
    data = b"".join(value.astype(_kind(name)).tobytes() for name, value in values)
    return ",".join(name for name, _ in values), zlib.compress(data, 1)


def unpack(count, columns, data):
    """The :class:`~skushare.detections.Detections` that :func:`pack` packed.

    Args:
        count: how many facings they are.

    Raises:
        ValueError: the bytes are damaged, or of a newer layout.
    """
    names, at, values = columns.split(","), 0, {}
    try:
        data = zlib.decompress(data)
        for name in names:
            size = count * (4 if name == "boxes" else 1)
            values[name] = np.frombuffer(data, _kind(name), size, at)
            at += 4 * size
        if at != len(data):
            raise ValueError(f"{len(data) - at} bytes too many")
        return Detections(**values)
    except (zlib.error, TypeError) as error:
        raise ValueError(str(error)) from None


def pack_boxes(boxes):
    """Bytes of boxes (n, 4), four little-endian float32 each; ``None`` of ``None``."""
    return None if boxes is None else np.asarray(boxes, "<f4").tobytes()


def unpack_boxes(data):
    """The boxes (n, 4) float32 that :func:`pack_boxes` packed.

    Raises:
        ValueError: the bytes are damaged.
    """
    if data is not None and len(data) % 16:
        raise ValueError(f"{len(data)} bytes of doubtful boxes")
    return None if data is None else np.frombuffer(data, "<f4").reshape(-1, 4)


def _kind(name):
    return "<f4" if name in _FLOATS else "<i4"
