import os
from dataclasses import replace

import numpy as np
import pytest

from skushare.errors import DatasetError, ImageError
from skushare.evaluation.predictions import Predictions
from skushare.images import write_image


def test_what_is_added_is_found_again(knowing, model, dataset):
    predictions, sample = Predictions(model), dataset.samples[1]
    assert predictions.get(sample.path) is None
    predictions.add(sample, knowing(model))
    found = Predictions(model).get(sample.path)
    assert np.array_equal(found.boxes, sample.boxes) and found.scores.tolist() == pytest.approx(
        [0.9, 0.4] * 2
    )
    assert Predictions(model).done(dataset.samples) == 1


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"cut", "half"])
def test_a_damaged_file_counts_as_missing(knowing, model, dataset, damage):
    predictions, sample = Predictions(model), dataset.samples[0]
    predictions.add(sample, knowing(model))
    (file,) = predictions.folder.glob("*.npy")
    file.write_bytes(file.read_bytes()[:-4] if damage == "half" else damage)
    assert predictions.get(sample.path) is None


def test_a_changed_photo_is_another_photo(knowing, model, dataset):
    predictions, sample = Predictions(model), dataset.samples[0]
    predictions.add(sample, knowing(model))
    write_image(sample.path, np.full((40, 130, 3), 3, np.uint8))
    os.utime(sample.path, ns=(1, 1))
    assert predictions.get(sample.path) is None


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"min_score": 0.9}, True),  # applied later
        ({"labels": ("another",)}, True),
        ({"nms_iou": 0.4}, False),
        ({"facing_size": 99.0}, False),
        ({"live_min_score": 0.9}, False),  # of the glance that sizes photos
    ],
)
def test_detections_belong_to_the_settings_they_depend_on(model, change, same):
    changed = replace(model, config=replace(model.config, **change))
    assert (Predictions(changed).key == Predictions(model).key) == same


def test_detections_belong_to_weights_mode_and_size(model):
    others = [
        Predictions(replace(model, files={"model.tflite": "1" * 64})),
        Predictions(model, "live"),
        Predictions(model, size=640),
    ]
    assert len({Predictions(model).key, *(other.key for other in others)}) == 4
    live = replace(model, config=replace(model.config, live_min_score=0.9))
    assert Predictions(live, "live").key == Predictions(model, "live").key


@pytest.mark.parametrize("done", [False, True])
def test_labels_for_another_size_of_photo_are_named(knowing, model, dataset, done):
    predictions, sample = Predictions(model), dataset.samples[0]
    if done:
        predictions.add(sample, knowing(model))
    with pytest.raises(DatasetError, match=r"2\.png: has 130 x 40 pixels.*--fix size"):
        predictions.add(replace(sample, width=40, height=130), knowing(model))


def test_what_is_done_is_not_decoded_again(knowing, model, dataset, monkeypatch):
    predictions, sample = Predictions(model), dataset.samples[0]
    predictions.add(sample, knowing(model))
    monkeypatch.setattr("skushare.evaluation.predictions.read_photo", lambda _: pytest.fail("decoded"))
    predictions.add(sample, knowing(model))
    assert knowing.seen == 1


def test_an_unreadable_photo_is_named(knowing, model, dataset):
    dataset.samples[0].path.write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"2\.png"):
        Predictions(model).add(dataset.samples[0], knowing(model))
