"""The one typed description of a detector: everything needed to build, train and run it."""

from dataclasses import dataclass
from typing import Literal

from skushare.errors import ConfigError
from skushare.settings import Settings

_SHARE = (lambda v: 0 <= v <= 1, "from 0 to 1")
_COUNT = (lambda v: v >= 1, "at least 1")
_PIXELS = (lambda v: v >= 32, "at least 32 pixels")
_RULES = {
    "labels": (len, "at least one class name is needed"),
    "input_size": _PIXELS,
    "photo_size": _PIXELS,
    "live_size": _PIXELS,
    "kernel": _COUNT,
    "channels": _COUNT,
    "tower": (lambda v: v >= 0, "at least 0 layers"),
    "coder": (lambda v: len(v) == 4 and _positive(v), "four numbers above 0"),
    "match_iou": _SHARE,
    "focal_alpha": _SHARE,
    "focal_gamma": (lambda v: v >= 0, "at least 0"),
    "box_weight": (lambda v: v >= 0, "at least 0"),
    "max_boxes": _COUNT,
    "max_detections": _COUNT,
    "nms_iou": _SHARE,
    "facing_size": (lambda v: v >= 0, "at least 0 (off)"),
    "min_score": _SHARE,
    "live_min_score": _SHARE,
}


def _positive(values):
    return all(isinstance(value, (int, float)) and value > 0 for value in values)


@dataclass(frozen=True)
class AnchorConfig(Settings):
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
        self.check_types()
        for cell in self.sizes:
            if not all(isinstance(size, tuple) and len(size) == 2 and _positive(size) for size in cell):
                raise ConfigError(f"anchors.sizes: pairs of a width and a height above 0, got {cell!r}")


@dataclass(frozen=True)
class DetectorConfig(Settings):
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
        background: the class head has one more column, the first, as the TF Object Detection API's has;
            it is taught zeros and means nothing.
        class_bias: initial bias of the class head (log odds of an object).
        anchors: the prior boxes.
        coder: scale factors of ty, tx, th, tw (see ``box_coder``).
        matcher: ``"argmax"`` (IoU threshold, and each facing's best anchor) or ``"atss"``.
        match_iou: threshold of the arg-max matcher.
        class_loss: ``"focal"``, or ``"quality"`` or ``"varifocal"`` (target = IoU of the decoded box).
        focal_alpha, focal_gamma: focal and varifocal loss; the quality loss uses gamma alone.
        box_loss: ``"smooth_l1"`` on codes, ``"giou"`` or ``"ciou"`` on boxes.
        box_weight: weight of the box loss against the class loss.
        max_boxes: boxes of a picture used in training at most.
        nms_iou, max_detections: post-processing.
        photo_size, live_size: longest side in pixels that photos and live frames are
            resized to.
        facing_size: when above 0, photos are resized so that a typical facing is so
            many pixels (square root of its area), from ``input_size`` to ``photo_size``.
        photo_views: (size as a fraction of the fitting one, mirrored?) of each look at a
            photo; what they find is merged.
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
    class_loss: Literal["focal", "quality", "varifocal"] = "focal"
    focal_alpha: float = 0.75
    focal_gamma: float = 2.0
    box_loss: Literal["smooth_l1", "giou", "ciou"] = "smooth_l1"
    box_weight: float = 1.0
    max_boxes: int = 400
    nms_iou: float = 0.5
    max_detections: int = 400
    photo_size: int = 1024
    live_size: int = 320
    facing_size: float = 0.0
    photo_views: tuple[tuple[float, bool], ...] = ((1.0, False),)
    min_score: float = 0.4
    live_min_score: float = 0.4

    def __post_init__(self):
        self.check_types()
        self.check_rules(_RULES)
        if self.neck == "fpn" and len(self.anchors.sizes) != len(self.taps):
            raise ConfigError("anchors.sizes: a neck of type fpn has one feature map for each tap")
        if self.resize == "fit" and self.input_size % 32:
            raise ConfigError(f"input_size: a multiple of 32 with resize fit, got {self.input_size}")

    def threshold(self, mode):
        """The default score threshold of ``mode`` ("photo" or "live")."""
        return self.live_min_score if mode == "live" else self.min_score

    def size(self, mode):
        """Longest side in pixels that images of ``mode`` are resized to."""
        return self.live_size if mode == "live" else self.photo_size
