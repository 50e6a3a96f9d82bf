import json

import numpy as np
import pytest

from skushare.dataset.formats import detect_format, read_dataset
from skushare.dataset.labelme import read_labelme
from skushare.errors import DatasetError
from skushare.images import write_image


def shape(points=((1, 2), (30.5, 40)), kind="rectangle", **more):
    return {"label": "tea", "points": points, "group_id": None, "shape_type": kind, "flags": {}, **more}


def write(path, *shapes, **more):
    """As LabelMe does, the picture within."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"version": "5.2.1", "flags": {}, "shapes": shapes, "imagePath": f"{path.stem}.jpg"}
    content |= {"imageData": "/9j/4AAQ" * 2000, "imageHeight": 50, "imageWidth": 100, **more}
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("entry", "box"),
    [
        (shape(), [1, 2, 30.5, 40]),
        (shape(((30.5, 40), (1, 2))), [1, 2, 30.5, 40]),  # drawn from its lower right corner
        (shape(((1, 40), (30.5, 2))), [1, 2, 30.5, 40]),
        (shape(((1, 2), (30, 2), (30, 40), (1, 40))), [1, 2, 30, 40]),  # as AnyLabeling has them
        (shape(((5, 1), (9, 8), (1, 8)), "polygon"), [1, 1, 9, 8]),
        ({"label": "tea", "points": [[5, 1], [9, 8], [1, 8]]}, [1, 1, 9, 8]),  # of an early LabelMe
        (shape(((10, 10), (13, 14)), "circle"), [5, 5, 15, 15]),
        (shape(((1, 2), (3, 4)), "mask", mask="iVBOR"), [1, 2, 3, 4]),
        (shape(((1, 2),), "point"), None),
        (shape(((1, 2), (3, 4)), "line"), None),
        (shape(((5, 1), (9, 4), (5, 8), (1, 4)), "oriented_rectangle"), [1, 1, 9, 8]),
    ],
)
def test_shapes_become_the_box_around_them(tmp_path, entry, box):
    path = write(tmp_path / "a.json", entry)
    (sample,) = read_labelme(path, raw=True).samples
    assert (sample.path, sample.width, sample.height) == (tmp_path / "a.jpg", 100, 50)
    np.testing.assert_allclose(sample.boxes, np.reshape(box or [], (-1, 4)))


def test_a_file_with_sorted_keys_and_its_picture_in_it_is_recognised(tmp_path):
    content = json.loads(write(tmp_path / "a.json", shape()).read_text()) | {"imageData": "A" * 10_000}
    (tmp_path / "a.json").write_text(json.dumps(content, sort_keys=True))
    assert detect_format(tmp_path) == "labelme"


def test_a_score_marks_a_machine_made_label(tmp_path):
    write(tmp_path / "a.json", shape(score=None), shape(score=0.25), shape(label="oat", difficult=False))
    dataset = read_labelme(tmp_path)
    np.testing.assert_allclose(dataset.samples[0].scores, [1, 0.25, 1])
    assert dataset.labels == ("oat", "tea") and dataset.samples[0].class_ids.tolist() == [1, 1, 0]


def test_what_is_difficult_is_a_region_to_be_ignored(tmp_path):
    write(tmp_path / "a.json", shape(score=0.9, difficult=True), shape())
    assert read_labelme(tmp_path).samples[0].ignored.tolist() == [True, False]


@pytest.mark.parametrize(
    ("files", "splits"),
    [
        (["a.json"], [""]),
        (["valid/b.json", "train/a.json"], ["train", "val"]),
        (["images/test/b.json", "images/train/a.json"], ["train", "test"]),
        (["shop1/a.json", "shop2/b.json"], ["shop1", "shop2"]),
        (["labels/a.json", "labels/b.json"], ["", ""]),
    ],
)
def test_layouts_are_recognised(tmp_path, files, splits):
    for file in files:
        assert detect_format(write(tmp_path / file, shape())) == "labelme"
    assert detect_format(tmp_path) == "labelme"
    assert [sample.split for sample in read_dataset(tmp_path).samples] == splits


@pytest.mark.parametrize(
    "name", ["../images/other.jpg", "..\\images\\other.jpg", "C:\\shop\\other.jpg", None]
)
def test_the_image_is_found_by_its_name_or_the_files(tmp_path, name):
    write(tmp_path / "labels" / "a.json", shape(), imagePath=name, imageHeight=None, imageWidth=None)
    image = tmp_path / "images" / ("other.jpg" if name else "a.jpg")
    image.parent.mkdir()
    write_image(image, np.zeros((20, 60, 3), np.uint8))
    (sample,) = read_dataset(tmp_path).samples
    assert sample.path == image
    (sample,) = read_dataset(tmp_path, images=tmp_path / "images").samples
    assert sample.path == image and (sample.width, sample.height) == (60, 20)


def test_of_labels_that_name_one_photo_each_is_of_its_own_stem(tmp_path):
    for name in "abc":
        write(tmp_path / f"{name}.json", shape(), imagePath="a.jpg")
    for name in "ab":
        (tmp_path / f"{name}.jpg").touch()
    with pytest.raises(DatasetError, match=r"c\.json: labels a\.jpg as a\.json does; correct"):
        read_labelme(tmp_path)
    (tmp_path / "c.jpg").touch()
    assert [sample.path.stem for sample in read_labelme(tmp_path).samples] == ["a", "b", "c"]


def test_a_coco_file_beside_the_labels_is_read_in_their_place(tmp_path):
    write(tmp_path / "a.json", shape())
    coco = {"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [], "categories": []}
    (tmp_path / "train.json").write_text(json.dumps(coco))
    assert detect_format(tmp_path) == "coco"


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({}, "shape 2: .*'label' is missing"),
        (shape(label=""), "shape 2: .*label is empty"),
        (shape([]), "shape 2"),
        (shape([[1, 2, 3]]), "shape 2: .*no pairs"),
        (shape([["a", 1], [2, 3]]), "shape 2: .*'a'"),
        (shape([[1, 2]], "circle"), "shape 2"),
        (shape(score="high"), "shape 2: .*'high'"),
        (shape([[float("nan"), 1], [2, 3]]), "pixels"),
        (shape([[1e300, 1], [2, 3]]), "pixels"),
        ("tea", "shape 2"),
    ],
)
def test_a_shape_that_makes_no_sense_is_named_with_its_place(tmp_path, entry, reason):
    write(tmp_path / "bad.json", shape(), entry)
    with pytest.raises(DatasetError, match=rf"bad\.json.*{reason}"):
        read_labelme(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"shapes": 3}', '{"version": "5"}', '{"shapes": [], "imagePath": 3}']
)
def test_a_file_that_is_none_is_named(tmp_path, text):
    write(tmp_path / "a.json", shape())
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(DatasetError, match=r"bad\.json"):
        read_dataset(tmp_path)
