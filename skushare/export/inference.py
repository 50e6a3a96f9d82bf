"""The network as it runs elsewhere: the same numbers from far fewer operations.

Batch norm is folded into the convolution before it, so that the browser gets one fused operation for
convolution, bias and ReLU6; padding becomes part of the strided convolutions; and no operation calculates
with shapes, so that any input size costs the same.
"""

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable("skushare")
class Doubled(layers.Layer):
    """Nearest-neighbour enlargement by 2: four copies of the channels, spread over the squares."""

    def call(self, x):
        import tensorflow as tf

        return tf.nn.depth_to_space(ops.concatenate([x] * 4, axis=-1), 2)


@keras.saving.register_keras_serializable("skushare")
class Flat(layers.Layer):
    """Reshapes to constant sides, one of which may be -1."""

    def __init__(self, sides, **options):
        super().__init__(**options)
        self.sides = tuple(sides)

    def call(self, x):
        import tensorflow as tf

        return tf.reshape(x, self.sides)  # keras.ops would ask for the shape at run time


@keras.saving.register_keras_serializable("skushare")
class PlainConv2D(layers.Conv2D):
    """A convolution whose bias is always one of rank 1; TensorFlow.js fuses no other.

    Keras adds the bias of a single filter as a tensor of rank 4.
    """

    def call(self, x):
        import tensorflow as tf

        return tf.nn.bias_add(self.convolution_op(x, self.kernel), self.bias)


def inference_network(network, batch=1):
    """``network`` with batch norm folded in; it cannot be trained any more.

    Args:
        network: a network of ``build_network`` or ``build_embedder``, Keras on TensorFlow.
        batch: pictures at once; ``None`` for any number.

    Returns:
        a functional ``keras.Model`` of the same inputs and outputs.
    """
    folded = {}  # name of the convolution: the batch norm after it
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            before = layer.input._keras_history.operation
            if isinstance(before, layers.Conv2D | layers.DepthwiseConv2D | layers.SeparableConv2D):
                folded[before.name] = layer
    swallowed = {layer.name for layer in folded.values()}
    padded = {  # strided convolutions whose padding is that of "same"
        layer.name
        for layer in network.layers
        if isinstance(layer, layers.DepthwiseConv2D)
        and isinstance(layer.input._keras_history.operation, layers.ZeroPadding2D)
    }
    swallowed |= {network.get_layer(name).input._keras_history.operation.name for name in padded}

    def clone(layer):
        if layer.name in swallowed:
            return layers.Identity(name=layer.name)
        if isinstance(layer, layers.UpSampling2D):
            assert layer.size == (2, 2) and layer.interpolation == "nearest"
            return Doubled(name=layer.name)
        if isinstance(layer, layers.Flatten):
            return Flat((-1, int(np.prod(layer.input.shape[1:]))), name=layer.name)
        if isinstance(layer, layers.Reshape) and batch is not None:
            return Flat((batch, *layer.target_shape), name=layer.name)
        settings = layer.get_config()
        if layer.name in folded:
            settings["use_bias"] = True
        if layer.name in padded:
            settings["padding"] = "same"
        if type(layer) is layers.Conv2D and settings["use_bias"]:
            return PlainConv2D.from_config(settings)
        return type(layer).from_config(settings)

    shape = network.input.shape[1:]
    image = keras.Input(batch_shape=(batch, *shape), name=network.input.name)
    copy = keras.models.clone_model(
        network,
        input_tensors=image,
        clone_function=clone,
        call_function=lambda layer, *inputs, **_: layer(*inputs),  # without batch norm's mask
    )
    for layer in network.layers:
        values = layer.get_weights()
        if layer.name in folded:
            values = _folded(layer, values, folded[layer.name])
        if values and layer.name not in swallowed:
            copy.get_layer(layer.name).set_weights(values)
    return copy


def _folded(layer, values, norm):
    """Kernels and bias of a convolution that does what ``layer`` and the batch norm after it do."""
    gamma, beta, mean, variance = (np.asarray(value, np.float64) for value in norm.get_weights())
    factor = gamma / np.sqrt(variance + norm.epsilon)
    *kernels, bias = values if layer.use_bias else (*values, 0.0)
    kernels[-1] = kernels[-1] * (
        factor.reshape(kernels[-1].shape[2:]) if type(layer) is layers.DepthwiseConv2D else factor
    )
    return [np.asarray(value, np.float32) for value in (*kernels, beta + (bias - mean) * factor)]
