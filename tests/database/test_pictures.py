import os
from pathlib import Path

import pytest

from skushare.database import pictures
from skushare.errors import DatabaseError, SkushareError

pytestmark = pytest.mark.usefixtures("sqlite")


@pytest.mark.parametrize("data", [b"", b"jpeg", bytes(range(256)) * 1000])
def test_what_is_put_comes_back(data):
    assert pictures.get(pictures.put(data)) == data


def test_the_same_bytes_are_kept_once():
    assert pictures.put(b"shelf") == pictures.put(b"shelf")
    assert sum(path.is_file() for path in pictures.pictures_folder().rglob("*")) == 1


@pytest.mark.parametrize("damaged", [b"she", b"shall"])
def test_a_damaged_picture_is_noticed_and_replaced_by_the_next_put(damaged):
    digest = pictures.put(b"shelf")
    pictures.picture_path(digest).write_bytes(damaged)
    with pytest.raises(DatabaseError, match="damaged"):
        pictures.get(digest)
    assert pictures.get(pictures.put(b"shelf")) == b"shelf"


def test_a_picture_whose_time_cannot_be_set_is_written_again(monkeypatch):
    digest = pictures.put(b"shelf")

    def deny(path):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(pictures.os, "utime", deny)
    os.unlink(pictures.picture_path(digest))
    assert pictures.put(b"shelf") == digest == pictures.put(b"shelf") and pictures.get(digest) == b"shelf"


def test_a_missing_picture_is_named():
    with pytest.raises(DatabaseError, match="cannot be read"):
        pictures.get("0" * 64)


def test_a_folder_that_cannot_be_is_said():
    pictures.pictures_folder().parent.mkdir()
    pictures.pictures_folder().write_bytes(b"a file in its place")
    with pytest.raises(SkushareError, match="pictures"):
        pictures.put(b"shelf")


def test_what_a_killed_process_left_of_a_picture_goes_with_a_later_one_beside_it():
    kept = pictures.picture_path(pictures.put(b"shelf"))
    old, young = (kept.with_name(f".{kept.name}.{end}") for end in ("abcdefg0", "abcdefg1"))
    for path in (old, young):
        path.write_bytes(b"she")
    os.utime(old, (1, 1))
    kept.unlink()
    pictures.put(b"shelf")
    assert not old.exists() and young.exists()


def test_a_picture_is_removed_only_when_it_is_old_enough():
    digest = pictures.put(b"shelf")
    assert not pictures.remove(digest, spared=60) and pictures.get(digest) == b"shelf"
    os.utime(pictures.picture_path(digest), (1, 1))
    assert pictures.remove(digest, spared=60)
    assert not pictures.remove(digest, spared=60)
    assert [path for path in pictures.pictures_folder().rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("moment", ["before it is moved aside", "after it is moved aside"])
def test_a_picture_that_is_put_while_an_old_one_is_removed_stays(monkeypatch, moment):
    digest = pictures.put(b"shelf")
    os.utime(pictures.picture_path(digest), (1, 1))
    rename = Path.rename

    def rename_as_somebody_puts_it(path, target):
        if moment.startswith("before"):
            pictures.put(b"shelf")
        rename(path, target)
        if moment.startswith("after"):
            pictures.put(b"shelf")

    monkeypatch.setattr(Path, "rename", rename_as_somebody_puts_it)
    pictures.remove(digest, spared=60)
    assert pictures.get(digest) == b"shelf"
    assert [path.name for path in pictures.pictures_folder().rglob("*") if path.is_file()] == [digest]
