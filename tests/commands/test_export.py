"""`skushare export` as a user meets it; the whole export is tested in tests/e2e/test_bundle.py."""

import argparse
import json
import os
import signal
import time

import pytest

from skushare.cli import main
from skushare.commands import export as command
from skushare.commands.export import ending_in_order
from skushare.detector.models import LITERT, read_model
from skushare.export import tfjs


def run(capsys, *arguments):
    status = main(["export", *(str(argument) for argument in arguments)])
    return status, capsys.readouterr()


@pytest.mark.parametrize(
    ("text", "value"), [("4m", 4 << 20), ("4MB", 4 << 20), ("512k", 512 << 10), ("2048", 2048)]
)
def test_sizes_are_read(text, value):
    assert command.size(text) == value


@pytest.mark.parametrize("text", ["", "m", "4g", "1.5m", "-4m", "12", "0"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        command.size(text)


def test_the_command_offers_what_the_package_can_do():
    assert command.PRECISIONS == tfjs.PRECISIONS


def test_the_model_s_own_litert_file(tmp_path, capsys):
    status, told = run(capsys, "--format", "litert", "--out", tmp_path / "out")
    assert status == 0 and "passed" in told.out and "report.md" in told.out
    model = read_model()
    assert (tmp_path / "out" / LITERT).read_bytes() == model.path(LITERT).read_bytes()
    assert {"MODEL_CARD.md", "NOTICE", "label_map.pbtxt", "report.json"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }
    status, told = run(capsys, "--format", "litert", "--out", tmp_path / "out", "--json")  # once more
    lines = [json.loads(line) for line in told.out.splitlines()]
    assert status == 0 and lines[0] == {"step": "Reading the model", "fraction": 0.0}
    assert lines[-1]["done"] == str(tmp_path / "out") and lines[-1]["passed"] is True
    fractions = [line["fraction"] for line in lines[:-1]]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert lines[-2]["step"] == "Finishing"  # what the page shows until the process has ended


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--model", "none"], "no model called 'none'"),
        (["--format", "tfjs", "--gallery", "x"], "only a bundle takes a gallery"),
        (["--gallery", "none"], "none"),
        (["--format", "savedmodel", "--precision", "uint8"], "float32"),
        (["--format", "tfjs", "--names", "object_detection_api"], "only a SavedModel"),
        (["--names", "object_detection_api"], "--names: only for the format savedmodel"),
        (["--val", "none"], "none"),
        (["--format", "litert", "--val", "none"], "--val: only for"),
        (["--format", "savedmodel", "--csv", "a.csv"], "--csv: only for"),
        (["--format", "savedmodel", "--shard-size", "1m"], "--shard-size: only for"),
    ],
)
def test_mistakes_are_told_in_a_line_and_nothing_is_written(tmp_path, capsys, monkeypatch, arguments, told):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    status, output = run(capsys, *arguments, "--out", tmp_path / "out")
    assert status == 2 and told in output.err and len(output.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_being_told_to_end_cleans_up_as_an_error_does():
    before, cleaned = signal.getsignal(signal.SIGTERM), []
    with pytest.raises(SystemExit) as ended, ending_in_order():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        finally:
            cleaned.append(True)
    assert ended.value.code == 143 and cleaned and signal.getsignal(signal.SIGTERM) is before


def test_a_folder_with_something_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").write_text("mine")
    status, output = run(capsys, "--out", tmp_path / "out")
    assert status == 2 and "choose another folder" in output.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["letter.txt"]


def test_a_run_without_a_model_is_told_how_to_get_one(tmp_path, capsys):
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "detector.json").write_text("{}")
    status, output = run(capsys, "--model", tmp_path / "first", "--out", tmp_path / "out")
    assert status == 2 and "skushare package" in output.err
