import json

import numpy as np
import pytest

from skushare.dataset.coco import read_coco
from skushare.errors import DatasetError


def write(folder, images=None, annotations=(), categories=({"id": 7, "name": "sku"},)):
    images = [{"id": 3, "file_name": "a.jpg", "width": 100, "height": 50}] if images is None else images
    path = folder / "train.json"
    path.write_text(
        json.dumps({"images": images, "annotations": list(annotations), "categories": list(categories)})
    )
    return path


def annotation(bbox, **more):
    return {"id": 1, "image_id": 3, "category_id": 7, "bbox": bbox, **more}


def test_boxes_become_xyxy_and_ids_positions(tmp_path):
    dataset = read_coco(
        write(tmp_path, annotations=[annotation([10, 5, 20, 30]), annotation([0, 0, 5, 5], score=0.4)])
    )
    (sample,) = dataset.samples
    np.testing.assert_allclose(sample.boxes, [[10, 5, 30, 35], [0, 0, 5, 5]])
    assert sample.class_ids.tolist() == [0, 0] and dataset.labels == ("sku",)
    np.testing.assert_allclose(sample.scores, [1, 0.4])


@pytest.mark.parametrize(
    ("bbox", "expected"),
    [
        ([-10, -10, 30, 30], [[0, 0, 20, 20]]),  # outside: clipped
        ([90, 40, 50, 50], [[90, 40, 100, 50]]),
        ([200, 10, 20, 20], []),  # wholly outside
        ([10, 10, 0, 20], []),  # without area
        ([10, 10, -5, 20], []),  # inverted
    ],
)
def test_boxes_are_clipped_and_dropped_when_nothing_is_left(tmp_path, bbox, expected):
    (sample,) = read_coco(write(tmp_path, annotations=[annotation(bbox)])).samples
    np.testing.assert_allclose(sample.boxes, np.reshape(expected, (-1, 4)))


def test_pictures_without_boxes_are_kept_and_crowds_left_out(tmp_path):
    (sample,) = read_coco(write(tmp_path, annotations=[annotation([1, 1, 9, 9], iscrowd=1)])).samples
    assert sample.boxes.shape == (0, 4)


@pytest.mark.parametrize("folder", ["train", "images", "."])
def test_images_are_looked_for_beside_the_file(tmp_path, folder):
    (tmp_path / folder).mkdir(exist_ok=True)
    assert read_coco(write(tmp_path)).samples[0].path == tmp_path / folder / "a.jpg"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"images": 3, "annotations": [], "categories": []}', "\x00"]
)
def test_a_file_that_is_not_coco_is_named(tmp_path, text):
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(DatasetError, match=r"bad\.json"):
        read_coco(tmp_path / "bad.json")


@pytest.mark.parametrize(
    "annotation_", [{"id": 1, "image_id": 99, "category_id": 7, "bbox": [1, 1, 2, 2]}, annotation([1, 2, 3])]
)
def test_an_annotation_that_fits_no_image_or_box_is_refused(tmp_path, annotation_):
    with pytest.raises(DatasetError, match=r"train\.json"):
        read_coco(write(tmp_path, annotations=[annotation_]))


def test_a_missing_file_or_folder_is_named(tmp_path):
    with pytest.raises(DatasetError, match="none"):
        read_coco(tmp_path / "none.json")
    with pytest.raises(DatasetError, match="nowhere"):
        read_coco(write(tmp_path), images=tmp_path / "nowhere")
