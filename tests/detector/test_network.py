import numpy as np
import pytest

from skushare.detector.anchors import detector_anchors
from skushare.detector.layer_names import layer_names
from skushare.detector.network import build_network
from skushare.detector.presets import PRESETS, preset


@pytest.mark.parametrize(
    ("name", "parameters"), [("ssd_mobilenet_v2_320", 4_648_582), ("shelf_dense", 2_625_679)]
)
def test_number_of_parameters(name, parameters):
    assert build_network(preset(name)).count_params() == parameters


@pytest.mark.parametrize("name", PRESETS)
def test_one_output_row_for_each_anchor(name):
    config = preset(name, labels=("a", "b"))
    outputs = build_network(config).output
    anchors, _ = detector_anchors(config, (320, 320))
    assert outputs["class_logits"].shape == (None, len(anchors), 2 + config.background)
    assert outputs["box_codes"].shape == (None, len(anchors), 4)


@pytest.mark.parametrize(
    "config", [*PRESETS.values(), preset("shelf_dense", tower=1), preset("ssd_mobilenet_v2_320", tower=1)]
)
def test_its_layers_are_known_without_it(config):
    names = layer_names(config)
    assert sorted(names) == sorted(layer.name for layer in build_network(config).layers)


def test_the_model_zoo_has_1917_anchors_at_300():
    assert build_network(preset("ssd_mobilenet_v2_320", input_size=300)).output["box_codes"].shape[1] == 1917


def test_a_dense_network_without_a_size_gives_the_same_as_one_with():
    config = preset("shelf_dense")
    fixed, free = build_network(config, (64, 96)), build_network(config, (None, None))
    free.set_weights(fixed.get_weights())
    picture = np.random.default_rng(0).uniform(0, 255, (1, 64, 96, 3)).astype(np.float32)
    found = free(picture, training=False)
    for name, value in fixed(picture, training=False).items():
        np.testing.assert_allclose(found[name], value, atol=1e-5)
