import os
from pathlib import Path

import numpy as np
import pytest

from skushare.dataset.dataset import Sample
from skushare.dataset.layout import (
    inside,
    known_split,
    number_text,
    place_images,
    read_lines,
    read_text,
    split_files,
    split_of,
    unique_names,
)
from skushare.errors import DatasetError


def sample(path):
    nothing = np.zeros((0, 4), np.float32)
    return Sample(Path(path), 10, 10, nothing, nothing[:, 0].astype(np.int32), nothing[:, 0])


@pytest.mark.parametrize(
    ("name", "split", "known"),
    [
        ("train", "train", "train"),
        ("instances_train2017", "train", "train"),
        ("annotations_val", "val", "val"),
        ("valid", "val", "val"),
        ("Testing", "test", "test"),
        ("train_machine", "train_machine", None),
        ("annotations_extra", "extra", None),
        ("all", "", None),
        ("annotations", "", None),
    ],
)
def test_splits_are_recognised_by_the_names_that_tools_give(name, split, known):
    assert split_of(name) == split and known_split(name) == known


@pytest.mark.parametrize(
    ("splits", "names"),
    [
        (["train", "", "Shop 1"], ["train", "all", "Shop-1"]),
        (["Shop 1", "Shop-1", "Shop?1"], ["Shop-1-2", "Shop-1", "Shop-1-3"]),
        (["Train", "train", "TRAIN!"], ["Train-2", "train", "TRAIN-3"]),
        (["all", ""], ["all-2", "all"]),
        (["магазин", "лавка", "../x"], ["split-2", "split", "x"]),
    ],
)
def test_every_split_has_files_of_its_own_on_any_disk(splits, names):
    assert split_files(splits) == dict(zip(splits, names, strict=True))


@pytest.mark.parametrize("name", ["a.jpg", "b/a.jpg", "b/../a.jpg", "./a.jpg", "a b é.jpg", "..a.jpg"])
def test_a_name_below_the_folder_is_taken(tmp_path, name):
    assert inside(tmp_path, name, "x") == Path(os.path.normpath(tmp_path / name))


@pytest.mark.parametrize(
    "name", ["../a.jpg", "b/../../a.jpg", "/etc/passwd", "", ".", "a\0b", "../", None, 3]
)
def test_a_name_that_leads_out_is_refused(tmp_path, name):
    with pytest.raises(DatasetError, match="labels, line 3"):
        inside(tmp_path, name, "labels, line 3")


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["x/a.jpg", "y/a.jpg", "z/a.jpg"], ["a.jpg", "a_2.jpg", "a_3.jpg"]),
        (
            ["a.jpg", "a.png", "A.jpg"],
            ["a.jpg", "a_2.png", "A_3.jpg"],
        ),  # labels go by stem, disks ignore case
        (["a_2.jpg", "a.jpg", "b/a.jpg"], ["a_2.jpg", "a.jpg", "a_3.jpg"]),
        (["two\nlines.jpg", ".hidden.jpg", " a .jpg"], ["two_lines.jpg", "hidden.jpg", "a.jpg"]),
        (["run.sh", "noend"], ["run.jpg", "noend.jpg"]),
        (["bad\udcff.jpg"], ["bad_.jpg"]),
    ],
)
def test_names_are_unique_and_fit_every_list(paths, names):
    assert [name for name, _ in unique_names(map(sample, paths))] == names


def test_images_are_linked_and_copied_where_that_is_impossible(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(b"pixels")
    (tmp_path / "link.jpg").symlink_to("a.jpg")
    place_images([("1.jpg", sample(tmp_path / "link.jpg"))], tmp_path / "out")
    assert os.path.samefile(tmp_path / "out" / "1.jpg", tmp_path / "a.jpg")
    assert not (tmp_path / "out" / "1.jpg").is_symlink()

    def fail(*_):
        raise OSError("another file system")

    monkeypatch.setattr(os, "link", fail)
    place_images([("2.jpg", sample(tmp_path / "a.jpg"))], tmp_path / "out")
    assert (tmp_path / "out" / "2.jpg").read_bytes() == b"pixels"
    assert not os.path.samefile(tmp_path / "out" / "2.jpg", tmp_path / "a.jpg")


def test_a_missing_image_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"none\.jpg.*missing; put it there"):
        place_images([("1.jpg", sample(tmp_path / "none.jpg"))], tmp_path / "out")


@pytest.mark.parametrize("read", [read_text, lambda path: list(read_lines(path))])
def test_text_that_is_not_utf8_is_named_with_its_line(tmp_path, read):
    (tmp_path / "a.txt").write_bytes(b"fine\nal\xe9e\n")
    with pytest.raises(DatasetError, match=r"a\.txt, line 2.*UTF-8"):
        read(tmp_path / "a.txt")
    with pytest.raises(DatasetError, match="none"):
        read(tmp_path / "none")


def test_a_file_too_large_to_hold_is_refused_before_it_is_read(tmp_path):
    with open(tmp_path / "a.json", "wb") as file:
        file.truncate(3 << 30)  # takes no room on the disk
    with pytest.raises(DatasetError, match="split it"):
        read_text(tmp_path / "a.json")


@pytest.mark.parametrize("value", [0, 10, -3, 0.1, 1 / 3, 1e-7, 123456.78])
def test_numbers_are_short_and_exact(value):
    text = number_text(np.float32(value))
    assert np.float32(text) == np.float32(value) and (("." in text) == (float(text) != int(float(text))))
