"""The training loop: reproducible batches, validated and saved as it goes."""

import json
import math
import os
import zlib
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from keras import ops

from skushare.dataset.dataset import evenly_spaced
from skushare.detector.anchors import detector_anchors
from skushare.detector.config import DetectorConfig
from skushare.detector.layer_names import check_layer
from skushare.detector.losses import detection_loss
from skushare.detector.models import RUN_CONFIG
from skushare.detector.network import build_network
from skushare.detector.postprocess import postprocess
from skushare.detector.preprocess import REFERENCE_SIDE, input_size, prepare
from skushare.detector.weights import save_weights
from skushare.draw import annotate
from skushare.errors import ConfigError
from skushare.evaluation.coco import average_precision
from skushare.evaluation.counting import best_threshold
from skushare.evaluation.evaluate import LEAST_SCORE
from skushare.evaluation.matching import judged
from skushare.evaluation.result import Result
from skushare.files import write_file
from skushare.images import read_image
from skushare.jpeg import shrink
from skushare.training.batches import Batches
from skushare.training.checkpoint import Checkpoints
from skushare.training.comparison import score
from skushare.training.config import TrainingConfig
from skushare.training.plan import BEST
from skushare.training.record import Record
from skushare.training.runs import DATA, LABELS

SHOWN = 4  # validation photos whose predictions are kept as pictures
PICTURE_SIDE = 800  # pixels, the longest side of such a picture


class Learner(keras.Model):
    """A detector network with its loss.

    Args:
        network: Keras model; config: its ``DetectorConfig``.
        trained: whether its weights are a whole detector's, so that there is something to measure.
    """

    def __init__(self, network, config, trained=False):
        super().__init__()
        self.network, self.config, self.trained = network, config, trained
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


def train(run, config, training, datasets, validation, initial_weights=None, observers=()):
    """Train a detector in the folder ``run``, going on where an earlier call stopped.

    Args:
        run: folder, made if missing. In it: ``detector.json``, ``training.json``,
            ``data.json``, ``labels.json``, ``last.npz`` and ``previous.npz`` (all state),
            ``best.npz`` (averaged weights of the best validation, see ``weights.save_weights``), and what
            ``Record`` writes.
        config: ``DetectorConfig``; training: ``TrainingConfig``.
        datasets: list of ``(Dataset, weight)`` to train on.
        validation: ``Dataset`` for the choice of the best weights.
        initial_weights: a function that is given the fresh network, loads pretrained weights into it
            and tells whether they fill all of it; or ``None``. Those that do are validated before the
            first step and are the best weights until others are better.
        observers: ``Observer``s that are told of each step and may ask for an early end.

    Returns:
        whether all steps are done; ``False`` if an observer asked to stop.

    Raises:
        ConfigError: ``run`` has a checkpoint of a run with other settings, or the loss is no number any more.
        ModelError: no checkpoint of the run can be used.
    """
    run = Path(run)
    run.mkdir(parents=True, exist_ok=True)
    checkpoints = Checkpoints(run)
    for name, text, read in (
        (RUN_CONFIG, config.to_json(), DetectorConfig.from_json),
        ("training.json", training.to_json(), TrainingConfig.from_json),
        (DATA, json.dumps([_describe(d, weight) for d, weight in datasets], indent=2), json.loads),
        (LABELS, json.dumps([_digest(d) for d in (*(d for d, _ in datasets), validation)]), json.loads),
    ):
        _claim(run / name, text, read, begun=bool(checkpoints))

    learner = make_learner(config, training, initial_weights)
    network = learner.network
    counters = {"step": 0, "validated": -1 if learner.trained else 0, "best": -1}
    counters |= checkpoints.restore(learner)

    batches = Batches(datasets, config, training)
    validator = Validator(config, validation, training.validation_photos)
    observers = [Record(run), *observers]

    def tell(event, *details):
        for observer in observers:
            getattr(observer, event)(*details)

    def stopping():
        return any(observer.stopping() for observer in observers)

    tell("began", counters["step"], counters["validated"], training.steps)
    with closing(batches.stream(counters["step"])) as stream:
        while True:
            step = counters["step"]
            due = step == training.steps or step % training.validate_every == 0
            if due and step > counters["validated"]:
                tell("validating", step)
                with averaged_weights(learner):
                    row, pictures = validator(network)
                    # Compared as integers: a checkpoint's counters are exact.
                    if (merit := round(score(row) * 1e6)) > counters["best"]:
                        counters["best"] = merit
                        save_weights(network, run / BEST)
                counters["validated"] = step
                tell("validated", step, row, pictures)
                checkpoints.save(learner, counters)
            if step == training.steps or stopping():
                break
            # Not ``fit``: at its end it would overwrite the weights with their averages.
            losses = learner.train_on_batch(*next(stream), return_dict=True)
            losses = {name: float(value) for name, value in losses.items()}
            if not math.isfinite(losses["loss"]):
                raise ConfigError(
                    f"learning_rate: the loss is {losses['loss']} at step {step + 1}; take a lower rate "
                    "or a longer warm-up"
                )
            counters["step"] += 1
            losses["learning_rate"] = float(learner.optimizer.learning_rate)
            tell("stepped", counters["step"], losses)
            if checkpoints.due() or stopping():
                checkpoints.save(learner, counters)
    tell("ended")
    return counters["step"] == training.steps


def make_learner(config, training, initial_weights=None):
    """The :class:`Learner` of a fresh network, ready for its first step; arguments as of :func:`train`."""
    keras.utils.set_random_seed(training.seed)
    network = build_network(config)
    trained = bool(initial_weights and initial_weights(network))
    freeze(network, training.freeze_before, training.freeze_batch_norm)
    learner = Learner(network, config, trained)
    learner.compile(optimizer=make_optimizer(training), jit_compile=False)
    learner.optimizer.build(learner.trainable_variables)
    return learner


def make_optimizer(training):
    """The optimizer of a ``TrainingConfig``: linear warm-up, cosine decay, clipping, averaged weights."""
    end = training.schedule_steps or training.steps
    warmup = min(training.warmup_steps, end - 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=training.warmup_learning_rate if warmup else training.learning_rate,
        decay_steps=end - warmup,
        alpha=0.01,
        warmup_target=training.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    common = {
        "learning_rate": schedule,
        "global_clipnorm": training.clip_norm or None,
        "use_ema": training.ema > 0,
        "ema_momentum": training.ema or 0.99,
    }
    if training.optimizer == "momentum":
        # An L2 loss acts through the momentum, which adds up to so much; Keras' decay does not.
        decay = training.weight_decay / (1 - training.momentum)
        optimizer = keras.optimizers.SGD(momentum=training.momentum, weight_decay=decay, **common)
    else:
        optimizer = keras.optimizers.AdamW(weight_decay=training.weight_decay, **common)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def freeze(network, before, batch_norm=False):
    """Fix weights and statistics of all layers of ``network`` ahead of the layer ``before``.

    ``batch_norm``: and those of all batch norms.
    """
    if batch_norm:
        for layer in network.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False  # with which Keras takes the statistics kept, not the batch's
    if not before:
        return
    names = [layer.name for layer in network.layers]
    check_layer(before, names)
    for layer in network.layers[: names.index(before)]:
        layer.trainable = False


@contextmanager
def averaged_weights(learner):
    """Put the optimizer's moving averages in place of the weights, and the weights back at the end."""
    if not (learner.optimizer.use_ema and int(learner.optimizer.iterations)):  # no average before a step
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
        photos: evenly spaced photos used; 0 for all. Of labelled ones, if none of those has a box.
    """

    def __init__(self, config, dataset, photos=0):
        self.samples = evenly_spaced(dataset.samples, photos or len(dataset))
        labelled = [sample for sample in dataset.samples if not sample.ignored.all()]
        if labelled and all(sample.ignored.all() for sample in self.samples):
            self.samples = evenly_spaced(labelled, photos)  # else no weights were better than others
        self.dataset = replace(dataset, samples=tuple(self.samples))
        self.shown = set(np.linspace(0, len(self.samples) - 1, SHOWN).round().astype(int).tolist())
        self.config = config
        self.network = build_network(config, (None, None) if config.resize == "fit" else None)

    def __call__(self, network):
        """Measure ``network``.

        Returns:
            dict of AP, AP50, AP75, AR300, ``count_mae`` and the ``threshold`` it holds at, and where the
            network has several classes ``class_AP``, the mean of the AP of each; and
            ``SHOWN`` of the photos, evenly spaced, with the boxes of that threshold drawn.
        """
        self.network.set_weights(network.get_weights())
        found, kept = [], []
        for index, sample in enumerate(self.samples):
            image = read_image(sample.path)
            found.append(judged(sample, self._detect(image)))
            if index in self.shown:
                kept.append((image, found[-1]))
        truths = [sample.facings.boxes for sample in self.samples]
        result = average_precision(truths, found)
        threshold, error = best_threshold([len(boxes) for boxes in truths], found)
        row = {**result, "count_mae": error, "threshold": threshold}
        classes, class_ap = Result.of(self.dataset, self.config.labels, found).class_precisions()
        if classes:
            row["class_AP"] = class_ap
        return row, [self._draw(image, detections.above(threshold)) for image, detections in kept]

    def _detect(self, image):
        height, width = image.shape[:2]
        # The size that crop scales are told against; fitting each photo is the runtime's business.
        size = min(self.config.photo_size, REFERENCE_SIDE)
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

    def _draw(self, image, detections):
        return shrink(annotate(image, detections, self.config.labels, count_badge=True), PICTURE_SIDE)


def _describe(dataset, weight):
    boxes = sum(len(sample.boxes) for sample in dataset.samples)
    return {"name": dataset.name, "photos": len(dataset), "boxes": boxes, "weight": weight}


def _digest(dataset):
    """A number that is another one after any change of a photo's name or of its labels."""
    crc = 0
    for sample in dataset.samples:
        labels = sample.boxes.tobytes() + sample.class_ids.tobytes() + sample.scores.tobytes()
        crc = zlib.crc32(os.fsencode(sample.path.name) + labels, crc)
    return crc


def _claim(path, text, read, begun):
    """Write ``text`` to ``path``; refuse a file of a run that has ``begun`` and says something else.

    Compared as ``read`` understands them: what an earlier version lacked has its default.
    """
    if not (begun and path.exists()):
        write_file(path, text)
        return
    now = read(text)
    try:
        was = read(path.read_text(encoding="utf-8"))
    except (ValueError, ConfigError):
        was = None
    if was == now:
        return
    if isinstance(was, DetectorConfig):
        was = replace(was, labels=now.labels)  # which are those of the data
    other = "on other data or labels" if path.name in (DATA, LABELS) or was == now else "with other settings"
    raise ConfigError(
        f"{path}: this folder holds a run {other}; choose a new one (--weights {path.parent} begins "
        "with what this one has learnt)"
    )
