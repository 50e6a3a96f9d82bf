"""The command line as a user meets it, on the shipped model: in a process of its own where that matters."""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skushare.cli import build_parser, main
from skushare.commands import bench
from skushare.images import read_image, write_image
from skushare.samples import sample_pictures

ROOT = Path(__file__).parents[1]


def skushare(*arguments, **options):
    command = [sys.executable, "-m", "skushare", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT, **options)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos" / "aisle 1"
    folder.mkdir(parents=True)
    write_image(folder / "shelf.jpg", read_image(sample_pictures()[0]))
    write_image(folder / "wall.png", np.full((200, 300, 3), 128, np.uint8))
    return folder.parent


def test_coco_has_an_entry_for_every_photo(photos, tmp_path):
    options = ["--format", "coco", "--out", str(tmp_path / "all.json"), "--draw", str(tmp_path / "drawn")]
    assert main(["detect", str(photos), *options]) == 0
    content = json.loads((tmp_path / "all.json").read_text())
    assert [Path(i["file_name"]).name for i in content["images"]] == ["shelf.jpg", "wall.png"]
    counts = [sum(a["image_id"] == i["id"] for a in content["annotations"]) for i in content["images"]]
    truth = json.loads((ROOT / "data" / "annotations.json").read_text())
    first = next(i["id"] for i in truth["images"] if i["file_name"] == sample_pictures()[0].name)
    expected = sum(a["image_id"] == first for a in truth["annotations"])
    assert abs(counts[0] - expected) <= 0.1 * expected and counts[1] <= 2
    assert sorted(p.name for p in (tmp_path / "drawn").iterdir()) == ["shelf.jpg", "wall.jpg"]


def test_overlapping_photos_of_one_shelf_are_counted_once(capsys, tmp_path):
    whole = read_image(sample_pictures()[0])
    for name, part in (("left", whole[:, :800]), ("right", whole[:, 400:])):
        write_image(tmp_path / f"{name}.jpg", part)
    options = ["--format", "json", "--one-shelf", "--draw", str(tmp_path / "drawn")]
    assert main(["detect", str(tmp_path), *options]) == 0
    (joined,) = json.loads(capsys.readouterr().out)
    truth = json.loads((ROOT / "data" / "annotations.json").read_text())
    known = sum(a["image_id"] == truth["images"][0]["id"] for a in truth["annotations"])
    assert truth["images"][0]["file_name"] == sample_pictures()[0].name
    assert abs(joined["facings"] - known) <= 0.1 * known
    assert {facing["row"] for facing in joined["detections"]} == {1, 2, 3, 4}
    assert joined["photo"].endswith("left.jpg + right.jpg") and (tmp_path / "drawn" / "left.jpg").is_file()


def test_shares_are_told_overall_and_by_row(capsys):
    assert main(["detect", str(sample_pictures()[0]), "--shares"]) == 0
    told = capsys.readouterr().out
    assert "100.0 %" in told and "by shelf row" in told and len(told.splitlines()) == 2 + 2 + 1 + 4


def test_a_corrupt_file_is_named_the_rest_goes_on_and_the_status_tells(photos, capfd):
    (photos / "broken.jpg").write_bytes((photos / "aisle 1" / "shelf.jpg").read_bytes()[:4000])
    (photos / "empty.jpg").touch()
    assert main(["detect", str(photos), "--format", "json"]) == 1
    told = capfd.readouterr()
    assert "broken.jpg" in told.err and "empty.jpg" in told.err and "Traceback" not in told.err
    by_name = {Path(p["photo"]).name: p for p in json.loads(told.out)}
    assert by_name["shelf.jpg"]["facings"] > 0 and by_name["broken.jpg"]["error"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["detect", "no-such-folder"], "no-such-folder"),
        (["detect", "data", "--model", "no-such-model"], "no-such-model"),
        (["evaluate", "no-such.json"], "no-such.json"),
        (["train", "--train", "no.json", "--val", "none.json", "--run", "unused"], ".json"),
        (["bench", "no-such.jpg"], "no-such.jpg"),
        (["package", "no-such-run", "--val", "data/annotations.json"], "no-such-run"),
    ],
)
def test_a_mistake_gets_one_line_that_names_it(monkeypatch, capfd, arguments, word):
    monkeypatch.chdir(ROOT)
    assert main(arguments) == 2
    told = capfd.readouterr().err
    assert word in told and len(told.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionError(13, "Permission denied", "/etc/shelf"), "skushare: /etc/shelf: Permission denied\n"),
        (OSError(28, "No space left on device"), "skushare: No space left on device\n"),
        (TimeoutError("timed out"), "skushare: timed out\n"),
    ],
)
def test_an_error_of_the_system_gets_one_line_too(monkeypatch, capsys, error, told):
    def run(args):
        raise error

    monkeypatch.setattr(bench, "run", run)
    assert main(["bench", "shelf.jpg"]) == 2
    assert capsys.readouterr().err == told


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--min-score", "2", "from 0 to 1, got 2"),
        ("--min-score", "half", "from 0 to 1, got half"),
        ("--max-detections", "0", "at least 1, got 0"),
        ("--max-detections", "many", "a whole number, got many"),
        ("--format", "xml", "xml"),
    ],
)
def test_a_wrong_option_is_explained(capsys, option, value, told):
    with pytest.raises(SystemExit) as stopped:
        main(["detect", "data", option, value])
    error = capsys.readouterr().err
    assert stopped.value.code == 2 and option in error and told in error


def test_a_folder_without_photos_is_told(tmp_path, capfd):
    assert main(["detect", str(tmp_path)]) == 2
    told = capfd.readouterr().err
    assert "no photos" in told and len(told.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "command", [[], ["detect"], ["train"], ["package"], ["evaluate"], ["bench"], ["serve"], ["app"]]
)
def test_help_teaches(capsys, command):
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--help"])
    assert stopped.value.code == 0 and "skushare" in capsys.readouterr().out


def test_every_command_and_every_argument_is_described():
    subparsers = [build_parser()]
    for parser in subparsers:
        for action in parser._subparsers._group_actions if parser._subparsers else ():
            subparsers += action.choices.values()
            assert all(choice.help.endswith(".") for choice in action._choices_actions)
        assert all(action.help for action in parser._actions if action.nargs != argparse.PARSER)
    assert len(subparsers) > 30


def test_detecting_imports_neither_tensorflow_nor_streamlit(tmp_path):
    environment = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    result = skushare("detect", sample_pictures()[0], env=environment)
    assert result.returncode == 0
    imported = {line.rsplit("|", 1)[-1].strip() for line in result.stderr.splitlines()}
    assert "ai_edge_litert" in imported and not {"tensorflow", "keras", "streamlit"} & imported


def test_evaluate_writes_a_row_and_details_and_keeps_what_it_detected(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    data, rows = ROOT / "data" / "annotations.json", tmp_path / "rows.csv"
    arguments = ["evaluate", str(data), "--mode", "live", "--csv", str(rows)]
    assert main([*arguments, "--details", str(tmp_path / "out")]) == 0
    first = capsys.readouterr().out
    assert "AP50" in first and "recall" in first
    assert {"figures.json", "photos.csv", "predictions.json"} <= {
        p.name for p in (tmp_path / "out").iterdir()
    }
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "workspace").rglob("*.npy")}
    assert len(kept) == 3
    assert main(arguments) == 0
    assert first.startswith(capsys.readouterr().out)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert len(rows.read_text().splitlines()) == 3


def test_evaluate_does_not_change_a_shipped_model_unasked(tmp_path):
    environment = {**os.environ, "SKUSHARE_WORKSPACE": str(tmp_path)}
    result = skushare("evaluate", ROOT / "data" / "annotations.json", "--set-threshold", env=environment)
    assert result.returncode == 2 and "--force" in result.stderr
    assert not list(tmp_path.iterdir())  # it says so before the work


def test_training_ends_with_a_model_that_detects(tmp_path, monkeypatch, capsys):
    """With the network of two layers; tests/e2e/test_data_to_model.py goes this way with the real one."""
    from skushare.training import backends, package, recipes, trainer
    from tests.training.conftest import TINY, tiny_network

    for module in (trainer, package):
        monkeypatch.setattr(module, "build_network", tiny_network)
    usual = recipes.recipe
    monkeypatch.setattr(recipes, "recipe", lambda name: replace(usual(name), detector=TINY))
    monkeypatch.setattr(backends, "environment", lambda plan: {})
    monkeypatch.setattr("signal.signal", lambda number, handler: None)  # those of the tests stay
    data, run = str(ROOT / "data" / "annotations.json"), tmp_path / "run"
    options = ["--one-class", "--steps", "1", "--batch-size", "1", "--licence", "mine"]
    options += ["--train", f"{data}:2", "--val", data, "--run", str(run)]
    assert main(["train", *options]) == 0
    model = run / "model"
    assert json.loads((model / "model.json").read_text())["licence"] == "mine"
    capsys.readouterr()
    options = ["--model", str(model), "--format", "json", "--mode", "live"]
    assert main(["detect", str(sample_pictures()[0]), *options]) == 0
    assert json.loads(capsys.readouterr().out)[0]["width"] > 0


def test_a_reader_that_has_seen_enough_is_no_fault():
    command = [sys.executable, "-m", "skushare", "data", "list"]
    read, write = os.pipe()
    os.close(read)
    result = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, cwd=ROOT, timeout=300)
    os.close(write)
    assert result.returncode == 1 and result.stderr == ""


def test_a_closed_output_is_no_fault():
    command = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "skushare", "data", "list"]
    result = subprocess.run(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, timeout=300)
    assert (result.returncode, result.stderr) == (0, "")


def test_letters_that_the_terminal_lacks_do_not_end_a_command(tmp_path):
    write_image(tmp_path / "Größe 棚.png", np.full((64, 64, 3), 128, np.uint8))
    result = skushare("detect", tmp_path, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert result.returncode == 0 and result.stderr == ""
    assert r"Gr\xf6\xdfe \u68da.png" in result.stdout
