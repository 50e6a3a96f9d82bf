"""The text of label files, and the numbers in it."""

import math
import os
import re
from pathlib import Path

import numpy as np

from skushare.errors import DatasetError

_NOT_UTF8 = "not UTF-8 text; save it in that encoding"
MAX_BYTES = 1 << 30  # of a label file: the boxes of COCO's 118,000 training photos take 0.4 GB
_HALVES = re.compile("[\ud800-\udfff]")  # of characters, as in a name that was cut within an emoji


def clean_text(value):
    """``value`` as text that every file and page can hold."""
    return _HALVES.sub("\ufffd", str(value))


def read_text(path, limit=MAX_BYTES):
    """The text of a label file.

    Raises:
        DatasetError: the file is missing, larger than ``limit`` bytes, or not UTF-8.
    """
    try:
        if os.path.getsize(path) > limit:
            raise DatasetError(f"{path}: larger than {limit >> 20} MiB; split it into several files")
        data = Path(path).read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise unreadable(path, error) from None
    except MemoryError:
        raise DatasetError(f"{path}: too large for the memory; split it into several files") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DatasetError(f"{path}, line {line}: {_NOT_UTF8}") from None


def read_lines(path):
    """Yield (number, text) of the lines of a label file, counted from 1. Raises as :func:`read_text`."""
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError:
        raise DatasetError(f"{path}, line {number}: {_NOT_UTF8}") from None


def unreadable(path, error):
    """The :class:`DatasetError` for a file that the system does not give."""
    return DatasetError(f"{path}: cannot be read ({error.strerror or error}); check the path and the file")


def finite(text):
    """The number in ``text``. Raises ValueError also for "nan" and "inf"."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text.strip()!r} is not a number of pixels")
    return value


def number_text(value):
    """The shortest text that gives the float32 ``value`` back; without a point where it is whole."""
    return np.format_float_positional(np.float32(value), trim="-")
