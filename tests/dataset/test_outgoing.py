import errno
import os
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from skushare.dataset import outgoing, store
from skushare.dataset.formats import FORMATS, read_dataset
from skushare.errors import DatasetError, SkushareError
from skushare.text import counted


@pytest.fixture
def shop(store_folder, make_dataset):
    """A stored dataset whose second picture has no box by its file and one by an edit; gives its store."""
    store.add_dataset(make_dataset(), "shop")
    store.change_boxes("shop", "shelf 1.png", [None], [[1, 2, 9, 12, 1, 1]], "added a box")
    for path in (store_folder / "shop" / "images").iterdir():
        os.utime(path, (0, 0))  # 1970, which no zip can say
    return store_folder


@pytest.mark.parametrize("format", FORMATS)
def test_a_zip_holds_what_convert_writes_with_the_edits_and_leaves_nothing_behind(shop, tmp_path, format):
    written, packed = [], []
    file, left_out = outgoing.zip_dataset(
        "shop",
        format,
        lambda items: written.extend(items) or written,
        lambda items: packed.extend(items) or packed,
    )
    with file, zipfile.ZipFile(file) as archive:
        archive.extractall(tmp_path / "unpacked")
        assert len(archive.namelist()) == len(packed) and len(written) == 3
    found = {sample.path.stem: sample for sample in read_dataset(tmp_path / "unpacked").samples}
    raw = store.open_dataset("shop")
    kept, boxes = ([len(sample.boxes) for sample in one.samples] for one in (raw.cleaned(), raw))
    assert [len(found[sample.path.stem].boxes) for sample in raw.samples] == kept
    np.testing.assert_allclose(found["shelf 1"].boxes, [[1, 2, 9, 12]], atol=1e-3)
    (told,) = left_out
    lost = counted(sum(boxes) - sum(kept), "box")
    assert told.startswith(f"left out {lost} without area, outside of the image")
    assert [path.name for path in shop.parent.iterdir()] == ["datasets"]


def fill_disk(*args, **options):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("place", ["os.fsync", "zipfile.ZipFile.write", "tempfile.TemporaryFile"])
def test_a_full_disk_is_told_with_the_place_to_free_and_nothing_is_left(shop, monkeypatch, place):
    monkeypatch.setattr(place, fill_disk)
    with pytest.raises(SkushareError, match="No space left on device.*free space") as told:
        outgoing.zip_dataset("shop", "coco")
    assert str(told.value).startswith(str(shop.parent)) and "incoming" not in str(told.value)
    assert [path.name for path in shop.parent.iterdir()] == ["datasets"]


def test_more_than_a_browser_is_given_is_refused_before_the_work(shop, monkeypatch):
    monkeypatch.setattr(outgoing, "LARGEST", 200)
    with pytest.raises(DatasetError, match="MB at most; .* skushare data convert shop FOLDER --to voc$"):
        outgoing.zip_dataset("shop", "voc", progress=lambda items: pytest.fail("began"))


def test_a_missing_or_no_picture_is_told(shop, monkeypatch):
    (shop / "shop" / "images" / "shelf 2.png").unlink()
    with pytest.raises(DatasetError, match="shelf 2.png: this labelled picture is missing"):
        outgoing.zip_dataset("shop", "yolo")
    empty = replace(store.open_dataset("shop"), samples=())
    monkeypatch.setattr(outgoing, "open_dataset", lambda name: empty)
    with pytest.raises(DatasetError, match="shop: has no pictures"):
        outgoing.zip_dataset("shop", "yolo")
