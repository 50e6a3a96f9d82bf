"""A table of results: a CSV file to which each measurement adds its row."""

import csv
import io
import math
import subprocess
from datetime import date
from pathlib import Path

from skushare.errors import SkushareError
from skushare.files import check_target, make_folder, write_file
from skushare.lock import hold
from skushare.text import delimiter_of

PATIENCE = 10.0  # seconds for another process to write its row


def append_row(path, row):
    """Add ``row`` to the CSV file ``path`` with the date and the git revision; columns may be new.

    Several processes may do so at the same time.

    Raises:
        SkushareError: the file cannot be read or written, holds something else, or others kept it busy
            for ``PATIENCE``.
    """
    path = Path(path)
    make_folder(path.parent)
    row = {"date": date.today().isoformat(), "revision": _revision(), **row}
    with hold(path.with_name(f".{path.name}.lock"), PATIENCE) as mine:
        if not mine:
            raise SkushareError(f"{path}: others are writing to it; try again")
        rows = []
        if path.exists():
            rows = _read_rows(path)
        columns = list(dict.fromkeys([*(rows[0] if rows else {}), *row]))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns, restval="")
        writer.writeheader()
        writer.writerows([*rows, {name: _cell(value) for name, value in row.items()}])
        write_file(path, text.getvalue())


def check_table(path):
    """Look before the work whether :func:`append_row` can add to ``path``. Raises as that does."""
    check_target(path)
    if Path(path).exists():
        _read_rows(Path(path))


def _read_rows(path):
    """The rows of a file of results, also after a spreadsheet has saved it."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter_of(text.partition("\n")[0]))
        if text and "date" not in (rows.fieldnames or ()):
            raise SkushareError(f"{path}: holds other things than results of evaluations; name another file")
        kept = []
        for row in rows:
            if beside := [cell for cell in row.pop(None, ()) if cell]:
                raise SkushareError(
                    f"{path}, line {rows.line_num}: {beside[0]!r} stands in no column of the header; give "
                    "it a column there, or name another file"
                )
            kept.append(row)
        return kept
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        advice = "save it as CSV UTF-8, or name another file"
        raise SkushareError(f"{path}: cannot be read ({error}); {advice}") from None


def _cell(value):
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4f}"
    return value


def _revision():
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
