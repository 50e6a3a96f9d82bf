"""The network that turns the picture of a facing into a vector that is alike for like packs."""

import keras
from keras import layers, ops

SIZE = 96  # pixels, height and width of its input
DIMENSIONS = 128


@keras.saving.register_keras_serializable("skushare")
class UnitLength(layers.Layer):
    """Divides each vector by its length, with operations that every runtime knows."""

    def call(self, x):
        return x * ops.rsqrt(ops.sum(ops.square(x), axis=-1, keepdims=True) + 1e-12)


def build_embedder():
    """The network that ships.

    MobileNetV2 as far as ``block_12_add``, in a grid of 3 x 3 fields that keep what stands above what,
    as the name above the picture of a pack; then one linear layer that keeps of their 864 numbers what
    tells products apart. What comes after that block does not help with unseen packs (see the model card).

    Returns:
        a functional ``keras.Model``: float32 RGB in 0..255, (b, ``SIZE``, ``SIZE``, 3), to
        ``{"embedding": (b, DIMENSIONS)}`` of length 1.
    """
    backbone = build_backbone()
    x = layers.Dense(DIMENSIONS, use_bias=False, name="projection")(fields(backbone))
    return keras.Model(
        backbone.inputs[0], {"embedding": UnitLength(name="embedding")(x)}, name="facing_embedder"
    )


def build_backbone():
    """The whole MobileNetV2, without its classes, for pictures as :func:`build_embedder` takes them."""
    image = keras.Input((SIZE, SIZE, 3), name="image")
    unit = layers.Rescaling(1 / 127.5, offset=-1.0, name="to_unit_range")(image)
    return keras.applications.MobileNetV2(input_tensor=unit, include_top=False, weights=None)


def fields(backbone):
    """What :func:`build_embedder` reads of ``backbone``: (b, 3 * 3 * 96)."""
    grid = layers.AveragePooling2D(2, name="grid")(backbone.get_layer("block_12_add").output)
    return layers.Flatten(name="fields")(grid)
