"""Settings of a training run."""

from dataclasses import dataclass

from skushare.errors import ConfigError


@dataclass(frozen=True)
class TrainingConfig:
    """How to train; what to train is a ``DetectorConfig``.

    Attributes:
        steps: optimiser steps in all; the cosine schedule ends there.
        batch_size: crops a step.
        learning_rate: peak, reached after ``warmup_steps``.
        warmup_steps: steps of linear warm-up.
        weight_decay: of AdamW.
        clip_norm: global gradient norm above which gradients are scaled down.
        ema: decay a step of the averaged weights that are validated and kept.
        freeze_before: layers of the network before this one keep their weights and
            batch-norm statistics; empty trains all.
        min_scale, max_scale: range of crop scales, against a photo whose longest
            side is 1024 pixels (``resize="fit"``) or as fraction of the photo
            (``resize="stretch"``).
        aspect_jitter: a crop is stretched by up to e to this power (``"fit"``).
        min_visible: a box cut by a crop is learnt when so much of it is left, else
            its region is ignored.
        min_label_score: machine labels below this are ignored regions.
        validate_every: steps between validations, which also write the checkpoint.
        validation_photos: photos of the validation set used meanwhile (all: 0).
        seed: of weights, crop choice and augmentation.
    """

    steps: int = 6000
    batch_size: int = 8
    learning_rate: float = 1.5e-3
    warmup_steps: int = 300
    weight_decay: float = 1e-4
    clip_norm: float = 10.0
    ema: float = 0.998
    freeze_before: str = ""
    min_scale: float = 0.35
    max_scale: float = 1.1
    aspect_jitter: float = 0.15
    min_visible: float = 0.4
    min_label_score: float = 0.5
    validate_every: int = 500
    validation_photos: int = 24
    seed: int = 0

    def __post_init__(self):
        for name in ("steps", "batch_size", "validate_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: at least 1, got {getattr(self, name)}")
        if not 0 < self.min_scale <= self.max_scale:
            raise ConfigError(
                f"min_scale {self.min_scale} must be above 0 and at most max_scale {self.max_scale}"
            )
        if not 0 <= self.ema < 1:
            raise ConfigError(f"ema: from 0 (off) to below 1, got {self.ema}")
        if self.learning_rate <= 0:
            raise ConfigError(f"learning_rate: above 0, got {self.learning_rate}")
