import os
from pathlib import Path

import pytest

from skushare.dataset import layout
from skushare.dataset.dataset import Sample
from skushare.dataset.layout import inside, place_images, unique_names
from skushare.errors import DatasetError
from skushare.workspace import numbered


def sample(path):
    return Sample(Path(path), 10, 10)


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


def test_each_of_many_photos_of_one_name_has_its_number_at_once(monkeypatch):
    tried = []

    def counted(*args):
        for name in numbered(*args):
            tried.append(name)
            yield name

    monkeypatch.setattr(layout, "numbered", counted)
    names = [name for name, _ in unique_names([sample(f"{visit}/shelf.jpg") for visit in range(300)])]
    assert names == ["shelf.jpg", *(f"shelf_{number}.jpg" for number in range(2, 301))]
    assert len(tried) == 300


def test_a_missing_image_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"none\.jpg.*missing; put it there"):
        place_images([("1.jpg", sample(tmp_path / "none.jpg"))], tmp_path / "out")
