import os
from dataclasses import replace

import numpy as np
import pytest

from skushare.dataset.dataset import Sample
from skushare.errors import ImageError
from skushare.images import write_image
from skushare.training import photos
from skushare.training.augment import useful_scale
from skushare.training.config import TrainingConfig
from skushare.training.photos import Photos, prune_copies

RNG = np.random.default_rng(0)


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """A photo of 400 x 200 pixels with a box in its right half."""
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    write_image(tmp_path / "photo.png", RNG.integers(0, 255, (200, 400, 3), dtype=np.uint8))
    return Sample(tmp_path / "photo.png", 400, 200, [[200, 0, 400, 200]])


def half(width, height):
    return 0.5


def copies(tmp_path):
    return list((tmp_path / "workspace").rglob("*.jpg"))


def test_a_photo_much_larger_than_needed_comes_smaller_with_its_boxes(sample, tmp_path):
    image, scaled = Photos(half, 1 << 20).get(sample)
    assert image.shape == (100, 200, 3) and (scaled.width, scaled.height) == (200, 100)
    np.testing.assert_array_equal(scaled.boxes, [[100, 0, 200, 100]])
    assert len(copies(tmp_path)) == 1


def test_a_photo_whose_name_is_no_text_has_a_copy_too(sample, tmp_path):
    path = sample.path.rename(tmp_path / os.fsdecode(b"\xff.png"))
    Photos(half, 1 << 20).get(replace(sample, path=path))
    assert len(copies(tmp_path)) == 1


def test_a_photo_hardly_larger_comes_as_it_is(sample, tmp_path):
    image, same = Photos(lambda *_: 0.9, 1 << 20).get(sample)
    assert image.shape == (200, 400, 3) and same is sample and not copies(tmp_path)


def test_pixels_are_the_same_however_they_come(sample, tmp_path, monkeypatch):
    first = Photos(half, 1 << 20).get(sample)[0]
    (copy,) = copies(tmp_path)
    from_disk = Photos(half, 1 << 20).get(sample)[0]
    copy.write_bytes(copy.read_bytes()[:100])
    past_a_damaged_copy = Photos(half, 1 << 20).get(sample)[0]
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(sample.path))  # a file: no folder can be made in it
    without_disk = Photos(half, 1 << 20).get(sample)[0]
    for image in (from_disk, past_a_damaged_copy, without_disk):
        np.testing.assert_array_equal(image, first)


@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_a_photo_that_is_gone_is_named_in_words(sample, scale):
    sample.path.unlink()
    with pytest.raises(ImageError, match=r"photo\.png: .*check"):
        Photos(lambda *_: scale, 1 << 20).get(sample)


def test_a_photo_that_changed_is_not_taken_from_its_old_copy(sample):
    before = Photos(half, 1 << 20).get(sample)[0]
    write_image(sample.path, np.zeros((200, 400, 3), np.uint8))
    assert (Photos(half, 1 << 20).get(sample)[0] != before).any()


def test_memory_stays_within_its_limit_and_is_told_ahead(sample, tmp_path):
    others = [replace(sample, path=tmp_path / f"{i}.png") for i in range(3)]
    for other in others:
        write_image(other.path, np.zeros((200, 400, 3), np.uint8))
    cache = Photos(half, limit=100 * 200 * 3 * 2)
    for other in others * 2:
        cache.get(other)
    assert cache.size == cache.limit == cache.bytes_of(others) and len(cache._images) == 2
    assert cache.bytes_of(others[:1]) == 100 * 200 * 3


@pytest.mark.parametrize(
    ("resize", "width", "height", "scale"),
    [
        ("fit", 3000, 2000, 1024 * 1.5 / 3000),
        ("fit", 1000, 800, 1.0),
        ("stretch", 3000, 2000, 320 / 0.4 / 2000),
        ("stretch", 640, 480, 1.0),
    ],
)
def test_the_scale_keeps_what_the_largest_crop_shows(resize, width, height, scale):
    config = TrainingConfig(min_scale=0.4, max_scale=1.5, aspect_jitter=0.0)
    assert useful_scale(width, height, 320, resize, config) == pytest.approx(scale)


def test_a_small_machine_keeps_fewer(monkeypatch):
    memory = photos.psutil.virtual_memory()._replace(total=4 << 30)
    monkeypatch.setattr(photos.psutil, "virtual_memory", lambda: memory)
    assert photos.cache_limit() == 1 << 30


def test_the_oldest_copies_go_when_there_are_too_many(sample, tmp_path):
    for number in range(3):
        write_image(sample.path, np.full((200, 400, 3), 80 * number, np.uint8))
        Photos(half, 1 << 20).get(sample)
        for path in copies(tmp_path):
            os.utime(path, (path.stat().st_mtime - 100,) * 2)
    newest = max(copies(tmp_path), key=lambda path: path.stat().st_mtime)
    left = newest.with_name(f".{newest.name}.abcdefgh")  # as write_file leaves it in a process that is killed
    left.write_bytes(b"half")
    os.utime(left, (newest.stat().st_mtime - 50,) * 2)
    prune_copies(newest.stat().st_size)
    assert copies(tmp_path) == [newest] and not left.exists()
    prune_copies()
    assert copies(tmp_path) == [newest]
