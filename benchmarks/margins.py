"""How many brand shares of labelled shelves lie within their margins, which is to be 95 %.

    python benchmarks/margins.py DATA --csv results/margins.csv

Tobacco's photos, the shipped detector, and galleries of a few examples a brand from the training photos,
which show other shelves. ``DATA`` is described in ``skushare/brands/crops.py``. A row counts the shares of
all brands that a table shows, and of what is unknown, photo by photo and over several photos together; as
shipped, and as they would be if facings were wrong one by one and unknown ones were of no brand. The two
constants of ``skushare/shelf``, REFUSED and TOGETHER, were chosen on the validation photos by ``--choose``.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from brand_share import _gallery

from skushare.brands.crops import OTHER, tobacco
from skushare.brands.embedder import Embedder
from skushare.detector.runtime import Detector
from skushare.images import read_image
from skushare.shelf import margins, share

EXAMPLES, TOGETHER = (5, 20), (1, 12)  # examples a brand; photos in one table
SHIPPED, ALONE = (share.REFUSED, margins.TOGETHER), (0.0, 0.0)
CHOICES = [(refused, together) for refused in (0.1, 0.2, 0.3) for together in (0.0, 0.03, 0.05, 0.1)]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--draws", type=int, default=5, help="choices of examples")
    parser.add_argument("--choose", action="store_true", help="try constants on the validation photos")
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()
    detector, embedder = Detector.load(), Embedder.load()
    packs = [crop for crop in tobacco(args.data, "train") if crop.label != OTHER]
    names = np.array([crop.label for crop in packs])
    brands = sorted(set(names))
    split = "val" if args.choose else "test"
    photos = {}
    for crop in tobacco(args.data, split):
        photos.setdefault(crop.path, []).append(crop.label)
    seen = []
    for path, labels in photos.items():
        image = read_image(path)
        found = detector.detect(image)
        seen.append((np.array(labels), found, embedder.embed(image, found.boxes)))
    rows = []
    for examples in EXAMPLES:
        rng = np.random.default_rng(0)
        draws = [_gallery(packs, names, brands, embedder, rng, examples) for _ in range(args.draws)]
        named = [(gallery.brands, _name(gallery, seen, embedder)) for gallery in draws]
        for together in TOGETHER:
            for constants in CHOICES if args.choose else (ALONE, SHIPPED):
                share.REFUSED, margins.TOGETHER = constants
                row = {"split": split, "examples": examples, "photos": together}
                row |= {"refused": constants[0], "together": constants[1]}
                rows.append(row | _covered(named, [labels for labels, _, _ in seen], together))
                print(rows[-1], flush=True)
    if args.csv:
        pd.DataFrame(rows).to_csv(args.csv, index=False)


def _name(gallery, seen, embedder):
    return [gallery.name_products(found, *gallery.recognise(vectors, embedder)) for _, found, vectors in seen]


def _covered(draws, labels, together):
    """How many shares lie within their margins, and how wide these are."""
    found = []
    for brands, photos in draws:
        for start in range(0, len(photos), together):
            table = share.share_of_shelves(photos[start : start + together], brands=brands)
            told = np.concatenate(labels[start : start + together])
            names = np.where(told == OTHER, share.UNKNOWN, told)
            true = table["name"].map(pd.Series(names).value_counts(normalize=True)).fillna(0.0)
            found.append(table.assign(error=(table["share"] - true).abs()))
    table = pd.concat(found)
    unknown = table["name"] == share.UNKNOWN
    within = table["error"] <= table["margin"]
    return {
        "within": round(float(within.mean()), 3),
        "brands_within": round(float(within[~unknown].mean()), 3),
        "unknown_within": round(float(within[unknown].mean()), 3),
        "error": round(float(table["error"].mean()), 4),
        "margin": round(float(table["margin"].mean()), 4),
        "shares": len(table),
    }


if __name__ == "__main__":
    main()
