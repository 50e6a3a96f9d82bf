import os

import numpy as np
import pytest

from skushare.dataset import thumbnails as module
from skushare.dataset.thumbnails import SIDE, thumbnails
from skushare.errors import ImageError
from skushare.images import write_image
from skushare.jpeg import decode_jpeg


@pytest.fixture
def pictures(tmp_path):
    paths = [tmp_path / f"{number}.jpg" for number in range(3)]
    for number, path in enumerate(paths):
        write_image(path, np.full((800, 1000, 3), 60 * number, np.uint8))
    return paths


@pytest.fixture
def reads(monkeypatch):
    """Paths that were decoded."""
    read, paths = module.read_image, []
    monkeypatch.setattr(
        module, "read_image", lambda path, **options: paths.append(path) or read(path, **options)
    )
    return paths


def shades(jpegs):
    return [int(decode_jpeg(jpeg).mean().round()) for jpeg in jpegs]


def test_they_are_small_in_order_and_made_once(pictures, reads, tmp_path):
    first = thumbnails(pictures, tmp_path / "kept")
    assert shades(first) == [0, 60, 120] and decode_jpeg(first[0]).shape == (SIDE * 4 // 5, SIDE, 3)
    assert thumbnails(pictures, tmp_path / "kept") == first and len(reads) == 3


def test_a_changed_image_gets_a_new_one(pictures, reads, tmp_path):
    thumbnails(pictures, tmp_path / "kept")
    write_image(pictures[0], np.full((800, 1000, 3), 200, np.uint8))
    assert shades(thumbnails(pictures, tmp_path / "kept")) == [200, 60, 120] and len(reads) == 4


def test_one_that_was_cut_off_is_made_again(pictures, tmp_path):
    first = thumbnails(pictures, tmp_path / "kept")
    for kept in (tmp_path / "kept").rglob("*.jpg"):
        kept.write_bytes(kept.read_bytes()[:100])
    assert thumbnails(pictures, tmp_path / "kept") == first


@pytest.mark.parametrize(
    "content, message", [(None, "no such file"), (b"", "empty"), (b"\xff\xd8text", "not a picture")]
)
def test_in_the_place_of_a_damaged_image_is_the_reason(pictures, tmp_path, content, message):
    pictures[1].unlink()
    if content is not None:
        pictures[1].write_bytes(content)
    made = thumbnails(pictures, tmp_path / "kept")
    assert isinstance(made[1], ImageError) and message in str(made[1])
    assert shades([made[0], made[2]]) == [0, 120]


def test_a_disk_that_takes_nothing_does_not_keep_from_looking(pictures, tmp_path):
    assert shades(thumbnails(pictures, tmp_path / "no such" / "folder")) == [0, 60, 120]
    assert not (tmp_path / "no such").exists()  # the dataset was deleted meanwhile: nothing of it comes back


def test_no_pictures_take_no_thumbnails(tmp_path):
    assert thumbnails([], tmp_path) == [] and os.listdir(tmp_path) == []
