import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from skushare.dataset import intake, store
from skushare.dataset.coco import write_coco
from skushare.dataset.tfrecord import write_tfrecord
from skushare.errors import SkushareError


def zipped(files):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    archive.seek(0)
    archive.name = "shop.zip"
    return archive


@pytest.fixture
def files(make_dataset, tmp_path):
    """Names and contents of a COCO dataset."""
    folder = tmp_path / "coco"
    folder.mkdir()
    write_coco(make_dataset(), folder)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("prefix", ["", "shop/", "a/b/"])
def test_a_zip_becomes_a_dataset_however_deep_it_lies(store_folder, make_dataset, files, prefix):
    content = {prefix + name: data for name, data in files.items()} | {f"{prefix}notes.exe": b""}
    intake.add_archive(zipped(content), "shop")
    stored, made = store.open_dataset("shop"), make_dataset()
    assert len(stored) == 3 and stored.labels == made.labels
    assert sum(len(s.boxes) for s in stored.samples) == 5  # wrong boxes are for the health checks to find
    assert stored.provenance["source"] == "shop.zip" and "notes.exe" in stored.provenance["left out"]
    assert sorted(store_folder.parent.iterdir()) == [store_folder]  # nothing is left lying about


@pytest.mark.parametrize(
    "name",
    ["a.tfrecord", "a.tfrecords", "a.record", "tf.records", "tf.records-00000-of-00001", "a-00000-of-00001"],
)
def test_records_are_read_from_a_zip_whatever_they_are_called(store_folder, make_dataset, tmp_path, name):
    (tmp_path / "made").mkdir()
    made = make_dataset()
    write_tfrecord(replace(made, samples=made.samples[:1]), tmp_path / "made")
    (record,) = (tmp_path / "made").glob("*.tfrecord")
    intake.add_archive(zipped({name: record.read_bytes()}), "shop")
    assert len(store.open_dataset("shop")) == 1


@pytest.mark.parametrize("name", ["../../secret.png", "/etc/hostname"])
def test_labels_cannot_fetch_pictures_from_outside_of_the_zip(store_folder, tmp_path, name):
    (tmp_path / "secret.png").write_bytes(b"secret")
    content = {
        "images": [{"id": 1, "file_name": name, "width": 9, "height": 9}],
        "annotations": [],
        "categories": [],
    }
    with pytest.raises(SkushareError, match="none of the 1 photos is there"):
        intake.add_archive(zipped({"images/a.jpg": b"x", "all.json": json.dumps(content)}), "shop")
    assert store.dataset_names() == []


@pytest.mark.parametrize(
    "content, message",
    [
        ({"a.jpg": b"x"}, "no labels"),
        ({"../a.jpg": b"x"}, "leads out"),
        ({"a.exe": b"x"}, "neither"),
        ({"a.txt": b"x", "b.rar": b"x"}, "b.rar in it was not unpacked, so do that first"),
        ({}, "neither"),
    ],
)
def test_a_zip_without_a_dataset_is_refused(store_folder, content, message):
    with pytest.raises(SkushareError, match=message):
        intake.add_archive(zipped(content), "shop")
    assert store.dataset_names() == []


@pytest.mark.parametrize(
    "content, message",
    [
        ({"a/b.txt": b"x", "c.bin": b"x"}, "shop.zip: no labels of a known format; the zip must hold"),
        ({"in/Annotations/a.xml": b"<"}, "shop.zip/in/Annotations/a.xml: not an XML file"),
        (
            {"train/_annotations.txt": b"a.jpg 1,2,3,4,0\n", "train/a.jpg": b"x", "valid/b.jpg": b"x"},
            "shop.zip/train/_annotations.txt: labels for YOLOv4 PyTorch or YOLOv3 Keras; export them as COCO",
        ),
        (
            {"train/labelTxt/a.txt": b"0 0 9 0 9 9 0 9 s 0\n", "train/images/a.jpg": b"x"},
            "shop.zip/train/labelTxt: boxes at an angle",
        ),
    ],
)
def test_an_error_names_the_zip_and_no_path_of_the_server(store_folder, content, message):
    with pytest.raises(SkushareError) as error:
        intake.add_archive(zipped(content), "shop")
    assert str(error.value).startswith(message)
    assert str(store_folder.parent) not in str(error.value) and "docs/" not in str(error.value)


def test_a_taken_name_is_refused_before_anything_is_unpacked(store_folder, make_dataset):
    store.add_dataset(make_dataset(), "shop")
    with pytest.raises(SkushareError, match="taken"):
        intake.add_archive(io.BytesIO(b"no zip at all"), "shop")


def test_a_workspace_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "file"))
    with pytest.raises(SkushareError, match="file: is a file; name a folder"):
        intake.add_example()


def test_the_example_has_splits_and_brands_with_boxes(store_folder, monkeypatch):
    monkeypatch.setattr(intake, "EXAMPLE_SPLITS", ("train", "val"))
    seen = []
    intake.add_example("try", progress=lambda items: (seen.append(item) or item for item in items))
    dataset = store.open_dataset("try")
    assert dataset.splits == ("train", "val") and len(dataset.labels) == 6 and seen == ["train", "val"]
    for sample in dataset.samples:
        assert len(sample.boxes) and sample.path.is_file()
        assert (sample.boxes >= 0).all() and (sample.boxes <= np.tile([sample.width, sample.height], 2)).all()
