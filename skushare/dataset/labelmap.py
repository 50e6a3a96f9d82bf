"""Label maps (``label_map.pbtxt``) of the TF Object Detection API: which class has which number."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from google.protobuf import text_format

from skushare.dataset.label_text import read_text
from skushare.dataset.layout import plain_files
from skushare.dataset.messages import StringIntLabelMap
from skushare.errors import DatasetError
from skushare.files import write_file

NAME = "label_map.pbtxt"


def find_label_map(folders):
    """Path of the label map in the first of ``folders`` that has one, or ``None``."""
    for folder in folders:
        found = plain_files(Path(folder), "*.pbtxt")
        if Path(folder, NAME) in found or len(found) == 1:
            return Path(folder, NAME) if len(found) > 1 else found[0]
    return None


def read_label_map(path):
    """(``{number: class name}`` in the order of the numbers, which count from 1, ``{code: class name}``).

    An item's ``display_name`` is its class where it has one of its own; then its ``name`` is a code, as
    ``/m/01g317``, by which records may call the class.

    Raises:
        DatasetError: the file is missing or no label map; the message names the line.
    """
    try:
        # Fields that later versions may have do no harm.
        content = text_format.Parse(read_text(path), StringIntLabelMap(), allow_unknown_field=True)
    except text_format.ParseError as error:
        raise DatasetError(f"{path}, line {error.GetLine()}: not a label map ({error})") from None
    except RecursionError:
        raise DatasetError(f"{path}: not a label map (nested too deep)") from None
    names, codes = {}, {}
    shown = Counter(item.display_name for item in content.item)
    for item in content.item:
        own = item.display_name and shown[item.display_name] == 1
        name = item.display_name if own else item.name or item.display_name
        if item.id < 1 or item.id in names or not name:
            raise DatasetError(
                f"{path}: item {item.id} {name!r} needs a name and a number of its own above 0"
            )
        names[item.id] = codes[item.name or name] = name
    return dict(sorted(names.items())), {c: name for c, name in codes.items() if c not in names.values()}


def write_label_map(path, labels):
    """Write class names, numbered from 1 in their order."""
    items = [{"id": number, "name": label} for number, label in enumerate(labels, 1)]
    text = text_format.MessageToString(StringIntLabelMap(item=items), as_utf8=True)
    write_file(path, text)


class Classes:
    """Class ids of names that turn up while reading.

    Names of the label map in the first of ``folders`` that has one come first, in its order; others follow
    by name. ``numbered`` is that map, ``{number: name}``; its codes stand for their classes.
    """

    def __init__(self, folders):
        self._ids = {}
        self.number_by(*folders)
        for name in self.numbered.values():
            self.id_of(name)
        self._known = len(self._ids)

    def number_by(self, *folders):
        """From now on, have the numbers of classes mean what the label map of ``folders`` says."""
        path = find_label_map(folders)
        self.numbered, self._codes = read_label_map(path) if path else ({}, {})

    def id_of(self, name):
        name = self._codes.get(name, name)
        return self._ids.setdefault(name, len(self._ids))

    def finish(self, samples):
        """(samples, labels) with the class ids in their final order."""
        names = list(self._ids)
        labels = names[: self._known] + sorted(names[self._known :])
        places = {name: place for place, name in enumerate(labels)}
        order = np.array([places[name] for name in names], np.int32)
        return tuple(replace(s, class_ids=order[s.class_ids]) for s in samples), tuple(labels)
