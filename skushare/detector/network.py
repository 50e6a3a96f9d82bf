"""The network: MobileNetV2, a neck, prediction heads."""

import keras
from keras import layers

BATCH_NORM = {"momentum": 0.97, "epsilon": 1e-3}


def build_network(config, input_size=None):
    """The trainable network of ``config``.

    Args:
        config: a ``DetectorConfig``.
        input_size: (height, width) in pixels; default the configured square. With
            ``resize="fit"`` both must be multiples of 32, or ``None`` for a network
            that takes any such size. Else static on purpose: stock MobileNetV2 pads
            odd maps as SSD does only when it knows their size.

    Returns:
        a functional ``keras.Model``: float32 RGB in 0..255, (b, height, width, 3), to
        ``{"class_logits": (b, a, columns), "box_codes": (b, a, 4)}``.
    """
    height, width = input_size or (config.input_size, config.input_size)
    image = keras.Input((height, width, 3), name="image")
    backbone = keras.applications.MobileNetV2(
        input_tensor=layers.Rescaling(1 / 127.5, offset=-1.0, name="to_unit_range")(image),
        include_top=False,
        weights=None,
    )
    for layer in backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = BATCH_NORM["momentum"]
    maps = [backbone.get_layer(name).output for name in config.taps]
    maps = _fpn(maps, config) if config.neck == "fpn" else _ssd_maps(maps)

    columns = len(config.labels) + config.background
    logits, codes = [], []
    for level, (features, sizes) in enumerate(zip(maps, config.anchors.sizes, strict=True)):
        logits.append(_head(features, config, f"class_{level}", len(sizes), columns, config.class_bias))
        codes.append(_head(features, config, f"box_{level}", len(sizes), 4, 0.0))
    outputs = {
        "class_logits": layers.Concatenate(axis=1, name="class_logits", dtype="float32")(logits),
        "box_codes": layers.Concatenate(axis=1, name="box_codes", dtype="float32")(codes),
    }
    return keras.Model(image, outputs, name=config.preset)


def _conv(x, filters, kernel, name, strides=1, separable=False, activation=True):
    """Convolution without bias, batch norm, ReLU6."""
    kind = layers.SeparableConv2D if separable else layers.Conv2D
    x = kind(filters, kernel, strides=strides, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(name=f"{name}_bn", **BATCH_NORM)(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x) if activation else x


def _ssd_maps(maps):
    """Append SSD's four extra maps (TF OD API ``feature_map_generators.py``)."""
    maps = list(maps)
    for number, depth in enumerate((512, 256, 256, 128), 2):
        x = _conv(maps[-1], depth // 2, 1, f"extra_{number}_1x1")
        maps.append(_conv(x, depth, 3, f"extra_{number}_3x3", strides=2))
    return maps


def _fpn(maps, config):
    """Top-down pathway (Lin et al. 2017, arXiv:1612.03144), light: separable smoothing."""
    laterals = [
        _conv(x, config.channels, 1, f"lateral_{level}", activation=False) for level, x in enumerate(maps)
    ]
    merged = [laterals[-1]]
    for level in reversed(range(len(laterals) - 1)):
        above = layers.UpSampling2D(2, name=f"upsample_{level}")(merged[0])
        merged.insert(0, layers.Add(name=f"merge_{level}")([laterals[level], above]))
    return [_conv(x, config.channels, 3, f"smooth_{level}", separable=True) for level, x in enumerate(merged)]


def _head(x, config, name, anchors, columns, bias):
    """Predict ``columns`` numbers for each of ``anchors`` anchors of a cell: (b, cells, columns)."""
    for depth in range(config.tower):
        x = _conv(x, config.channels, 3, f"{name}_tower_{depth}", separable=True)
    x = layers.Conv2D(
        anchors * columns,
        config.kernel,
        padding="same",
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
        bias_initializer=keras.initializers.Constant(bias),
        name=f"{name}_predictor",
    )(x)
    return layers.Reshape((-1, columns), name=f"{name}_flat")(x)
