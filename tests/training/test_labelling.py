import numpy as np
import pytest

from skushare.dataset.dataset import Dataset, Sample
from skushare.detections import Detections
from skushare.errors import DatasetError, ImageError
from skushare.images import write_image
from skushare.training.labelling import label_dataset, label_sample, unlabelled

HERE, SHIFTED, THERE = [10, 10, 30, 40], [12, 10, 32, 40], [60, 10, 80, 40]


def sample(boxes, scores, path="photo.png"):
    boxes = np.float32(boxes).reshape(-1, 4)
    return Sample(path, 100, 50, boxes, np.zeros(len(boxes), np.int32), np.float32(scores))


@pytest.mark.parametrize(
    ("labels", "found", "expected"),
    [
        pytest.param([], [], [], id="nothing"),
        pytest.param([], [(HERE, 0.7)], [(HERE, 0.7)], id="the model's alone"),
        pytest.param([(HERE, 0.6)], [], [(HERE, 0.6)], id="the other machine's alone"),
        pytest.param([(HERE, 1)], [(SHIFTED, 0.9)], [(HERE, 1)], id="a human's stays where it is"),
        pytest.param([(HERE, 1)], [(THERE, 0.4)], [(HERE, 1), (THERE, 0.4)], id="beside a human's"),
        pytest.param([(HERE, 0.4)], [(HERE, 0.8)], [(HERE, 0.8)], id="the surer score of two"),
        pytest.param([(HERE, 0.8)], [(THERE, 0.3)], [(HERE, 0.8), (THERE, 0.3)], id="two facings"),
    ],
)
def test_labels_of_one_facing_become_one(labels, found, expected):
    result = label_sample(
        sample([box for box, _ in labels], [score for _, score in labels]),
        Detections([box for box, _ in found], [score for _, score in found], np.zeros(len(found))),
    )
    np.testing.assert_allclose(
        result.boxes, np.float32([box for box, _ in expected]).reshape(-1, 4), atol=1e-4
    )
    np.testing.assert_allclose(result.scores, [score for _, score in expected])
    assert len(result.class_ids) == len(expected)


def test_what_two_machines_found_lies_between_their_boxes():
    result = label_sample(sample([HERE], [0.7]), Detections([SHIFTED], [0.6], [0]))
    assert result.boxes.shape == (1, 4) and HERE[0] < result.boxes[0, 0] < SHIFTED[0]


class EveryPhotoHasOne:
    name = "made"

    def detect(self, image, min_score):
        assert image.dtype == np.uint8 and min_score == 0.2
        return Detections([HERE], [0.9], [0])


def test_photos_without_labels_get_them(tmp_path):
    for name in ("b.png", "deep/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_image(tmp_path / name, np.zeros((50, 100, 3), np.uint8))
    dataset = label_dataset(unlabelled(tmp_path), EveryPhotoHasOne(), 0.2)
    assert [s.path.name for s in dataset.samples] == ["b.png", "a.png"] and dataset.labels == ("facing",)
    assert all(
        (s.width, s.height, s.scores.tolist()) == (100, 50, [np.float32(0.9)]) for s in dataset.samples
    )
    assert dataset.provenance["labelled by"] == "model made"


def test_classes_become_one_for_a_model_of_facings(tmp_path):
    write_image(tmp_path / "photo.png", np.zeros((50, 100, 3), np.uint8))
    brands = Dataset("brands", (sample([THERE], [1], tmp_path / "photo.png"),), ("milk", "tea"))
    dataset = label_dataset(brands, EveryPhotoHasOne(), 0.2)
    assert dataset.labels == ("facing",) and dataset.samples[0].class_ids.tolist() == [0, 0]


def test_a_folder_without_photos_is_named(tmp_path):
    with pytest.raises(DatasetError, match="no pictures"):
        unlabelled(tmp_path)
    with pytest.raises(ImageError, match="nowhere"):
        unlabelled(tmp_path / "nowhere")
