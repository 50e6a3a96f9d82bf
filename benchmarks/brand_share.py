"""How far off brand shares are on labelled shelves, and whose fault that is.

    python benchmarks/brand_share.py DATA --csv results/brand_share.csv

Tobacco's test photos, the shipped detector, and a gallery of five examples a brand from the training
photos, which show other shelves; what is below the gallery's threshold is "other". ``DATA`` is described
in ``skushare/brands/crops.py``. An error is the absolute difference to the labels' share of a brand in
a photo, in percentage points: ``present`` is its mean over the brands that the photo has, ``all`` over
all ten brands, ``pooled`` over the ten brands' shares of all photos together.

``both`` is what a user gets. ``detection`` has the detector's boxes with the labels' brands (a box
without a label counts as "other"), ``recognition`` the labels' boxes with recognised brands.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from skushare.brands.crops import OTHER, cut, tobacco
from skushare.brands.embedder import Embedder
from skushare.brands.gallery import Gallery, Sku
from skushare.detector.runtime import Detector
from skushare.geometry import iou
from skushare.images import read_image

SHOTS, MATCHED = 5, 0.5  # examples a brand; IoU from which a box is that of a label


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--embedder", help="name or folder (default: the shipped one)")
    parser.add_argument("--split", default="test", help="of tobacco")
    parser.add_argument("--draws", type=int, default=10, help="choices of examples")
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()
    detector, embedder = Detector.load(), Embedder.load(args.embedder)
    packs = [c for c in tobacco(args.data, "train") if c.label != OTHER]
    names = np.array([c.label for c in packs])
    brands = sorted(set(names))
    photos = {}
    for crop in tobacco(args.data, args.split):
        photos.setdefault(crop.path, []).append(crop)
    seen = [_look(path, crops, brands, detector, embedder) for path, crops in photos.items()]
    truth = [_shares(photo["labels"], len(brands)) for photo in seen]
    sums = {"detection": [], "recognition": [], "both": []}
    rng = np.random.default_rng(0)
    for _ in range(args.draws):
        gallery = _gallery(packs, names, brands, embedder, rng)
        found = {name: [] for name in sums}
        for photo in seen:
            named = {
                kind: gallery.recognise(photo[f"{kind}_vectors"], embedder)[0] for kind in ("label", "box")
            }
            found["recognition"].append(_shares(named["label"], len(brands)))
            found["both"].append(_shares(named["box"], len(brands)))
            found["detection"].append(_shares(photo["matched"], len(brands)))
        for name, shares in found.items():
            sums[name].append(_errors(shares, truth, seen, len(brands)))
    rows = [
        {"part": name, **pd.DataFrame(values).mean().round(2), "photos": len(seen), "draws": args.draws}
        for name, values in sums.items()
    ]
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    if args.csv:
        table.to_csv(args.csv, index=False)


def _look(path, crops, brands, detector, embedder):
    """What a photo has: labels, vectors of labelled and of found boxes, and the labels of found boxes."""
    image = read_image(path)
    labels = np.array([brands.index(c.label) if c.label != OTHER else -1 for c in crops])
    boxes = np.float32([c.box for c in crops])
    found = detector.detect(image).boxes
    overlap = iou(found, boxes)
    matched = np.full(len(found), -1)
    if len(found):
        best = overlap.argmax(1)
        near = overlap[np.arange(len(found)), best] >= MATCHED
        matched[near] = labels[best[near]]
    return {
        "labels": labels,
        "matched": matched,
        "label_vectors": embedder.embed(image, boxes),
        "box_vectors": embedder.embed(image, found),
    }


def _gallery(packs, names, brands, embedder, rng, shots=SHOTS):
    gallery = Gallery("benchmark")
    for number, brand in enumerate(brands):
        chosen = [packs[i] for i in rng.choice(np.flatnonzero(names == brand), shots, replace=False)]
        vectors = embedder.embed_pictures(list(cut(chosen, 160)))
        gallery = gallery.with_examples(Sku(f"b{number}", brand, brand), vectors, [b""] * shots, embedder)
    return gallery


def _shares(ids, brands):
    """(brands,) share of each in per cent of all facings, those of no brand included."""
    return 100 * np.bincount(ids[ids >= 0], minlength=brands) / max(1, len(ids))


def _errors(shares, truth, seen, brands):
    off = np.abs(np.array(shares) - truth)
    present = np.array(truth) > 0
    weights = [len(photo["labels"]) for photo in seen]
    pooled = np.average(shares, axis=0, weights=weights) - np.average(truth, axis=0, weights=weights)
    return {"present": off[present].mean(), "all": off.mean(), "pooled": np.abs(pooled).mean()}


if __name__ == "__main__":
    main()
