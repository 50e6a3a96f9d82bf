"""What to train: everything that a run is made from, as one value."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from skushare.detector.config import DetectorConfig
from skushare.detector.layer_names import check_layer, layer_names
from skushare.detector.models import (
    DESCRIPTION,
    RUN_CONFIG,
    WEIGHTS,
    model_choices,
    models_folder,
    read_model,
    run_folder,
)
from skushare.detector.presets import SHELF_DENSE
from skushare.detector.zoo import find_checkpoint
from skushare.errors import ConfigError, SkushareError
from skushare.export.manifest import CARD
from skushare.files import read_json
from skushare.settings import Settings
from skushare.training.config import TrainingConfig

PLAN, BEST = "plan.json", "best.npz"


@dataclass(frozen=True)
class Plan(Settings):
    """Everything that a run is made from.

    Attributes:
        train: (source, weight) of each dataset to train on. A source is what
            ``formats.read_dataset`` takes: a file, a folder or the name of a stored dataset,
            with ``@split`` for one split. Photos of a weight of 3 are seen three times as often.
        validation: source of the photos that the best weights are chosen on.
        detector: the network; its ``labels`` are replaced by those of the data (``material.read_data``).
        training: how to train.
        weights: to start from: "" (random), "imagenet" (downloaded), a weight file, a model
            folder or the name of one (``models.model_choices``), a folder of a run, or a
            checkpoint of the TF2 model zoo, packed or not (``zoo.read_zoo``).
        one_class: teach all classes as one, "facing".
        backend: of Keras.
        devices: "auto" (every GPU, or the processor), "cpu", or a number of GPUs, as "2".
        licence: what may be done with the weights; kept in ``model.json``.
    """

    train: tuple[tuple[str, float], ...]
    validation: str
    detector: DetectorConfig = SHELF_DENSE
    training: TrainingConfig = TrainingConfig()
    weights: str = ""
    one_class: bool = False
    backend: Literal["tensorflow", "jax", "torch"] = "tensorflow"
    devices: str = "auto"
    licence: str = ""

    def __post_init__(self):
        self.check_types()
        if not self.train:
            raise ConfigError("train: at least one dataset is needed")
        for entry in self.train:
            if not isinstance(entry, tuple) or len(entry) != 2 or not isinstance(entry[0], str):
                raise ConfigError(f"train: pairs of a dataset and a weight are needed, got {entry!r}")
            source, weight = entry
            if not source:
                raise ConfigError("train: a dataset is given by its file, folder or name; one is empty")
            if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < 1e6:
                raise ConfigError(f"train: the weight of {source} must be a number above 0, got {weight!r}")
        if not self.validation:
            raise ConfigError("validation: a dataset to choose the best weights on is needed")
        if self.devices not in ("auto", "cpu") and not (self.devices.isdecimal() and int(self.devices) > 0):
            raise ConfigError(f"devices: auto, cpu or a number of GPUs, got {self.devices!r}")
        if self.devices.isdecimal() and int(self.devices) > 1 and self.backend != "jax":
            # Keras' own distribution shares out batches on no other backend, as of 3.15.
            raise ConfigError(f"devices: {self.devices} GPUs need the backend jax; take 1 or auto")
        if self.devices.isdecimal() and self.training.batch_size % int(self.devices):
            raise ConfigError(
                f"batch_size: {self.training.batch_size} crops cannot be shared out evenly to "
                f"{self.devices} GPUs; take a multiple"
            )

    def located(self, begun=None):
        """This plan with absolute paths, so that it means the same wherever a process stands.

        Args:
            begun: the plan of the run where that has a checkpoint. The weights it started from may be gone,
                or others may lie at their place; and it has the licence unless one is given.

        Raises:
            ConfigError: a dataset, the weights to start from or the layer to train from are not there.
        """
        if self.training.freeze_before:
            check_layer(self.training.freeze_before, layer_names(self.detector))
        weights = self.weights
        if begun and _may_stand_for(weights, begun.weights):
            weights = begun.weights
        elif weights not in ("", "imagenet"):
            weights = str(find_weights(weights))
        return replace(
            self,
            train=tuple((_located(source), float(weight)) for source, weight in self.train),
            validation=_located(self.validation),
            weights=weights,
            licence=self.licence or (begun.licence if begun else ""),
        )


def find_weights(source):
    """The absolute path of the weight file that ``source``, of :attr:`Plan.weights`, stands for.

    Raises:
        ConfigError: there is none.
    """
    source = str(source)
    found = _weight_file(Path(source))
    if not found:  # names take a search of the workspace
        known = model_choices()
        found = _weight_file(known.get(source, Path(source))) or find_checkpoint(source)
    if found:
        return found.resolve()
    raise ConfigError(
        f"weights: {source} is neither a weight file nor a checkpoint, nor a model or run with one; "
        f"there are: {', '.join(known) or 'no models'}"
    )


def _weight_file(place):
    """The weight file that ``place`` is, or that the model or run in this folder has; else ``None``."""
    paths = place, place / WEIGHTS, place / "model" / WEIGHTS, place / BEST
    return next((path for path in paths if path.is_file()), None)


def _may_stand_for(source, file):
    """Whether ``source``, of :attr:`Plan.weights`, may once have stood for the weight file ``file``."""
    if source in ("", "imagenet"):
        return source == file
    places = (Path(source), models_folder() / source, run_folder(source))
    return any(Path(file).is_relative_to(place.resolve()) for place in places)


def licence_of(weights):
    """The licence of the model or the run that ``weights``, of :attr:`Plan.weights`, are of; else empty.

    Where it points to the model card beside it, it names the model: no card goes along with the weights.
    """
    try:
        folder = find_weights(weights).parent if weights not in ("", "imagenet") else None
    except ConfigError:
        folder = None
    for file in (folder / DESCRIPTION, folder / PLAN) if folder else ():
        if about := read_json(file):
            licence = str(about.get("licence", ""))
            if (folder / CARD).is_file():
                licence = re.sub(rf"{re.escape(CARD)}(?! of )", f"{CARD} of the model {folder.name}", licence)
            return licence
    return ""


def labels_of(weights):
    """Names of the classes of a weight file of a model or a run, in their order; of another, empty."""
    try:
        if weights.name == WEIGHTS:
            return read_model(weights.parent).config.labels
        return DetectorConfig.from_json((weights.parent / RUN_CONFIG).read_text(encoding="utf-8")).labels
    except (OSError, ValueError, SkushareError):
        return ()


def known_labels(weights):
    """Names of the classes that a model or a run, given as :attr:`Plan.weights`, tells apart; else empty."""
    try:
        return () if weights in ("", "imagenet") else labels_of(find_weights(weights))
    except ConfigError:  # which is told where they are loaded
        return ()


def are_new(labels, weights):
    """Whether ``labels``, names of classes, are several that ``weights`` do not tell apart already."""
    return len(labels) > 1 and sorted(labels) != sorted(known_labels(weights))


def _located(source):
    from skushare.dataset.formats import stored_source

    path, _, split = source.rpartition("@")
    if stored_source(source):
        return source
    for place, suffix in ((source, ""), (path, f"@{split}")):
        if place and Path(place).exists():
            return str(Path(place).resolve()) + suffix
    raise ConfigError(f"{source}: no such file, folder or stored dataset; check the name")
