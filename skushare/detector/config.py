"""The one typed description of a detector: everything needed to build, train and run it."""

import json
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Literal, get_args, get_origin, get_type_hints

from skushare.errors import ConfigError


@dataclass(frozen=True)
class AnchorConfig:
    """Prior boxes of every feature map.

    Attributes:
        sizes: for each feature map, (width, height) of every anchor of a cell.
        unit: what ``sizes`` count: ``"image"`` (fractions of the input's sides, as in
            SSD) or ``"cell"`` (steps between neighbouring cells, so that the network
            may run at any input size).
    """

    sizes: tuple[tuple[tuple[float, float], ...], ...]
    unit: Literal["image", "cell"]

    def __post_init__(self):
        _check(self)


@dataclass(frozen=True)
class DetectorConfig:
    """An SSD on MobileNetV2.

    Attributes:
        preset: name of the preset this configuration comes from.
        input_size: side in pixels of the square input it is trained at.
        resize: ``"stretch"`` ignores the aspect ratio; ``"fit"`` keeps it and pads.
        labels: class names; class id = position.
        taps: layers of ``keras.applications.MobileNetV2`` whose outputs become maps.
        neck: ``"ssd"`` appends four ever smaller maps; ``"fpn"`` adds a light
            top-down pathway of ``channels`` channels.
        channels, tower: width and depth of the neck and of each prediction head;
            a tower of 0 is a single ``kernel`` x ``kernel`` convolution.
        background: the class head has one more column, the first, for background.
        class_bias: initial bias of the class head (log odds of an object).
        anchors: the prior boxes.
        coder: scale factors of ty, tx, th, tw (see ``box_coder``).
        matcher: ``"argmax"`` (IoU threshold, every facing forced) or ``"atss"``.
        match_iou: threshold of the arg-max matcher.
        class_loss: ``"focal"`` or ``"quality"`` (target = IoU of the decoded box).
        focal_alpha, focal_gamma: focal loss; the quality loss uses gamma alone.
        box_loss: ``"smooth_l1"`` on codes or ``"giou"`` on boxes.
        box_weight: weight of the box loss against the class loss.
        max_boxes: boxes of a picture used in training at most.
        nms_iou, max_detections: post-processing.
        photo_size, live_size: longest side in pixels that photos and live frames are
            resized to.
        facing_size: when above 0, photos are resized so that a typical facing is so
            many pixels (square root of its area), up to ``photo_size``.
        min_score, live_min_score: default score thresholds of photos and of live
            frames, chosen on validation data.
    """

    preset: str
    input_size: int
    resize: Literal["stretch", "fit"]
    taps: tuple[str, ...]
    neck: Literal["ssd", "fpn"]
    anchors: AnchorConfig
    labels: tuple[str, ...] = ("facing",)
    channels: int = 96
    tower: int = 0
    kernel: int = 1
    background: bool = False
    class_bias: float = -4.6
    coder: tuple[float, float, float, float] = (10.0, 10.0, 5.0, 5.0)
    matcher: Literal["argmax", "atss"] = "argmax"
    match_iou: float = 0.5
    class_loss: Literal["focal", "quality"] = "focal"
    focal_alpha: float = 0.75
    focal_gamma: float = 2.0
    box_loss: Literal["smooth_l1", "giou"] = "smooth_l1"
    box_weight: float = 1.0
    max_boxes: int = 400
    nms_iou: float = 0.5
    max_detections: int = 400
    photo_size: int = 1024
    live_size: int = 320
    facing_size: float = 0.0
    min_score: float = 0.4
    live_min_score: float = 0.4

    def __post_init__(self):
        _check(self)
        if not self.labels:
            raise ConfigError("labels: at least one class name is needed")
        if self.neck == "fpn" and len(self.anchors.sizes) != len(self.taps):
            raise ConfigError("anchors.sizes: a neck of type fpn has one feature map for each tap")
        for name in ("input_size", "photo_size", "live_size"):
            if getattr(self, name) < 32:
                raise ConfigError(f"{name}: at least 32 pixels, got {getattr(self, name)}")
        if self.resize == "fit" and self.input_size % 32:
            raise ConfigError(f"input_size: a multiple of 32 with resize fit, got {self.input_size}")

    def to_json(self):
        """This configuration as JSON text that :meth:`from_json` reads back."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text):
        """Read what :meth:`to_json` wrote.

        Raises:
            ConfigError: not JSON, an unknown or missing setting, or a wrong type.
        """
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise ConfigError(f"not valid JSON: {error}") from None
        return cls.from_dict(values)

    @classmethod
    def from_dict(cls, values):
        """Build from plain values (lists for tuples). Raises ConfigError as :meth:`from_json`."""
        return _build(cls, values, "")


def _tuples(value):
    return tuple(_tuples(v) for v in value) if isinstance(value, (list, tuple)) else value


def _build(cls, values, prefix):
    if not isinstance(values, dict):
        raise ConfigError(f"{prefix or 'configuration'}: an object with settings is needed, got {values!r}")
    hints = get_type_hints(cls)
    known = {f.name for f in fields(cls)}
    if unknown := sorted(set(values) - known):
        raise ConfigError(f"unknown setting {prefix}{unknown[0]}; known: {', '.join(sorted(known))}")
    built = {}
    for name, value in values.items():
        nested = is_dataclass(hints[name])
        built[name] = _build(hints[name], value, f"{prefix}{name}.") if nested else _tuples(value)
    try:
        return cls(**built)
    except TypeError as error:
        raise ConfigError(f"{prefix or 'configuration: '}{str(error).split(') ')[-1]}") from None


def _check(config):
    """Raise ConfigError for the first field whose value does not fit its annotation."""
    for name, hint in get_type_hints(type(config)).items():
        value = getattr(config, name)
        if get_origin(hint) is Literal:
            if value not in get_args(hint):
                raise ConfigError(f"{name}: one of {', '.join(map(str, get_args(hint)))}, got {value!r}")
        elif hint in (int, float, str, bool):
            allowed = (int, float) if hint is float else hint
            if not isinstance(value, allowed) or (hint in (int, float) and isinstance(value, bool)):
                raise ConfigError(f"{name}: a value of type {hint.__name__} is needed, got {value!r}")
        elif get_origin(hint) is tuple and not isinstance(value, tuple):
            raise ConfigError(f"{name}: a list is needed, got {value!r}")
