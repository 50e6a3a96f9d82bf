"""`skushare detect`: what it refuses before any work; tests/test_cli.py runs it for real."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from skushare.cli import main
from skushare.detections import Detections
from skushare.images import read_image, write_image
from skushare.samples import sample_pictures


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A photo that nothing may be done with."""
    monkeypatch.setattr("skushare.detector.runtime.Detector.load", lambda model: pytest.fail("too late"))
    photo = tmp_path / "photos" / "shelf.jpg"
    photo.parent.mkdir()
    photo.write_bytes(b"the only one")
    (tmp_path / "same").symlink_to(photo.parent)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "shelf.jpg").symlink_to(photo)
    return photo


@pytest.mark.parametrize(
    ("given", "option", "target"),
    [
        ("photos", "--draw", "photos"),
        ("photos/shelf.jpg", "--draw", "same"),
        ("linked", "--draw", "linked"),
        ("linked", "--draw", "photos"),
        ("photos", "--out", "photos/shelf.jpg"),
        ("linked", "--out", "same/shelf.jpg"),
    ],
)
def test_photos_are_not_written_over(shelf, capsys, given, option, target):
    folder = shelf.parent.parent
    assert main(["detect", str(folder / given), option, str(folder / target)]) == 2
    assert f"{option} {folder / target}" in capsys.readouterr().err
    assert shelf.read_bytes() == b"the only one"


def test_more_photos_than_memory_holds_are_not_joined(shelf, monkeypatch, capsys):
    monkeypatch.setattr("skushare.commands.detect.MOST_JOINED", 1)
    (shelf.parent / "second.jpg").write_bytes(b"another one")
    assert main(["detect", str(shelf.parent), "--one-shelf"]) == 2
    assert "at most 1 photos, and these are 2" in capsys.readouterr().err


def test_a_photo_that_joins_no_other_is_told_and_drawn_in_its_own_pixels(tmp_path, monkeypatch, capsys):
    found = Detections([[100, 100, 140, 180]], [0.9], [0])
    stub = SimpleNamespace(labels=("facing",), threshold=lambda mode: 0.4, detect=lambda *_, **__: found)
    stub.doubtful_score = lambda mode: 0.15
    monkeypatch.setattr("skushare.detector.runtime.Detector.load", lambda model: stub)
    monkeypatch.setattr("skushare.commands.detect.JOINED_SIDE", 100)
    for name in ("a.png", "b.png"):
        write_image(tmp_path / name, np.zeros((200, 300, 3), np.uint8))
    options = ["--one-shelf", "--format", "json", "--draw", str(tmp_path / "drawn")]
    assert main(["detect", str(tmp_path), *options]) == 0
    for photo in json.loads(capsys.readouterr().out):
        assert (photo["width"], photo["height"]) == (300, 200)
        assert (photo["detections"][0]["left"], photo["detections"][0]["bottom"]) == (100, 180)
        drawn = read_image(tmp_path / "drawn" / f"{Path(photo['photo']).stem}.jpg")
        assert drawn.shape == (200, 300, 3) and drawn[150, 95:145].max() > 99 > drawn[:90].max()


def test_shares_are_refused_as_coco_before_the_work(shelf, capsys):
    assert main(["detect", str(shelf), "--shares", "--format", "coco"]) == 2
    assert "--shares" in capsys.readouterr().err


def test_what_was_written_is_named_beside_the_data(tmp_path, capsys):
    """Without a byte order mark on the terminal, with one in the file, which a spreadsheet opens."""
    photo, drawn, out = sample_pictures()[0], tmp_path / "drawn", tmp_path / "all.csv"
    assert main(["detect", str(photo), "--format", "csv", "--draw", str(drawn)]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("photo,") and re.fullmatch(rf"{drawn}: \d+ facings of 1 photo\n", told.err)
    assert told.out.endswith("\n") and "" not in told.out.splitlines()
    assert main(["detect", str(photo), "--format", "csv", "--draw", str(drawn), "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert [line.split(": ")[0] for line in told.out.splitlines()] == [str(out), str(drawn)] and not told.err
    assert out.read_bytes().startswith(b"\xef\xbb\xbfphoto,")
    assert main(["detect", str(photo), "--shares", "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("photo,row,name,facings,share,")


def test_a_folder_without_photos_leaves_what_was_written_before(shelf, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    (tmp_path / "all.csv").write_text("of yesterday")
    assert main(["detect", str(tmp_path / "empty"), "--out", str(tmp_path / "all.csv")]) == 2
    told = capsys.readouterr()
    assert "no photos found" in told.err and not told.out
    assert (tmp_path / "all.csv").read_text() == "of yesterday"


@pytest.mark.parametrize(
    ("option", "target"),
    [("--draw", "file"), ("--draw", "/proc"), ("--out", "missing/all.json"), ("--out", "photos")],
)
def test_places_that_cannot_be_written_are_told_before_the_work(shelf, tmp_path, capsys, option, target):
    (tmp_path / "file").touch()
    assert main(["detect", str(shelf), option, str(tmp_path / target)]) == 2
    told = capsys.readouterr().err
    assert target.partition("/all")[0] in told and len(told.splitlines()) == 1


def test_the_table_may_lie_in_the_folder_of_the_pictures_but_not_have_its_name(tmp_path, monkeypatch, capsys):
    drawn, broken = tmp_path / "drawn", tmp_path / "broken.jpg"
    broken.touch()
    assert main(["detect", str(broken), "--draw", str(drawn), "--out", str(drawn / "all.txt")]) == 1
    assert (drawn / "all.txt").exists()
    capsys.readouterr()
    new = str(tmp_path / "new")
    monkeypatch.setattr("skushare.detector.runtime.Detector.load", lambda model: pytest.fail("too late"))
    assert main(["detect", str(broken), "--draw", new, "--out", new]) == 2
    assert capsys.readouterr().err == f"skushare: {new}: is a folder; name a file\n"


def test_a_link_that_leads_to_itself_is_a_photo_that_cannot_be_read(tmp_path, capsys):
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    assert main(["detect", str(tmp_path)]) == 1
    assert "loop.jpg: cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "options"),
    [("detect", ("--mode", "--max-detections", "--one-shelf")), ("audit", ("--mode",))],
)
def test_what_does_nothing_on_a_video_is_told(capsys, command, options):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert all(option in told.partition("for photos alone")[0].rpartition(":")[2] for option in options)
