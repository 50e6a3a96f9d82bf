"""The training loop: Keras' ``fit`` over reproducible batches, validated and saved as it goes."""

import csv
import json
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
from keras import ops

from skushare.detector.losses import detection_loss
from skushare.detector.network import build_network, network_anchors
from skushare.detector.postprocess import postprocess
from skushare.detector.preprocess import padded, prepare
from skushare.errors import ConfigError
from skushare.evaluation.coco import average_precision
from skushare.evaluation.counting import best_threshold
from skushare.files import atomic_write
from skushare.images import read_image
from skushare.training.batches import Batches
from skushare.training.checkpoint import load_checkpoint, save_checkpoint


class Learner(keras.Model):
    """A detector network with its loss, for ``fit``."""

    def __init__(self, network, config):
        super().__init__()
        self.network, self.config = network, config
        self.anchors = network_anchors(config, network)[0]
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
            ``metrics.csv``, ``last.npz`` (all state), ``best.weights.h5`` (averaged
            weights of the best validation).
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

    keras.utils.set_random_seed(training.seed)
    network = build_network(config)
    if initial_weights is not None:
        initial_weights(network)
    freeze(network, training.freeze_before)
    learner = Learner(network, config)
    learner.compile(optimizer=make_optimizer(training), jit_compile=False)
    learner.optimizer.build(learner.trainable_variables)
    anchors, level_sizes = network_anchors(config, network)
    last, best = run / "last.npz", run / "best.weights.h5"
    counters = {"step": 0, "best": -1}
    if last.exists():
        counters = load_checkpoint(last, learner)

    batches = Batches(datasets, config, training, anchors, level_sizes)
    validator = Validator(config, validation, training.validation_photos)
    started = time.monotonic()
    stream = batches.stream(counters["step"])
    while counters["step"] < training.steps:
        steps = min(training.validate_every, training.steps - counters["step"])
        history = learner.fit(stream, steps_per_epoch=steps, epochs=1, verbose=0).history
        counters["step"] += steps
        row = {"step": counters["step"], **{name: values[-1] for name, values in history.items()}}
        with averaged_weights(learner):
            row |= validator(network)
            # Compared as integers: a checkpoint's counters are exact.
            if (score := round(row["AP"] * 1e6)) > counters["best"]:
                counters["best"] = score
                _save_weights(best, network)
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
    raw = [np.array(v.value) for v in learner.trainable_variables]
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
        size = padded(config.photo_size) if config.resize == "fit" else config.photo_size
        self.network = build_network(config, (size, size))
        self.anchors = network_anchors(config, self.network)[0]

    def __call__(self, network):
        """Dict of AP, AP50, AP75, AR300, ``count_mae`` and the ``threshold`` it holds at."""
        self.network.set_weights(network.get_weights())
        found = [self._detect(read_image(sample.path)) for sample in self.samples]
        result = average_precision([sample.boxes for sample in self.samples], found)
        threshold, error = best_threshold([len(sample.boxes) for sample in self.samples], found)
        return {**result, "count_mae": error, "threshold": threshold}

    def _detect(self, image):
        batch, scale = prepare(image, self.network.input_shape[1:3], self.config.resize)
        outputs = self.network.predict_on_batch(batch)
        return postprocess(
            self.config,
            self.anchors,
            outputs["class_logits"][0],
            outputs["box_codes"][0],
            min_score=0.03,
            max_detections=self.config.max_detections,
            scale=scale,
            image_size=image.shape[1::-1],
        )


def _claim(path, text):
    """Write ``text`` to a new ``path``; refuse a file that says something else."""
    if path.exists():
        if path.read_text() != text:
            raise ConfigError(f"{path}: this folder holds a run with other settings; choose a new one")
        return
    with atomic_write(path) as handle:
        handle.write(text.encode())


def _save_weights(path, network):
    # Keras insists on the suffix and writes in place, hence the detour.
    temporary = path.with_name("best.tmp.weights.h5")
    network.save_weights(temporary)
    temporary.replace(path)


def _append(path, row):
    new = not path.exists()
    with path.open("a", newline="") as handle:
        writer = csv.DictWriter(handle, row)
        if new:
            writer.writeheader()
        writer.writerow(row)
