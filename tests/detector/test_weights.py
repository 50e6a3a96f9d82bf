import keras
import numpy as np
import pytest

from skushare.detector.network import build_network
from skushare.detector.presets import preset
from skushare.detector.weights import (
    load_backbone,
    load_imagenet,
    load_matching,
    load_weights,
    save_weights,
)
from skushare.errors import ModelError


@pytest.fixture(scope="module")
def network():
    return build_network(preset("shelf_dense"))


@pytest.fixture(scope="module")
def second():
    """(another network of the same kind, the weights that it began with)."""
    network = build_network(preset("shelf_dense"))
    return network, network.get_weights()


@pytest.fixture
def other(second):
    """Another network of the same kind, fresh."""
    network, weights = second
    network.set_weights(weights)
    return network


def test_round_trip(network, other, tmp_path):
    save_weights(network, tmp_path / "w.npz")
    load_weights(other, tmp_path / "w.npz")
    for a, b in zip(network.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_backbone_file_leaves_the_heads_alone(network, other, tmp_path):
    save_weights(network, tmp_path / "whole.npz")
    with np.load(tmp_path / "whole.npz") as content:
        backbone = {
            n: content[n] for n in content.files if n.startswith(("Conv", "bn_", "block_", "expanded_"))
        }
    np.savez(tmp_path / "backbone.npz", **backbone)
    heads = other.get_layer("class_0_predictor").get_weights()
    load_matching(other, tmp_path / "backbone.npz")
    np.testing.assert_array_equal(
        other.get_layer("Conv1").get_weights(), network.get_layer("Conv1").get_weights()
    )
    for a, b in zip(heads, other.get_layer("class_0_predictor").get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a zip", b"text"])
def test_a_damaged_file_is_named(network, tmp_path, content):
    (tmp_path / "w.npz").write_bytes(content)
    with pytest.raises(ModelError, match=r"w\.npz"):
        load_backbone(network, tmp_path / "w.npz")


@pytest.mark.filterwarnings("error")
def test_without_a_network_that_alone_is_told_of_the_imagenet_weights(network, monkeypatch):
    def fetch(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr("keras.src.applications.mobilenet_v2.file_utils.get_file", fetch)
    with pytest.raises(ModelError, match=r"downloaded \(no network\)"):
        load_imagenet(network)


def test_a_pickle_is_never_opened(network, tmp_path):
    np.savez(tmp_path / "w.npz", **{"Conv1/0": np.array([object()])})
    with pytest.raises(ModelError, match=r"w\.npz"):
        load_backbone(network, tmp_path / "w.npz")


def test_weights_of_another_network_are_refused(network, tmp_path):
    save_weights(predictor(preset("ssd_mobilenet_v2_320"), 1)[0], tmp_path / "w.npz")
    with pytest.raises(ModelError, match="layer"):
        load_weights(network, tmp_path / "w.npz")


def predictor(config, seed):
    """A network that only predicts the classes of ``config`` at two anchors, and its random values."""
    columns = len(config.labels) + config.background
    network = keras.Sequential(
        [keras.Input((1, 1, 3)), keras.layers.Conv2D(2 * columns, 1, name="class_0_predictor")]
    )
    values = [np.random.default_rng(seed).normal(size=w.shape).astype(np.float32) for w in network.weights]
    network.set_weights(values)
    return network, values


@pytest.mark.parametrize("name", ["shelf_dense", "ssd_mobilenet_v2_320"])
@pytest.mark.parametrize(
    "labels, known, order",
    [
        (("tea", "milk", "rice"), ("milk", "rice", "tea"), [2, 0, 1]),
        (("tea", "milk", "rice"), (), [0, 1, 2]),
        (("milk", "rice", "jam"), ("milk", "rice", "tea"), None),
        (("milk", "rice"), ("milk", "rice", "tea"), None),
        (("can",), ("facing",), [0]),
    ],
)
def test_classes_are_taken_by_their_names_where_these_are_known(tmp_path, name, labels, known, order):
    config = preset(name, labels=labels)
    first, given = predictor(preset(name, labels=known or ("a", "b", "c")), seed=1)
    second, begun = predictor(config, seed=2)
    save_weights(first, tmp_path / "w.npz")
    assert load_matching(second, tmp_path / "w.npz", config, known) == (order is not None)
    if order is not None:
        columns = [0, *(1 + i for i in order)] if config.background else order
        begun = [np.stack(np.split(value, 2, axis=-1), -2)[..., columns] for value in given]
    for value, expected in zip(second.get_weights(), begun, strict=True):
        np.testing.assert_array_equal(value.reshape(expected.shape), expected)


def test_weights_of_other_classes_keep_all_but_what_predicts_them(network, tmp_path):
    save_weights(network, tmp_path / "one.npz")
    several = build_network(preset("shelf_dense", labels=("milk", "tea")))
    fresh = several.get_layer("class_1_predictor").get_weights()
    load_matching(several, tmp_path / "one.npz")
    for name in ("Conv1", "class_1_tower_0", "box_1_predictor"):
        for a, b in zip(
            network.get_layer(name).get_weights(), several.get_layer(name).get_weights(), strict=True
        ):
            np.testing.assert_array_equal(a, b)
    for a, b in zip(fresh, several.get_layer("class_1_predictor").get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ModelError, match="layer"):
        load_matching(build_network(preset("shelf_dense", tower=1, channels=8)), tmp_path / "one.npz")
