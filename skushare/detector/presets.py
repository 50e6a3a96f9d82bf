"""The presets: one configuration each, all built and trained by the same code."""

from dataclasses import replace
from math import sqrt

from skushare.detector.config import AnchorConfig, DetectorConfig
from skushare.errors import ConfigError


def ssd_sizes(min_scale=0.2, max_scale=0.95, ratios=(1.0, 2.0, 0.5, 3.0, 0.3333), reduced=True, maps=6):
    """Anchor (width, height) of SSD's feature maps, as fractions of the image.

    Order and rounding follow ``create_ssd_anchors`` of the TF Object Detection API
    (``anchor_generators/multiple_grid_anchor_generator.py``). With ``reduced`` the lowest
    map has three anchors, whatever the aspect ``ratios``.
    """
    scales = [min_scale + (max_scale - min_scale) * i / (maps - 1) for i in range(maps)] + [1.0]

    def size(scale, ratio):
        return scale * sqrt(ratio), scale / sqrt(ratio)

    sizes = [
        (*(size(scale, ratio) for ratio in ratios), size(sqrt(scale * following), 1.0))
        for scale, following in zip(scales[:-1], scales[1:], strict=True)
    ]
    if reduced:
        sizes[0] = size(0.1, 1.0), size(min_scale, 2.0), size(min_scale, 0.5)
    return tuple(sizes)


SSD_MOBILENET_V2_320 = DetectorConfig(
    preset="ssd_mobilenet_v2_320",
    input_size=320,
    resize="stretch",
    taps=("block_13_expand_relu", "out_relu"),
    neck="ssd",
    anchors=AnchorConfig(sizes=ssd_sizes(), unit="image"),
    background=True,
    max_boxes=100,
    nms_iou=0.6,
    max_detections=100,
    photo_size=320,
    live_size=320,
)
"""The model zoo's ``ssd_mobilenet_v2_320x320_coco17_tpu-8``; 2034 anchors (1917 at 300)."""

SHELF_DENSE = DetectorConfig(
    preset="shelf_dense",
    input_size=320,
    resize="fit",
    taps=("block_6_expand_relu", "block_13_expand_relu", "out_relu"),
    neck="fpn",
    anchors=AnchorConfig(sizes=(((3.0, 4.2),),) * 3, unit="cell"),
    channels=96,
    tower=2,
    kernel=3,
    coder=(4.2, 3.0, 1.0, 1.0),
    matcher="atss",
    class_loss="quality",
    box_loss="giou",
    box_weight=2.0,
    max_detections=600,
    photo_size=1536,
    live_size=512,
    facing_size=44.0,
    photo_views=((1.0, False), (1.0, True), (0.75, False)),
)
"""For shelves: a stride-8 map, one anchor a cell shaped like a facing, up to 600 facings.

The photo size is that of best AP on the validation photos (``benchmarks/input_sizes.py``), the live size the
largest of ``LIVE_SIZES`` that leaves 25 frames a second on two slow cores (``skushare bench --size``).
"""

PRESETS = {config.preset: config for config in (SHELF_DENSE, SSD_MOBILENET_V2_320)}


def preset(name, **changes):
    """The preset called ``name`` with ``changes`` applied.

    Raises:
        ConfigError: no such preset, or a change that cannot work.
    """
    if name not in PRESETS:
        raise ConfigError(f"no preset called {name!r}; there are: {', '.join(PRESETS)}")
    return replace(PRESETS[name], **changes)
