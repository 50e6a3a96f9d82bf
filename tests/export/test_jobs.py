"""Exports as processes: begun, watched, cancelled, killed; a script stands in for the slow exporter."""

import json
import os
import signal
import sys
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from skushare.brands.gallery_files import read_gallery
from skushare.cli import build_parser
from skushare.errors import ConfigError, SkushareError
from skushare.export import jobs
from skushare.export.jobs import (
    CANCELLED,
    FAILED,
    FINISHED,
    INTERRUPTED,
    RUNNING,
    Export,
    Request,
    _options,
    free_export_name,
    list_exports,
    start_export,
)
from skushare.export.report import ExportReport
from skushare.workspace import checked_name, exports_folder
from tests.brands.conftest import ColorEmbedder, color_gallery

REQUEST = Request("models/shelf_dense", "shelf_dense", "", "float16", 4 << 20)
WAIT = "import sys, time; print('at it', flush=True); time.sleep(100)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WAIT


@pytest.fixture(autouse=True)
def own_workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))


@pytest.fixture
def process(monkeypatch):
    """A function that has exports run a script, and ends what is left of it."""
    monkeypatch.setattr(jobs, "PATIENCE", 0.5)
    killpg = os.killpg

    def kill(pid, number):
        killpg(pid, number)
        if number == signal.SIGKILL:  # a busy machine takes its time even for that
            monkeypatch.setattr(jobs, "PATIENCE", 60)

    monkeypatch.setattr(jobs.os, "killpg", kill)

    def use(script):
        monkeypatch.setattr(jobs, "COMMAND", (sys.executable, "-c", script))

    yield use
    for export in list_exports():
        export.cancel()


def until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def begin(process, script=WAIT, name="first", gallery=None):
    process(script)
    export = start_export(name, REQUEST, gallery)
    until(lambda: "at it" in export.log_tail())
    return export


def request_only(name="first"):
    folder = exports_folder() / name
    folder.mkdir(parents=True)
    (folder / jobs.REQUEST).write_text(json.dumps(vars(REQUEST)))
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


def test_what_killed_processes_left_goes_with_the_next_export(process):
    left = begin(process).folder / ".bundle.export-a1b2c3_8"
    left.mkdir()
    with pytest.raises(ConfigError, match="an export is running"):
        start_export("second", REQUEST)
    assert left.exists()
    os.killpg(json.loads((left.parent / jobs.PROCESS).read_text())["pid"], signal.SIGKILL)
    until(lambda: list_exports()[0].condition()[0] == INTERRUPTED)
    start_export("second", REQUEST)
    assert not left.exists()


def test_one_that_cannot_be_started_leaves_its_name_free(process, monkeypatch):
    monkeypatch.setattr(jobs, "COMMAND", ("/no/such/program",))
    with pytest.raises(SkushareError, match="cannot be written"):
        start_export("first", REQUEST)
    assert free_export_name("first") == "first"


def test_what_cannot_be_deleted_is_told_and_stays_in_the_list(monkeypatch):
    export = request_only()
    (export.folder / "bundle").mkdir()

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", "bundle")

    with monkeypatch.context() as patch:
        patch.setattr(jobs.shutil, "rmtree", refuse)
        with pytest.raises(SkushareError, match="first: cannot be deleted"):
            export.delete()
    assert [each.name for each in list_exports()] == ["first"]
    export.delete()
    export.delete()  # as from another tab
    assert list_exports() == []


def test_a_killed_export_is_told(process):
    export = begin(process)
    os.kill(jobs.read_json(export.folder / jobs.PROCESS)["pid"], signal.SIGKILL)
    until(lambda: export.condition()[0] != RUNNING)
    status, reason = export.condition()
    assert status == INTERRUPTED and "killed" in reason
    assert start_export("second", REQUEST).name == "second"


def test_the_gallery_goes_along_as_it_is_now(process):
    gallery = color_gallery(ColorEmbedder())
    export = begin(process, gallery=gallery)
    assert read_gallery(export.folder / jobs.GALLERY, ColorEmbedder()).brands == gallery.brands


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 65])
def test_a_name_that_cannot_be_is_refused(name):
    with pytest.raises(ConfigError):
        start_export(name, REQUEST)
    assert not exports_folder().exists() or not list(exports_folder().iterdir())


def test_a_taken_name_is_refused_and_the_next_is_proposed():
    assert free_export_name("first") == "first"
    request_only()
    assert free_export_name("first") == "first-2"
    with pytest.raises(ConfigError, match="there is an export of this name"):
        start_export("first", REQUEST)


@pytest.mark.parametrize("model", ["m" * 64, "my shelf, May", "Ünique", "日本"])
def test_a_name_is_proposed_that_can_be_taken_whatever_the_model_is_called(model):
    for _ in range(2):
        (exports_folder() / checked_name(free_export_name(model))).mkdir(parents=True)
    assert len(list(exports_folder().iterdir())) == 2


def test_of_two_tabs_that_start_one_of_a_name_the_second_leaves_that_of_the_first(process, monkeypatch):
    process(WAIT)
    begun, go_on = threading.Event(), threading.Event()
    begin_process = jobs._begin

    def begin_slowly(*arguments):
        begun.set()
        assert go_on.wait(20)
        return begin_process(*arguments)

    monkeypatch.setattr(jobs, "_begin", begin_slowly)
    monkeypatch.setattr(jobs, "PATIENCE", 20)
    with ThreadPoolExecutor() as tabs:
        first = tabs.submit(start_export, "first", REQUEST)
        assert begun.wait(20)
        second = tabs.submit(start_export, "first", REQUEST)
        other = tabs.submit(start_export, "other", REQUEST)
        time.sleep(0.1)
        go_on.set()
        with pytest.raises(ConfigError, match="there is an export of this name"):
            second.result(20)
        with pytest.raises(ConfigError, match="an export is running"):
            other.result(20)
    assert first.result().condition() == (RUNNING, "") and first.result().request == REQUEST
    monkeypatch.setattr(jobs, "PATIENCE", 0.5)


def test_the_command_is_one_that_the_command_line_takes():
    """Also with a gallery; and the export lies where the page looks for it."""
    export = request_only()
    (export.folder / jobs.GALLERY).touch()
    for options in (_options(export.folder, REQUEST),):
        args = build_parser().parse_args(["export", *options])
        assert (args.out, args.model, args.precision) == (export.bundle, "models/shelf_dense", "float16")
        assert (args.shard_size, args.json) == (4 << 20, True)
        assert args.gallery == str(export.folder / jobs.GALLERY)
    (export.folder / jobs.GALLERY).unlink()
    assert build_parser().parse_args(["export", *_options(export.folder, REQUEST)]).gallery is None


def test_progress_is_the_last_that_was_told(process):
    told = [{"step": "Reading", "fraction": 0.0}, {"step": "Converting", "fraction": 0.25}]
    lines = "".join(f"print({json.dumps(json.dumps(line))}, flush=True); " for line in told)
    export = begin(process, "import sys; " + lines + "print('a warning', file=sys.stderr); " + WAIT)
    assert export.progress() == ("Converting", 0.25)


def test_the_report_is_the_bundles():
    export = request_only()
    export.bundle.mkdir()
    (export.bundle / "index.html").write_text("x")
    report = ExportReport(
        export.bundle, checks=[("operations", True, "all known"), ("boxes", None, "no Chromium")]
    )
    report.accuracy, report.timings = pd.DataFrame({"precision": ["float16"], "AP": [0.5]}), {"convert": 1.5}
    report.write(export.bundle)
    assert export.condition() == (FINISHED, "")
    found = export.report()
    assert found.files["bytes"].tolist() == [1] and found.accuracy["AP"].tolist() == [0.5]
    assert found.checks == report.checks and found.timings == {"convert": 1.5}


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("import sys; sys.exit('skushare: conv_3: unknown operation')", "conv_3: unknown operation"),
        ("raise ValueError('odd')", "ValueError: odd"),
    ],
)
def test_a_failure_is_told_in_a_line(process, script, reason):
    export = begin(process, "print('at it', flush=True); " + script)
    until(lambda: export.condition()[0] != RUNNING)
    assert export.condition() == (FAILED, reason)


@pytest.mark.parametrize("name", ["log.txt", "process.json", "bundle/report.json"])
@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"checks": [1]}'])
def test_damaged_records_are_lived_with(name, content):
    export = request_only()
    export.bundle.mkdir()
    (export.folder / name).write_bytes(content)
    assert export.condition()[0] == FINISHED and export.progress() == ("Starting", 0.0)
    assert not len(export.report().files)
    export.cancel()
    export.delete()


def test_a_damaged_request_is_named():
    export = request_only()
    (export.folder / jobs.REQUEST).write_text("{}")
    with pytest.raises(ConfigError, match="delete this export"):
        export.request  # noqa: B018


def test_the_zip_holds_the_bundle_in_a_folder_of_its_name_and_is_made_once():
    export = request_only("mine")
    (export.bundle / "model").mkdir(parents=True)
    (export.bundle / "index.html").write_text("<!doctype html>")
    (export.bundle / "model" / "a.bin").write_bytes(bytes(9))
    os.utime(export.bundle / "index.html", (0, 0))  # of a computer whose clock had not been set
    with export.zipped() as file, zipfile.ZipFile(file) as archive:
        assert archive.namelist() == ["mine/index.html", "mine/model/a.bin"] and archive.testzip() is None
    made = (export.folder / "mine.zip").stat().st_mtime_ns
    export.zipped().close()
    assert (export.folder / "mine.zip").stat().st_mtime_ns == made


def test_a_bundle_that_is_gone_is_told():
    with pytest.raises(SkushareError, match="export again"):
        request_only().zipped()
