"""Settings of a training run."""

from dataclasses import dataclass
from typing import Literal

from skushare.errors import ConfigError
from skushare.settings import Settings

_RULES = {
    "steps": (lambda v: v >= 1, "at least 1"),
    "batch_size": (lambda v: v >= 1, "at least 1 crop a step"),
    "learning_rate": (lambda v: v > 0, "above 0, or nothing is learnt"),
    "warmup_steps": (lambda v: v >= 0, "at least 0 (no warm-up)"),
    "warmup_learning_rate": (lambda v: v >= 0, "at least 0"),
    "schedule_steps": (lambda v: v >= 0, "at least 0 (ends with the run)"),
    "momentum": (lambda v: 0 <= v < 1, "from 0 to below 1, or old gradients never fade"),
    "weight_decay": (lambda v: v >= 0, "at least 0 (off)"),
    "clip_norm": (lambda v: v >= 0, "at least 0 (off)"),
    "ema": (lambda v: 0 <= v < 1, "from 0 (off) to below 1, or the average never moves"),
    "min_scale": (lambda v: v > 0, "above 0"),
    "aspect_jitter": (lambda v: 0 <= v <= 1, "from 0 (off) to 1"),
    "mosaic": (lambda v: 0 <= v <= 1, "a chance from 0 (off) to 1"),
    "paste": (lambda v: 0 <= v <= 1, "a share of the facings from 0 (off) to 1"),
    "min_visible": (lambda v: 0 < v <= 1, "above 0 and at most 1, a share of the box"),
    "min_label_score": (lambda v: 0 <= v <= 1, "from 0 (all labels) to 1"),
    "validate_every": (lambda v: v >= 1, "at least 1 step"),
    "validation_photos": (lambda v: v >= 0, "at least 0 (all)"),
    "seed": (lambda v: 0 <= v < 2**32, "from 0 to 4294967295"),
}


@dataclass(frozen=True)
class TrainingConfig(Settings):
    """How to train; what to train is a ``DetectorConfig``.

    Attributes:
        steps: optimiser steps in all.
        batch_size: crops a step.
        optimizer: ``"adamw"``, or ``"momentum"``: gradient descent with ``momentum``.
        learning_rate: peak, reached after ``warmup_steps``.
        warmup_steps: steps of linear warm-up, from ``warmup_learning_rate``.
        warmup_learning_rate: where the warm-up starts.
        schedule_steps: step at which the learning rate's cosine ends; 0: with the run.
        momentum: share of the last update that goes into the next (``"momentum"``).
        weight_decay: decoupled with AdamW, an L2 loss with momentum.
        clip_norm: global gradient norm above which gradients are scaled down; 0: never.
        ema: decay a step of the averaged weights that are validated and kept.
        freeze_before: layers of the network before this one keep their weights and
            batch-norm statistics; empty trains all.
        freeze_batch_norm: all batch norms keep their statistics, scales and offsets. Weights that know
            shelves lose less by it, as those of a few crops are worse.
        min_scale, max_scale: range of crop scales, against a photo whose longest
            side is 1024 pixels (``resize="fit"``) or as fraction of the photo
            (``resize="stretch"``).
        aspect_jitter: a crop is stretched by up to e to this power (``"fit"``).
        photometric: light, colours, blur and noise of crops vary at random.
        mosaic: chance that a crop is put together from four of half the size.
        paste: share of a crop's facings whose place is given to packs of another photo.
        min_visible: a box cut by a crop is learnt when so much of it is left, else
            its region is ignored.
        min_label_score: machine labels below this are ignored regions.
        validate_every: steps between validations, which also write the checkpoint.
        validation_photos: photos of the validation set used meanwhile (all: 0).
        seed: of weights, crop choice and augmentation.
    """

    steps: int = 6000
    batch_size: int = 8
    optimizer: Literal["adamw", "momentum"] = "adamw"
    learning_rate: float = 1.5e-3
    warmup_steps: int = 300
    warmup_learning_rate: float = 0.0
    schedule_steps: int = 0
    momentum: float = 0.9
    weight_decay: float = 1e-4
    clip_norm: float = 10.0
    ema: float = 0.998
    freeze_before: str = ""
    freeze_batch_norm: bool = False
    min_scale: float = 0.35
    max_scale: float = 1.1
    aspect_jitter: float = 0.15
    photometric: bool = True
    mosaic: float = 0.0
    paste: float = 0.0
    min_visible: float = 0.4
    min_label_score: float = 0.5
    validate_every: int = 500
    validation_photos: int = 24
    seed: int = 0

    def __post_init__(self):
        self.check_types()
        self.check_rules(_RULES)
        if self.max_scale < self.min_scale:
            raise ConfigError(f"max_scale {self.max_scale} is below min_scale {self.min_scale}")
        if 0 < self.schedule_steps <= self.warmup_steps:
            raise ConfigError(
                f"schedule_steps {self.schedule_steps} leave no step after {self.warmup_steps} warm-up steps"
            )
