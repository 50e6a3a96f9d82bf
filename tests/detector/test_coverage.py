from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skushare.dataset.dataset import Dataset, Sample
from skushare.dataset.statistics import columns
from skushare.detector import coverage
from skushare.detector.anchors import detector_anchors
from skushare.detector.preprocess import input_size
from skushare.detector.presets import PRESETS, preset
from skushare.geometry import iou


def index(*pictures):
    """An ``Index``; each of ``pictures``: (width, height) and the boxes on it."""
    samples = tuple(Sample(Path("a.jpg"), *size, boxes) for size, boxes in pictures)
    return columns(Dataset("shop", samples, ("Kent",)))


@pytest.fixture
def shop():
    small = [[0, 0, 10, 20], [50, 100, 60, 120], [90, 180, 100, 200]]
    return index(((100, 200), small), ((100, 200), []), ((200, 200), [[0, 0, 20, 20]]))


@pytest.mark.parametrize("name", PRESETS)
def test_anchors_are_compared_with_boxes_as_the_detector_scales_them(name):
    config = preset(name)
    boxes = {(640, 480): [[10, 10, 60, 110], [600, 400, 640, 480]], (300, 900): [[5, 5, 40, 60]]}
    data = index(*boxes.items())
    expected = []
    for (width, height), rows in boxes.items():
        inputs = input_size(config, width, height, 512)
        scale = [inputs[1] / width, inputs[0] / height]
        if config.resize == "fit":
            scale = [512 / max(width, height)] * 2
        anchors, _ = detector_anchors(config, inputs)
        expected += iou(np.float32(rows) * np.float32(scale * 2), anchors).max(axis=1).tolist()
    np.testing.assert_allclose(coverage.anchor_fit(data, config, 512), expected, atol=1e-5)


def test_coverage_is_told_for_each_size_a_preset_detects_at(shop):
    table = coverage.anchor_coverage(shop, PRESETS.values())
    assert table[["preset", "use", "input"]].values.tolist() == [
        ["shelf_dense", "photos", preset("shelf_dense").photo_size],  # too few boxes to tell their size
        ["shelf_dense", "live frames", preset("shelf_dense").live_size],
        ["ssd_mobilenet_v2_320", "photos and live frames", 320],
    ]
    sides = coverage.coverage_by_side(shop, preset("shelf_dense"))
    assert sides["boxes"].sum() == 4 and sides["covered"].sum() == round(4 * table["covered"][0])


def test_photos_are_compared_at_the_size_that_suits_their_boxes():
    config = preset("shelf_dense")
    shelf = [[x, y, x + 88, y + 88] for x in range(0, 500, 100) for y in range(0, 300, 100)]
    data = index(((1000, 500), shelf), ((500, 1000), shelf[:1]), ((100, 200), []))
    assert coverage.photo_sides(data, config).tolist() == [500, config.photo_size, config.photo_size]
    rows = slice(0, len(shelf))
    np.testing.assert_array_equal(
        coverage.anchor_fit(data, config, rows=rows), coverage.anchor_fit(data, config, 500, rows)
    )
    assert set(coverage.photo_sides(data, replace(config, facing_size=0))) == {config.photo_size}


def test_of_many_boxes_some_are_looked_at(shop, monkeypatch):
    monkeypatch.setattr(coverage, "ENOUGH", 2)
    assert coverage.coverage_by_side(shop, preset("shelf_dense"))["boxes"].sum() == 2


@pytest.mark.parametrize("data", [index(), index(((100, 200), []))])
def test_nothing_is_no_error(data):
    assert len(coverage.anchor_coverage(data, PRESETS.values())) == 3
    assert coverage.coverage_by_side(data, preset("shelf_dense"))["boxes"].sum() == 0
