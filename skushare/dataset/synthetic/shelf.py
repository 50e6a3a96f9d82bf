"""A made-up shelf as a camera takes it: askew, through a lens, with noise, as a JPEG."""

import json
from dataclasses import dataclass, field

import cv2
import numpy as np

from skushare.dataset.synthetic.products import THEMES
from skushare.dataset.synthetic.scene import Scene
from skushare.files import make_folder, write_file
from skushare.geometry import to_xywh
from skushare.images import write_image

_FINE = 1.5  # the scene is painted larger than the photo by this factor
MIN_VISIBLE = 0.35  # share of a front that must be seen to count as a facing


@dataclass(frozen=True, eq=False)
class Shelf:
    """A picture of a shelf and what stands on it.

    Attributes:
        image: (h, w, 3) uint8 RGB.
        boxes: (n, 4) float32 xyxy, tight around what is visible of each facing.
        brand_ids: (n,) int32, index into ``brands``.
        brands: names of the brands of this kind of shelf.
    """

    image: np.ndarray = field(repr=False)
    boxes: np.ndarray = field(repr=False)
    brand_ids: np.ndarray = field(repr=False)
    brands: tuple[str, ...]


def generate_shelf(seed, size=(1280, 960), rows=5, theme="cereal", gaps=0.06, tilt=1.0):
    """A :class:`Shelf`, the same for the same arguments.

    Args:
        seed: int.
        size: (width, height) of the picture in pixels; a wide one shows several bays.
        rows: number of boards.
        theme: one of ``THEMES``; names the kind of products.
        gaps: share of products that are sold out.
        tilt: how far the camera is off the square view, 0 for not at all.

    Raises:
        ValueError: no such theme, or a size below 64 pixels a row.
    """
    if theme not in THEMES:
        raise ValueError(f"theme must be one of {', '.join(THEMES)}, got {theme!r}")
    if rows < 1 or min(size) < 64 * rows:
        raise ValueError(f"{rows} rows need at least {64 * rows} pixels a side, got {size[0]} x {size[1]}")
    rng = np.random.default_rng(seed)
    scene = Scene(rng, round(size[0] * _FINE), round(size[1] * _FINE), rows, theme)
    scene.paint(gaps)
    image, owner = _photograph(rng, scene, size, tilt)
    return _shelf(image, owner, scene)


def write_dataset(folder, count, seed=0, themes=tuple(THEMES), **options):
    """Write ``count`` shelves and their ``annotations.json`` (COCO) to ``folder``.

    One picture is in memory at a time. The one category is ``sku``; each annotation has
    the name of its ``brand`` beside COCO's keys.

    Args:
        themes: taken in turn; each picture is named after its own.
        options: passed on to :func:`generate_shelf`.

    Returns:
        Path of the COCO file.

    Raises:
        SkushareError: the folder cannot be written.
    """
    folder = make_folder(folder)
    images, annotations = [], []
    for index in range(count):
        turn, place = divmod(index, len(themes))
        theme = themes[place]
        shelf = generate_shelf([seed, index], theme=theme, **options)
        name = f"shelf_{theme}.jpg" if turn == 0 else f"shelf_{theme}_{turn + 1}.jpg"
        write_image(folder / name, shelf.image, quality=88)
        height, width = shelf.image.shape[:2]
        images.append({"id": index + 1, "file_name": name, "width": width, "height": height})
        for box, brand in zip(to_xywh(shelf.boxes).tolist(), shelf.brand_ids, strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": index + 1,
                    "category_id": 1,
                    "bbox": box,
                    "area": box[2] * box[3],
                    "iscrowd": 0,
                    "brand": shelf.brands[brand],
                }
            )
    path = folder / "annotations.json"
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "sku"}]}
    write_file(path, json.dumps(content))
    return path


def _photograph(rng, scene, size, tilt):
    """The photo (h, w, 3) uint8 and the owner (h, w) int32 of each of its pixels."""
    width, height = size
    fine = (scene.width, scene.height)
    warp = _view(rng, fine, tilt)
    canvas = cv2.warpPerspective(scene.canvas, warp, fine, borderMode=cv2.BORDER_REPLICATE)
    canvas = cv2.resize(canvas, size, interpolation=cv2.INTER_AREA)
    shrink = np.diag([width / fine[0], height / fine[1], 1.0])
    owner = cv2.warpPerspective(
        scene.owner.astype(np.float32), shrink @ warp, size, flags=cv2.INTER_NEAREST, borderValue=-1
    ).astype(np.int32)
    canvas *= _light(rng, width, height)[..., None] * np.float32(rng.normal(1, 0.02, 3))
    canvas = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.35, 0.65) * max(1, height / 960))
    canvas = 255 * (np.clip(canvas, 0, 255) / 255) ** rng.uniform(0.88, 1.0)
    grain = rng.standard_normal((height, width, 3), np.float32)
    canvas += grain * (1.5 + 0.18 * np.sqrt(canvas.clip(0)))
    photo = cv2.cvtColor(np.clip(np.rint(canvas), 0, 255).astype(np.uint8), cv2.COLOR_RGB2BGR)
    encoded = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(84, 95))])[1]
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB), owner


def _view(rng, size, tilt):
    """The homography of a camera held a little askew; it keeps the shelf in the picture."""
    width, height = size
    corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    yaw, roll, pitch = rng.uniform(-1, 1, 3) * tilt
    angle = 0.016 * roll * min(1, height / width)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = corners.mean(0)
    moved = (corners - middle) @ turn.T + middle
    # One side nearer than the other, and the top farther than the bottom or nearer.
    moved[:, 1] += yaw * 0.022 * height * np.array([-1, 1, -1, 1])
    moved[:, 0] += pitch * 0.014 * height * np.array([1, -1, 1, -1])
    return cv2.getPerspectiveTransform(corners, moved.astype(np.float32))


def _light(rng, width, height):
    """Lamps, vignette: (h, w) float32 factors."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width * 2 - 1, y / height * 2 - 1
    side, fall = rng.uniform(-0.10, 0.10), rng.uniform(0.02, 0.14)
    lamp = 0.12 * np.exp(-((x - rng.uniform(-0.6, 0.6)) ** 2) / 0.3 - (y + 1) ** 2 / 0.8)
    return 1.06 + side * x - fall * y + lamp - 0.10 * (x**2 + y**2)


def _shelf(image, owner, scene):
    """Tight boxes of what is visible of each pack in ``owner``, of those visible enough."""
    ys, xs = np.nonzero(owner >= 0)
    ids = owner[ys, xs]
    count = len(scene.packs)
    boxes = np.zeros((count, 4), np.float32)
    boxes[:, :2] = np.inf
    np.minimum.at(boxes[:, 0], ids, xs)
    np.minimum.at(boxes[:, 1], ids, ys)
    np.maximum.at(boxes[:, 2], ids, xs + 1)
    np.maximum.at(boxes[:, 3], ids, ys + 1)
    visible = np.bincount(ids, minlength=count) * _FINE**2 > MIN_VISIBLE * np.array(scene.areas)
    brands = tuple(THEMES[scene.theme].brands)
    brand_ids = np.array([brands.index(pack.sku.brand) for pack in scene.packs], np.int32)
    return Shelf(image, boxes[visible], brand_ids[visible], brands)
