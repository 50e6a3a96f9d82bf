"""Folding changes the operations, never the numbers."""

import numpy as np
import pytest

from skushare.export.inference import inference_network


@pytest.mark.parametrize(
    ("built", "shape"),
    [
        ((None, None, 3), (64, 96)),
        ((None, None, 3), (32, 32)),
        ((64, 64, 3), (64, 64)),
        ((70, 70, 3), (70, 70)),  # 35 after one halving: as SSD at 300 pixels, odd maps are padded both ways
    ],
)
def test_the_folded_network_gives_the_same(trained, built, shape):
    network = trained(built)
    folded = inference_network(network)
    picture = np.random.default_rng(1).uniform(0, 255, (1, *shape, 3)).astype(np.float32)
    expected, found = network(picture, training=False), folded(picture, training=False)
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-4 * np.abs(value).max())


def test_batch_norm_and_padding_are_gone(trained, keras):
    folded = inference_network(trained((None, None, 3)))
    kinds = {type(layer).__name__ for layer in folded.layers}
    assert not kinds & {"BatchNormalization", "ZeroPadding2D", "UpSampling2D", "Reshape"}


def test_any_number_of_pictures_where_that_is_asked_for(keras):
    layers = keras.layers
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, use_bias=False)(image)
    x = layers.Flatten()(layers.BatchNormalization()(x))
    network = keras.Model(image, {"embedding": layers.Dense(5)(x)})
    folded = inference_network(network, batch=None)
    for count in (1, 3):
        pictures = np.random.default_rng(0).uniform(0, 255, (count, 8, 8, 3)).astype(np.float32)
        found = folded(pictures)["embedding"]
        np.testing.assert_allclose(
            found, network(pictures, training=False)["embedding"], rtol=1e-4, atol=1e-2
        )
