"""The SavedModel under the names of the Object Detection API finds what Python finds."""

import numpy as np
import pytest

from skushare.detector.anchors import HALVINGS, feature_grids
from skushare.detector.preprocess import input_size, prepare
from skushare.detector.presets import preset
from skushare.export.golden import compare, network_detector
from skushare.export.proof import from_object_detection_api
from skushare.export.savedmodel import detection_function, prepared, write_savedmodel

CONFIGS = {
    "shelf_dense": preset("shelf_dense", live_size=96, live_min_score=0.6, max_detections=50),
    "ssd_mobilenet_v2_320": preset("ssd_mobilenet_v2_320", labels=("tea", "soup"), live_min_score=0.6),
}


@pytest.fixture(scope="module", params=CONFIGS)
def detector(request, keras):
    """(model with a ``config``, network, its function): one convolution a feature map, with lively scores."""
    config = CONFIGS[request.param]
    side = None if config.resize == "fit" else config.input_size
    image = keras.Input(batch_shape=(1, side, side, 3), name="image")
    columns = len(config.labels) + config.background
    heads = {"class_logits": [], "box_codes": []}
    grids = feature_grids(config, (320, 320))
    assert len(grids) == len(config.anchors.sizes) and set(config.taps) <= set(HALVINGS)
    for (rows, _), sizes in zip(grids, config.anchors.sizes, strict=True):
        stride = 2 ** int(np.ceil(np.log2(320 / rows)))
        for name, count, spread in (("class_logits", columns, 0.001), ("box_codes", 4, 0.002)):
            initial = keras.initializers.RandomNormal(stddev=spread * 8 / stride, seed=stride + count)
            x = keras.layers.Conv2D(
                len(sizes) * count, stride, strides=stride, padding="same", kernel_initializer=initial
            )(image)
            heads[name].append(keras.layers.Reshape((-1, count))(x))
    outputs = {name: keras.layers.Concatenate(axis=1)(parts) for name, parts in heads.items()}

    class Model:
        pass

    model = Model()
    model.config, network = config, keras.Model(image, outputs)
    return model, network, detection_function(network, config)


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("shape", [(96, 64), (192, 128), (1200, 800), (1216, 1024), (1280, 960), (250, 406)])
def test_a_picture_of_fine_detail_is_resized_as_in_python(keras, name, shape):
    import tensorflow as tf

    config = CONFIGS[name]
    image = np.random.default_rng(3).integers(0, 256, (*shape, 3), np.uint8)
    height, width = shape
    batch, scale = prepare(
        image, config.live_size, input_size(config, width, height, config.live_size), config.resize
    )
    found, found_scale = prepared(tf.constant(image[None]), config)
    assert found.shape == batch.shape and np.abs(found.numpy() - batch).max() <= 1
    assert np.allclose(found_scale.numpy(), scale)


@pytest.mark.parametrize("shape", [None, (200, 90), (500, 333), (40, 30)])
def test_the_eight_outputs_are_python_s_detections(detector, shape):
    import tensorflow as tf

    model, network, run = detector
    exact = shape is None  # a picture that needs no resizing
    if exact:
        shape = (64, 96) if model.config.resize == "fit" else (model.config.input_size,) * 2
    # Smooth, so that the resizing of OpenCV and of TensorFlow differ by rounding alone.
    noise = np.random.default_rng(3).uniform(0, 255, (5, 6, 3)).astype(np.float32)
    image = tf.cast(tf.image.resize(noise, shape, "bicubic"), tf.int32).numpy().clip(0, 255).astype(np.uint8)
    outputs = {name: value.numpy() for name, value in run(tf.constant(image[None])).items()}
    n, classes = model.config.max_detections, len(model.config.labels)
    assert {name: value.shape for name, value in outputs.items() if not name.startswith("raw")} == {
        "detection_boxes": (1, n, 4),
        "detection_scores": (1, n),
        "detection_classes": (1, n),
        "num_detections": (1,),
        "detection_multiclass_scores": (1, n, classes + 1),
        "detection_anchor_indices": (1, n),
    }
    assert outputs["raw_detection_boxes"].shape[1:] == (outputs["raw_detection_scores"].shape[1], 4)
    assert all(value.dtype == np.float32 for value in outputs.values())
    assert (outputs["detection_boxes"] >= 0).all() and (outputs["detection_boxes"] <= 1).all()
    assert (np.diff(outputs["detection_scores"]) <= 0).all()
    first = {name: value[0] for name, value in outputs.items()}
    found = from_object_detection_api(first, image.shape, 0.6)
    python = network_detector(model, network).detect(image, "live", min_score=0.0)
    expected = python[python.scores >= 0.6]
    assert len(expected) > 0, "the network is to find something"
    result = compare([found], [expected])
    if exact:
        assert (result["facings"], result["unmatched"]) == (len(expected), 0) and result["moved"] < 0.01
    assert abs(len(found) - len(expected)) <= 0.1 * len(expected)
    assert result["unmatched"] <= 0.2 * len(expected)  # boxes of chance lie one on the other
    count, chosen = int(first["num_detections"]), first["detection_anchor_indices"].astype(int)
    np.testing.assert_array_equal(
        first["detection_multiclass_scores"][:count], first["raw_detection_scores"][chosen[:count]]
    )
    best = first["detection_multiclass_scores"][:count, 1:].argmax(axis=1) + 1
    np.testing.assert_array_equal(first["detection_classes"][:count], best)


def test_nothing_found_is_an_empty_list(detector):
    import tensorflow as tf

    outputs = detector[2](tf.zeros((1, 1, 1, 3), tf.uint8))  # in which no box is larger than a pixel
    assert float(outputs["detection_scores"][0, 1]) == 0 and int(outputs["num_detections"][0]) <= 1


def test_raw_heads_come_back_by_name(inference, tmp_path):
    import tensorflow as tf

    write_savedmodel(inference, tmp_path / "saved")
    run = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    picture = np.random.default_rng(2).uniform(0, 255, (1, 64, 32, 3)).astype(np.float32)
    found = run(image=tf.constant(picture))
    for name, value in inference(picture, training=False).items():
        np.testing.assert_allclose(found[name], value, atol=1e-4)


def test_a_full_disk_is_told_as_elsewhere(inference, tmp_path, monkeypatch):
    import tensorflow as tf

    def full(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "variables; No space left on device")

    monkeypatch.setattr("tensorflow.saved_model.save", full)
    with pytest.raises(OSError, match="No space left"):
        write_savedmodel(inference, tmp_path)
