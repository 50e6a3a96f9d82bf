"""Models on disk: a folder with ``model.json``, a LiteRT file, weights, a label map and a card."""

import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from skushare.detector.config import DetectorConfig
from skushare.errors import ConfigError, ModelError, SkushareError
from skushare.files import sha256, write_file
from skushare.lock import hold
from skushare.workspace import runs_folder, workspace

DEFAULT_MODEL = "shelf_dense"
DESCRIPTION, LITERT, WEIGHTS, LABEL_MAP = "model.json", "model.tflite", "weights.npz", "label_map.pbtxt"
CHOSEN = "counting_model.txt"  # in the workspace
LOCK, LOCK_SECONDS = ".model.lock", 5.0  # in a model's folder, while its files are changed
RUN_CONFIG = "detector.json"  # in the folder of a training run, from its first moment


def models_folder():
    """Where models are looked up by name: ``$SKUSHARE_MODELS``, or ``models/`` beside the package."""
    return Path(os.environ.get("SKUSHARE_MODELS") or Path(__file__).resolve().parents[2] / "models")


def model_names():
    """Names of the models in :func:`models_folder`, the default one first."""
    names = sorted(path.parent.name for path in models_folder().glob(f"*/{DESCRIPTION}"))
    return sorted(names, key=lambda name: name != DEFAULT_MODEL)


def model_choices():
    """{name shown: folder} of all models at hand: those of :func:`models_folder`, then those of runs."""
    shipped = {name: models_folder() / name for name in model_names()}
    trained = sorted(runs_folder().glob(f"*/model/{DESCRIPTION}"))
    return shipped | {f"runs/{path.parents[1].name}": path.parent for path in trained}


@dataclass(frozen=True)
class Model:
    """A model folder whose description has been read.

    Attributes:
        folder: where it lies.
        config: its ``DetectorConfig``, thresholds and sizes included.
        files: SHA-256 of each file, by name.
        about: whatever else is known: data, licence, measured figures.
    """

    folder: Path
    config: DetectorConfig
    files: dict[str, str]
    about: dict = field(default_factory=dict)

    @property
    def name(self):
        """Its folder's name; the run's, if a run made it."""
        return self.folder.parent.name if self.folder.name == "model" else self.folder.name

    @property
    def is_shipped(self):
        """Whether it lies in :func:`models_folder`."""
        return self.folder.parent == models_folder().resolve()

    def path(self, file):
        """Path of ``file``, its SHA-256 checked.

        Raises:
            ModelError: it is missing or damaged.
        """
        path = self.folder / file
        if file not in self.files or not path.is_file():
            raise ModelError(f"{path}: the model lacks this file; fetch or export the model again")
        if sha256(path) != self.files[file]:
            raise ModelError(
                f"{path}: damaged (its SHA-256 differs from {DESCRIPTION}); fetch the model again"
            )
        return path


def model_folder(name):
    """The folder of the model ``name``, which :func:`read_model` takes, or ``None`` where there is none."""
    places = [Path(name), Path(name, "model"), models_folder() / name, run_folder(name) / "model"]
    return next((place for place in places if (place / DESCRIPTION).is_file()), None)


def run_folder(name):
    """Where the run called ``name``, or ``runs/name``, lies or would lie."""
    return runs_folder() / str(name).removeprefix("runs/")


def counting_model():
    """Name or folder of the model that the app counts with.

    That is ``$SKUSHARE_MODEL``, else what :func:`count_with` wrote as long as that model is there, else the
    shipped one. :func:`chosen_folder` tells where it lies.
    """
    if told := os.environ.get("SKUSHARE_MODEL"):
        return told
    try:
        chosen = (workspace() / CHOSEN).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return DEFAULT_MODEL
    return chosen if chosen in model_choices() else DEFAULT_MODEL


def chosen_folder(name):
    """The folder of ``name`` in :func:`model_choices`; of another name, as :func:`model_folder`.

    Choices come first, as the working folder may have a folder that is called like a run.
    """
    return model_choices().get(name) or model_folder(name)


def count_with(name):
    """Have the app count with the model ``name``, of :func:`model_choices`, from now on, for all who use it.

    Raises:
        ModelError: it is missing or damaged; nothing is changed then.
        SkushareError: the workspace cannot be written.
    """
    model = read_model(chosen_folder(name) or name)
    for file in (LITERT, LABEL_MAP):
        model.path(file)
    write_file(workspace() / CHOSEN, f"{name}\n")


def read_model(name=None):
    """The :class:`Model` of a folder, of a run's folder, of :func:`models_folder`, or of a run by its name.

    Args:
        name: which, tried in this order; ``None`` stands for the shipped one.

    Raises:
        ModelError: there is none, the run has none yet, or its description cannot be used.
    """
    name = name or DEFAULT_MODEL
    folder = model_folder(name)
    if folder is None:
        run = run_folder(name)
        unfinished = next((place for place in (Path(name), run) if (place / RUN_CONFIG).is_file()), None)
        if unfinished:
            raise ModelError(
                f"{name}: this run has no model yet; make it: skushare package {unfinished} --val DATA"
            )
        raise ModelError(f"no model called {name!r}; there are: {', '.join(model_choices()) or 'none'}")
    try:
        content = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        config = DetectorConfig.from_dict(content.pop("config"))
        files = dict(content.pop("files"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ConfigError) as error:
        raise ModelError(
            f"{folder / DESCRIPTION}: not a model description ({error}); fetch or export the model again"
        ) from None
    return Model(folder.resolve(), config, files, content)


def write_description(folder, config, about):
    """Write ``model.json`` (configuration, SHA-256 of the files beside it, ``about``) and the label map."""
    # Here, as it imports protobuf, which reading a model need not wait for.
    from skushare.dataset.labelmap import write_label_map

    folder = Path(folder)
    write_label_map(folder / LABEL_MAP, config.labels)
    files = {
        name: sha256(folder / name) for name in (LITERT, WEIGHTS, LABEL_MAP) if (folder / name).is_file()
    }
    content = {**about, "config": asdict(config), "files": files}
    write_file(folder / DESCRIPTION, json.dumps(content, indent=2) + "\n")


@contextmanager
def changing(folder):
    """Keep other threads and processes from changing the model in ``folder`` meanwhile.

    Raises:
        SkushareError: the folder is not writable, or another process is writing into it.
    """
    with hold(Path(folder, LOCK), seconds=LOCK_SECONDS) as mine:
        if not mine:
            raise SkushareError(f"{folder}: another process writes into it; try again")
        yield


def set_threshold(model, mode, min_score):
    """Write ``min_score`` as the default score threshold of ``mode`` ("photo" or "live") into a model.

    All else stays as its folder has it by now: an evaluation takes long, and another one may have ended.

    Args:
        model: the :class:`Model` that the threshold was found for.

    Raises:
        ModelError: its files are damaged, or those of another model lie in its folder now.
        SkushareError: its folder is not writable, or another process is writing into it.
    """
    with changing(model.folder):
        now = read_model(model.folder)
        if now.files.get(LITERT) != model.files.get(LITERT):
            raise ModelError(
                f"{model.folder}: holds another model since it was evaluated; evaluate it again, its "
                "threshold stays as it is"
            )
        for file in now.files:
            now.path(file)  # else their new SHA-256 would cover up the damage
        name = "live_min_score" if mode == "live" else "min_score"
        write_description(now.folder, replace(now.config, **{name: min_score}), now.about)
