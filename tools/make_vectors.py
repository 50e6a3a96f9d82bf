"""Write tests/vectors: what skushare finds for small inputs, for the browser app's tests to compare with.

The app (``web/src/core``) does the same in TypeScript; Vitest runs it on the inputs in these files and
compares. Inputs are rounded before use, so that both read the same numbers.

Run: python tools/make_vectors.py
"""

import argparse
import base64
import json
import math
import sys
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from skushare.brands.embedder import crop, resized
from skushare.brands.frames import FrameNamer
from skushare.brands.gallery import Gallery, Sku
from skushare.brands.gallery_files import read_gallery
from skushare.brands.looks import group_looks, look_name
from skushare.brands.naming import name_facings
from skushare.colors import label_colors
from skushare.detections import Detections
from skushare.detector.anchors import detector_anchors
from skushare.detector.postprocess import postprocess
from skushare.detector.preprocess import input_size, prepare
from skushare.detector.presets import PRESETS
from skushare.detector.runtime import Detector
from skushare.geometry import merge_tiles, merge_views, nms, tile_grid, vote
from skushare.shelf.certainty import FACINGS, SCORES, facing_probability
from skushare.shelf.motion import Pose
from skushare.shelf.plane import ShelfPlane
from skushare.shelf.rows import row_ids
from skushare.shelf.share import share_by_row, share_of_shelf
from skushare.shelf.tracking import ShelfTracker

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "vectors"
DIGITS = 4


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in vectors().items():
        (FOLDER / f"{name}.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


def vectors():
    """{file name without ending: its content}."""
    makers = (anchors, decoding, geometry, pictures, photos, shelves, looks, galleries, frames, sweep, colors)
    return {maker.__name__: maker() for maker in makers}


def anchors():
    cases = []
    for config in PRESETS.values():
        sizes = [(320, 320)] if config.resize == "stretch" else [(320, 320), (384, 640), (32, 96)]
        for size in sizes:
            boxes, counts = detector_anchors(config, size)
            cases.append(
                {
                    "config": asdict(config),
                    "size": size,
                    "counts": counts,
                    "sum": _plain(boxes.astype(float).sum(axis=0)),
                    "every": 97,
                    "boxes": _plain(boxes[::97].ravel()),
                }
            )
    return {"cases": cases}


def decoding():
    """Raw heads with few anchors that are not background, sparsely written."""
    rng = np.random.default_rng(1)
    cases = []
    for config, size, labels in (
        (PRESETS["shelf_dense"], (96, 128), ("facing",)),
        (replace(PRESETS["shelf_dense"], max_detections=3), (64, 64), ("facing",)),
        (PRESETS["ssd_mobilenet_v2_320"], (320, 320), ("a", "b", "c")),
    ):
        config = replace(config, labels=labels)
        boxes, _ = detector_anchors(config, size)
        columns = len(labels) + config.background
        logits = np.full((len(boxes), columns), -9.0, np.float32)
        codes = np.zeros((len(boxes), 4), np.float32)
        chosen = rng.choice(len(boxes), 40, replace=False)
        logits[chosen] = _rounded(rng.normal(0, 2, (40, columns)))
        codes[chosen] = _rounded(rng.normal(0, 1.5, (40, 4)))
        scale, image = (0.5, 0.4), (size[1] / 0.5, size[0] / 0.4 - 10)
        for min_score in (0.1, 0.5, 1.0):
            found = postprocess(
                config, boxes, logits, codes, min_score, config.max_detections, scale, image_size=image
            )
            cases.append(
                {
                    "config": asdict(config),
                    "size": size,
                    "scale": scale,
                    "image": image,
                    "min_score": min_score,
                    "chosen": chosen.tolist(),
                    "logits": _plain(logits[chosen].ravel()),
                    "codes": _plain(codes[chosen].ravel()),
                    "found": _detections(found),
                }
            )
    return {"background": -9.0, "cases": cases}


def geometry():
    rng = np.random.default_rng(2)
    boxes, scores = _boxes(rng, 60, 300), _rounded(rng.uniform(0, 1, 60))
    keep = nms(boxes, scores, 0.5)
    views = []
    for _ in range(3):
        moved = _rounded(boxes[:40] + rng.normal(0, 2, (40, 4)))
        views.append((moved, _rounded(rng.uniform(0, 1, 40)), rng.integers(0, 2, 40)))
    merged = merge_views(*map(list, zip(*views, strict=True)), 0.5)
    tiles = tile_grid(700, 300, 320, 80)
    parts = []
    for tile in tiles:
        size = tile.right - tile.left, tile.bottom - tile.top
        parts.append((_boxes(rng, 12, min(size)), _rounded(rng.uniform(0, 1, 12)), rng.integers(0, 2, 12)))
    joined = merge_tiles(tiles, *map(list, zip(*parts, strict=True)), 700, 300, 0.5)
    return {
        "nms": {"boxes": _plain(boxes.ravel()), "scores": _plain(scores), "keep": keep.tolist()},
        "vote": _plain(vote(boxes[keep], boxes, scores).ravel()),
        "views": {"looks": [_look(*view) for view in views], "merged": _look(*merged)},
        "tiles": {
            "tiles": [tile._asdict() for tile in tiles],
            "looks": [_look(*part) for part in parts],
            "merged": _look(*joined),
        },
        "grids": [
            {"given": given, "tiles": [list(tile) for tile in tile_grid(*given)]}
            for given in ((100, 80, 200, 10), (1000, 300, 300, 75), (333, 777, 200, 0))
        ],
    }


def pictures():
    """Resizing: OpenCV rounds in fixed point, so that a value may differ by one."""
    picture = _picture(60, 90)
    cases = []
    for longest in (32, 45, 64, 90, 110, 20):
        config = PRESETS["shelf_dense"]
        size = input_size(config, 90, 60, longest)
        batch, scale = prepare(picture, longest, size, "fit")
        cases.append({"longest": longest, "size": size, "scale": scale, "input": _bytes(batch[0])})
    crops = []
    for box in ([3.2, 4.9, 80.1, 58], [10, 10, 20, 55], [-5, -5, 4, 4], [88, 59, 120, 90], [0, 0, 90, 60]):
        part = crop(picture, box)
        crops.append({"box": box, "shape": part.shape[:2], "resized": _bytes(resized(part, 24))})
    return {"picture": {"width": 90, "height": 60, "data": _bytes(picture)}, "cases": cases, "crops": crops}


class _Bright(Detector):
    """A detector that takes what is bright for facings: a network that any language can follow."""

    def __init__(self, config):
        self.config, self._anchors = config, {}

    def run(self, batch):
        boxes = self.anchors(batch.shape[1:3])
        x, y = ((boxes[:, i] + boxes[:, i + 2]) / 2 for i in (0, 1))
        bright = batch[0, y.astype(int), x.astype(int)].mean(axis=1)
        logits = np.where(bright > 90, 3 - 0.001 * x - 0.002 * y, -9)
        codes = np.tile(np.float32([0, 0, -0.4, -0.3]), (len(boxes), 1))  # no IoU that is the threshold
        return np.float32(logits)[:, None], codes


def photos():
    """Whole photos: glance, views, mirrored ones, tiles."""
    config = replace(PRESETS["shelf_dense"], input_size=96, photo_size=256, live_size=128, facing_size=18.0)
    cases = []
    for width, height in ((240, 160), (420, 120), (100, 130)):
        rectangles = [
            (x, y, x + 14, y + 22) for y in range(8, height - 30, 40) for x in range(6, width - 20, 30)
        ]
        photo = np.zeros((height, width, 3), np.uint8)
        for left, top, right, bottom in rectangles:
            photo[top:bottom, left:right] = 255
        detector = _Bright(config)
        cases.append(
            {
                "width": width,
                "height": height,
                "rectangles": rectangles,
                "photo": _detections(detector.detect(photo, min_score=0.3)),
                "live": _detections(detector.detect(photo, mode="live", min_score=0.3)),
            }
        )
    return {"config": asdict(config), "cases": cases}


def shelves():
    """Rows, plane and shares of labelled photos, of one askew, and of strange ones."""
    rng = np.random.default_rng(4)
    content = json.loads((ROOT / "data" / "annotations.json").read_text())
    layouts = {}
    for note in content["annotations"]:
        x, y, width, height = note["bbox"]
        layouts.setdefault(note["image_id"], []).append((x, y, x + width, y + height))
    cases = [_rounded(np.array(layout)[:90]) for layout in layouts.values()]
    flat = np.array([(60 * c, 100 * r, 60 * c + 50, 100 * r + 80) for r in range(4) for c in range(9)], float)
    flat = np.delete(flat, [3, 4, 13], axis=0)  # gaps
    cases.append(_rounded(ShelfPlane(270, 500, 40, 0.4).bend(flat)))
    cases += [np.zeros((0, 4)), np.array([[0.0, 0, 10, 10]]), _boxes(rng, 30, 200)]
    return {"certainty": {"scores": SCORES, "facings": FACINGS}, "cases": [_shelf(rng, b) for b in cases]} | {
        "facing_probability": [
            [score, float(facing_probability(score))] for score in (0.0, 0.05, 0.3, 0.449, 0.7, 1.0)
        ]
    }


def _shelf(rng, boxes):
    n, brands = len(boxes), ("Oats", "Rye", "Spelt", "Ährengold")
    found = Detections(
        boxes,
        _rounded(rng.uniform(0.4, 0.95, n)),
        np.zeros(n, int),
        brand_ids=rng.integers(-1, len(brands), n),
        brand_scores=_rounded(rng.uniform(0.5, 1, n)),
    )
    plane = ShelfPlane.fit(found.boxes)
    return {
        "found": _detections(found),
        "brands": brands,
        "plane": [plane.middle, plane.span, plane.slope, plane.convergence],
        "straight": _plain(plane.straighten(found.boxes).ravel()),
        "rows": row_ids(found.boxes).tolist(),
        "shares": _table(share_of_shelf(found, brands=brands)),
        "own": _table(share_of_shelf(found, brands=brands, own=("Rye", "Oats"))),
        "by_look": _table(share_of_shelf(found, brands=(*brands[:2], "look A", "look B"))),
        "classes": _table(share_of_shelf(replace(found, brand_ids=None, brand_scores=None), ("facing",))),
        "by_row": _table(share_by_row(found, brands=brands)),
    }


def looks():
    rng = np.random.default_rng(5)
    vectors, _ = _vectors(rng, 36, 12, 5)
    return {
        "dimensions": 12,
        "vectors": _plain(vectors.ravel(), 6),
        "looks": [
            {"likeness": likeness, "groups": group_looks(vectors, likeness).tolist()}
            for likeness in (0.1, 0.5, 0.8, 0.99)
        ],
        "names": {str(i): look_name(i) for i in (0, 25, 26, 701, 702)},
    }


def _embedder(dimensions):
    embedder = SimpleNamespace(
        digest="e" * 64, dimensions=dimensions, size=24, scale=22.0, middle=0.7, likeness=0.5
    )
    embedder.certainty = lambda similarity, middle=None: (
        1 / (1 + np.exp(-embedder.scale * (np.asarray(similarity, np.float32) - (middle or embedder.middle))))
    )
    return embedder


def galleries():
    rng = np.random.default_rng(6)
    embedder = _embedder(12)
    vectors, groups = _vectors(rng, 30, 12, 4)
    skus = [
        Sku("sku-1", "Rolled oats", "Oats", "cereal", True, "#12AB34"),
        Sku("sku-2", "Fine oats", "Oats", "cereal", True),
        Sku("x_3", "Crème brûlée 😀", "Ährengold"),
        Sku("sku-9", "Dark", "Rye"),
    ]
    pictures = [f"picture {i}".encode() for i in range(18)]
    gallery = Gallery("Démo", skus, groups[:18], vectors[:18], pictures, embedder.digest, 0.5)
    asked = vectors[18:]
    sku_ids, scores = gallery.recognise(asked, embedder)
    found = Detections(_boxes(rng, len(asked), 300), np.full(len(asked), 0.5), np.zeros(len(asked)))
    naming = name_facings([found], [asked], embedder, gallery, by_look=True)
    alone = name_facings([found], [asked], embedder, None, by_look=True)
    demo = read_gallery(ROOT / "data" / "demo_gallery.zip")
    return {
        "embedder": {k: v for k, v in vars(embedder).items() if k != "certainty"},
        "name": gallery.name,
        "threshold": gallery.threshold,
        "skus": [vars(sku) for sku in skus],
        "example_skus": gallery.example_skus.tolist(),
        "vectors": _plain(gallery.embeddings.ravel(), 6),
        "pictures": [picture.decode() for picture in pictures],
        "brands": gallery.brands,
        "colors": gallery.colors,
        "digest": gallery.digest,
        "middle": float(gallery.middle(embedder.middle)),
        "asked": _plain(asked.ravel(), 6),
        "sku_ids": sku_ids.tolist(),
        "scores": _plain(scores, 6),
        "found": _detections(found),
        "naming": _naming(naming),
        "alone": _naming(alone),
        "demo": {
            "digest": demo.digest,
            "name": demo.name,
            "brands": demo.brands,
            "examples": len(demo.pictures),
            "embedder": demo.embedder,
            "middle": float(demo.middle(0.77)),
        },
    }


def frames():
    """Naming in frame after frame: which facings are embedded anew, of pieces as well."""
    width, height = 782, 60
    rng = np.random.default_rng(7)
    embedder = _embedder(4)
    centres = np.eye(4, dtype=np.float32)[:3]

    def embed(_image, boxes):
        pieces = (boxes[:, 0] < width / 100) | (boxes[:, 2] > width * 0.99)
        looks = (boxes[:, 0].astype(int) // 40 + pieces) % 3
        found = np.concatenate([centres[looks, :3], np.full((len(boxes), 1), 0.2, np.float32)], axis=1)
        asked.append(len(found))
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    asked = []
    embedder.embed = embed
    skus = [Sku(f"sku-{i + 1}", name, name) for i, name in enumerate(("A", "B", "C"))]
    gallery = Gallery("g", skus, [0, 1, 2], centres, [b"1", b"2", b"3"], embedder.digest)
    namer = FrameNamer(embedder, gallery)
    steps = []
    for frame in range(9):
        count = 20 if frame != 6 else 0
        left = 40.0 * np.arange(count) + 3 * frame  # the first comes into view, the last leaves it
        right = np.minimum(left + 30, width)
        boxes = np.stack([left, np.full(count, 2.0), right, np.full(count, 52.0)], axis=1)
        found = Detections(boxes, _rounded(rng.uniform(0.5, 1, count)), np.zeros(count))
        named = namer.name(np.zeros((height, width, 3), np.uint8), found)
        steps.append(_detections(named))
    return {
        "size": {"width": width, "height": height},
        "embedder": {k: v for k, v in vars(embedder).items() if k not in ("certainty", "embed")},
        "skus": [vars(sku) for sku in skus],
        "centres": _plain(centres.ravel()),
        "frames": steps,
        "asked": asked,
    }


def sweep():
    """A camera that goes along a shelf of two rows and back, its places given."""
    rng = np.random.default_rng(8)
    shelf = np.array(
        [(50 * c, 80 * r + 10, 50 * c + 40, 80 * r + 70) for r in range(2) for c in range(14)]
        + [(50 * c, 150, 50 * c + 40, 190 + 10 * c) for c in range(1, 14, 3)],  # cut off, some hardly
        float,
    )
    keys, places = [0.0, 200.0, 400.0], [*range(0, 441, 20), *range(440, 99, -40)]
    size, small = (320, 180), 0.5
    motion = SimpleNamespace(keys=[], links={})
    frames = []
    motion.locate = lambda _image: frames[-1]["pose"]
    tracker = ShelfTracker(motion)
    image = np.zeros((size[1], size[0], 3), np.uint8)
    for number, place in enumerate(places):
        key = max(k for k, start in enumerate(keys) if start <= place + 50)
        while len(motion.keys) <= key:
            motion.keys.append(SimpleNamespace(size=(160, 90)))
        for a in range(len(motion.keys) - 1):
            shift = (keys[a] - keys[a + 1]) * small
            motion.links[a, a + 1], motion.links[a + 1, a] = _shift(shift), _shift(-shift)
        pose = Pose(key, _shift((place - keys[key]) * small) @ np.diag([small, small, 1]))
        there = shelf - [place, 0, place, 0] + rng.normal(0, 1, shelf.shape)
        seen = (there[:, 2] > 8) & (there[:, 0] < size[0] - 8) & (rng.uniform(size=len(shelf)) < 0.9)
        seen = np.flatnonzero(seen)
        seen = np.concatenate([seen, seen[seen % 7 == 3]])  # a logo on some packs is found as well
        logo = (0, 0, -8, -20) * (np.arange(len(seen)) >= len(set(seen.tolist())))[:, None]
        boxes = _rounded((there[seen] + logo).clip(0, [size[0], size[1]] * 2))
        brands = np.where(rng.uniform(size=len(boxes)) < 0.8, seen % 3, -1)
        found = Detections(
            boxes,
            _rounded(rng.uniform(0.5, 1, len(boxes))),
            np.zeros(len(boxes), int),
            brand_ids=brands,
            sku_ids=brands,
            brand_scores=_rounded(rng.uniform(0.6, 1, len(boxes))),
        )
        lost = number == 7
        frames.append({"pose": None if lost else pose, "keys": len(motion.keys)})
        updated = tracker.update(image, found)
        frames[-1] |= {"found": _detections(updated), "count": len(tracker)}
    for frame in frames:
        pose = frame["pose"]
        frame["pose"] = pose and {"key": pose.key, "homography": _plain(pose.homography.ravel())}
    return {
        "size": size,
        "key_size": (160, 90),
        "links": [{"pair": pair, "homography": _plain(h.ravel())} for pair, h in motion.links.items()],
        "frames": frames,
        "facings": _detections(tracker.facings()),
    }


def colors():
    names = ["Oats", "Rye", "unknown", "Ährengold", "Spelt", "other", *(f"brand {i}" for i in range(30))]
    chosen = {"Rye": "#123456", "brand 3": "#96c369"}
    return {
        "names": names,
        "chosen": chosen,
        "colors": label_colors(names),
        "with_chosen": label_colors(names, chosen),
    }


def _picture(height, width):
    """Waves and a hard edge, RGB uint8."""
    y, x = np.mgrid[:height, :width]
    waves = [128 + 100 * np.sin(x / (3 + c) + y / 7.0) for c in range(3)]
    picture = np.stack(waves, axis=-1)
    picture[20:40, 30:50] = (255, 0, 128)
    return picture.astype(np.uint8)


def _boxes(rng, count, side):
    corner = rng.uniform(0, side * 0.8, (count, 2))
    size = rng.uniform(side * 0.05, side * 0.2, (count, 2))
    return _rounded(np.concatenate([corner, np.minimum(corner + size, side)], axis=1))


def _vectors(rng, count, dimensions, groups):
    ids = rng.integers(0, groups, count)
    centres = rng.normal(0, 1, (groups, dimensions))
    vectors = centres[ids] + rng.normal(0, 0.35, (count, dimensions))
    vectors = np.round(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), 6).astype(np.float32)
    return vectors, ids


def _shift(x):
    return np.array([[1, 0, x], [0, 1, 0], [0, 0, 1.0]])


def _rounded(values):
    return np.float32(np.round(values, 2))


def _plain(values, digits=DIGITS):
    values = np.asarray(values, float).ravel()
    return [None if not math.isfinite(v) else round(v, digits) for v in values.tolist()]


def _bytes(picture):
    return base64.b64encode(np.round(picture).astype(np.uint8).tobytes()).decode()


def _look(boxes, scores, class_ids):
    return {
        "boxes": _plain(np.ravel(boxes)),
        "scores": _plain(scores),
        "class_ids": np.asarray(class_ids).tolist(),
    }


def _detections(found):
    columns = {"boxes": _plain(found.boxes.ravel()), "scores": _plain(found.scores)}
    for name in ("class_ids", "row_ids", "track_ids", "brand_ids", "sku_ids"):
        if getattr(found, name) is not None:
            columns[name] = getattr(found, name).tolist()
    if found.brand_scores is not None:
        columns["brand_scores"] = _plain(found.brand_scores)
    return columns


def _naming(naming):
    (found,) = naming.detections
    return {
        "brand_ids": found.brand_ids.tolist(),
        "brands": naming.brands,
        "looks": [facing for _, facing in naming.looks],
    }


def _table(table):
    return [
        {k: round(v, 6) if isinstance(v, float) else v for k, v in row.items()}
        for row in table.to_dict("records")
    ]


if __name__ == "__main__":
    sys.exit(main())
