"""Small networks with everything that an export changes: made in a moment, not by building MobileNetV2."""

import numpy as np
import pytest

from skushare.export.freeze import load_tensorflow


@pytest.fixture(scope="session")
def keras():
    load_tensorflow()
    import keras

    return keras


def _settled(keras, network, seed=0):
    """``network`` with weights as after training: batch norm far from doing nothing."""
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            count = layer.gamma.shape[0]
            values = rng.uniform([[0.5], [-1], [-1], [0.3]], [[2], [1], [1], [3]], (4, count))
            layer.set_weights(list(values.astype(np.float32)))
        elif getattr(layer, "bias", None) is not None:
            layer.bias.assign(rng.uniform(-1, 1, layer.bias.shape))
    return network


@pytest.fixture(scope="session")
def trained(keras):
    """A function of an input shape (height, width, 3): a network as ``build_network`` makes them."""
    layers = keras.layers

    def build(shape):
        image = keras.Input(shape, name="image")
        x = layers.Rescaling(1 / 127.5, offset=-1.0, name="to_unit_range")(image)
        x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="Conv1")(x)
        x = layers.ReLU(6.0, name="relu1")(layers.BatchNormalization(name="bn1")(x))
        odd = bool(x.shape[1] and x.shape[1] % 2)
        x = layers.ZeroPadding2D(((int(odd), 1), (int(odd), 1)), name="pad")(x)
        x = layers.DepthwiseConv2D(3, strides=2, use_bias=False, name="depthwise")(x)
        x = layers.ReLU(6.0, name="relu2")(layers.BatchNormalization(name="bn2")(x))
        deep = layers.SeparableConv2D(12, 3, strides=2, padding="same", use_bias=False, name="separable")(x)
        deep = layers.BatchNormalization(name="bn3")(deep)
        if odd:
            last = deep
        else:
            side = layers.Conv2D(12, 1, use_bias=False, name="lateral")(x)
            side = layers.BatchNormalization(name="bn4")(side)
            last = layers.Add(name="merge")([side, layers.UpSampling2D(2, name="upsample")(deep)])
        logits = layers.Conv2D(1, 3, padding="same", name="class_predictor")(last)
        codes = layers.Conv2D(4, 3, padding="same", name="box_predictor")(last)
        outputs = {
            "class_logits": layers.Reshape((-1, 1), name="class_logits")(logits),
            "box_codes": layers.Reshape((-1, 4), name="box_codes")(codes),
        }
        return _settled(keras, keras.Model(image, outputs, name="tiny"))

    return build


@pytest.fixture(scope="session")
def inference(trained):
    """The network that ``trained`` gives for any size, ready to be exported."""
    from skushare.export.inference import inference_network

    return inference_network(trained((None, None, 3)))


@pytest.fixture(scope="session")
def converted(inference):
    """Its TensorFlow.js graph."""
    from skushare.export.tfjs import convert

    return convert(inference)
