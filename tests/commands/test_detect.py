"""`skushare detect`: what it refuses before any work; tests/test_cli.py runs it for real."""

import pytest

from skushare.cli import main


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


@pytest.mark.parametrize(
    ("option", "target"),
    [("--draw", "file"), ("--draw", "/proc"), ("--out", "missing/all.json"), ("--out", "photos")],
)
def test_places_that_cannot_be_written_are_told_before_the_work(shelf, tmp_path, capsys, option, target):
    (tmp_path / "file").touch()
    assert main(["detect", str(shelf), option, str(tmp_path / target)]) == 2
    told = capsys.readouterr().err
    assert target.partition("/all")[0] in told and len(told.splitlines()) == 1
