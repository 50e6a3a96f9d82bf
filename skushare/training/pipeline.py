"""The Object Detection API's ``pipeline.config`` of an SSD MobileNet v2, read and written.

What a file asks for and skushare does otherwise, or does not know, is named with its line.
"""

import json
from dataclasses import fields, replace
from math import isclose, isfinite, sqrt
from typing import NamedTuple

from skushare import __version__
from skushare.detector.config import AnchorConfig, DetectorConfig
from skushare.detector.presets import SSD_MOBILENET_V2_320, ssd_sizes
from skushare.detector.zoo import INDEX, find_checkpoint
from skushare.errors import ConfigError
from skushare.prototext import parse
from skushare.training.config import TrainingConfig

SSD, TRAIN = "model.ssd.", "train_config."
EXTRACTOR, PREDICTOR = SSD + "feature_extractor.", SSD + "box_predictor.convolutional_box_predictor."
ANCHORS, RESIZER = SSD + "anchor_generator.ssd_anchor_generator.", SSD + "image_resizer.fixed_shape_resizer."
MATCHER, LOSS = SSD + "matcher.argmax_matcher.", SSD + "loss."
NMS, STEPS = SSD + "post_processing.batch_non_max_suppression.", TRAIN + "data_augmentation_options."
ALPHA = LOSS + "classification_loss.weighted_sigmoid_focal.alpha"
AGNOSTIC = NMS + "use_class_agnostic_nms"  # boxes suppress those of other classes, too
OPTIMIZER, L2 = TRAIN + "optimizer.", "conv_hyperparams.regularizer.l2_regularizer.weight"
COSINE = ".learning_rate.cosine_decay_learning_rate."

EXTRACTOR_TYPE, CLASSIFICATION = "ssd_mobilenet_v2_keras", "classification"
CROP_SCALES = 0.3, 1.0  # sides of a crop as near to ``ssd_random_crop``, whose areas are 10 to 100 %
PLACEHOLDER = "PATH_TO_BE_CONFIGURED/"


class Name(str):
    """A word of the format that stands without quotes, as an enum's value."""


class Ignored(NamedTuple):
    """A setting of a file that has no effect here.

    Attributes:
        line: where it stands, from 1; 0 if it is missing and the API's default counts.
        path: of the setting, as ``model.ssd.freeze_batchnorm``.
        reason: for people.
        differs: training will not be what the file asks for.
    """

    line: int
    path: str
    reason: str
    differs: bool = True

    def __str__(self):
        return f"{f'line {self.line}: ' if self.line else ''}{self.path}: {self.reason}"


class Pipeline(NamedTuple):
    """What a ``pipeline.config`` says.

    Attributes:
        detector: ``DetectorConfig``; training: ``TrainingConfig``.
        weights: to start from: "imagenet", the checkpoint that the file names if it is here, or "".
        ignored: each :class:`Ignored` setting, in the order of the file.
    """

    detector: DetectorConfig
    training: TrainingConfig
    weights: str
    ignored: tuple[Ignored, ...]


class _Plain(NamedTuple):
    """A field that is a setting of ours: where it is, its name here, and the API's default."""

    path: str
    setting: str
    default: object


_DETECTOR = (
    _Plain(MATCHER + "matched_threshold", "match_iou", 0.5),
    _Plain(PREDICTOR + "kernel_size", "kernel", 1),
    _Plain(PREDICTOR + "class_prediction_bias_init", "class_bias", 0.0),
    _Plain(ALPHA, "focal_alpha", 0.75),
    _Plain(LOSS + "classification_loss.weighted_sigmoid_focal.gamma", "focal_gamma", 2.0),
    _Plain(LOSS + "localization_weight", "box_weight", 1.0),
    _Plain(NMS + "iou_threshold", "nms_iou", 0.6),
    _Plain(TRAIN + "max_number_of_boxes", "max_boxes", 100),
)
_CODER = tuple(
    (SSD + f"box_coder.faster_rcnn_box_coder.{name}_scale", default)
    for name, default in (("y", 10.0), ("x", 10.0), ("height", 5.0), ("width", 5.0))
)
_TRAINING = (
    _Plain(TRAIN + "batch_size", "batch_size", 32),
    _Plain(TRAIN + "num_steps", "steps", 0),
    _Plain(TRAIN + "gradient_clipping_by_norm", "clip_norm", 0.0),
)
_SCHEDULE = (
    _Plain("learning_rate_base", "learning_rate", 0.002),
    _Plain("total_steps", "schedule_steps", 4000000),
    _Plain("warmup_learning_rate", "warmup_learning_rate", 0.0002),
    _Plain("warmup_steps", "warmup_steps", 10000),
)

# What skushare's SSD always has, and the API's default where the file says nothing (None: as here).
_ALWAYS = (
    (SSD + "freeze_batchnorm", False, False),
    (MATCHER + "ignore_thresholds", False, False),
    (MATCHER + "negatives_lower_than_unmatched", True, True),
    (MATCHER + "force_match_for_each_row", True, False),
    (SSD + "encode_background_as_zeros", True, False),
    (SSD + "negative_class_weight", 1.0, 1.0),
    (ANCHORS + "num_layers", 6, 6),
    (PREDICTOR + "min_depth", 0, 0),
    (PREDICTOR + "max_depth", 0, 0),
    (PREDICTOR + "num_layers_before_predictor", 0, 0),
    (PREDICTOR + "use_dropout", False, True),
    (PREDICTOR + "box_code_size", 4, 4),
    (PREDICTOR + "apply_sigmoid_to_scores", False, False),
    (PREDICTOR + "use_depthwise", False, False),
    (PREDICTOR + "conv_hyperparams.initializer.random_normal_initializer.stddev", 0.01, None),
    (PREDICTOR + "conv_hyperparams.initializer.random_normal_initializer.mean", 0.0, None),
    (EXTRACTOR + "depth_multiplier", 1.0, 1.0),
    (EXTRACTOR + "pad_to_multiple", 1, 1),
    (EXTRACTOR + "use_explicit_padding", False, False),
    (EXTRACTOR + "use_depthwise", False, False),
    (EXTRACTOR + "override_base_feature_extractor_hyperparams", True, False),
    (EXTRACTOR + "conv_hyperparams.activation", Name("RELU_6"), Name("RELU")),
    (EXTRACTOR + "conv_hyperparams.batch_norm.decay", 0.97, 0.999),
    (EXTRACTOR + "conv_hyperparams.batch_norm.epsilon", 0.001, 0.001),
    (EXTRACTOR + "conv_hyperparams.batch_norm.scale", True, False),
    (EXTRACTOR + "conv_hyperparams.batch_norm.center", True, True),
    (EXTRACTOR + "conv_hyperparams.batch_norm.train", True, True),
    (LOSS + "localization_loss.weighted_smooth_l1.delta", 1.0, 1.0),
    (LOSS + "classification_weight", 1.0, 1.0),
    (SSD + "normalize_loss_by_num_matches", True, True),
    (SSD + "normalize_loc_loss_by_codesize", True, False),
    (SSD + "post_processing.score_converter", Name("SIGMOID"), Name("IDENTITY")),
)

# Members of a choice that make another network.
_CHOICES = (
    ("model", "ssd"),
    (SSD + "box_coder", "faster_rcnn_box_coder"),
    (SSD + "matcher", "argmax_matcher"),
    (SSD + "similarity_calculator", "iou_similarity"),
    (SSD + "anchor_generator", "ssd_anchor_generator"),
    (SSD + "image_resizer", "fixed_shape_resizer"),
    (SSD + "box_predictor", "convolutional_box_predictor"),
    (LOSS + "classification_loss", "weighted_sigmoid_focal"),
    (LOSS + "localization_loss", "weighted_smooth_l1"),
)

_COLOURS = tuple(
    f"{STEPS}random_{name}"
    for name in ("adjust_brightness", "adjust_contrast", "adjust_hue", "adjust_saturation", "distort_color")
)

# Why known settings have no effect, by the beginning of their path; the longest counts.
_SAME = "tells the API how to compute; what is computed is the same here"
_OWN_WAY = "tells the API how to share out and save its work; skushare has its own way"
_NO_LAYERS = "has no effect on a predictor without layers of its own"
_HARMLESS = {
    SSD + "inplace_batchnorm_update": _SAME,
    MATCHER + "use_matmul_gather": _SAME,
    PREDICTOR + "dropout_keep_probability": "there is no dropout here",
    PREDICTOR + "conv_hyperparams.activation": _NO_LAYERS,
    PREDICTOR + "conv_hyperparams.batch_norm": _NO_LAYERS,
    EXTRACTOR + "min_depth": "has no effect on a MobileNet of full width",
    EXTRACTOR + "conv_hyperparams.initializer": "new layers begin as Keras has it, Glorot uniform",
    NMS + "score_threshold": "score thresholds are chosen on the validation photos",
    TRAIN + "fine_tune_checkpoint": "stands for the ImageNet weights, which Keras brings",
    TRAIN + "unpad_groundtruth_tensors": _SAME,
    TRAIN + "sync_replicas": _OWN_WAY,
    TRAIN + "replicas_to_aggregate": _OWN_WAY,
    TRAIN + "startup_delay_steps": _OWN_WAY,
    TRAIN + "keep_checkpoint_every_n_hours": _OWN_WAY,
    TRAIN + "batch_queue_capacity": _OWN_WAY,
    TRAIN + "num_batch_queue_threads": _OWN_WAY,
    TRAIN + "prefetch_queue_capacity": _OWN_WAY,
    "train_input_reader": "the photos to train on are chosen for each run",
    "eval_input_reader": "the photos to validate on are chosen for each run",
    "eval_config": "skushare validates with COCO's measures, at the detections of the network",
}
_COSINE_ONLY = "the learning rate is a cosine here; its default is taken"
_OTHERWISE = {
    PREDICTOR + "conv_hyperparams.initializer": "the predictor begins at random normal values of 0.01 here",
    OPTIMIZER + "rms_prop_optimizer": "skushare trains with AdamW or momentum; AdamW and its rate are taken",
    OPTIMIZER + "momentum_optimizer.learning_rate": _COSINE_ONLY,
    OPTIMIZER + "adam_optimizer.learning_rate": _COSINE_ONLY,
    STEPS: "skushare has no such augmentation",
    TRAIN + "from_detection_checkpoint": "choose the weights to start from",
    TRAIN + "load_all_detection_checkpoint_vars": "choose the weights to start from",
    TRAIN + "freeze_variables": "name a layer in freeze_before instead",
}
UNKNOWN = "unknown to skushare"


def read_pipeline(text):
    """The :class:`Pipeline` of the text of a ``pipeline.config``.

    Raises:
        ConfigError: it is not the text format, is of another network than SSD MobileNet v2, or
            has a value that cannot work.
    """
    file = _File(parse(text))
    file.require_ssd()
    for path, ours, default in _ALWAYS:
        file.compare(path, ours, default)
    pipeline = Pipeline(_detector(file), _training(file), _weights(file), ())
    return pipeline._replace(ignored=file.ignored())


def _detector(file):
    values = {field.setting: file.take(field.path, field.default) for field in _DETECTOR}
    if not file.has(ALPHA):
        file.note(ALPHA, f"missing, which means none in the API; it is {values['focal_alpha']} here")
    file.take_flag(SSD + "similarity_calculator.iou_similarity")
    file.compare(MATCHER + "unmatched_threshold", values["match_iou"], 0.5)
    height, width = (file.take(RESIZER + side, 0) for side in ("height", "width"))
    if height != width or not height:
        raise ConfigError(f"{RESIZER}height, width: skushare's SSD is square, got {height} and {width}")
    classes = file.take(SSD + "num_classes", 0)
    if not 1 <= classes <= 10000:
        raise ConfigError(f"{SSD}num_classes: from 1 to 10000, got {classes}")
    total = file.take(NMS + "max_total_detections", 100)
    if classes == 1:
        total = min(total, file.take(NMS + "max_detections_per_class", 100))
        file.take(AGNOSTIC, False)  # either way is the same
    else:
        file.compare(NMS + "max_detections_per_class", total, 100)
        file.compare(AGNOSTIC, True, False)
    low, high = file.take(ANCHORS + "min_scale", 0.2), file.take(ANCHORS + "max_scale", 0.95)
    ratios = tuple(file.take_all(ANCHORS + "aspect_ratios", float))
    if not 0 < low <= high <= 1 or min(ratios, default=1) <= 0:
        raise ConfigError(
            f"{ANCHORS}min_scale, max_scale, aspect_ratios: scales rise from above 0 to at most 1, and "
            f"ratios are above 0; got {low}, {high}, {list(ratios)}"
        )
    sizes = ssd_sizes(low, high, ratios, file.take(ANCHORS + "reduce_boxes_in_lowest_layer", True))
    return replace(
        SSD_MOBILENET_V2_320,
        **values,
        input_size=height,
        photo_size=height,
        live_size=height,
        labels=("facing",) if classes == 1 else tuple(f"class {i}" for i in range(1, classes + 1)),
        anchors=AnchorConfig(sizes, "image"),
        coder=tuple(float(file.take(path, default)) for path, default in _CODER),
        max_detections=total,
    )


def _training(file):
    values = {field.setting: file.take(field.path, field.default) for field in _TRAINING}
    if not values["steps"]:
        raise ConfigError(f"{TRAIN}num_steps: without it the API trains for ever; give a number")
    momentum, adam = OPTIMIZER + "momentum_optimizer", OPTIMIZER + "adam_optimizer"
    if file.has(momentum):
        values["optimizer"] = "momentum"
        values["momentum"] = file.take(momentum + ".momentum_optimizer_value", 0.9)
    schedule = (momentum if file.has(momentum) else adam) + COSINE
    if file.has(schedule.removesuffix(".")):
        values |= {field.setting: file.take(schedule + field.path, field.default) for field in _SCHEDULE}
        file.compare(schedule + "hold_base_rate_steps", 0, 0)
        if values["schedule_steps"] == values["steps"]:
            values["schedule_steps"] = 0
    average, decay = (
        file.take(OPTIMIZER + f"{name}", default)
        for name, default in (("use_moving_average", True), ("moving_average_decay", 0.9999))
    )
    values["ema"] = decay if average else 0.0
    values["weight_decay"] = file.take(EXTRACTOR + L2, 0.0)
    file.compare(PREDICTOR + L2, values["weight_decay"], 0.0)
    if not file.take_flag(STEPS + "random_horizontal_flip"):
        file.note(STEPS + "random_horizontal_flip", "missing, but crops are mirrored at random in any case")
    crop = file.take_flag(STEPS + "ssd_random_crop")
    values["min_scale"], values["max_scale"] = CROP_SCALES if crop else (1.0, 1.0)
    values["photometric"] = any([file.take_flag(path) for path in _COLOURS])
    return TrainingConfig(**values)


def _weights(file):
    kind = file.take(TRAIN + "fine_tune_checkpoint_type", "")
    file.take(TRAIN + "fine_tune_checkpoint_version", Name("V1"))
    if kind == CLASSIFICATION and file.has(TRAIN + "fine_tune_checkpoint"):
        return "imagenet"
    path = file.take(TRAIN + "fine_tune_checkpoint", "")
    checkpoint = find_checkpoint(path) if path else None
    if path and not checkpoint:
        file.note(TRAIN + "fine_tune_checkpoint", "not found here; choose the weights to start from")
    return str(checkpoint or "")


def write_pipeline(detector, training, weights=""):
    """The text of a ``pipeline.config`` that asks the Object Detection API for the same.

    Settings that the format has no place for are listed in its first comment.

    Args:
        detector: ``DetectorConfig``; training: ``TrainingConfig``.
        weights: "imagenet" and a checkpoint's index write a ``fine_tune_checkpoint``.

    Raises:
        ConfigError: the network is not an SSD MobileNet v2 as the API knows it.
    """
    network = ("resize", "taps", "neck", "tower", "background", "matcher", "class_loss", "box_loss")
    other = [name for name in network if getattr(detector, name) != getattr(SSD_MOBILENET_V2_320, name)]
    anchors = _anchor_settings(detector.anchors.sizes)
    if other or not anchors:
        raise ConfigError(
            "pipeline.config describes the API's SSD MobileNet v2 alone; the network of preset "
            f"{detector.preset} has another {', '.join(other or ['set of anchors'])}"
        )
    if training.schedule_steps == training.steps:
        training = replace(training, schedule_steps=0)
    body = _format(_document(detector, training, weights, anchors))
    again = read_pipeline(body)
    lost = _differences(detector, again.detector) + _differences(training, again.training)
    head = [f"# Written by skushare {__version__} for the TF2 Object Detection API."]
    if training.optimizer == "adamw":
        head += [
            "# The weight decay of AdamW is written as the L2 regularizer, which is near but not the same."
        ]
    if lost:
        head += ["# The format has no place for these settings:"]
        head += [f"#   {name} = {json.dumps(value)}" for name, value in lost]
    return "\n".join(head) + "\n\n" + body


def _anchor_settings(sizes):
    """(min_scale, max_scale, ratios, reduced) of :func:`ssd_sizes` that give ``sizes``; ``None``: none do."""
    lowest, highest = sizes[0], sizes[-1]
    for reduced in (True, False):
        width, height = lowest[1 if reduced and len(lowest) > 1 else 0]
        # Six digits: what was asked for, not what the square roots leave of it.
        settings = (
            round(sqrt(width * height), 6),
            round(sqrt(highest[0][0] * highest[0][1]), 6),
            tuple(round(width / height, 6) for width, height in highest[:-1]),
            reduced,
        )
        if ssd_sizes(*settings) == sizes:
            return settings
    return None


def _document(detector, training, weights, anchors):
    """Everything that is written, as messages inside each other (dicts; a list is a repeated field)."""
    min_scale, max_scale, ratios, reduced = anchors
    values = {path: ours for path, ours, _ in _ALWAYS}
    values |= {field.path: getattr(detector, field.setting) for field in _DETECTOR}
    values |= {field.path: getattr(training, field.setting) for field in _TRAINING}
    values |= dict(zip((path for path, _ in _CODER), detector.coder, strict=True))
    values |= {
        SSD + "num_classes": len(detector.labels),
        SSD + "similarity_calculator.iou_similarity": {},
        MATCHER + "unmatched_threshold": detector.match_iou,
        ANCHORS + "min_scale": min_scale,
        ANCHORS + "max_scale": max_scale,
        ANCHORS + "aspect_ratios": list(ratios),
        ANCHORS + "reduce_boxes_in_lowest_layer": reduced,
        RESIZER + "height": detector.input_size,
        RESIZER + "width": detector.input_size,
        PREDICTOR + "conv_hyperparams.activation": Name("RELU_6"),
        PREDICTOR + L2: training.weight_decay,
        EXTRACTOR + "type": EXTRACTOR_TYPE,
        EXTRACTOR + L2: training.weight_decay,
        EXTRACTOR + "conv_hyperparams.initializer.truncated_normal_initializer.stddev": 0.03,
        NMS + "max_detections_per_class": detector.max_detections,
        NMS + "max_total_detections": detector.max_detections,
        OPTIMIZER + "use_moving_average": training.ema > 0,
    }
    if len(detector.labels) > 1:
        values[AGNOSTIC] = True
    optimizer = OPTIMIZER + ("momentum_optimizer" if training.optimizer == "momentum" else "adam_optimizer")
    values |= {optimizer + COSINE + field.path: getattr(training, field.setting) for field in _SCHEDULE}
    values[optimizer + COSINE + "total_steps"] = training.schedule_steps or training.steps
    if training.optimizer == "momentum":
        values[optimizer + ".momentum_optimizer_value"] = training.momentum
    if training.ema:
        values[OPTIMIZER + "moving_average_decay"] = training.ema
    steps = ["random_horizontal_flip"] + ["ssd_random_crop"] * (training.min_scale < 1)
    values[STEPS.removesuffix(".")] = [
        {step: {}} for step in steps + ["random_distort_color"] * training.photometric
    ]
    if weights == "imagenet":
        values |= {
            TRAIN + "fine_tune_checkpoint_version": Name("V2"),
            TRAIN + "fine_tune_checkpoint": f"{PLACEHOLDER}mobilenet_v2.ckpt-1",
            TRAIN + "fine_tune_checkpoint_type": CLASSIFICATION,
        }
    elif weights.endswith(INDEX):
        values |= {
            TRAIN + "fine_tune_checkpoint_version": Name("V2"),
            TRAIN + "fine_tune_checkpoint": weights.removesuffix(INDEX),
            TRAIN + "fine_tune_checkpoint_type": "detection",
        }
    for reader, part in (("train_input_reader", "train"), ("eval_input_reader", "val")):
        values[f"{reader}.label_map_path"] = f"{PLACEHOLDER}label_map.pbtxt"
        values[f"{reader}.tf_record_input_reader.input_path"] = f"{PLACEHOLDER}{part}.tfrecord"
    values["eval_config.metrics_set"] = "coco_detection_metrics"

    document = {}
    for path, value in values.items():
        *messages, name = path.split(".")
        message = document
        for outer in messages:
            message = message.setdefault(outer, {})
        message[name] = value
    return document


def _format(message, indent=""):
    """The text of a message as :func:`_document` makes them."""
    lines = []
    for name, content in message.items():
        for value in content if isinstance(content, list) else [content]:
            if isinstance(value, dict):
                lines += [f"{indent}{name} {{\n{_format(value, indent + '  ')}{indent}}}\n"]
            else:
                text = json.dumps(value) if not isinstance(value, Name) else value
                lines += [f"{indent}{name}: {text}\n"]
    return "".join(lines)


def _differences(one, other):
    """(name, value) of each field of the settings ``one`` that ``other`` has otherwise."""
    return [
        (f.name, getattr(one, f.name)) for f in fields(one) if getattr(one, f.name) != getattr(other, f.name)
    ]


class _File:
    """The entries of a file; what nobody takes has no effect."""

    def __init__(self, entries):
        self._left = {}
        for entry in entries:
            self._left.setdefault(entry.path, []).append(entry)
        self._lines = {path: found[0].line for path, found in self._left.items()}
        self._ignored = []

    def has(self, path):
        """Whether there is a field or message ``path``, taken or not."""
        return any(known == path or known.startswith(f"{path}.") for known in self._lines)

    def require_ssd(self):
        """Raise ConfigError if the file describes another network than ours."""
        if not self.has("model.ssd"):
            raise ConfigError("model.ssd: missing; only the configuration of an SSD MobileNet v2 can be read")
        for choice, ours in _CHOICES:
            for path, line in self._lines.items():
                if path.startswith(f"{choice}.") and not f"{path}.".startswith(f"{choice}.{ours}."):
                    raise ConfigError(f"line {line}: {path}: another network; it can only be {choice}.{ours}")
        kind = self.take(EXTRACTOR + "type", EXTRACTOR_TYPE)
        if kind != EXTRACTOR_TYPE:
            raise ConfigError(f"{EXTRACTOR}type: only {EXTRACTOR_TYPE} can be read, got {kind!r}")

    def take(self, path, default):
        """The value of ``path``, of the type of ``default``, which counts where there is none."""
        found = self._left.pop(path, [])
        if len(found) > 1:
            raise ConfigError(f"line {found[1].line}: {path}: given a second time")
        return _converted(found[0], type(default)) if found else default

    def take_all(self, path, kind):
        """The values of the repeated field ``path``."""
        return [_converted(entry, kind) for entry in self._left.pop(path, [])]

    def take_flag(self, path):
        """Whether there is a message ``path``; its fields, if any, are left."""
        self._left.pop(path, None)
        return self.has(path)

    def compare(self, path, ours, default):
        """Take ``path``, and note it if its value is not ``ours``."""
        value = self.take(path, default if default is not None else ours)
        if not (isclose(value, ours) if isinstance(ours, float) else value == ours):
            given = path in self._lines
            says = f"{_shown(value)}{'' if given else ', the default of the API,'}"
            self.note(path, f"{says} cannot be had; it is {_shown(ours)} here")

    def note(self, path, reason, differs=True):
        """Tell that ``path`` has no effect, and why."""
        self._ignored.append(Ignored(self._lines.get(path, 0), path, reason, differs))

    def ignored(self):
        """All :class:`Ignored`, what is missing last."""
        reasons = _HARMLESS | _OTHERWISE
        for path in self._left:
            known = [start for start in reasons if f"{path}.".startswith(start.rstrip(".") + ".")]
            start = max(known, key=len, default=STEPS)
            # A whole message that has one reason is named once, by its first line.
            shown = path if start == STEPS else start
            self._lines.setdefault(shown, self._lines[path])
            if shown not in [ignored.path for ignored in self._ignored]:
                self.note(shown, reasons[start] if known else UNKNOWN, start not in _HARMLESS)
        return tuple(sorted(self._ignored, key=lambda ignored: (ignored.line == 0, ignored.line)))


def _converted(entry, kind):
    """The value of ``entry`` as ``kind``: bool, int, float, str or Name."""
    value, where = entry.value, f"line {entry.line}: {entry.path}"
    number = isinstance(value, (int, float))
    if kind is bool and not entry.quoted and value in ("true", "True", "t", "false", "False", "f", 0, 1):
        return value in ("true", "True", "t", 1)
    if kind is int and isinstance(value, int):
        return value
    if kind is float and number and isfinite(value):
        return float(value)
    if kind in (str, Name) and isinstance(value, str) and entry.quoted == (kind is str):
        return kind(value)
    wanted = {bool: "true or false", int: "a whole number", float: "a number", str: "a text in quotes"}
    raise ConfigError(f"{where}: {wanted.get(kind, 'a name')} is needed, got {_shown(value)}")


def _shown(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
