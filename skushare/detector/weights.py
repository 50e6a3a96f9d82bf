"""Weights of a network as one file: arrays named ``layer/index``, no pickle, any Keras backend."""

import keras
import numpy as np

from skushare.detector.zoo import is_zoo, read_zoo
from skushare.errors import ModelError
from skushare.files import atomic_write


def save_weights(network, path, dtype=np.float32):
    """Write all weights of ``network`` to the ``.npz`` file ``path``, atomically.

    Arrays are named ``layer/index``, in the order of the layer's ``get_weights()``.
    ``dtype`` float16 halves the file.
    """
    arrays = {
        f"{layer.name}/{index}": value.astype(dtype)
        for layer in network.layers
        for index, value in enumerate(layer.get_weights())
    }
    with atomic_write(path) as handle:
        np.savez(handle, **arrays)


def load_weights(network, path):
    """Fill every layer of ``network`` from what :func:`save_weights` wrote.

    Raises:
        ModelError: the file is unreadable, a layer is missing, or a shape differs.
    """
    _fill([layer for layer in network.layers if layer.weights], _read(path), path)


def load_backbone(network, path):
    """Fill the MobileNetV2 layers of ``network`` alone; raises as :func:`load_weights`.

    ``tools/import_backbone.py`` makes such files of published weights.
    """
    _fill(_backbone_layers(network), _read(path), path)


def load_matching(network, path):
    """Fill ``network`` from a file of its whole weights, or its backbone from a file of that alone.

    Weights of a network with other classes are taken too; then the layers that predict classes
    stay as they are. A checkpoint of the model zoo (``zoo.read_zoo``) fills a network of another
    neck as far as its backbone. Raises as :func:`load_weights`.
    """
    backbone = _backbone_layers(network)
    if is_zoo(path):
        arrays = read_zoo(path, [layer.name for layer in backbone])
        whole = any(
            layer.name.startswith("extra_") and f"{layer.name}/0" in arrays for layer in network.layers
        )
    else:
        arrays = _read(path)
        whole = any(name.startswith("class_") for name in arrays)
    layers = [layer for layer in network.layers if layer.weights and not _of_other_classes(layer, arrays)]
    _fill(layers if whole else backbone, arrays, path)


def _of_other_classes(layer, arrays):
    """Whether ``layer`` predicts classes, and the file differs from it in their number alone."""
    if not (layer.name.startswith("class_") and layer.name.endswith("_predictor")):
        return False
    kernel = arrays.get(f"{layer.name}/0", np.zeros(0))
    shape = tuple(layer.weights[0].shape)
    return kernel.shape[:-1] == shape[:-1] and kernel.shape != shape


def load_imagenet(network):
    """Fill the backbone with Keras' ImageNet weights, downloaded on first use.

    Raises:
        ModelError: they could not be downloaded.
    """
    try:
        source = keras.applications.MobileNetV2(include_top=False, weights="imagenet")
    except Exception as error:  # urllib, SSL and the disk each raise their own
        raise ModelError(f"ImageNet weights could not be downloaded ({error}); check the network") from None
    for layer in _backbone_layers(network):
        layer.set_weights(source.get_layer(layer.name).get_weights())


def _backbone_layers(network):
    prefixes = ("Conv1", "bn_Conv1", "expanded_conv_", "block_", "Conv_1")
    return [layer for layer in network.layers if layer.weights and layer.name.startswith(prefixes)]


def _read(path):
    try:
        with np.load(path, allow_pickle=False) as content:
            return {name: content[name] for name in content.files}
    except Exception as error:  # zip, numpy and the disk each raise their own
        raise ModelError(f"{path}: not a readable weight file ({error})") from None


def _fill(layers, arrays, path):
    for layer in layers:
        values = [arrays.get(f"{layer.name}/{i}") for i in range(len(layer.weights))]
        if any(value is None for value in values):
            raise ModelError(f"{path}: no weights for the layer {layer.name}; is it of another preset?")
        if [value.shape for value in values] != [tuple(weight.shape) for weight in layer.weights]:
            raise ModelError(f"{path}: weights of another shape for the layer {layer.name}")
        layer.set_weights(values)
