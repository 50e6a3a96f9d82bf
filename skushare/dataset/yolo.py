"""YOLO: one text file an image, boxes as fractions of it, and a data.yaml for classes and splits."""

import itertools
import os
import re
from pathlib import Path

import numpy as np
import yaml

from skushare.dataset.dataset import Dataset, make_sample
from skushare.dataset.label_text import finite, read_lines, read_text
from skushare.dataset.layout import (
    found_photos,
    inside,
    place_images,
    plain_files,
    shorter,
    unique_names,
)
from skushare.dataset.split_names import by_split, known_split, split_of, split_order
from skushare.errors import DatasetError, ImageError
from skushare.files import write_file
from skushare.image_files import SUFFIXES, find_images
from skushare.images import image_size
from skushare.text import counted

_NO_SPLITS = {"path", "names", "nc", "download"}  # keys of data.yaml with another meaning
MAX_CLASSES = 10_000
_MAX_BYTES = 8 << 20  # of a data.yaml
_LABELS_OF = {"images": "labels", "Images": "Labels", "IMAGES": "LABELS"}  # folders
_CLASS_FILES = ("classes.txt", "obj.names", "_darknet.labels")
_NUMBER = re.compile(r"[\d.]+")
_LABEL = re.compile(rb"\s*\d+(\s+[-+.\de]+){4}")


class _TextLoader(yaml.CSafeLoader):
    """Reads all but null as text: a class called 0012 or No is neither a number nor false."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag.endswith((":null", ":merge"))]
        for first, known in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


def yolo_files(folder):
    """``[(path, content)]`` of the YAML files that name classes in ``folder``, ``data.yaml`` first.

    Without any, an image that has a label file, if there is one.

    Raises:
        DatasetError: there are boxes at an angle instead.
    """
    found = _descriptions(folder)
    places = sorted([*folder.glob("labelTxt*"), *folder.glob("*/labelTxt*")])
    turned = next((path for path in places if path.is_dir()), None)
    if found and not turned:
        return found
    labelled = (path for path in find_images([folder]) if _label_file(path, folder).is_file())
    first = [(path, {}) for path in itertools.islice(labelled, 1)]
    if turned and not first:
        raise DatasetError(
            f"{turned}: boxes at an angle (YOLO OBB); export them as COCO or YOLOv8, which skushare reads"
        )
    return found or first


def read_yolo(source, images=None, raw=False):
    """The :class:`Dataset` that a ``data.yaml`` describes, or in a folder of images and text files.

    Labels lie where the images' path has ``labels`` for ``images``, or beside the images; an
    image without any has no boxes. Without a ``data.yaml``, class names are in ``classes.txt``,
    ``obj.names`` or ``_darknet.labels``, and splits are lists called ``train.txt``, ..., or subfolders
    of ``images``, or folders called ``train``, ... Labels without an image or of one that cannot be
    read, and class names that are none but numbers, are told in the provenance. A sixth number is the
    score of a machine-made label; more numbers are a polygon, of which the box is taken, or keypoints
    after the box where the ``data.yaml`` has a ``kpt_shape``.

    Args:
        source: the folder or the YAML file.
        images: the folder that the paths in the YAML file start from; default: the file's own.
        raw: keep the boxes as they stand in the file, wrong ones too.

    Raises:
        DatasetError: something is missing or makes no sense; the message names file and line.
    """
    source = Path(os.path.abspath(source))
    folder = source if source.is_dir() else source.parent
    root = Path(os.path.abspath(images)) if images else folder
    descriptions = _descriptions(folder) if source.is_dir() else [(source, _load(source))]
    if descriptions:
        path, content = descriptions[0]
        names = _class_names(content, path)
        parts = _described_parts(content, root, path)
        has_names, has_keypoints = bool(content.get("names")), "kpt_shape" in content
    else:
        names = _listed_class_names(folder)
        parts, has_names, has_keypoints = _plain_parts(root), bool(names), False
    if not any(paths for _, paths in parts):
        raise DatasetError(
            f"{source}: has no images; put them beside their labels (on the command line, "
            "--images names another folder)"
        )
    images = [path for _, paths in parts for path in paths]
    found = found_photos(images, root)
    labels = {name: place for place, name in enumerate(dict.fromkeys(names.values()))}
    class_of = {number: labels[name] for number, name in names.items()}
    samples = tuple(
        _read(found.get(path, path), root, split, class_of, has_keypoints)
        for split, paths in parts
        for path in paths
    )
    if not labels:
        labels = range(1 + max((int(s.class_ids.max(initial=-1)) for s in samples), default=-1))
    labels = tuple(map(str, labels))
    provenance = {"source": str(source), "format": "yolo"}
    if labels and not has_names:
        files = "data.yaml, classes.txt, obj.names or _darknet.labels"
        provenance["class names"] = f"numbers, because no {files} tells them"
    left_out = []
    if alone := _labels_alone({sample.path.parent for sample in samples}, root):
        left_out.append(f"{counted(len(alone), 'label file')} without an image, such as {alone[0].name}")
    if lost := [s.path for s in samples if not s.width and _LABEL.match(_start(_label_file(s.path, root)))]:
        left_out.append(
            f"the labels of {counted(len(lost), 'photo')} that cannot be read, such as {lost[0].name}"
        )
    if left_out:
        provenance["left out"] = "; ".join(left_out)
    dataset = Dataset(folder.name, samples, labels, provenance)
    return dataset if raw else dataset.cleaned()


def write_yolo(dataset, folder, progress=iter):
    """Write ``dataset`` to the empty ``folder``: ``images/train``, ``labels/train``, ..., ``data.yaml``.

    Labels have a sixth number, the score, where the image has machine-made ones. Regions to be ignored are
    left out: the format has no mark for them.

    Args:
        progress: wraps a list of what is to do in an iterator that shows progress.

    Raises:
        DatasetError: an image is missing, or its size is unknown.
        SkushareError: the disk is full or not writable.
    """
    parts = by_split(unique_names(dataset.samples))
    named = [(f"images/{split}/{name}", sample) for split, part in parts.items() for name, sample in part]
    place_images(named, folder, progress)
    for split in parts:
        (folder / "labels" / split).mkdir(parents=True)
    for name, sample in named:
        # All of the folder appears at once at the end, so its many small files need no care each.
        file = Path(folder, "labels", name.removeprefix("images/")).with_suffix(".txt")
        file.write_text("".join(_lines(sample)), encoding="utf-8")
    # Without "path": YOLO trainers would look for it below the folder where they run.
    content = {split: f"images/{split}" for split in parts} | {"names": dict(enumerate(dataset.labels))}
    write_file(folder / "data.yaml", yaml.safe_dump(content, allow_unicode=True, sort_keys=False))


def _descriptions(folder):
    paths = sorted(
        [*plain_files(folder, "*.yaml"), *plain_files(folder, "*.yml")],
        key=lambda path: (path.stem != "data", path),
    )
    contents = ((path, _load(path)) for path in paths)
    return [(path, content) for path, content in contents if {"names", "nc"} & content.keys()]


def _load(path):
    try:
        content = yaml.load(read_text(path, _MAX_BYTES), _TextLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DatasetError(f"{path}: not a YAML file ({' '.join(str(error).split())})") from None
    return content if isinstance(content, dict) else {}


def _class_names(content, where):
    """``{number: name}`` of a data.yaml; empty if it has none."""
    names = content.get("names")
    try:
        if not names:
            names = list(map(str, range(min(int(float(content.get("nc") or 0)), MAX_CLASSES))))
        if not isinstance(names, (dict, list)):
            raise ValueError
        pairs = names.items() if isinstance(names, dict) else enumerate(names)
        return {
            number: name for number, name in sorted((int(number), _plain(name)) for number, name in pairs)
        }
    except (ValueError, TypeError, OverflowError):
        raise DatasetError(
            f"{where}: names must be a list of class names, or have one for each number"
        ) from None


def _plain(name):
    if not isinstance(name, str) or not name:
        raise ValueError  # nested aliases can stand for gigabytes of text
    return name


def _listed_class_names(folder):
    """``{number: name}`` of the class file in the folder, ``labels`` or a split; empty if there is none.

    Raises:
        DatasetError: the splits have different names.
    """
    for path in (home / name for home in (folder, folder / "labels") for name in _CLASS_FILES):
        if path.is_file():
            return _names_in(path)
    # Roboflow's Darknet puts one into the folder of each split.
    first, *others = plain_files(folder, f"*/{_CLASS_FILES[-1]}") or [None]
    names = _names_in(first) if first else {}
    for path in others:
        if _names_in(path) != names:
            raise DatasetError(
                f"{path}: has other class names than {first}; give the folder of one split alone"
            )
    return names


def _names_in(path):
    return {number - 1: line.strip() for number, line in read_lines(path) if line.strip()}


def _described_parts(content, root, where):
    """``[(split, images)]`` of a data.yaml."""
    base = root
    if isinstance(content.get("path"), str) and (root / content["path"]).is_dir():
        inner = Path(os.path.normpath(root / content["path"]))
        base = inner if inner.is_relative_to(root) else root
    parts, absent = [], []
    for split, entries in content.items():
        entries = entries if isinstance(entries, list) else [entries]
        if split in _NO_SPLITS or not all(isinstance(entry, str) and entry for entry in entries):
            continue
        if all(map(_NUMBER.fullmatch, entries)):  # such as a version
            continue
        for entry in entries:
            # Some exports write "../train/images" for a folder that lies beside the file.
            entry = re.sub(r"^(\.\./)+", "", entry)
            place = _moved(base, entry) or entry
            path = base if os.path.normpath(place) == "." else inside(base, place, where)
            if path.exists():
                images = _listed_images(path, root) if path.is_file() else find_images([path])
                parts.append((split_of(str(split)), images))
            elif known_split(str(split)):
                absent.append((known_split(str(split)), f"{split} is {path}"))
    # Roboflow lists a test split whether it is there or not.
    for split, told in absent:
        if split != "test" or not parts:
            raise DatasetError(
                f"{where}: {told}, which does not exist; put the folder there (on the "
                "command line, --images names the one that its paths start from)"
            )
    if not parts:
        parts = _plain_parts(base)
    return sorted(parts, key=lambda part: split_order(part[0]))


def _plain_parts(root):
    """``[(split, images)]`` of a folder without description."""
    if parts := _listed_parts(root):
        return sorted(parts, key=lambda part: split_order(part[0]))
    home = next((root / name for name in _LABELS_OF if (root / name).is_dir()), None)
    if home:
        folders = sorted(path for path in home.iterdir() if path.is_dir())
        loose = [path for path in find_images([home]) if path.parent == home]
    elif folders := sorted(path for path in root.glob("*/*") if path.name in _LABELS_OF and path.is_dir()):
        loose = []
    else:
        folders = sorted(path for path in root.iterdir() if path.is_dir() and known_split(path.name))
        loose = [path for path in find_images([root]) if not any(map(path.is_relative_to, folders))]
    parts = [("", loose)] + [
        (split_of(path.relative_to(root).parts[path.parent == home]), find_images([path])) for path in folders
    ]
    return sorted(parts, key=lambda part: split_order(part[0]))


def _listed_parts(root):
    """``[(split, images)]`` of the lists in ``root``; empty unless they have all its images and no others."""
    lists = [path for path in plain_files(root, "*.txt") if known_split(path.stem) and _lists_images(path)]
    try:
        parts = [(known_split(path.stem), _listed_images(path, root)) for path in lists]
    except DatasetError:  # of another computer, or of images that are no longer here
        return []
    return parts if {path for _, paths in parts for path in paths} == set(find_images([root])) else []


def _lists_images(path):
    first = next((line for _, line in read_lines(path) if line.strip()), "")
    return Path(first.strip()).suffix.lower() in SUFFIXES


def _listed_images(path, root):
    """The images in a text file with one path a line, from the file's own folder.

    Darknet and CVAT put ``data/`` ahead of it, others the folder where the list was made.
    """
    images = []
    for number, line in read_lines(path):
        if name := line.strip():
            place = next((place for place in shorter(name) if Path(path.parent, place).is_file()), name)
            images.append(inside(root, os.path.join(path.parent, place), f"{path}, line {number}"))
    return images


def _moved(base, entry):
    """What of a path, perhaps on another machine, is there below ``base``; ``None`` if nothing."""
    for place in shorter(entry):
        path = Path(base, place)
        # One folder alone may be that of another split.
        if path.is_file() or (path.exists() and (len(place.parts) > 1 or known_split(place.name))):
            return str(place)
    return None


def _label_places(image, root):
    """Where an image's text file may be: ``labels`` for the last ``images`` in its path, or beside it."""
    places, parts = [image.with_suffix(".txt")], image.relative_to(root).parts
    if homes := [place for place, part in enumerate(parts[:-1]) if part in _LABELS_OF]:
        *_, last = homes
        beside = Path(root, *parts[:last], _LABELS_OF[parts[last]], *parts[last + 1 :])
        places.insert(0, beside.with_suffix(".txt"))
    return places


def _label_file(image, root):
    places = _label_places(image, root)
    return next((place for place in places if place.is_file()), places[-1])


def _labels_alone(folders, root):
    """Label files that belong into the ``folders`` of images, but to no image there."""
    alone = []
    for folder in sorted(filter(Path.is_dir, folders)):
        stems = {path.stem for path in folder.iterdir() if path.suffix.lower() in SUFFIXES}
        for place in _label_places(folder / "x.jpg", root):
            files = plain_files(place.parent, "*.txt")
            alone += [path for path in files if path.stem not in stems and _LABEL.match(_start(path))]
    return alone


def _start(path):
    """The first bytes of the file ``path``; none where it is missing."""
    if not path.is_file():
        return b""
    with open(path, "rb") as file:
        return file.read(200)


def _read(image, root, split, class_of, has_keypoints):
    try:
        width, height = image_size(image)
    except ImageError:
        # The health checks name it; without a size, fractions of it mean nothing.
        return make_sample(image, (0, 0), [], split, image)
    path, rows = _label_file(image, root), []
    for number, line in read_lines(path) if path.is_file() else ():
        values = line.split()
        if not values:
            continue
        where = f"{path}, line {number}"
        try:
            numbers = values[1:5] if has_keypoints else values[1:]
            x, y, w, h, score = _box([finite(value) for value in numbers])
            class_id = _class_id(values[0], class_of)
        except ValueError as error:
            raise DatasetError(f"{where}: {error}") from None
        corners = (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height
        rows.append((*corners, class_id, score))
    return make_sample(image, (width, height), rows, split, path)


def _box(values):
    """Centre, size and score of the numbers after the class."""
    if len(values) == 4:
        return (*values, 1.0)
    if len(values) > 4 and values[-1] >= 2 and values[-1] % 1 == 0 and max(values[:-1]) <= 1.5:
        raise ValueError(
            "ends with the number of a track, or a score in per cent; take that column out, or divide the "
            "scores by 100"
        )
    if len(values) == 5:
        return tuple(values)
    if len(values) < 6 or len(values) % 2:
        remedy = "; of predicted polygons, take the last column out" * (len(values) > 6)
        raise ValueError(f"a class and 4 numbers are wanted, but {len(values)} numbers follow{remedy}")
    xs, ys = values[::2], values[1::2]
    left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
    return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top, 1.0


def _class_id(text, class_of):
    number = finite(text)
    if number % 1:
        raise ValueError(f"class {text} is not a whole number")
    number = int(number)
    if class_of and number not in class_of:
        raise ValueError(f"class {text} is not in the list of class names")
    if not 0 <= number < MAX_CLASSES:
        raise ValueError(f"class {text} is not the number of a class")
    return class_of.get(number, number)


def _lines(sample):
    """Label lines of a sample."""
    sample = sample.facings
    boxes = sample.fractions()
    table = np.hstack([(boxes[:, 2:] + boxes[:, :2]) / 2, boxes[:, 2:] - boxes[:, :2]])
    scored = (sample.scores != 1).any()
    for class_id, numbers, score in zip(sample.class_ids, table, sample.scores, strict=True):
        values = [*numbers, score] if scored else numbers
        yield " ".join([str(class_id), *(f"{value:.9g}" for value in values)]) + "\n"
