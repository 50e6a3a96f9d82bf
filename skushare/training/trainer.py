"""The training loop: reproducible batches, validated and saved as it goes."""

import csv
import json
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import keras
from keras import ops

from skushare.detector.anchors import detector_anchors
from skushare.detector.losses import detection_loss
from skushare.detector.network import build_network
from skushare.detector.postprocess import postprocess
from skushare.detector.preprocess import input_size, prepare
from skushare.detector.weights import save_weights
from skushare.errors import ConfigError
from skushare.evaluation.coco import average_precision
from skushare.evaluation.counting import best_threshold
from skushare.evaluation.evaluate import LEAST_SCORE
from skushare.files import atomic_write
from skushare.images import read_image
from skushare.training.batches import Batches
from skushare.training.checkpoint import load_checkpoint, save_checkpoint


class Learner(keras.Model):
    """A detector network with its loss."""

    def __init__(self, network, config):
        super().__init__()
        self.network, self.config = network, config
        self.anchors = detector_anchors(config, network.input_shape[1:3])[0]
        self.class_loss = keras.metrics.Mean("class_loss")
        self.box_loss = keras.metrics.Mean("box_loss")

    def call(self, images, training=None):
        return self.network(images, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        class_loss, box_loss = detection_loss(
            self.config,
            ops.convert_to_tensor(self.anchors),
            y["target_boxes"],
            y["target_labels"],
            y_pred["class_logits"],
            y_pred["box_codes"],
        )
        self.class_loss.update_state(class_loss)
        self.box_loss.update_state(box_loss)
        return class_loss + box_loss


def train(run, config, training, datasets, validation, initial_weights=None, report=print):
    """Train a detector in the folder ``run``, going on where an earlier call stopped.

    Args:
        run: folder, made if missing. In it: ``detector.json``, ``training.json``,
            ``data.json``, ``metrics.csv``, ``last.npz`` (all state), ``best.npz`` (averaged weights of
            the best validation, see ``weights.save_weights``).
        config: ``DetectorConfig``; training: ``TrainingConfig``.
        datasets: list of ``(Dataset, weight)`` to train on.
        validation: ``Dataset`` for the choice of the best weights.
        initial_weights: a function that is given the fresh network and loads
            pretrained weights into it; or ``None``.
        report: called with a line of text after each validation.

    Returns:
        path of the best weights.

    Raises:
        ConfigError: ``run`` belongs to a run with other settings.
    """
    run = Path(run)
    run.mkdir(parents=True, exist_ok=True)
    _claim(run / "detector.json", config.to_json())
    _claim(run / "training.json", json.dumps(asdict(training), indent=2))
    _claim(run / "data.json", json.dumps([_describe(d, weight) for d, weight in datasets], indent=2))

    keras.utils.set_random_seed(training.seed)
    network = build_network(config)
    if initial_weights is not None:
        initial_weights(network)
    freeze(network, training.freeze_before)
    learner = Learner(network, config)
    learner.compile(optimizer=make_optimizer(training), jit_compile=False)
    learner.optimizer.build(learner.trainable_variables)
    last, best = run / "last.npz", run / "best.npz"
    counters = {"step": 0, "best": -1}
    if last.exists():
        counters = load_checkpoint(last, learner)

    batches = Batches(datasets, config, training)
    validator = Validator(config, validation, training.validation_photos)
    started = time.monotonic()
    stream = batches.stream(counters["step"])
    while counters["step"] < training.steps:
        # Not ``fit``: at its end it would overwrite the weights with their averages.
        learner.reset_metrics()
        for _ in range(min(training.validate_every, training.steps - counters["step"])):
            losses = learner.train_on_batch(*next(stream), return_dict=True)
            counters["step"] += 1
        row = {"step": counters["step"], **{name: float(value) for name, value in losses.items()}}
        with averaged_weights(learner):
            row |= validator(network)
            # Compared as integers: a checkpoint's counters are exact.
            if (score := round(row["AP"] * 1e6)) > counters["best"]:
                counters["best"] = score
                save_weights(network, best)
        save_checkpoint(last, learner, counters)
        row["minutes"] = (time.monotonic() - started) / 60
        _append(run / "metrics.csv", row)
        report("  ".join(f"{k} {v:.4g}" for k, v in row.items()))
    stream.close()
    return best


def make_optimizer(training):
    """AdamW with linear warm-up, cosine decay to zero, clipping and averaged weights."""
    warmup = min(training.warmup_steps, training.steps - 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else training.learning_rate,
        decay_steps=training.steps - warmup,
        alpha=0.01,
        warmup_target=training.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    optimizer = keras.optimizers.AdamW(
        schedule,
        weight_decay=training.weight_decay,
        global_clipnorm=training.clip_norm,
        use_ema=training.ema > 0,
        ema_momentum=training.ema or 0.99,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def freeze(network, before):
    """Fix weights and statistics of all layers of ``network`` ahead of the layer ``before``."""
    if not before:
        return
    names = [layer.name for layer in network.layers]
    if before not in names:
        raise ConfigError(f"freeze_before: the network has no layer called {before!r}")
    for layer in network.layers[: names.index(before)]:
        layer.trainable = False


@contextmanager
def averaged_weights(learner):
    """Put the optimizer's moving averages in place of the weights, and the weights back at the end."""
    if not learner.optimizer.use_ema:
        yield
        return
    raw = [v.numpy().copy() for v in learner.trainable_variables]
    learner.optimizer.finalize_variable_values(learner.trainable_variables)
    try:
        yield
    finally:
        for variable, value in zip(learner.trainable_variables, raw, strict=True):
            variable.assign(value)


class Validator:
    """Average precision and counting error of a network on some photos.

    Args:
        config: ``DetectorConfig``; dataset: ``Dataset``.
        photos: evenly spaced photos used; 0 for all.
    """

    def __init__(self, config, dataset, photos=0):
        step = max(1, len(dataset) // photos) if photos else 1
        self.samples = dataset.samples[::step][: photos or None]
        self.config = config
        self.network = build_network(config, (None, None) if config.resize == "fit" else None)

    def __call__(self, network):
        """Dict of AP, AP50, AP75, AR300, ``count_mae`` and the ``threshold`` it holds at."""
        self.network.set_weights(network.get_weights())
        found = [self._detect(read_image(sample.path)) for sample in self.samples]
        result = average_precision([sample.boxes for sample in self.samples], found)
        threshold, error = best_threshold([len(sample.boxes) for sample in self.samples], found)
        return {**result, "count_mae": error, "threshold": threshold}

    def _detect(self, image):
        height, width = image.shape[:2]
        size = self.config.photo_size
        shape = input_size(self.config, width, height, size)
        batch, scale = prepare(image, size, shape, self.config.resize)
        outputs = self.network.predict_on_batch(batch)
        return postprocess(
            self.config,
            detector_anchors(self.config, shape)[0],
            outputs["class_logits"][0],
            outputs["box_codes"][0],
            min_score=LEAST_SCORE,
            max_detections=self.config.max_detections,
            scale=scale,
            image_size=(width, height),
        )


def _describe(dataset, weight):
    boxes = sum(len(sample.boxes) for sample in dataset.samples)
    return {"name": dataset.name, "photos": len(dataset), "boxes": boxes, "weight": weight}


def _claim(path, text):
    """Write ``text`` to a new ``path``; refuse a file that says something else."""
    if path.exists():
        if path.read_text() != text:
            raise ConfigError(f"{path}: this folder holds a run with other settings; choose a new one")
        return
    with atomic_write(path) as handle:
        handle.write(text.encode())


def _append(path, row):
    new = not path.exists()
    with path.open("a", newline="") as handle:
        writer = csv.DictWriter(handle, row)
        if new:
            writer.writeheader()
        writer.writerow(row)
