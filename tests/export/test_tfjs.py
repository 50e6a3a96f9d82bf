"""The TensorFlow.js graph: what it calculates, how it is stored, and what is refused."""

import json
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from skushare.export.errors import ExportError
from skushare.export.inference import inference_network
from skushare.export.tfjs import MODEL_JSON, PRECISIONS, convert, operations, read_graph_model


def picture(height=64, width=96):
    return np.random.default_rng(2).uniform(0, 255, (1, height, width, 3)).astype(np.float32)


@pytest.mark.parametrize("shape", [(64, 96), (96, 32), (32, 32)])
def test_it_gives_what_the_network_gives_at_any_size(inference, converted, shape):
    batch = picture(*shape)
    found = converted.function()({"image": batch})
    for name, value in inference(batch, training=False).items():
        np.testing.assert_allclose(found[name], value, atol=1e-5 * np.abs(value).max())


def test_every_convolution_is_one_fused_operation_and_none_calculates_with_shapes(converted):
    kinds = Counter(node["op"] for node in converted.nodes)
    assert kinds["_FusedConv2D"] == 5 and kinds["FusedDepthwiseConv2dNative"] == 1
    assert not kinds.keys() & {"Shape", "StridedSlice", "Pack", "Pad", "Conv2D", "BiasAdd", "Relu6"}


@pytest.mark.parametrize("precision", PRECISIONS)
def test_stored_weights_are_near_and_small(converted, tmp_path, precision):
    stored = converted.write(tmp_path, precision, metadata={"labels": ["facing"]})
    content = json.loads((tmp_path / MODEL_JSON).read_text())
    assert content["userDefinedMetadata"] == {"labels": ["facing"]} and content["format"] == "graph-model"
    assert content["signature"]["inputs"]["image"]["name"] == "image:0"
    assert set(content["signature"]["outputs"]) == {"class_logits", "box_codes"}
    batch = picture()
    exact, found = converted.function()({"image": batch}), stored.function()({"image": batch})
    allowed = {"float32": 0, "float16": 0.005, "uint8": 0.2}[precision]
    for name, value in exact.items():
        assert np.abs(found[name] - value).max() <= allowed * np.abs(value).max()
    size, whole = sum(stored.shards.values()), sum(value.nbytes for value in converted.weights.values())
    assert size <= {"float32": 1, "float16": 0.6, "uint8": 0.5}[precision] * whole


def test_a_full_disk_is_told_as_elsewhere(converted, tmp_path):
    (tmp_path / "group1-shard1of1.bin").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        converted.write(tmp_path)


@pytest.mark.parametrize("shard_bytes", [1024, 4096, 1 << 20])
def test_shards_are_as_large_as_asked(converted, tmp_path, shard_bytes):
    stored = converted.write(tmp_path, "float32", shard_bytes)
    sizes = list(stored.shards.values())
    assert all(size == shard_bytes for size in sizes[:-1]) and 0 < sizes[-1] <= shard_bytes
    assert all((tmp_path / name).stat().st_size == size for name, size in stored.shards.items())
    for name, value in converted.weights.items():
        np.testing.assert_array_equal(stored.weights[name], value)


def test_an_operation_that_the_browser_lacks_is_named_with_its_layer(keras):
    import tensorflow as tf

    class Gamma(keras.layers.Layer):
        def call(self, x):
            return tf.math.lgamma(x)

    image = keras.Input((8, 8, 3), name="image")
    network = keras.Model(image, {"y": Gamma(name="strange")(keras.layers.Conv2D(2, 1, name="plain")(image))})
    with pytest.raises(ExportError, match=r"layer strange needs Lgamma"):
        convert(inference_network(network))


@pytest.mark.parametrize(
    ("node", "fault"),
    [
        ({"name": "tiny/a", "op": "CombinedNonMaxSuppression"}, "tiny/a.*CombinedNonMaxSuppression"),
        ({"name": "tiny/b", "op": "NonMaxSuppressionV5"}, "tiny/b.*executeAsync"),
        ({"name": "tiny/c", "op": "While"}, "tiny/c.*executeAsync"),
        ({"name": "tiny/d", "op": "_FusedConv2D", "input": ["x", "k", "bias"]}, "tiny/d.*4 dimensions"),
    ],
)
def test_what_execute_cannot_run_is_found(converted, node, fault):
    assert converted.faults() == []
    weights = {**converted.weights, "bias": np.zeros((1, 1, 1, 1), np.float32)}
    changed = replace(converted, nodes=[*converted.nodes, node], weights=weights)
    (found,) = changed.faults()
    assert re.search(fault, found)


def test_the_lists_know_what_is_run(converted):
    assert {node["op"] for node in converted.nodes} <= operations().keys()


def test_weights_too_large_for_16_bits_are_refused(converted, tmp_path):
    name = next(name for name, value in converted.weights.items() if value.size > 100)
    weights = {**converted.weights, name: converted.weights[name] + np.float32(1e6)}
    with pytest.raises(ExportError, match="float16"):
        replace(converted, weights=weights).write(tmp_path, "float16")


@pytest.mark.parametrize("damage", ["no file", "no json", "no topology", "a shard is gone", "a shard is cut"])
def test_damaged_files_are_named(converted, tmp_path, damage):
    stored, file = converted.write(tmp_path, "float32"), tmp_path / MODEL_JSON
    shard = tmp_path / next(iter(stored.shards))
    {
        "no file": file.unlink,
        "no json": lambda: file.write_text("{"),
        "no topology": lambda: file.write_text("{}"),
        "a shard is gone": shard.unlink,
        "a shard is cut": lambda: shard.write_bytes(shard.read_bytes()[:100]),
    }[damage]()
    with pytest.raises(ExportError, match=r"model\.json"):
        read_graph_model(tmp_path)
