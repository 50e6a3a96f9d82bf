"""Tables as CSV that is safe to open in a spreadsheet."""

import pandas as pd

# A cell that begins with one of these runs as a formula in Excel, LibreOffice and Sheets.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def to_csv(frame):
    """``frame`` as UTF-8 CSV bytes with a byte order mark (Excel needs it to read accents).

    Text that a spreadsheet would run as a formula gets a leading apostrophe; numbers stay numbers.
    """
    safe = frame.rename(columns=_defuse)
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            safe[column] = safe[column].map(_defuse)
    return safe.to_csv(index=False).encode("utf-8-sig")


def _defuse(value):
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA_STARTS):
        return "'" + value
    return value
