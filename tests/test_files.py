import hashlib
import os
import resource
import stat
import time
from contextlib import contextmanager

import numpy as np
import pytest

from skushare.errors import SkushareError
from skushare.files import (
    atomic_folder,
    atomic_write,
    check_folder,
    check_new,
    check_target,
    drop_leftovers,
    make_folder,
    read_json,
    sha256,
    write_arrays,
)


def write(path, content=b"new", fail=None):
    with atomic_write(path) as handle:
        handle.write(content)
        if fail:
            raise fail


@pytest.mark.parametrize(
    ("content", "kind", "read"),
    [
        ('{"a": "é"}'.encode(), dict, {"a": "é"}),
        (b"[1]", list, [1]),
        (b"[1]", dict, {}),
        (b"null", list, []),
        (b"{", dict, {}),
        (b"\xff", dict, {}),
        (None, dict, {}),
    ],
)
def test_json_is_read_where_it_is_whole_and_of_the_kind(tmp_path, content, kind, read):
    if content is not None:
        write(tmp_path / "a", content)
    assert read_json(tmp_path / "a", kind) == read


def test_the_file_appears_whole_and_alone(tmp_path):
    write(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"new" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "failure", [ValueError("bug"), KeyboardInterrupt(), OSError(28, "No space left on device")]
)
def test_a_failure_keeps_the_old_file_and_leaves_nothing_behind(tmp_path, failure):
    write(tmp_path / "a", b"old")
    with pytest.raises((ValueError, KeyboardInterrupt, SkushareError)):
        write(tmp_path / "a", fail=failure)
    assert (tmp_path / "a").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("old", [b"old", None])
def test_of_a_link_the_place_that_it_leads_to_is_written(tmp_path, old):
    target, link = tmp_path / "elsewhere" / "b", tmp_path / "a"
    target.parent.mkdir()
    if old:
        target.write_bytes(old)
    link.symlink_to(target)
    check_target(link)
    write(link)
    assert link.is_symlink() and target.read_bytes() == b"new" and len(list(target.parent.iterdir())) == 1


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(SkushareError, match="nowhere"):
        write(tmp_path / "nowhere" / "a")


def test_others_may_read_what_was_written(tmp_path):
    write(tmp_path / "a")
    (tmp_path / "plain").touch()
    assert stat.S_IMODE(os.stat(tmp_path / "a").st_mode) == stat.S_IMODE(os.stat(tmp_path / "plain").st_mode)


def test_a_folder_appears_whole_and_alone(tmp_path):
    (tmp_path / "out").mkdir()  # an empty one may be there
    with atomic_folder(tmp_path / "out") as folder:
        (folder / "a").write_text("new")
        assert not any((tmp_path / "out").iterdir())
    assert (tmp_path / "out" / "a").read_text() == "new" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "failure", [ValueError("bug"), KeyboardInterrupt(), OSError(28, "No space left on device")]
)
def test_a_failure_leaves_no_folder_behind(tmp_path, failure):
    with (
        pytest.raises((ValueError, KeyboardInterrupt, SkushareError)),
        atomic_folder(tmp_path / "out") as folder,
    ):
        (folder / "a").touch()
        raise failure
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("is_there", [True, False])
def test_of_a_link_the_folder_that_it_leads_to_is_made(tmp_path, is_there):
    target, link = tmp_path / "elsewhere" / "b", tmp_path / "a"
    target.parent.mkdir()
    if is_there:
        target.mkdir()
    link.symlink_to(target)
    with atomic_folder(link) as folder:
        (folder / "new").touch()
    assert link.is_symlink() and (target / "new").exists() and len(list(target.parent.iterdir())) == 1


def test_the_folder_of_a_disk_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("os.path.ismount", lambda path: path == tmp_path)
    with pytest.raises(SkushareError, match="a disk is mounted; name a new folder in it"):
        check_new(tmp_path)


@pytest.mark.parametrize(
    "make", [lambda path: path.touch(), lambda path: (path.mkdir(), (path / "a").touch())]
)
def test_what_is_there_is_not_replaced_by_a_folder(tmp_path, make):
    make(tmp_path / "out")
    with pytest.raises(SkushareError, match="exists"), atomic_folder(tmp_path / "out"):
        pass


def test_what_cannot_be_written_in_a_folder_is_told_by_the_name_it_was_to_have(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SkushareError) as told, atomic_folder(tmp_path / "out") as folder:
        write(folder / "train.json")
    assert str(told.value).startswith(f"{tmp_path / 'out' / 'train.json'}: cannot be written (No space")


@pytest.fixture
def little_space():
    """A context in which no file can be larger than 1,000 bytes."""

    @contextmanager
    def limit():
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limit


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_arrays_are_written_whole_or_told_of_once(tmp_path, little_space):
    write_arrays(tmp_path / "a.npz", {"b/0": np.ones(3)})
    with little_space(), pytest.raises(SkushareError, match=r"a\.npz: cannot be written"):
        write_arrays(tmp_path / "a.npz", {"b/0": np.ones(99_999)})
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
    assert np.load(tmp_path / "a.npz")["b/0"].tolist() == [1, 1, 1]


def test_of_two_that_write_one_folder_the_slower_is_told(tmp_path):
    with (
        pytest.raises(SkushareError, match="out: exists already"),
        atomic_folder(tmp_path / "out"),
        atomic_folder(tmp_path / "out") as faster,
    ):
        (faster / "a").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "a"]


def test_a_folder_is_made_with_its_parents_or_is_there_already(tmp_path):
    for _ in range(2):
        assert make_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b" and (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize(
    ("look", "place"),
    [
        (make_folder, "file"),
        (make_folder, "file/below"),
        (make_folder, "/proc/none"),
        (check_new, "file/below"),
        (check_new, "/proc/none"),
        (check_folder, "file"),
        (check_folder, "missing"),
        (check_folder, "/proc"),
        (check_target, "folder"),
        (check_target, "missing/file"),
        (check_target, "file/below"),
        (check_target, "/proc/none"),
    ],
)
def test_what_cannot_be_written_is_named_beforehand(tmp_path, look, place):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(SkushareError, match=os.path.dirname(tmp_path / place)):
        look(tmp_path / place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize(
    "look",
    [check_new, check_target, make_folder, write, lambda path: atomic_folder(path).__enter__()],
)
def test_a_folder_that_may_not_be_entered_is_told(tmp_path, look):
    (tmp_path / "closed").mkdir(mode=0)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)
        with pytest.raises(SkushareError, match=r"cannot be written \(Permission denied"):
            look(tmp_path / "closed" / "new")
    finally:
        os.seteuid(user)


def test_a_file_in_place_of_a_folder_is_said(tmp_path):
    (tmp_path / "shelf.jpg").touch()
    with pytest.raises(SkushareError, match=r"shelf\.jpg: is a file; name a folder"):
        make_folder(tmp_path / "shelf.jpg")


def test_a_pipe_is_refused_and_stays(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SkushareError, match="pipe: is a device or a pipe"):
        check_target(tmp_path / "pipe")
    with pytest.raises(SkushareError, match="pipe: is a device or a pipe"), atomic_write(tmp_path / "pipe"):
        pass
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.skipif(not os.path.islink("/dev/fd"), reason="of Linux")
def test_a_file_that_others_write_to_is_not_replaced(tmp_path):
    with open(tmp_path / "log", "w") as log:
        print("before", file=log, flush=True)
        with pytest.raises(SkushareError, match="is a device or a pipe"):
            write(f"/dev/fd/{log.fileno()}")
        print("after", file=log)
    assert (tmp_path / "log").read_text() == "before\nafter\n"


def test_a_look_leaves_what_is_there(tmp_path):
    (tmp_path / "file").write_text("kept")
    check_target(tmp_path / "file")
    check_target(tmp_path / "new")
    check_folder(tmp_path)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["kept"]


def test_of_hidden_files_only_our_own_unfinished_ones_go(tmp_path):
    with atomic_write(tmp_path / "last.npz") as handle:
        ours = os.path.basename(handle.name)
    others = {".env", ".gitignore", ".env.json", ".eslintrc.json.bak", ".a.csv.12345678", "last.npz"}
    for name in {ours, *others}:
        (tmp_path / name).touch()
    (tmp_path / ".git").mkdir()
    drop_leftovers(tmp_path, ".*.npz.", ".*.json.", seconds=0)
    assert {path.name for path in tmp_path.iterdir()} == {*others, ".git"}


@pytest.mark.parametrize(
    ("name", "prefix", "age", "kept"),
    [
        (".in.a1b2c3_8", ".in.", 2, False),
        (".in.a1b2c3_8", ".in.", 0.5, True),
        ("in.a1b2c3_8", ".in.", 2, True),
        (".in.mine", ".in.", 2, True),
        (".my shop.a1b2c3_8", ".*.", 2, False),
        (".shop.deleted.a1b2c3_8", ".*.", 2, False),
        (".git", ".*.", 2, True),
        (".stfolder", ".*.", 2, True),
    ],
)
@pytest.mark.parametrize("is_folder", [True, False])
def test_only_what_is_old_and_of_the_name_is_dropped(tmp_path, name, prefix, age, kept, is_folder):
    if is_folder:
        (tmp_path / name).mkdir()
        (tmp_path / name / "half").touch()
    else:
        (tmp_path / name).touch()
    then = time.time() - age * 24 * 3600
    os.utime(tmp_path / name, (then, then))
    drop_leftovers(tmp_path, prefix)
    assert (tmp_path / name).exists() == kept


def test_a_folder_goes_that_a_killed_process_was_filling(tmp_path):
    then = time.time() - 2 * 24 * 3600
    for name in (".[o] ut.a1b2c3_8", ".other.a1b2c3_8"):
        (tmp_path / name / "new").mkdir(parents=True)
        os.utime(tmp_path / name, (then, then))
    with atomic_folder(tmp_path / "[o] ut"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.a1b2c3_8", "[o] ut"]


def test_the_digest_is_of_all_bytes_of_the_file(tmp_path):
    content = bytes(range(256)) * 8192  # of two blocks
    (tmp_path / "a").write_bytes(content)
    assert sha256(tmp_path / "a") == hashlib.sha256(content).hexdigest()
