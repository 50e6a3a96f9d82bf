"""`skushare cache`: what only saves time is told with its size, and cleared; nothing else is."""

import pytest

from skushare.cli import main
from skushare.lock import hold
from skushare.workspace import copies_folder, evaluations_folder, predictions_folder, scan_file


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """A file of each kind in a workspace, and the figures of an evaluation, which are none."""
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path))
    figures = evaluations_folder() / "figures" / "b" / "figures.json"
    files = [predictions_folder() / "a" / "1.npy", scan_file(), copies_folder() / "2.jpg", figures]
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(2_500_000))
    return files


def test_each_is_told_with_its_size(files, capsys):
    files[2].unlink()
    assert main(["cache", "list"]) == 0
    told = [line.split()[:5] for line in capsys.readouterr().out.splitlines()]
    assert told == [
        ["predictions", "2.5", "MB", "in", "1"],
        ["scan", "2.5", "MB", "in", "1"],
        ["copies", "0.0", "MB", "in", "0"],
    ]


@pytest.mark.parametrize(
    ("names", "left"),
    [(["predictions"], [1, 2, 3]), (["scan", "copies", "scan"], [0, 3]), (["copies"], [0, 1, 3])],
)
def test_what_is_named_is_cleared_and_nothing_else(files, capsys, names, left):
    for size in ("2.5 MB in 1 file", "0.0 MB in 0 files"):
        assert main(["cache", "clear", *names]) == 0
        assert capsys.readouterr().out.splitlines() == [f"{n}: {size} deleted" for n in dict.fromkeys(names)]
        assert [number for number, path in enumerate(files) if path.exists()] == left


def test_a_folder_that_is_a_link_stays_one(files, tmp_path):
    elsewhere = copies_folder().rename(tmp_path / "elsewhere")
    copies_folder().symlink_to(elsewhere)
    assert main(["cache", "clear", "copies"]) == 0
    assert copies_folder().is_symlink() and not any(elsewhere.iterdir())


def test_nothing_is_taken_from_an_evaluation_at_work(files, capsys):
    with hold(files[3].with_name("lock")):
        assert main(["cache", "clear", "scan", "predictions"]) == 2
    assert "an evaluation is running" in capsys.readouterr().err
    assert all(path.exists() for path in files)


def test_another_name_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["cache", "clear", "datasets"])
    assert "predictions" in capsys.readouterr().err
