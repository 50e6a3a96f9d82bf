"""Pretrained weights for a fresh network."""

import keras
import numpy as np

from skushare.errors import ModelError


def load_backbone(network, path):
    """Fill the MobileNetV2 layers of ``network`` from an ``.npz`` of ``layer/index`` arrays.

    ``tools/import_backbone.py`` writes such files. Every backbone layer must be there.

    Raises:
        ModelError: the file is unreadable, a layer is missing, or a shape differs.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
    except Exception as error:  # zip, numpy and the disk each raise their own
        raise ModelError(f"{path}: not a readable weight file ({error})") from None
    for layer in backbone_layers(network):
        values = [arrays.get(f"{layer.name}/{i}") for i in range(len(layer.weights))]
        if any(v is None for v in values):
            raise ModelError(f"{path}: no weights for the layer {layer.name}")
        if [v.shape for v in values] != [tuple(w.shape) for w in layer.weights]:
            raise ModelError(f"{path}: weights of another shape for the layer {layer.name}")
        layer.set_weights(values)


def load_imagenet(network):
    """Fill the backbone with Keras' ImageNet weights, downloaded on first use.

    Raises:
        ModelError: they could not be downloaded.
    """
    try:
        source = keras.applications.MobileNetV2(include_top=False, weights="imagenet")
    except Exception as error:  # urllib, SSL and the disk each raise their own
        raise ModelError(f"ImageNet weights could not be downloaded ({error}); check the network") from None
    for layer in backbone_layers(network):
        layer.set_weights(source.get_layer(layer.name).get_weights())


def backbone_layers(network):
    """Layers with weights that ``network`` has in common with ``keras.applications.MobileNetV2``."""
    prefixes = ("Conv1", "bn_Conv1", "expanded_conv_", "block_", "Conv_1")
    return [layer for layer in network.layers if layer.weights and layer.name.startswith(prefixes)]
