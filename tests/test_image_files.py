import errno
import os
from pathlib import Path

import pytest

from skushare.errors import ImageError
from skushare.image_files import find_images
from skushare.images import read_header, read_image


def test_find_images(tmp_path):
    for name in ("b/2.PNG", "b/1.jpg", "a/x.jpeg", "a/notes.txt", ".hidden/1.jpg", "b/.1.jpg", "odd.dat"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in find_images([tmp_path])]
    assert found == ["a/x.jpeg", "b/1.jpg", "b/2.PNG"]
    found = find_images([tmp_path / "odd.dat", tmp_path / "b" / "1.jpg", tmp_path / "b", tmp_path / "a/../b"])
    assert [path.name for path in found] == ["odd.dat", "1.jpg", "2.PNG"]
    assert find_images([]) == []
    with pytest.raises(ImageError, match="nowhere"):
        find_images([tmp_path, tmp_path / "nowhere"])
    with pytest.raises(ImageError, match="^'': no such file"):  # of "$PHOTOS" where that is unset
        find_images([""])


def test_a_pipe_is_neither_searched_out_nor_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.jpg")
    (tmp_path / "y.jpg").touch()
    (tmp_path / "z.jpg").symlink_to(tmp_path / "gone.jpg")  # to be named where it is read
    assert [path.name for path in find_images([tmp_path])] == ["y.jpg", "z.jpg"]
    for read in (read_image, read_header, lambda path: find_images([path])):
        with pytest.raises(ImageError, match="x.jpg: is a pipe or a device; give a file"):
            read(tmp_path / "x.jpg")


def test_find_images_where_a_link_leads_to_itself(tmp_path):
    (tmp_path / "1.jpg").touch()
    (tmp_path / "2.jpg").symlink_to(tmp_path / "2.jpg")
    assert [path.name for path in find_images([tmp_path])] == ["1.jpg", "2.jpg"]


def test_find_images_in_folders_that_are_links(tmp_path):
    for name in ("shop/b/1.jpg", "shop/b/deep/2.jpg", "card/3.jpg", "card/more/4.jpg", "other/5.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    links = {"shop/a": "shop/b", "shop/c": "card", "card/back": "shop", "shop/b/up": ".", "shop/none": "gone"}
    for link, target in links.items():
        (tmp_path / link).symlink_to(tmp_path / target)
    found = [path.relative_to(tmp_path).as_posix() for path in find_images([tmp_path / "shop"])]
    assert found == ["shop/b/1.jpg", "shop/b/deep/2.jpg", "shop/c/3.jpg", "shop/c/more/4.jpg"]


def test_a_folder_that_cannot_be_searched_is_named(tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir()
    (tmp_path / "1.jpg").touch()
    scan = os.scandir

    def refuse(folder):
        if Path(folder).name == "locked":
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ImageError, match="locked: cannot be searched"):
        find_images([tmp_path])


def test_find_images_in_a_folder_of_a_thousand(tmp_path):
    for i in range(1000):
        (tmp_path / f"{i:04d}.jpg").touch()
    found = find_images([tmp_path])
    assert len(found) == 1000 and found == sorted(found)
