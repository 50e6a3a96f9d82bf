"""Names of the network's layers, told without building it, which needs Keras."""

from difflib import get_close_matches

from skushare.errors import ConfigError

_NORMED = ("", "_bn", "_relu")  # what ``network._conv`` puts behind the name of a convolution
_DEPTHWISE = ("depthwise", "depthwise_BN", "depthwise_relu", "project", "project_BN")
_BLOCK = ("expand", "expand_BN", "expand_relu", *_DEPTHWISE)
_HALVING, _WIDENING = (1, 3, 6, 13), (10, 16)  # blocks of MobileNetV2 that end without an addition


def layer_names(config):
    """Names of all layers of ``build_network(config)``, in no order."""
    names = ["image", "to_unit_range", "Conv1", "bn_Conv1", "Conv1_relu", "Conv_1", "Conv_1_bn", "out_relu"]
    names += [f"expanded_conv_{part}" for part in _DEPTHWISE]
    for number in range(1, 17):
        joint = ("pad",) * (number in _HALVING) or ("add",) * (number not in _WIDENING)
        names += [f"block_{number}_{part}" for part in (*_BLOCK, *joint)]
    levels = range(len(config.anchors.sizes))
    if config.neck == "fpn":
        names += [f"lateral_{level}{end}" for level in levels for end in ("", "_bn")]
        names += [f"{kind}_{level}" for kind in ("upsample", "merge") for level in levels[:-1]]
        names += [f"smooth_{level}{end}" for level in levels for end in _NORMED]
    else:
        convolutions = [f"extra_{number}_{kernel}" for number in range(2, 6) for kernel in ("1x1", "3x3")]
        names += [f"{convolution}{end}" for convolution in convolutions for end in _NORMED]
    towers = [f"tower_{depth}{end}" for depth in range(config.tower) for end in _NORMED]
    for head, output in (("class", "class_logits"), ("box", "box_codes")):
        names += [f"{head}_{level}_{part}" for level in levels for part in (*towers, "predictor", "flat")]
        names.append(output)
    return names


def check_layer(name, names):
    """Raise a ConfigError where ``name``, of the setting ``freeze_before``, is none of ``names``."""
    if name not in names:
        like = ", ".join(get_close_matches(name, names, cutoff=0))
        raise ConfigError(
            f"freeze_before: the network has no layer called {name!r}; there are {like} and others"
        )
