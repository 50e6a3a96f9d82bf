import csv
import subprocess
import sys

import pytest

from skushare.errors import SkushareError
from skushare.evaluation.table import append_row, check_table


def read(path):
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_rows_of_different_columns_share_a_file(tmp_path):
    path = tmp_path / "new" / "results.csv"
    append_row(path, {"model": "a", "AP": 0.5})
    append_row(path, {"model": "b", "AP": 0.25, "extra": 1, "ece": float("nan")})
    rows = read(path)
    assert [r["AP"] for r in rows] == ["0.5000", "0.2500"]
    assert [r["extra"] for r in rows] == ["", "1"] and all(r["date"] for r in rows)
    assert rows[1]["ece"] == ""


def test_rows_of_processes_that_write_at_once_all_arrive(tmp_path):
    path = tmp_path / "rows.csv"
    code = "import sys; from skushare.evaluation import table; table._revision = lambda: ''\n"
    code += "for n in range(20): table.append_row(sys.argv[1], {'model': sys.argv[2], 'n': n})"
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in "ab"]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert {(r["model"], r["n"]) for r in read(path)} == {(m, str(n)) for m in "ab" for n in range(20)}


def test_a_write_that_fails_leaves_the_rows_as_they_were(tmp_path, monkeypatch):
    path = tmp_path / "rows.csv"
    append_row(path, {"model": "a"})
    before = path.read_bytes()

    def fail(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("skushare.files.os.replace", fail)
    with pytest.raises(KeyboardInterrupt):
        append_row(path, {"model": "b"})
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "saved",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
    ],
)
def test_a_row_goes_to_its_columns_after_a_spreadsheet_has_saved_the_file(tmp_path, saved):
    path = tmp_path / "results.csv"
    append_row(path, {"model": "a", "AP": 0.5})
    path.write_bytes(saved(path.read_text()))
    append_row(path, {"model": "b", "AP": 0.25})
    rows = read(path)
    assert [(row["model"], row["AP"]) for row in rows] == [("a", "0.5000"), ("b", "0.2500")]
    assert list(rows[0]) == ["date", "revision", "model", "AP"]


@pytest.mark.parametrize(
    "content",
    [
        "model,date\nM\u00fcsli,2026\n".encode("cp1252"),
        b"photo,facings\na,3\n",
        b"date,model\n2026,a,a remark\n",
        b"date,model\n2026,a\n2026,b,,a remark\n",
    ],
)
def test_a_file_that_cannot_take_a_row_is_told_before_the_work(tmp_path, content):
    path = tmp_path / "results.csv"
    path.write_bytes(content)
    for look in (check_table, lambda path: append_row(path, {"model": "b"})):
        with pytest.raises(
            SkushareError, match=r"results\.csv(: |, line [23]: 'a remark').*name another file"
        ):
            look(path)
    assert path.read_bytes() == content


def test_empty_cells_beside_the_columns_do_no_harm(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("date,model\n2026,a,,\n")
    append_row(path, {"model": "b"})
    assert [row["model"] for row in read(path)] == ["a", "b"]
