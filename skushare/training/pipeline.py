"""Reading the Object Detection API's ``pipeline.config`` of an SSD MobileNet v2.

What a file asks for and skushare does otherwise, or does not know, is named with its line.
"""

from dataclasses import replace
from math import isclose, isfinite
from typing import NamedTuple

from skushare.detector.config import AnchorConfig, DetectorConfig
from skushare.detector.presets import SSD_MOBILENET_V2_320, ssd_sizes
from skushare.detector.zoo import find_checkpoint
from skushare.errors import ConfigError
from skushare.prototext import parse
from skushare.training import pipeline_fields as api
from skushare.training.config import TrainingConfig


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


UNKNOWN = "unknown to skushare"


def read_pipeline(text):
    """The :class:`Pipeline` of the text of a ``pipeline.config``.

    Raises:
        ConfigError: it is not the text format, is of another network than SSD MobileNet v2, or
            has a value that cannot work.
    """
    file = _File(parse(text))
    file.require_ssd()
    for path, ours, default in api.ALWAYS:
        file.compare(path, ours, default)
    pipeline = Pipeline(_detector(file), _training(file), _weights(file), ())
    return pipeline._replace(ignored=file.ignored())


def _detector(file):
    values = {field.setting: file.take(field.path, field.default) for field in api.DETECTOR}
    if not file.has(api.ALPHA):
        file.note(api.ALPHA, f"missing, which means none in the API; it is {values['focal_alpha']} here")
    file.take_flag(api.SSD + "similarity_calculator.iou_similarity")
    file.compare(api.MATCHER + "unmatched_threshold", values["match_iou"], 0.5)
    height, width = (file.take(api.RESIZER + side, 0) for side in ("height", "width"))
    if height != width or not height:
        raise ConfigError(f"{api.RESIZER}height, width: skushare's SSD is square, got {height} and {width}")
    classes = file.take(api.SSD + "num_classes", 0)
    if not 1 <= classes <= 10000:
        raise ConfigError(f"{api.SSD}num_classes: from 1 to 10000, got {classes}")
    total = file.take(api.NMS + "max_total_detections", 100)
    if classes == 1:
        total = min(total, file.take(api.NMS + "max_detections_per_class", 100))
        file.take(api.AGNOSTIC, False)  # either way is the same
    else:
        file.compare(api.NMS + "max_detections_per_class", total, 100)
        file.compare(api.AGNOSTIC, True, False)
    low, high = file.take(api.ANCHORS + "min_scale", 0.2), file.take(api.ANCHORS + "max_scale", 0.95)
    ratios = tuple(file.take_all(api.ANCHORS + "aspect_ratios", float))
    if not 0 < low <= high <= 1 or min(ratios, default=1) <= 0:
        raise ConfigError(
            f"{api.ANCHORS}min_scale, max_scale, aspect_ratios: scales rise from above 0 to at most 1, and "
            f"ratios are above 0; got {low}, {high}, {list(ratios)}"
        )
    sizes = ssd_sizes(low, high, ratios, file.take(api.ANCHORS + "reduce_boxes_in_lowest_layer", True))
    return replace(
        SSD_MOBILENET_V2_320,
        **values,
        input_size=height,
        photo_size=height,
        live_size=height,
        labels=("facing",) if classes == 1 else tuple(f"class {i}" for i in range(1, classes + 1)),
        anchors=AnchorConfig(sizes, "image"),
        coder=tuple(float(file.take(path, default)) for path, default in api.CODER),
        max_detections=total,
    )


def _training(file):
    values = {field.setting: file.take(field.path, field.default) for field in api.TRAINING}
    if not values["steps"]:
        raise ConfigError(f"{api.TRAIN}num_steps: without it the API trains for ever; give a number")
    momentum, adam = api.OPTIMIZER + "momentum_optimizer", api.OPTIMIZER + "adam_optimizer"
    if file.has(momentum):
        values["optimizer"] = "momentum"
        values["momentum"] = file.take(momentum + ".momentum_optimizer_value", 0.9)
    schedule = (momentum if file.has(momentum) else adam) + api.COSINE
    if file.has(schedule.removesuffix(".")):
        values |= {field.setting: file.take(schedule + field.path, field.default) for field in api.SCHEDULE}
        file.compare(schedule + "hold_base_rate_steps", 0, 0)
        if values["schedule_steps"] == values["steps"]:
            values["schedule_steps"] = 0
    average, decay = (
        file.take(api.OPTIMIZER + f"{name}", default)
        for name, default in (("use_moving_average", True), ("moving_average_decay", 0.9999))
    )
    values["ema"] = decay if average else 0.0
    values["weight_decay"] = file.take(api.EXTRACTOR + api.L2, 0.0)
    file.compare(api.PREDICTOR + api.L2, values["weight_decay"], 0.0)
    if not file.take_flag(api.STEPS + "random_horizontal_flip"):
        file.note(
            api.STEPS + "random_horizontal_flip", "missing, but crops are mirrored at random in any case"
        )
    crop = file.take_flag(api.STEPS + "ssd_random_crop")
    values["min_scale"], values["max_scale"] = api.CROP_SCALES if crop else (1.0, 1.0)
    values["photometric"] = any([file.take_flag(path) for path in api.COLOURS])
    return TrainingConfig(**values)


def _weights(file):
    kind = file.take(api.TRAIN + "fine_tune_checkpoint_type", "")
    file.take(api.TRAIN + "fine_tune_checkpoint_version", api.Name("V1"))
    if kind == api.CLASSIFICATION and file.has(api.TRAIN + "fine_tune_checkpoint"):
        return "imagenet"
    path = file.take(api.TRAIN + "fine_tune_checkpoint", "")
    checkpoint = find_checkpoint(path) if path else None
    if path and not checkpoint:
        file.note(api.TRAIN + "fine_tune_checkpoint", "not found here; choose the weights to start from")
    return str(checkpoint or "")


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
        for choice, ours in api.CHOICES:
            for path, line in self._lines.items():
                if path.startswith(f"{choice}.") and not f"{path}.".startswith(f"{choice}.{ours}."):
                    raise ConfigError(f"line {line}: {path}: another network; it can only be {choice}.{ours}")
        kind = self.take(api.EXTRACTOR + "type", api.EXTRACTOR_TYPE)
        if kind != api.EXTRACTOR_TYPE:
            raise ConfigError(f"{api.EXTRACTOR}type: only {api.EXTRACTOR_TYPE} can be read, got {kind!r}")

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
        reasons = api.HARMLESS | api.OTHERWISE
        for path in self._left:
            known = [start for start in reasons if f"{path}.".startswith(start.rstrip(".") + ".")]
            start = max(known, key=len, default=api.STEPS)
            # A whole message that has one reason is named once, by its first line.
            shown = path if start == api.STEPS else start
            self._lines.setdefault(shown, self._lines[path])
            if shown not in [ignored.path for ignored in self._ignored]:
                self.note(shown, reasons[start] if known else UNKNOWN, start not in api.HARMLESS)
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
    if kind in (str, api.Name) and isinstance(value, str) and entry.quoted == (kind is str):
        return kind(value)
    wanted = {bool: "true or false", int: "a whole number", float: "a number", str: "a text in quotes"}
    raise ConfigError(f"{where}: {wanted.get(kind, 'a name')} is needed, got {_shown(value)}")


def _shown(value):
    return str(value).lower() if isinstance(value, bool) else str(value)
