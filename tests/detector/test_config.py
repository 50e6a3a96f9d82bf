import json

import pytest

from skushare.detector.config import DetectorConfig
from skushare.detector.presets import PRESETS, preset
from skushare.errors import ConfigError


@pytest.mark.parametrize("name", PRESETS)
def test_json_round_trip(name):
    config = preset(name, labels=("milk", "tea"))
    assert DetectorConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"neck": "bifpn"}, "neck"),
        ({"labels": []}, "labels"),
        ({"nms_iou": "high"}, "nms_iou"),
        ({"background": 1}, "background"),
        ({"input_size": 300}, "input_size"),  # not a multiple of 32
        ({"live_size": 8}, "live_size"),
        ({"anchors": {"sizes": [[[1.0, 1.0]]], "unit": "cell"}}, "anchors.sizes"),
        ({"anchors": {"sizes": [], "unit": "parsec"}}, "unit"),
        ({"anchors": {"sizes": [[[1.0, 0.0]]], "unit": "cell"}}, "anchors.sizes: pairs"),
        ({"anchors": {"sizes": [["ab"]], "unit": "cell"}}, "anchors.sizes: pairs"),
        ({"anchors": 3}, "anchors"),
        ({"coder": [1, 1, 1]}, "coder: four numbers"),
        ({"coder": ["a", "b", "c", "d"]}, "coder: four numbers"),
        ({"nms_iou": 1.5}, "nms_iou: from 0 to 1"),
        ({"max_boxes": 0}, "max_boxes: at least 1"),
        ({"surprise": 1}, "unknown setting surprise"),
    ],
)
def test_a_wrong_setting_is_named(changes, message):
    values = json.loads(preset("shelf_dense").to_json()) | changes
    with pytest.raises(ConfigError, match=message):
        DetectorConfig.from_json(json.dumps(values))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"preset": "x"}'])
def test_text_that_is_no_configuration_is_refused(text):
    with pytest.raises(ConfigError):
        DetectorConfig.from_json(text)


def test_an_unknown_preset_is_named_with_those_there_are():
    with pytest.raises(ConfigError, match="shelf_dense"):
        preset("yolo")
