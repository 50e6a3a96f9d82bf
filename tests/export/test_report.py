import json

import pandas as pd

from skushare.export.folder import REPORT
from skushare.export.report import ExportReport


def test_the_report_lists_every_file_and_check(tmp_path):
    for name, content in {"index.html": b"a" * 1000, "model/x/w.bin": b"bc", "model/y/w.bin": b"d"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    report = ExportReport(tmp_path, {"model": "m"})
    report.check("one", True, "fine")
    report.check("two", None, "no browser")
    report.accuracy = pd.DataFrame([{"precision": "float16", "bytes": 12, "AP": 0.5}])
    report.timings = {"step, s": 1.25}
    report.write(tmp_path)
    assert report.passed
    sizes = report.sizes().set_index("part")
    assert sizes["bytes"].to_dict() == {"at the top": 1000, "model/x": 2, "model/y": 1, "all": 1003}
    assert sizes.loc["all", "files"] == 3
    assert report.files.set_index("path").loc["index.html", "gzip bytes"] < 100
    text = (tmp_path / "report.md").read_text()
    for part in (
        "| one | passed | fine |",
        "| two | not run | no browser |",
        "| float16 | 12 | 0.5 |",
        "1.2",
    ):
        assert part in text
    content = json.loads((tmp_path / REPORT).read_text())
    assert content["passed"] is True and content["checks"][1]["passed"] is None
    assert set(content["sha256"]) == {"index.html", "model/x/w.bin", "model/y/w.bin", "report.md"}


def test_one_failed_check_fails_it(tmp_path):
    report = ExportReport(tmp_path)
    report.check("one", True, "")
    report.check("two", False, "")
    assert not report.passed and "| two | FAILED |" in ExportReport.to_markdown(_with_files(report))


def _with_files(report):
    report.files = pd.DataFrame([("a", 1, 1)], columns=["path", "bytes", "gzip bytes"])
    return report
