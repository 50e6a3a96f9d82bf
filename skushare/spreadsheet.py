"""Tables as CSV that is safe to open in a spreadsheet."""

import re
import unicodedata
from functools import lru_cache

import pandas as pd

# A cell that begins so runs as a formula in Excel, LibreOffice, Sheets.
_FORMULA_STARTS = ("=", "+", "-", "@")
_BREAK = re.compile("\r\n?")


def to_csv(frame):
    """``frame`` as UTF-8 CSV bytes with a byte order mark (Excel needs it to read accents).

    Text that a spreadsheet would run as a formula gets a leading apostrophe; numbers stay numbers. Spaces and
    marks without a shape before the formula do not hide it, nor do full-width signs, which spreadsheets for
    East Asian languages take for the usual ones. A break within text is a line feed.
    """
    safe = frame.rename(columns=_defuse)
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            safe[column] = safe[column].map(_defuse)
    return safe.to_csv(index=False).encode("utf-8-sig")


def _defuse(value):
    return _safe(value) if isinstance(value, str) else value


@lru_cache  # the same few names stand in thousands of rows
def _safe(text):
    text = _BREAK.sub("\n", text)  # readers take a lone CR for a row's end, and writers do not quote it
    start = next((i for i, letter in enumerate(text) if _is_seen(letter)), len(text))
    first = unicodedata.normalize("NFKC", text[start : start + 1])
    if first.startswith(_FORMULA_STARTS) or "\n" in text[:start] or "\t" in text[:start]:
        return "'" + text
    return text


def _is_seen(letter):
    """Whether ``letter`` is no space, control, format mark (BOM, no width, direction) or unused one."""
    return unicodedata.category(letter)[0] not in "CZ"
