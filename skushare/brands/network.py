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
    """The trainable network.

    MobileNetV2 seen two ways: averaged over the whole pack at its end, which stands turning and
    shifting, and in a grid of 3 x 3 fields from the middle, which keeps what stands above what, as the
    name above the picture of a pack.

    Returns:
        a functional ``keras.Model``: float32 RGB in 0..255, (b, ``SIZE``, ``SIZE``, 3), to
        ``{"embedding": (b, DIMENSIONS)}`` of length 1.
    """
    image = keras.Input((SIZE, SIZE, 3), name="image")
    backbone = keras.applications.MobileNetV2(
        input_tensor=layers.Rescaling(1 / 127.5, offset=-1.0, name="to_unit_range")(image),
        include_top=False,
        weights=None,
    )
    whole = layers.GlobalAveragePooling2D(name="whole")(backbone.get_layer("out_relu").output)
    middle = backbone.get_layer("block_12_add").output
    fields = layers.Flatten(name="fields")(layers.AveragePooling2D(2, name="grid")(middle))
    views = [UnitLength(name=f"{name}_unit")(x) for name, x in (("whole", whole), ("fields", fields))]
    x = layers.Concatenate(name="views")(views)
    x = layers.Dropout(0.3, name="views_dropout")(x)
    x = layers.Dense(DIMENSIONS, use_bias=False, name="projection")(x)
    return keras.Model(image, {"embedding": UnitLength(name="embedding")(x)}, name="facing_embedder")
