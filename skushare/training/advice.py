"""What will go wrong with a run, told before it starts, each with the reason and what to do."""

from collections import Counter
from math import cos, pi

import numpy as np

from skushare.dataset.class_names import first_names, spelling_variants
from skushare.dataset.dataset import joined_labels
from skushare.dataset.statistics import cap_warning
from skushare.detector.coverage import COVERED, anchor_fit
from skushare.training.plan import are_new
from skushare.training.recipes import FEWEST_APART

# The model zoo's SSD MobileNet v2: rate and batch that were tuned for each other.
REFERENCE_RATE, REFERENCE_BATCH = 0.08, 512
TOLERATED = 4  # times the rate that the linear rule gives
HIGH_ADAM_RATE = 1e-2
FEW_COVERED = 0.5
MANY_DOUBTFUL = 0.25  # of a dataset's boxes; fewer are what ``min_label_score`` is there for
SOME = 20_000  # boxes whose anchors are looked at


def advise(plan, indexes=(), validation=None):
    """Warnings about a ``Plan``, as texts.

    Args:
        indexes: the ``Index`` of each dataset that it trains on, if at hand; validation: that of the
            one it is validated on.
    """
    warnings = [
        _rate(plan.training),
        _schedule(plan.training),
        _average(plan.training),
        _start(plan),
        _leak(plan, indexes, validation),
    ]
    photos = sum(map(len, indexes))
    if photos:
        warnings.append(_length(plan.training, photos))
    if photos and not any(index.scores.any() for index in indexes):
        warnings.append(
            "No photo to train on has a box: the model learns nothing but background. Label them, or train "
            "on others."
        )
    elif not plan.one_class:
        warnings += _classes(plan, indexes, validation)
    if validation is not None and not validation.scores.any():
        warnings.append(
            f"No photo of {plan.validation} has a box: nothing tells the best weights, so the run ends at "
            "its start. Label them, or validate on others."
        )
    for (source, _), index in zip(plan.train, indexes, strict=False):
        warnings.append(_doubtful(plan.training, source, index))
    for index in indexes:
        warnings += [cap_warning(index, plan.detector), _anchors(index, plan.detector)]
    return list(dict.fromkeys(warning for warning in warnings if warning))


def epochs(training, photos):
    """How often each of ``photos`` is seen, on average."""
    return training.steps * training.batch_size / max(1, photos)


def _rate(training):
    rate = training.learning_rate
    if training.optimizer == "adamw":
        if rate > HIGH_ADAM_RATE:
            return f"learning_rate {rate:g} is high for AdamW; above {HIGH_ADAM_RATE:g} runs tend to diverge."
        return ""
    usual = REFERENCE_RATE * training.batch_size / REFERENCE_BATCH
    if rate <= TOLERATED * usual:
        return ""
    return (
        f"learning_rate {rate:g} is {rate / REFERENCE_RATE:.2g} times that of the model zoo, "
        f"{REFERENCE_RATE:g}, which goes with batches of {REFERENCE_BATCH}. For batches of "
        f"{training.batch_size} the usual rule gives {usual:.2g}. The loss may grow without bounds; "
        "what the starting weights know is soon lost."
    )


def _schedule(training):
    end = training.schedule_steps or training.steps
    if training.warmup_steps > training.steps / 2:
        return f"{training.warmup_steps} of {training.steps} steps are warm-up; little is left to learn with."
    if end <= 1.2 * training.steps:
        return ""
    left = (1 + cos(pi * (training.steps - training.warmup_steps) / (end - training.warmup_steps))) / 2
    return (
        f"The learning rate falls until step {end:,}, but the run ends at step {training.steps:,}, when it "
        f"is still at {left:.0%} of its peak: the weights never settle. Set schedule_steps to 0."
    )


def _average(training):
    if not training.ema:
        return ""
    reach = 1 / (1 - training.ema)
    if reach <= max(training.steps / 3, 5):
        return ""
    return (
        f"The weights that are kept are averages over some {reach:,.0f} steps (ema {training.ema:g}), much "
        f"of the run's {training.steps:,}: they hardly leave the weights it starts from. Lower ema, or "
        "train longer."
    )


def _start(plan):
    if plan.weights:
        return ""
    frozen = plan.training.freeze_before
    if frozen:
        return (
            f"The layers before {frozen} are kept as they are, but begin at random values. Choose weights to "
            "start from, or empty freeze_before."
        )
    return (
        "Training begins at random values, which takes far more photos and steps. Choose weights to start "
        "from: imagenet, or those of a shipped model."
    )


def _leak(plan, indexes, validation):
    if plan.validation in [source for source, _ in plan.train]:
        what = f"{plan.validation} is"
    else:
        trained = {name for index in indexes for name in index.names}
        shared = sum(name in trained for name in validation.names) if validation else 0
        if not shared:
            return ""
        are = "is" if shared == 1 else "are"
        what = f"{shared:,} of {len(validation):,} photos of {plan.validation} {are}"
    return (
        f"{what} trained on and validated on: the figures will be too good, and nobody will know how well "
        "the model does on new photos. Split it in the Health tab of the Datasets page, and train on "
        "another split."
    )


def _length(training, photos):
    if epochs(training, photos) < 1:
        return (
            f"{training.steps:,} steps of {training.batch_size} crops see only part of the {photos:,} "
            "photos. Raise steps."
        )
    return ""


def _doubtful(training, source, index):
    scores = index.scores[index.scores > 0]  # 0: a region to be ignored, marked by hand
    ignored = (scores < training.min_label_score).sum()
    if ignored <= MANY_DOUBTFUL * len(scores):
        return ""
    return (
        f"{ignored:,} of {len(scores):,} boxes of {source} are a model's labels that score below "
        f"min_label_score, {training.min_label_score:g}: training ignores them. Correct them on the Datasets "
        "page, which makes them labels by hand, or set min_label_score to the threshold of the model that "
        "labelled."
    )


def _classes(plan, indexes, validation):
    """What is wrong with classes that are kept."""
    labels = joined_labels(index.labels for index in indexes)
    if len(labels) < 2:  # all that is found counts as this one, as in an evaluation
        return
    if plan.training.steps < FEWEST_APART and are_new(labels, plan.weights):
        yield (
            f"{plan.training.steps:,} steps hardly tell {len(labels):,} new classes apart, however well they "
            f"find facings. Take {FEWEST_APART:,} or more, or teach all classes as one."
        )
    counts = Counter()
    for index in indexes:
        boxes = np.bincount(_class_ids(index), minlength=len(index.labels))
        counts.update(dict(zip(index.labels, boxes.tolist(), strict=True)))
    if variants := spelling_variants(labels, [counts[label] for label in labels]):
        pairs = [f"{labels[i]} for {labels[j]}" for i, j in variants.items()]
        yield (
            f"Spellings of one name are taught as classes of their own: {first_names(pairs)}. Rename them on "
            "the Health tab of their dataset, or by skushare data rename."
        )
    if unlearnt := [label for label in labels if not counts[label]]:
        yield (
            f"Classes without a box on the photos to train on cannot be learnt: {first_names(unlearnt)}. Add "
            "photos that show them, or teach all classes as one."
        )
    validated = _with_boxes(validation) if validation else ()
    if unknown := [label for label in validated if label not in labels]:
        yield (
            "Classes that only the validation photos have stay unknown to the model: "
            f"{first_names(unknown)}. Their boxes count there, but it cannot name them. Train on photos that "
            "show them, or teach all classes as one."
        )


def _with_boxes(index):
    return [index.labels[i] for i in np.unique(_class_ids(index))]


def _class_ids(index):
    """The classes of the boxes, those of regions to be ignored left out."""
    return index.class_ids[index.scores > 0]


def _anchors(index, detector):
    rows = slice(None, None, max(1, len(index.boxes) // SOME))
    fit = anchor_fit(index, detector, rows=rows)
    if not len(fit) or (fit >= COVERED).mean() >= FEW_COVERED or detector.matcher != "argmax":
        return ""
    return (
        f"Only {(fit >= COVERED).mean():.0%} of the boxes have an anchor that overlaps them by half; each of "
        "the others is learnt by one forced anchor, or by none where several have the same. Dense shelves "
        "has anchors for small products."
    )
