"""What an export consists of, and how it was proved."""

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from skushare.export.folder import FORMAT, REPORT, digests, walk
from skushare.files import read_json

FILES = ["path", "bytes", "gzip bytes"]
MARK = {True: "passed", False: "FAILED", None: "not run"}


@dataclass
class ExportReport:
    """An export and its proof.

    Attributes:
        folder: where it lies.
        about: dict of what was exported: model, kind, precision ...
        files: DataFrame of ``path``, ``bytes``, ``gzip bytes`` (what a compressing server sends).
        checks: list of (name, passed, text); ``passed`` is ``None`` for one that could not be run.
        accuracy: DataFrame, a row a precision: what it costs; empty where nothing was measured.
        timings: {step: seconds}, and milliseconds of the JavaScript runtime as such.
    """

    folder: Path
    about: dict = field(default_factory=dict)
    files: pd.DataFrame = field(default_factory=pd.DataFrame)
    checks: list = field(default_factory=list)
    accuracy: pd.DataFrame = field(default_factory=pd.DataFrame)
    timings: dict = field(default_factory=dict)

    @classmethod
    def read(cls, folder):
        """What :meth:`write` left in ``folder``, without ``about``; empty where it is gone or damaged."""
        told = read_json(Path(folder, REPORT))
        try:
            return cls(
                folder,
                files=pd.DataFrame(told.get("files", []), columns=FILES),
                checks=[(check["name"], check["passed"], check["text"]) for check in told.get("checks", [])],
                accuracy=pd.DataFrame(told.get("accuracy", [])),
                timings=dict(told.get("timings", {})),
            )
        except (KeyError, TypeError, ValueError):
            return cls(folder)

    @property
    def passed(self):
        """Whether no check failed."""
        return not any(passed is False for _, passed, _ in self.checks)

    def check(self, name, passed, text):
        """Note a check."""
        self.checks.append((name, None if passed is None else bool(passed), text))

    def sizes(self):
        """DataFrame: ``part``, ``files``, ``bytes``, ``gzip bytes``, a row a part of the export, then all."""
        part = self.files["path"].map(lambda path: path.split("/")[0] if "/" in path else "at the top")
        part = part.where(part != "model", self.files["path"].map(_model_part))
        rows = self.files.groupby(part, sort=False).agg(
            files=("path", "size"), bytes=("bytes", "sum"), gzip=("gzip bytes", "sum")
        )
        rows = rows.rename(columns={"gzip": "gzip bytes"})
        rows.loc["all"] = rows.sum()
        return rows.rename_axis("part").reset_index()

    def to_markdown(self):
        """The report as Markdown."""
        lines = ["# Export report", ""]
        lines += [f"- {name}: {value}" for name, value in self.about.items()]
        lines += ["", "## Checks", "", "| check | result | |", "|---|---|---|"]
        lines += [f"| {name} | {MARK[passed]} | {text} |" for name, passed, text in self.checks]
        if len(self.accuracy):
            lines += ["", "## What a precision costs", "", *_table(self.accuracy), "", ACCURACY_NOTE]
        lines += ["", "## Size", "", *_table(self.sizes()), "", *_table(self.files)]
        lines += ["", "## Time", "", "| step | |", "|---|---|"]
        lines += [f"| {name} | {value:.1f} |" for name, value in self.timings.items()]
        return "\n".join(lines) + "\n"

    def to_json(self):
        """The report as JSON; ``sha256`` tells a later export whether something was changed."""
        content = {
            "format": FORMAT,
            **{key: str(value) for key, value in self.about.items()},
            "passed": self.passed,
            "checks": [{"name": name, "passed": passed, "text": text} for name, passed, text in self.checks],
            "accuracy": json.loads(self.accuracy.to_json(orient="records")),
            "files": json.loads(self.files.to_json(orient="records")),
            "timings": self.timings,
            "sha256": digests(self.folder),
        }
        content["sha256"].pop(REPORT, None)
        return json.dumps(content, indent=1)

    def write(self, folder):
        """List the files of ``folder`` and write ``report.md`` and ``report.json`` there."""
        rows = []
        for path in walk(folder):
            content = path.read_bytes()
            name = path.relative_to(folder).as_posix()
            rows.append((name, len(content), len(gzip.compress(content, 6, mtime=0))))
        self.files = pd.DataFrame(rows, columns=FILES)
        self.folder = Path(folder)
        (self.folder / "report.md").write_text(self.to_markdown(), encoding="utf-8")
        (self.folder / REPORT).write_text(self.to_json(), encoding="utf-8")


ACCURACY_NOTE = (
    "Differences are from the Keras network with float32 weights, on the golden pictures: of raw outputs, "
    "and of the boxes above the live threshold (coordinates in pixels of the picture)."
)


def _model_part(path):
    return "/".join(path.split("/")[:2]) if path.startswith("model/") else path.split("/")[0]


def _table(frame):
    def text(value):
        if isinstance(value, float):
            return "" if pd.isna(value) else f"{value:.4g}"
        return f"{value:,}" if isinstance(value, int) else str(value)

    lines = ["| " + " | ".join(frame.columns) + " |", "|" + "---|" * len(frame.columns)]
    rows = frame.astype(object).itertuples(index=False)
    return lines + ["| " + " | ".join(text(value) for value in row) + " |" for row in rows]
