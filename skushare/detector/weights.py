"""Weights of a network as one file: arrays named ``layer/index``, no pickle, any Keras backend."""

import keras
import numpy as np

from skushare.detector.zoo import is_zoo, read_zoo
from skushare.errors import ModelError
from skushare.files import write_arrays


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
    write_arrays(path, arrays)


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


def load_matching(network, path, config=None, labels=()):
    """Fill ``network`` from a file of its whole weights, or its backbone from a file of that alone.

    Weights of a network with other classes are taken too; then the layers that predict classes
    stay as they are. A checkpoint of the model zoo (``zoo.read_zoo``) fills a network of another
    neck as far as its backbone. Raises as :func:`load_weights`.

    Args:
        config: the ``DetectorConfig`` of ``network``; labels: names of the file's classes, if known. The
            same ones in another order are put in order; where some differ, the classes are others, but for
            a single one, which may be called anything.

    Returns:
        Whether the layers that predict classes were filled.
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
    if not whole:
        _fill(backbone, arrays, path)
        return False
    predictors = [layer for layer in network.layers if _predicts_classes(layer)]
    others = any(_of_other_number(layer, arrays) for layer in predictors)
    if labels and not others and sorted(labels) == sorted(config.labels):
        for layer in predictors:
            _order_classes(layer, arrays, config, labels)
    elif len(labels) > 1:
        others = True
    left = predictors if others else []
    _fill([layer for layer in network.layers if layer.weights and layer not in left], arrays, path)
    return not others


def _predicts_classes(layer):
    return layer.name.startswith("class_") and layer.name.endswith("_predictor")


def _of_other_number(layer, arrays):
    """Whether the file differs from ``layer`` in the number of classes alone."""
    kernel = arrays.get(f"{layer.name}/0", np.zeros(0))
    shape = tuple(layer.weights[0].shape)
    return kernel.shape[:-1] == shape[:-1] and kernel.shape != shape


def _order_classes(layer, arrays, config, labels):
    """Bring what ``arrays`` has of ``layer`` from the order of ``labels`` into that of ``config``'s."""
    columns = [*range(config.background), *(config.background + labels.index(name) for name in config.labels)]
    for index, weight in enumerate(layer.weights):
        value = arrays.get(f"{layer.name}/{index}", np.zeros(0))
        if value.shape == tuple(weight.shape):  # columns of one anchor after the other
            moved = value.reshape(*value.shape[:-1], -1, len(columns))[..., columns]
            arrays[f"{layer.name}/{index}"] = moved.reshape(value.shape)


def load_imagenet(network):
    """Fill the backbone with Keras' ImageNet weights, downloaded on first use.

    Raises:
        ModelError: they could not be downloaded.
    """
    try:
        # The size is that of the weights; without one, Keras warns of guessing it.
        source = keras.applications.MobileNetV2((224, 224, 3), include_top=False, weights="imagenet")
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
        raise ModelError(f"{path}: not a readable weight file ({error}); copy it again") from None


def _fill(layers, arrays, path):
    for layer in layers:
        values = [arrays.get(f"{layer.name}/{i}") for i in range(len(layer.weights))]
        if any(value is None for value in values):
            raise ModelError(f"{path}: no weights for the layer {layer.name}; is it of another preset?")
        if [value.shape for value in values] != [tuple(weight.shape) for weight in layer.weights]:
            raise ModelError(f"{path}: another shape for the layer {layer.name}; is it of another preset?")
        layer.set_weights(values)
