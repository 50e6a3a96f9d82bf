"""Exports as processes: begun, watched, cancelled, killed; a script stands in for the slow exporter."""

import os
import signal
import sys
import time
import types
import zipfile

import numpy as np
import pandas as pd
import pytest

from skushare.app import export_jobs
from skushare.app.export_jobs import (
    CANCELLED,
    FAILED,
    FINISHED,
    INTERRUPTED,
    RUNNING,
    Export,
    Request,
    carry_out,
    free_name,
    list_exports,
    start_export,
)
from skushare.brands.gallery_files import read_gallery
from skushare.errors import ConfigError, SkushareError
from skushare.export.report import ExportReport
from skushare.workspace import exports_folder
from tests.brands.conftest import ColorEmbedder, color_gallery

REQUEST = Request("models/shelf_dense", "shelf_dense", "", "float16", 4 << 20)
WAIT = "import sys, time; print('at it', flush=True); time.sleep(100)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WAIT


@pytest.fixture
def process(monkeypatch):
    """A function that has exports run a script, and ends what is left of it."""
    monkeypatch.setattr(export_jobs, "PATIENCE", 0.5)

    def use(script):
        monkeypatch.setattr(export_jobs, "COMMAND", (sys.executable, "-c", script))

    yield use
    for export in list_exports():
        export.cancel()


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def begin(process, script=WAIT, name="first", gallery=None):
    process(script)
    export = start_export(name, REQUEST, gallery)
    until(lambda: "at it" in export.log_tail())
    return export


@pytest.fixture
def exporter(monkeypatch):
    """Stands in for ``export_bundle``; a test says what it does."""
    module = types.ModuleType("skushare.export.bundle")
    monkeypatch.setitem(sys.modules, "skushare.export.bundle", module)
    return module


def request_only(name="first"):
    folder = exports_folder() / name
    folder.mkdir(parents=True)
    export_jobs._write(folder / export_jobs.REQUEST, **vars(REQUEST))
    return Export(folder)


def test_a_running_export_is_told_and_no_second_begins(process):
    export = begin(process)
    assert export.condition() == (RUNNING, "") and export.request == REQUEST
    assert [e.name for e in list_exports()] == ["first"]
    with pytest.raises(ConfigError, match="an export is running"):
        start_export("second", REQUEST)
    with pytest.raises(ConfigError, match="cancel it first"):
        export.delete()


@pytest.mark.parametrize("script", [WAIT, STUBBORN])
def test_a_cancelled_export_ends_and_leaves_nothing_half_done(process, script):
    export = begin(process, script)
    (export.folder / ".bundle.half").mkdir()
    export.cancel()
    assert export.condition() == (CANCELLED, "") and not list(export.folder.glob(".bundle*"))
    export.delete()
    assert list_exports() == [] and not export.folder.exists()


def test_a_killed_export_is_told(process):
    export = begin(process)
    os.kill(export_jobs._read(export.folder / export_jobs.PROCESS)["pid"], signal.SIGKILL)
    until(lambda: export.condition()[0] != RUNNING)
    status, reason = export.condition()
    assert status == INTERRUPTED and "killed" in reason
    assert start_export("second", REQUEST).name == "second"


def test_the_gallery_goes_along_as_it_is_now(process):
    gallery = color_gallery(ColorEmbedder())
    export = begin(process, gallery=gallery)
    assert read_gallery(export.folder / export_jobs.GALLERY, ColorEmbedder()).brands == gallery.brands


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 65])
def test_a_name_that_cannot_be_is_refused(name):
    with pytest.raises(ConfigError):
        start_export(name, REQUEST)
    assert not exports_folder().exists() or not list(exports_folder().iterdir())


def test_a_taken_name_is_refused_and_the_next_is_proposed():
    assert free_name("first") == "first"
    request_only()
    assert free_name("first") == "first-2"
    with pytest.raises(ConfigError, match="there is an export of this name"):
        start_export("first", REQUEST)


def test_what_the_exporter_tells_is_kept(exporter):
    export = request_only()

    def export_bundle(out, model, gallery, precision, shard_bytes, progress):
        assert (model, gallery, precision, shard_bytes) == ("models/shelf_dense", None, "float16", 4 << 20)
        progress("converting", np.float32(0.25))
        assert export.progress() == ("converting", 0.25)
        out.mkdir()
        report = ExportReport(out, checks=[("operations", True, "all known"), ("boxes", None, "no Chromium")])
        report.accuracy = pd.DataFrame({"precision": ["float16"], "AP": [0.5]})
        report.timings = {"convert": 1.5}
        (out / "index.html").write_text("x")
        report.write(out)

    exporter.export_bundle = export_bundle
    assert carry_out(export) == 0 and export.condition() == (FINISHED, "")
    report = export.report()
    assert report.files["bytes"].tolist() == [1] and report.accuracy["AP"].tolist() == [0.5]
    assert report.checks == [("operations", True, "all known"), ("boxes", None, "no Chromium")]
    assert report.timings == {"convert": 1.5}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SkushareError("conv_3: unknown operation"), "conv_3: unknown operation"),
        (ValueError("odd"), "ValueError: odd"),
    ],
)
def test_a_failure_is_told_in_a_line_and_the_log_has_the_rest(exporter, capsys, error, reason):
    export = request_only()

    def export_bundle(*args, **options):
        raise error

    exporter.export_bundle = export_bundle
    assert carry_out(export) == 1
    status, told = export.condition()
    assert status == FAILED and told.startswith(reason)
    printed = capsys.readouterr()
    assert ("Traceback" in printed.err) == isinstance(error, ValueError)


@pytest.mark.parametrize("name", ["progress.json", "end.json", "process.json", "bundle/report.json"])
@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"checks": [1]}'])
def test_damaged_records_are_lived_with(name, content):
    export = request_only()
    export.bundle.mkdir()
    (export.folder / name).write_bytes(content)
    assert export.condition()[0] == INTERRUPTED and export.progress() == ("starting", 0.0)
    assert not len(export.report().files)
    export.cancel()
    export.delete()


def test_a_damaged_request_is_named():
    export = request_only()
    (export.folder / export_jobs.REQUEST).write_text("{}")
    with pytest.raises(ConfigError, match="delete this export"):
        export.request  # noqa: B018


def test_the_zip_holds_the_bundle_in_a_folder_of_its_name_and_is_made_once():
    export = request_only("mine")
    (export.bundle / "model").mkdir(parents=True)
    (export.bundle / "index.html").write_text("<!doctype html>")
    (export.bundle / "model" / "a.bin").write_bytes(bytes(9))
    with export.zipped() as file, zipfile.ZipFile(file) as archive:
        assert archive.namelist() == ["mine/index.html", "mine/model/a.bin"] and archive.testzip() is None
    made = (export.folder / "mine.zip").stat().st_mtime_ns
    export.zipped().close()
    assert (export.folder / "mine.zip").stat().st_mtime_ns == made


def test_a_bundle_that_is_gone_is_told():
    with pytest.raises(SkushareError, match="export again"):
        request_only().zipped()
