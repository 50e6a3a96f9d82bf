from dataclasses import replace

import numpy as np
import pytest

from skushare.dataset.dataset import Dataset, Sample
from skushare.detections import Detections
from skushare.errors import DatasetError, ImageError
from skushare.images import write_image
from skushare.training.labelling import label_dataset, label_sample, unlabelled

HERE, SHIFTED, THERE = [10, 10, 30, 40], [12, 10, 32, 40], [60, 10, 80, 40]
WALL = [0, 0, 100, 50]


def sample(boxes, scores, path="photo.png"):
    return Sample(path, 100, 50, boxes, scores=scores)


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
        pytest.param([(HERE, 0)], [(SHIFTED, 0.9)], [(HERE, 0)], id="a region to be ignored"),
        pytest.param([(WALL, 0)], [(HERE, 0.9)], [(WALL, 0)], id="within a region to be ignored"),
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


@pytest.mark.parametrize(
    ("score", "found_score", "names", "expected"),
    [(0.4, 0.8, True, 1), (0.8, 0.4, True, 0), (0.4, 0.8, False, 0)],
    ids=["the surer one's", "the surer one's if it was there before", "of a model that tells none apart"],
)
def test_the_class_of_what_two_machines_found(score, found_score, names, expected):
    found = Detections([HERE, THERE], [found_score, 0.3], [1, 1])
    result = label_sample(sample([HERE], [score]), found, names)
    assert result.class_ids.tolist() == [expected, 1] and result.class_ids.dtype == np.int32


def test_each_facing_keeps_its_own_class_where_the_model_tells_none_apart():
    two = replace(sample([HERE, THERE], [0.4, 0.4]), class_ids=np.int32([3, 2]))
    result = label_sample(two, Detections([THERE, HERE], [0.8, 0.9], [1, 1]), names=False)
    assert result.class_ids.tolist() == [3, 2] and result.boxes[:, 0].tolist() == pytest.approx([10, 60])


class EveryPhotoHasOne:
    name = "made"

    def __init__(self, labels=("facing",)):
        self.labels = labels

    def detect(self, image, min_score):
        assert image.dtype == np.uint8 and min_score == 0.2
        return Detections([HERE], [0.9], [len(self.labels) - 1])


def test_photos_without_labels_get_them_and_those_that_cannot_be_read_are_named(tmp_path):
    for name in ("b.png", "deep/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_image(tmp_path / name, np.zeros((50, 100, 3), np.uint8))
    (tmp_path / "a.png").write_bytes(b"no picture")
    dataset, failures = label_dataset(unlabelled(tmp_path), EveryPhotoHasOne(), 0.2)
    assert [s.path.name for s in dataset.samples] == ["b.png", "a.png"] and dataset.labels == ("facing",)
    assert all(
        (s.width, s.height, s.scores.tolist()) == (100, 50, [np.float32(0.9)]) for s in dataset.samples
    )
    assert dataset.provenance["labelled by"] == "model made"
    assert len(failures) == 1 and str(tmp_path / "a.png") in failures[0]


@pytest.mark.parametrize(
    ("labels", "known", "expected", "told"),
    [
        pytest.param("milk tea", "facing", "milk tea facing", "tea facing", id="a model of facings"),
        pytest.param("milk tea", "tea", "milk tea", "tea tea", id="of a class that is known"),
        pytest.param("tea milk", "milk soap tea", "tea milk soap", "milk tea", id="joined by name"),
        pytest.param("tea milk", "milk soap", "tea milk soap", "milk soap", id="new ones come last"),
        pytest.param("product", "facing", "product", "product product", id="one each is the same"),
        pytest.param("product", "milk tea", "product milk tea", "product tea", id="one and several"),
        pytest.param("", "milk tea", "milk tea", "tea", id="no class yet"),
    ],
)
def test_labels_by_hand_keep_their_classes_beside_the_models(tmp_path, labels, known, expected, told):
    write_image(tmp_path / "photo.png", np.zeros((50, 100, 3), np.uint8))
    labels = tuple(labels.split())
    drawn = sample([THERE] * bool(labels), [1] * bool(labels), tmp_path / "photo.png")
    drawn = replace(drawn, class_ids=drawn.class_ids + len(labels[1:]))  # of the last of the dataset's
    model = EveryPhotoHasOne(tuple(known.split()))
    dataset, failures = label_dataset(Dataset("shop", (drawn,), labels), model, 0.2)
    assert dataset.labels == tuple(expected.split()) and not failures
    assert [dataset.labels[i] for i in dataset.samples[0].class_ids] == told.split()


@pytest.mark.parametrize(("known", "expected"), [(("facing",), "milk"), (("milk", "tea"), "tea")])
def test_labels_of_another_machine_keep_their_classes_where_the_model_tells_none_apart(
    tmp_path, known, expected
):
    write_image(tmp_path / "photo.png", np.zeros((50, 100, 3), np.uint8))
    shop = Dataset("shop", (sample([HERE], [0.4], tmp_path / "photo.png"),), ("milk", "tea"))
    dataset, _ = label_dataset(shop, EveryPhotoHasOne(known), 0.2)
    assert [dataset.labels[i] for i in dataset.samples[0].class_ids] == [expected]


def test_photos_of_another_size_than_their_labels_are_named_and_left_out(tmp_path):
    right, wrong = (sample([HERE], [1], tmp_path / name) for name in ("right.png", "wrong.png"))
    for each in (right, wrong):
        write_image(each.path, np.zeros((50, 100, 3), np.uint8))
    shop = Dataset("shop", (right, replace(wrong, width=50, height=25)), ("facing",))
    labelled, failures = label_dataset(shop, EveryPhotoHasOne(), 0.2)
    assert [s.path for s in labelled.samples] == [right.path]
    assert len(failures) == 1 and "wrong.png: has 100 x 50 pixels" in failures[0]


def test_without_one_photo_that_can_be_read_nothing_is_labelled(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(DatasetError, match="none of its photos can be labelled.*a.png"):
        label_dataset(unlabelled(tmp_path), EveryPhotoHasOne(), 0.2)


def test_a_folder_without_photos_is_named(tmp_path):
    with pytest.raises(DatasetError, match="no pictures"):
        unlabelled(tmp_path)
    with pytest.raises(ImageError, match="nowhere"):
        unlabelled(tmp_path / "nowhere")
