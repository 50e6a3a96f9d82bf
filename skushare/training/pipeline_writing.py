"""Writing our settings as a ``pipeline.config`` of the Object Detection API."""

import json
from dataclasses import fields, replace
from math import sqrt

from skushare import __version__
from skushare.detector.presets import SSD_MOBILENET_V2_320, ssd_sizes
from skushare.detector.zoo import INDEX
from skushare.errors import ConfigError
from skushare.training import pipeline_fields as api
from skushare.training.pipeline import read_pipeline


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
    values = {path: ours for path, ours, _ in api.ALWAYS}
    values |= {field.path: getattr(detector, field.setting) for field in api.DETECTOR}
    values |= {field.path: getattr(training, field.setting) for field in api.TRAINING}
    values |= dict(zip((path for path, _ in api.CODER), detector.coder, strict=True))
    values |= {
        api.SSD + "num_classes": len(detector.labels),
        api.SSD + "similarity_calculator.iou_similarity": {},
        api.MATCHER + "unmatched_threshold": detector.match_iou,
        api.ANCHORS + "min_scale": min_scale,
        api.ANCHORS + "max_scale": max_scale,
        api.ANCHORS + "aspect_ratios": list(ratios),
        api.ANCHORS + "reduce_boxes_in_lowest_layer": reduced,
        api.RESIZER + "height": detector.input_size,
        api.RESIZER + "width": detector.input_size,
        api.PREDICTOR + "conv_hyperparams.activation": api.Name("RELU_6"),
        api.PREDICTOR + api.L2: training.weight_decay,
        api.EXTRACTOR + "type": api.EXTRACTOR_TYPE,
        api.EXTRACTOR + api.L2: training.weight_decay,
        api.EXTRACTOR + "conv_hyperparams.initializer.truncated_normal_initializer.stddev": 0.03,
        api.NMS + "max_detections_per_class": detector.max_detections,
        api.NMS + "max_total_detections": detector.max_detections,
        api.OPTIMIZER + "use_moving_average": training.ema > 0,
    }
    if len(detector.labels) > 1:
        values[api.AGNOSTIC] = True
    momentum = api.OPTIMIZER + "momentum_optimizer"
    optimizer = momentum if training.optimizer == "momentum" else api.OPTIMIZER + "adam_optimizer"
    schedule = optimizer + api.COSINE
    values |= {schedule + field.path: getattr(training, field.setting) for field in api.SCHEDULE}
    values[schedule + "total_steps"] = training.schedule_steps or training.steps
    if training.optimizer == "momentum":
        values[momentum + ".momentum_optimizer_value"] = training.momentum
    if training.ema:
        values[api.OPTIMIZER + "moving_average_decay"] = training.ema
    steps = ["random_horizontal_flip"] + ["ssd_random_crop"] * (training.min_scale < 1)
    values[api.STEPS.removesuffix(".")] = [
        {step: {}} for step in steps + ["random_distort_color"] * training.photometric
    ]
    if weights == "imagenet":
        values |= {
            api.TRAIN + "fine_tune_checkpoint_version": api.Name("V2"),
            api.TRAIN + "fine_tune_checkpoint": f"{api.PLACEHOLDER}mobilenet_v2.ckpt-1",
            api.TRAIN + "fine_tune_checkpoint_type": api.CLASSIFICATION,
        }
    elif weights.endswith(INDEX):
        values |= {
            api.TRAIN + "fine_tune_checkpoint_version": api.Name("V2"),
            api.TRAIN + "fine_tune_checkpoint": weights.removesuffix(INDEX),
            api.TRAIN + "fine_tune_checkpoint_type": "detection",
        }
    for reader, part in (("train_input_reader", "train"), ("eval_input_reader", "val")):
        values[f"{reader}.label_map_path"] = f"{api.PLACEHOLDER}label_map.pbtxt"
        values[f"{reader}.tf_record_input_reader.input_path"] = f"{api.PLACEHOLDER}{part}.tfrecord"
    values["eval_config.metrics_set"] = "coco_detection_metrics"
    return _nested(values)


def _nested(values):
    """{path: value} as messages inside each other."""
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
                text = json.dumps(value) if not isinstance(value, api.Name) else value
                lines += [f"{indent}{name}: {text}\n"]
    return "".join(lines)


def _differences(one, other):
    """(name, value) of each field of the settings ``one`` that ``other`` has otherwise."""
    return [
        (f.name, getattr(one, f.name)) for f in fields(one) if getattr(one, f.name) != getattr(other, f.name)
    ]
