"""An export is whole or not there, and never takes the place of something that is not an export."""

import json
import os
from pathlib import Path

import pytest

from skushare.export.errors import ExportError
from skushare.export.folder import FORMAT, REPORT, digests, export_folder, version_of


def write_export(out, **files):
    """An export of ``files`` as the exporter leaves it."""
    with export_folder(out) as folder:
        for name, text in files.items():
            (folder / name).write_text(text)
        (folder / REPORT).write_text(json.dumps({"format": FORMAT, "sha256": digests(folder)}))


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir() if path.name != REPORT}


def test_an_export_takes_the_place_of_an_earlier_one(tmp_path):
    write_export(tmp_path / "out", a="1", b="2")
    write_export(tmp_path / "out", a="3", c="4")
    assert contents(tmp_path / "out") == {"a": "3", "c": "4"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "out").mkdir()
    write_export(tmp_path / "out", a="1")
    assert contents(tmp_path / "out") == {"a": "1"}


@pytest.mark.parametrize("kept", ["_headers", "CNAME"])
def test_what_a_host_reads_is_taken_over_and_is_no_part_of_the_export(tmp_path, kept):
    write_export(tmp_path / "out", a="1")
    (tmp_path / "out" / kept).write_text("mine")
    (tmp_path / "out" / ".DS_Store").write_text("of the system")
    assert list(digests(tmp_path / "out")) == ["a", REPORT]
    write_export(tmp_path / "out", a="2")
    assert contents(tmp_path / "out") == {"a": "2", kept: "mine"}


@pytest.mark.parametrize("kept", [".git", "node_modules"])
def test_what_users_add_is_taken_over(tmp_path, kept):
    write_export(tmp_path / "out", a="1")
    (tmp_path / "out" / kept).mkdir()
    (tmp_path / "out" / kept / "file").write_text("mine")
    write_export(tmp_path / "out", a="2")
    assert (tmp_path / "out" / "a").read_text() == "2"
    assert (tmp_path / "out" / kept / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda out: (out / "a").write_text("mine"), "a: was changed"),
        (lambda out: (out / "new").write_text("mine"), "new: was added"),
        (lambda out: (out / REPORT).unlink(), "something else"),
        (lambda out: (out / REPORT).write_text("{}"), "something else"),
        (lambda out: (out / REPORT).write_text("["), "something else"),
    ],
)
def test_the_user_s_own_work_is_not_replaced(tmp_path, change, told):
    out = tmp_path / "out"
    write_export(out, a="1")
    change(out)
    before = contents(out)
    with pytest.raises(ExportError, match=told):
        write_export(out, a="2")
    assert contents(out) == before and [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("make", [lambda p: p.write_text("x"), lambda p: p.symlink_to(p.parent)])
def test_a_file_or_a_link_in_its_place_is_refused(tmp_path, make):
    make(tmp_path / "out")
    with pytest.raises(ExportError, match="no folder"):
        write_export(tmp_path / "out", a="1")


def test_the_folder_of_a_disk_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("os.path.ismount", lambda path: path == tmp_path / "out")
    (tmp_path / "out").mkdir()
    with pytest.raises(ExportError, match="a disk is mounted"), export_folder(tmp_path / "out"):
        raise AssertionError("begun")


def test_an_error_on_the_way_leaves_what_was_there(tmp_path):
    write_export(tmp_path / "out", a="1")
    with pytest.raises(KeyError), export_folder(tmp_path / "out") as folder:
        (folder / "a").write_text("half")
        raise KeyError
    assert contents(tmp_path / "out") == {"a": "1"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("stopped", [PermissionError("no"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", ["node_modules", "new"])
def test_a_swap_that_fails_half_way_gives_the_earlier_export_back(tmp_path, monkeypatch, stopped, at):
    out = tmp_path / "out"
    write_export(out, a="1")
    for name in (".git", "node_modules"):
        (out / name).mkdir()
        (out / name / "file").write_text("mine")
    replace = os.replace

    def replace_until(source, target):
        if Path(source).name == at and Path(target).name in ("node_modules", "out"):
            raise stopped
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace_until)
        with pytest.raises((ExportError, KeyboardInterrupt)):
            write_export(out, a="2")
    assert (out / "a").read_text() == "1"
    assert [(out / name / "file").read_text() for name in (".git", "node_modules")] == ["mine", "mine"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["out", "shelf [1]"])
def test_one_that_was_killed_while_it_took_its_place_is_put_back(tmp_path, name):
    out = tmp_path / name
    write_export(out, a="1")
    left = tmp_path / f".{name}.export-killed"
    (left / "new" / ".git").mkdir(parents=True)  # taken over already
    (left / "new" / ".git" / "file").write_text("mine")
    out.rename(left / "old")
    with pytest.raises(ValueError), export_folder(tmp_path / "*"):  # is another one
        raise ValueError
    with pytest.raises(ValueError), export_folder(out):
        assert (out / "a").read_text() == "1" and (out / ".git" / "file").read_text() == "mine"
        raise ValueError
    assert (out / "a").read_text() == "1" and (out / ".git" / "file").read_text() == "mine"
    assert not (tmp_path / "*").exists()


def test_one_that_cannot_be_put_back_at_once_is_by_the_next_export(tmp_path, monkeypatch):
    out = tmp_path / "out"
    write_export(out, a="1")
    replace = os.replace

    def nothing_gets_there(source, target):
        if Path(target) == out:
            raise PermissionError("no")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", nothing_gets_there)
        with pytest.raises(ExportError, match="cannot be written"):
            write_export(out, a="2")
    assert not out.exists()
    with pytest.raises(ValueError), export_folder(out):
        assert (out / "a").read_text() == "1"
        raise ValueError
    assert contents(out) == {"a": "1"}


def test_work_that_appears_meanwhile_is_not_replaced(tmp_path):
    write_export(tmp_path / "out", a="1")
    with pytest.raises(ExportError, match="was changed"), export_folder(tmp_path / "out"):
        (tmp_path / "out" / "a").write_text("mine")
    assert contents(tmp_path / "out") == {"a": "mine"}


def test_the_version_follows_the_files_whatever_their_order():
    files = {"b": "2", "a": "1"}
    version = version_of(files)
    assert version == version_of(dict(sorted(files.items()))) and len(version) == 16
    others = [{"a": "1"}, {"a": "1", "b": "3"}, {"a": "1", "c": "2"}]
    assert len({version, *map(version_of, others)}) == 4
