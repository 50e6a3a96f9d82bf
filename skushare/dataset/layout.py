"""How the files of a dataset lie: names of splits, and pictures found and placed safely."""

import os
import re
import shutil
from pathlib import Path

from skushare.errors import DatasetError
from skushare.workspace import checked_name

ALL = "all"  # what files and folders of samples without a split are called
_KNOWN = {"train": "train", "val": "val", "test": "test"}
_KNOWN |= {"training": "train", "valid": "val", "validation": "val", "testing": "test"}
_NAME = re.compile(r"(?:instances_|annotations_)?([a-z]+?)(?:_?(?:19|20)\d\d)?", re.IGNORECASE)


def known_split(name):
    """``train``, ``val`` or ``test`` if a file or folder called ``name`` holds that split, else ``None``."""
    match = _NAME.fullmatch(name)
    return _KNOWN.get(match[1].lower()) if match else None


def split_of(name):
    """The split that a file or folder called ``name`` holds: instances_train2017 → train, all → none."""
    name = known_split(name) or name.removeprefix("annotations_")
    return "" if name in (ALL, "annotations") else name


def split_order(split):
    """Sorting key: train, val, test, then others by name."""
    known = list(_KNOWN)
    return (known.index(split) if split in known else len(known), split)


def by_split(named):
    """``{name: [(file name, sample)]}`` with a name for files: the split, or ``all`` where there is none.

    Args:
        named: list of (file name, sample).

    Raises:
        ConfigError: a split's name cannot be the name of a file.
    """
    groups = {}
    for name, sample in named:
        groups.setdefault(sample.split, []).append((name, sample))
    return {checked_name(split or ALL): groups[split] for split in sorted(groups, key=split_order)}


def inside(folder, name, where):
    """The path of the file ``name`` below ``folder``.

    Args:
        where: what the message calls the place of the name, such as "labels.csv, line 3".

    Raises:
        DatasetError: the name is empty, no text, absolute elsewhere or leads out by "..".
    """
    if not isinstance(name, str) or not name or "\0" in name:
        raise DatasetError(f"{where}: {name!r} is not the name of a file")
    path = os.path.normpath(os.path.join(folder, name))
    if not Path(path).is_relative_to(os.path.normpath(folder)) or path == os.path.normpath(folder):
        raise DatasetError(
            f"{where}: the file name {name!r} leads out of {folder}; "
            "give the folder of images with --images, and make the name relative to it"
        )
    return Path(path)


def image_folder(candidates, name, where):
    """The first of the folders that has the file ``name``, or else that exists.

    Raises:
        DatasetError: none exists.
    """
    folders = [folder for folder in candidates if folder.is_dir()]
    if not folders:
        raise DatasetError(f"{candidates[0]}: no such folder of images for {where}")
    return next(
        (folder for folder in folders if name and os.path.isfile(os.path.join(folder, name))), folders[0]
    )


def unique_names(samples):
    """``[(file name, sample)]``: a sample keeps its image's name, numbered where another has the same stem.

    No two differ only in their suffix (labels are named by the stem) or in upper and lower case.
    """
    named, taken = [], set()
    for sample in samples:
        stem = re.sub(r"[\x00-\x1f\x7f/\\]", "_", sample.path.stem).strip() or "image"
        unique, number = stem, 1
        while unique.casefold() in taken:
            number += 1
            unique = f"{stem}_{number}"
        taken.add(unique.casefold())
        named.append((unique + sample.path.suffix, sample))
    return named


def place_images(named, folder, progress=iter):
    """Put the images of ``[(file name, sample)]`` into ``folder``: hard links, or copies where impossible.

    Raises:
        DatasetError: an image is missing or cannot be copied.
    """
    for name, sample in progress(named):
        target = Path(folder, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        source = os.path.realpath(sample.path)  # a link to a symbolic link would break when that is moved
        try:
            os.link(source, target)
        except OSError:
            try:
                shutil.copyfile(source, target)
            except OSError as error:
                raise DatasetError(
                    f"{sample.path}: cannot be copied to {target} ({error.strerror or error}); check both, "
                    "and --images where the folder of images is another"
                ) from None
