from dataclasses import replace

import numpy as np
import pytest

from skushare.dataset.dataset import Sample
from skushare.detector.preprocess import PADDING
from skushare.geometry import area
from skushare.training.augment import mosaic, paste_facings, photometric, random_crop
from skushare.training.config import TrainingConfig


def picture(width=400, height=300, columns=10, rows=6):
    """A dark photo with one bright facing in each cell, and its sample."""
    image = np.full((height, width, 3), 20, np.uint8)
    boxes = []
    for row in range(rows):
        for column in range(columns):
            x, y = column * width / columns, row * height / rows
            box = [x + 4, y + 4, x + width / columns - 4, y + height / rows - 4]
            left, top, right, bottom = (int(v) for v in box)
            image[top:bottom, left:right] = 230
            boxes.append([left, top, right, bottom])
    return image, Sample("x", width, height, boxes, np.arange(len(boxes)) % 3)


def assert_on_facings(boxes, bright):
    """Each of ``boxes`` lies in the picture ``bright`` (h, w) bool, and what it holds is bright."""
    assert (boxes >= 0).all() and (boxes <= np.tile(bright.shape[::-1], 2)).all()
    inner = [
        bright[top + 2 : max(bottom - 2, 0), left + 2 : max(right - 2, 0)]
        for left, top, right, bottom in boxes.round().astype(int)
    ]
    shares = [each.mean() for each in inner if each.size >= 30]
    assert len(shares) > 1 and min(shares) > 0.8


@pytest.mark.parametrize("resize", ["fit", "stretch"])
@pytest.mark.parametrize("seed", range(6))
def test_boxes_stay_on_their_facings(resize, seed):
    image, sample = picture()
    crop = random_crop(image, sample, 160, resize, TrainingConfig(), np.random.default_rng(seed))
    assert crop.image.shape == (160, 160, 3) and crop.image.dtype == np.uint8
    grey = crop.image.mean(axis=2)
    assert_on_facings(crop.boxes, grey > (grey.max() + grey.min()) / 2)


@pytest.mark.parametrize("resize", ["fit", "stretch"])
@pytest.mark.parametrize("seed", range(6))
def test_a_small_photo_is_enlarged_together_with_its_boxes_to_a_fraction_of_a_pixel(resize, seed):
    image = np.zeros((120, 160, 3), np.uint8)
    image[50:70, 70:90] = 255
    sample = Sample("x", 160, 120, [[70, 50, 90, 70]])
    config = TrainingConfig(photometric=False, min_scale=0.4, max_scale=0.9)
    crop = random_crop(image, sample, 512, resize, config, np.random.default_rng(seed))
    (left, top, right, bottom) = crop.boxes[0]
    inside = crop.image[int(top + bottom) // 2, max(0, int(left) - 9) : int(right) + 9, 0] / 255
    columns = np.arange(len(inside)) + max(0, int(left) - 9) + 0.5
    down = crop.image[max(0, int(top) - 9) : int(bottom) + 9, int(left + right) // 2, 0] / 255
    rows = np.arange(len(down)) + max(0, int(top) - 9) + 0.5
    assert np.average(columns, weights=inside) == pytest.approx((left + right) / 2, abs=0.2)
    assert np.average(rows, weights=down) == pytest.approx((top + bottom) / 2, abs=0.2)


@pytest.mark.parametrize("seed", range(6))
def test_boxes_lie_in_the_crop_and_are_visible_enough(seed):
    image, sample = picture()
    config = TrainingConfig(min_visible=0.4)
    crop = random_crop(image, sample, 160, "fit", config, np.random.default_rng(seed))
    for boxes in (crop.boxes, crop.ignored):
        assert (boxes >= 0).all() and (boxes <= 160).all()
    assert len(crop.boxes) == len(crop.class_ids) and len(crop.boxes) > 0
    whole = area(crop.boxes).max()  # all are of one size
    assert (area(crop.boxes) >= 0.399 * whole).all()
    assert (area(crop.ignored) < 0.401 * whole).all() and (area(crop.ignored) > 0.049 * whole).all()


@pytest.mark.parametrize(("score", "least"), [(0.3, 0.5), (0, 0)], ids=["doubtful", "marked so"])
def test_doubtful_labels_are_ignored_not_taught(score, least):
    image, sample = picture()
    doubtful = replace(sample, scores=np.full(len(sample.boxes), score))
    crop = random_crop(
        image, doubtful, 160, "fit", TrainingConfig(min_label_score=least), np.random.default_rng(0)
    )
    assert len(crop.boxes) == 0 and len(crop.ignored) > 0


def test_a_crowd_is_ignored_however_little_of_it_is_in_the_crop():
    image = np.full((300, 6000, 3), 20, np.uint8)
    crowd = Sample("x", 6000, 300, [[0, 0, 6000, 300]], scores=[0])
    crop = random_crop(
        image, crowd, 64, "fit", TrainingConfig(min_scale=4, max_scale=4), np.random.default_rng(0)
    )
    assert len(crop.ignored) == 1 and len(crop.boxes) == 0


def test_a_photo_without_facings():
    image, _ = picture()
    crop = random_crop(image, Sample("x", 400, 300), 160, "fit", TrainingConfig(), np.random.default_rng(0))
    assert crop.boxes.shape == (0, 4) and crop.ignored.shape == (0, 4)


def test_a_mosaic_keeps_each_box_on_its_facing():
    image, sample = picture()
    config = TrainingConfig(photometric=False)
    crops = [random_crop(image, sample, 80, "fit", config, np.random.default_rng(seed)) for seed in range(4)]
    joined = mosaic(crops, 160)
    assert joined.image.shape == (160, 160, 3)
    assert len(joined.boxes) == len(joined.class_ids) == sum(len(crop.boxes) for crop in crops)
    assert_on_facings(joined.boxes, joined.image.mean(axis=2) > 120)
    places = np.float32([[0, 0, 0, 0], [80, 0, 80, 0], [0, 80, 0, 80], [80, 80, 80, 80]])
    ignored = [crop.ignored + place for crop, place in zip(crops, places, strict=True)]
    assert joined.ignored.tolist() == np.concatenate(ignored).tolist()


def test_a_mosaic_of_an_odd_size_has_padding_where_no_crop_reaches():
    image, sample = picture()
    crop = random_crop(image, sample, 80, "fit", TrainingConfig(), np.random.default_rng(0))
    for _ in range(2):  # memory that was in use holds what was there
        joined = mosaic([crop] * 4, 161)
        assert (joined.image[160] == PADDING).all() and (joined.image[:, 160] == PADDING).all()


def test_pasted_packs_fill_their_boxes_alone_and_bring_their_class():
    image, sample = picture()
    rng = np.random.default_rng(3)
    crop = random_crop(image, sample, 160, "fit", TrainingConfig(photometric=False), rng)
    red = np.where(image == 230, np.uint8([250, 0, 0]), np.uint8([0, 0, 250]))  # blue around the packs
    other = replace(sample, class_ids=np.full(len(sample.boxes), 7))
    pasted = paste_facings(crop, red, other, 0.5, rng)
    changed = (pasted.image != crop.image).any(axis=2)
    new = pasted.class_ids == 7
    assert new.any() and not new.all()
    np.testing.assert_array_equal(pasted.boxes, crop.boxes)
    np.testing.assert_array_equal(pasted.class_ids[~new], crop.class_ids[~new])
    inside = np.zeros_like(changed)
    for left, top, right, bottom in crop.boxes[new].round().astype(int):
        inside[top:bottom, left:right] = True
        assert (pasted.image[top:bottom, left:right] == (250, 0, 0)).all()
    assert not changed[~inside].any()
    doubtful = replace(other, scores=np.full(len(sample.boxes), 0.3))
    assert paste_facings(crop, red, doubtful, 1.0, rng) is crop


def test_photometric_keeps_shape_and_type():
    image, _ = picture()
    for seed in range(20):
        out = photometric(image, np.random.default_rng(seed))
        assert out.shape == image.shape and out.dtype == np.uint8


def test_colours_stay_when_asked_to():
    _, sample = picture()
    image = np.full((sample.height, sample.width, 3), 90, np.uint8)
    crop = random_crop(
        image, sample, 160, "stretch", TrainingConfig(photometric=False), np.random.default_rng(0)
    )
    assert (crop.image == 90).all()
