"""How the files of a dataset lie: label files and their pictures, found and placed safely."""

import os
import re
import shutil
import unicodedata
from collections import Counter
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from skushare.dataset.split_names import known_split, split_of, split_order
from skushare.errors import DatasetError, ImageError
from skushare.image_files import SUFFIXES, find_images
from skushare.images import image_size
from skushare.workspace import numbered

_NAMES_TRIED = 200


def label_files(source, find, what):
    """(dataset name, ``[(split, label file)]``) of what a user gave.

    Args:
        source: a label file, or a folder, in which ``find(folder)`` gives the list.
        what: what the message calls such files.

    Raises:
        DatasetError: the folder has none.
    """
    source = Path(os.path.abspath(source))
    if not source.is_dir():
        return f"{source.parent.name}/{source.stem}", [(known_split(source.stem) or "", source)]
    files = find(source)
    if not files:
        raise DatasetError(f"{source}: has no {what}; docs/datasets.md shows the layouts")
    return source.name, files


def plain_files(folder, pattern):
    """Paths of the files, not folders of such names, that match ``pattern`` in ``folder``, sorted.

    Without hidden ones: on other systems' disks, macOS puts ``._a.xml`` beside ``a.xml``.
    """
    return sorted(path for path in folder.glob(pattern) if path.is_file() and path.name[0] != ".")


def beside_images(folder, pattern, holds):
    """``[(split, path)]`` of label files, one an image, that lie beside the images.

    They are in ``folder`` itself or its ``images``, or in one folder a split of either; the first
    place counts that has one of which ``holds(path)`` tells that it is of the format.
    """
    for root in (folder, folder / "images"):
        files = [("", path) for path in plain_files(root, pattern)]
        below = plain_files(root, f"*/{pattern}")
        several = len({path.parent for path in below}) > 1  # one folder alone may be called xml or labels
        for path in below:
            name = path.parent.name
            files.append((known_split(name) or (split_of(name) if several else ""), path))
        if any(holds(path) for _, path in files):
            return sorted(files, key=lambda pair: split_order(pair[0]))
    return []


def labelled_images(labels):
    """The image of each of ``labels``: that which a label file names, or else that of its own stem.

    The latter counts, too, where other files name the same image, as copies of one file do.

    Args:
        labels: list of (label file, the name in it or empty, folder of the images).

    Raises:
        DatasetError: a name is not the name of a file, or an image is left with two label files.
    """
    images, namers, owners = [], {}, {}
    for path, name, folder in labels:
        named = labelled_path(folder, name, path) if name else None
        image = named if named and named.is_file() else own_image(folder, path)
        images.append(image or named or folder / f"{path.stem}.jpg")
        namers.setdefault(images[-1], set()).add(path)
    for place, (path, _, folder) in enumerate(labels):
        if len(namers[images[place]]) > 1 and images[place].stem != path.stem:
            images[place] = own_image(folder, path) or images[place]
        owner = owners.setdefault(images[place], path)
        if owner != path and images[place].is_file():
            raise DatasetError(
                f"{path}: labels {images[place].name} as {owner.name} does; correct the name of the photo in "
                "it, or remove one of both"
            )
    return images


def own_image(folder, path):
    """The image in ``folder`` that has the stem of the label file ``path``, or ``None``."""
    beside = (folder / f"{path.stem}{suffix}" for suffix in sorted(SUFFIXES | {s.upper() for s in SUFFIXES}))
    return next((file for file in beside if file.is_file()), None)


def inside(folder, name, where):
    """The path of the file ``name`` below ``folder``.

    Args:
        where: what the message calls the place of the name, such as "labels.csv, line 3".

    Raises:
        DatasetError: the name is empty, no text, absolute elsewhere or leads out by "..".
    """
    if not isinstance(name, str) or not name or "\0" in name or not _is_encodable(name):
        raise DatasetError(f"{where}: {name!r} is not the name of a file")
    path = os.path.normpath(os.path.join(folder, name))
    if not Path(path).is_relative_to(os.path.normpath(folder)) or path == os.path.normpath(folder):
        raise DatasetError(
            f"{where}: the file name {name!r} leads out of {folder}; "
            "make it relative to the folder of images (on the command line, --images names that)"
        )
    return Path(path)


def labelled_path(folder, name, where):
    """As :func:`inside`, but labels may name a place on the computer of their maker, of any system.

    Of a name that leads out, the longest end counts that is there, else the last part.
    """
    if isinstance(name, str) and "\\" in name and not os.path.exists(os.path.join(folder, name)):
        root = "/" if ":" in name or ".." in name else ""
        name = root + name.replace("\\", "/")
    try:
        return inside(folder, name, where)
    except DatasetError:
        if not isinstance(name, str):
            raise
        ends = (str(end) for end in shorter(name) if os.path.isfile(os.path.join(folder, end)))
        return inside(folder, next(ends, bare_name(name)), where)


def shorter(name):
    """The path ``name`` of any system, relative: whole, without its first folder, and so on."""
    parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".")]
    return [Path(*parts[start:]) for start in range(len(parts)) if ".." not in parts[start:]]


def bare_name(name):
    """The file's own name in what a label calls it: a path of any system, or a web address."""
    return re.split(r"[/\\]", name)[-1].split("?")[0]


def missing_photos(dataset):
    """The paths of ``dataset``'s photos that are not there."""
    return [sample.path for sample in dataset.samples if not sample.path.is_file()]


def require_photos(dataset, remedy):
    """Raise a :class:`DatasetError` with the ``remedy`` where all photos of ``dataset`` are missing."""
    missing = missing_photos(dataset)
    if missing and len(missing) == len(dataset):
        raise DatasetError(f"none of the {len(missing)} photos is there, such as {missing[0]}; {remedy}")


def with_found_photos(dataset, folder):
    """``dataset`` with the photos that are not where its labels say taken from below ``folder``.

    Labelling tools write names for another folder, system or spelling; a photo is taken where it alone has
    the name, upper and lower case and the encoding of accents and signs apart.
    """
    found = found_photos([sample.path for sample in dataset.samples], folder)
    if not found:
        return dataset
    samples = tuple(
        _moved(sample, found[sample.path]) if sample.path in found else sample for sample in dataset.samples
    )
    return replace(dataset, samples=samples)


def found_photos(paths, folder):
    """``{path that is not there: where its photo is}``, as :func:`with_found_photos` takes them.

    A photo that is another one of the ``paths`` is not taken.
    """
    wanted = Counter(_spelled(path) for path in paths if not path.is_file())
    if not wanted:
        return {}
    taken, places = {os.path.realpath(path) for path in paths if path.is_file()}, {}
    for path in find_images([folder]):
        if _spelled(path) in wanted:
            places.setdefault(_spelled(path), []).append(path)
    found = {
        name: only[0]
        for name, only in places.items()
        if wanted[name] == len(only) == 1 and os.path.realpath(only[0]) not in taken
    }
    missing = (path for path in paths if _spelled(path) in found and not path.is_file())
    return {path: found[_spelled(path)] for path in missing}


def _moved(sample, path):
    if sample.width and sample.height:
        return replace(sample, path=path)
    try:
        width, height = image_size(path)
    except ImageError:
        width, height = 0, 0
    return replace(sample, path=path, width=width, height=height)


def _spelled(path):
    return unicodedata.normalize("NFC", unquote(bare_name(str(path)))).casefold()


def _is_encodable(name):
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True


def homes(path):
    """The folders where what belongs to a label file may lie: its own, and the one above ``annotations``."""
    folder = Path(path).parent
    return [folder, folder.parent] if folder.name.lower() == "annotations" else [folder]


def image_folder(path, images, names):
    """The folder that the ``names`` in the label file ``path`` start from.

    Of folders called as the file, ``images`` or ``data`` and those around, the first that has most of the
    images; some hundred of them are looked for.

    Args:
        images: the folder, if the user named it.

    Raises:
        DatasetError: that does not exist.
    """
    if images:
        if not Path(images).is_dir():
            raise DatasetError(f"{images}: no such folder of images for {path}")
        return Path(images)
    short = re.sub("^(instances|annotations)_", "", path.stem)
    inner, around = (short, f"images/{short}", "images", "data"), homes(path)
    folders = [path.with_suffix(""), *(home / name for home in around for name in inner), *around]
    tried = names[:: max(1, len(names) // _NAMES_TRIED)]
    return max(
        filter(Path.is_dir, folders), key=lambda folder: sum(_is_there(folder, name) for name in tried)
    )


def _is_there(folder, name):
    try:
        return labelled_path(folder, name, folder).is_file()
    except DatasetError:
        return False


def unique_names(samples):
    """``[(file name, sample)]``: a sample keeps its image's name, numbered where another has the same stem.

    No two differ only in their suffix (labels are named by the stem) or in upper and lower case.
    """
    named, taken, names = [], set(), {}
    for sample in samples:
        # Control characters and undecodable bytes do not survive in lists of names.
        stem = (
            re.sub(r"[\x00-\x1f\x7f/\\\ud800-\udfff]", "_", sample.path.stem).strip().lstrip(".") or "image"
        )
        left = names.setdefault(stem, numbered(stem, "_"))  # thousands of folders may have a shelf.jpg each
        unique = next(name for name in left if name.casefold() not in taken)
        taken.add(unique.casefold())
        suffix = sample.path.suffix
        named.append((unique + (suffix if suffix.lower() in SUFFIXES else ".jpg"), sample))
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
            copy_image(sample.path, target)


def copy_image(source, target):
    """Copy the image ``source`` to ``target``. Raises as :func:`place_images`."""
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        raise DatasetError(
            f"{source}: this labelled picture is missing; put it there, or tell its folder (--images on the "
            "command line)"
        ) from None
    except OSError as error:
        raise DatasetError(
            f"{source}: cannot be copied ({error.strerror or error}); check file and disk"
        ) from None
