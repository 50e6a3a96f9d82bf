"""What a run can be made from: the stored datasets and the weights at hand."""

from dataclasses import dataclass
from pathlib import Path

from skushare.dataset import store
from skushare.detector.models import WEIGHTS, model_choices, read_model
from skushare.detector.zoo import INDEX
from skushare.errors import SkushareError
from skushare.training.intake import weight_files
from skushare.training.plan import BEST, find_weights
from skushare.training.runs import list_runs
from skushare.workspace import free_name, runs_folder


@dataclass(frozen=True)
class Source:
    """A stored dataset, or one split of it.

    Attributes:
        name: as a ``Plan`` takes it: "dataset", "dataset@split", or "dataset@" for what has no split
            beside splits.
        dataset, split: its parts; the split is empty where there is none.
        photos, boxes: how many.
        labels: class names of the dataset.
    """

    name: str
    dataset: str
    split: str
    photos: int
    boxes: int
    labels: tuple[str, ...]

    @property
    def photos_called(self):
        """What the photos are called beside the dataset's name: the split; empty for all of its photos."""
        return self.split or "without a split" * (self.name != self.dataset)


def dataset_sources(name):
    """A :class:`Source` for each split of the stored dataset ``name``; raises as ``store.open_index``."""
    index = store.open_index(name)
    found = []
    for number, split in enumerate(index.splits):
        rows = index.split_ids == number
        found.append(
            Source(
                name=f"{name}@{split}" if split or len(index.splits) > 1 else name,
                dataset=name,
                split=split,
                photos=int(rows.sum()),
                boxes=int(index.counts[rows].sum()),
                labels=index.labels,
            )
        )
    return found


def default_sources(sources):
    """(names to train on, name to validate on): the splits of a dataset that has both, if there is one."""
    by_split = {}
    for source in sources:
        by_split.setdefault(source.dataset, {})[source.split] = source.name
    for splits in by_split.values():
        if "train" in splits and "val" in splits:
            return [splits["train"]], splits["val"]
    first = sources[0]
    others = [s.name for s in sources if s.dataset == first.dataset and s.name != first.name]
    return [first.name], (others or [first.name])[0]


def weight_choices(detector):
    """{as a ``Plan`` takes it: what to call it} of the weights that a ``DetectorConfig`` can start from."""
    found = {}
    for shown, folder in model_choices().items():
        try:
            fits = same_network(read_model(folder).config, detector)
        except SkushareError:
            continue  # a damaged model is no choice; the pages that use it tell what is wrong
        if fits and shown.startswith("runs/"):
            # By its place: where the server stands, a folder may lie that is called as a run is.
            found[str(folder.resolve())] = f"run {folder.parent.name}"
        elif fits:
            found[shown] = f"model {shown}"
    for run in list_runs():
        try:
            fits = (run.folder / BEST).is_file() and same_network(run.plan.detector, detector)
        except SkushareError:
            continue
        if fits and str(run.model_folder) not in found:
            found[str(run.folder)] = f"run {run.name}, its best so far"
    found |= {str(path): f"the file {path.name}" for path in weight_files()}
    return found | {"imagenet": "ImageNet (downloads 9 MB once)", "": "nothing (random)"}


def chosen_weights(weights, choices):
    """The key of :func:`weight_choices` that means what ``weights`` of a ``Plan`` do, or ``None``."""
    for choice in choices:
        if choice == weights or (choice not in ("", "imagenet") and str(find_weights(choice)) == weights):
            return choice
    return None


def weights_name(weights):
    """What to call the ``weights`` of a ``Plan``."""
    if weights in ("", "imagenet"):
        return weights or "random"
    path = Path(weights)
    if path in weight_files() or not (path.name in (WEIGHTS, BEST) or path.suffix == INDEX):
        return path.name
    return path.parent.parent.name if path.parent.name in ("model", "checkpoint") else path.parent.name


def same_network(one, other):
    """Whether two ``DetectorConfig`` make networks that differ in their classes at most."""

    def shape(config):
        cells = [len(cell) for cell in config.anchors.sizes]
        return (
            config.taps,
            config.neck,
            config.channels,
            config.tower,
            config.kernel,
            config.background,
            cells,
        )

    return shape(one) == shape(other)


def free_run_name(wanted):
    """``wanted``, or with the first number behind it that neither a run nor what is left of one has."""
    return free_name(wanted, {path.name for path in runs_folder().glob("*")})
