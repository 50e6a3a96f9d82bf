"""Names of splits: told from those of files and folders, and given to these."""

import re

from skushare.workspace import free_name, plain_name

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


def with_splits(paths, names=None):
    """``[(split, path)]`` in the order of the splits, which are read from the stems, or from ``names``.

    A single file whose name is no known split has none.
    """
    names = names or [path.stem for path in paths]
    splits = [known_split(name) or (split_of(name) if len(paths) > 1 else "") for name in names]
    return sorted(zip(splits, paths, strict=True), key=lambda pair: (split_order(pair[0]), pair[1]))


def by_split(named):
    """``{name: [(file name, sample)]}`` with a name for files: the split, or ``all`` where there is none.

    Args:
        named: list of (file name, sample).
    """
    groups = {}
    for name, sample in named:
        groups.setdefault(sample.split, []).append((name, sample))
    names = split_files(groups)
    return {names[split]: groups[split] for split in sorted(groups, key=split_order)}


def split_files(splits, taken=()):
    """``{split: name for its files}``: its own where any disk takes that, ``all`` where there is no split.

    Args:
        taken: names in lower case that mean something else.
    """
    names, taken = {}, set(taken)
    for split in sorted(splits, key=lambda split: (plain_name(split) != split, *split_order(split))):
        name = plain_name(split) or ("split" if split else ALL)
        # Some disks do not tell upper and lower case apart.
        names[split] = name + free_name(name.lower(), taken)[len(name) :]
        taken.add(names[split].lower())
    return names
