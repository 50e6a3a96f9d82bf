"""Galleries as a folder or a zip, to keep, to pass on, and to make from pictures that are there already.

A written gallery is ``gallery.json`` and the examples' pictures beside it. A folder or zip without that
file is read by its folders: ``BRAND/picture.jpg`` or ``BRAND/PRODUCT/picture.jpg``. In a zip a single folder
that has all pictures in folders of its own is the one that was zipped, and those are of brands; who knows
better tells that it is all of one brand.
"""

import base64
import hashlib
import json
import os
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from skushare.brands.embedder import PICTURE_SIDE
from skushare.brands.gallery import MOST_EXAMPLES, Gallery, GalleryError, Sku, checked_text
from skushare.dataset.archive import Limits, extract, file_names
from skushare.errors import ImageError, SkushareError
from skushare.files import atomic_folder, write_file
from skushare.image_files import SUFFIXES, find_images
from skushare.images import read_image
from skushare.jpeg import encode_jpeg, shrink

INDEX, PICTURES, FORMAT = "gallery.json", "pictures", "skushare gallery 1"
LIMITS = Limits(bytes=4 << 30, files=200_000)
LARGEST_INDEX = 1 << 30  # bytes
_AT_ONCE = 32  # pictures in memory
_ENOUGH = 4 * PICTURE_SIDE  # pixels of their longer side, for an embedder to see all it can


def write_gallery(gallery, target):
    """Write ``gallery`` to the new folder ``target``, or to the file ``target`` if its name ends in .zip.

    Raises:
        SkushareError: it exists or cannot be written.
    """
    target = Path(target)
    if target.suffix.lower() == ".zip":
        write_file(target, gallery_zip(gallery))
        return
    with atomic_folder(target) as folder:
        for name, content in _files(gallery).items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)


def gallery_zip(gallery):
    """``gallery`` as the bytes of a zip."""
    with tempfile.SpooledTemporaryFile(max_size=64 << 20) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in _files(gallery).items():
                archive.writestr(name, content)
        file.seek(0)
        return file.read()


def read_gallery(source, embedder=None, faults=None, one_brand=False):
    """The :class:`Gallery` in a folder or a zip from anyone.

    Args:
        source: path, or a seekable binary file of a zip.
        embedder: embeds the examples anew where another network made theirs, and those of a folder of
            plain pictures.
        faults: a list for the errors of those of the plain pictures that cannot be read, which are left out;
            without it, the first is raised.
        one_brand: plain pictures are of one brand, in folders of its products or in none; it is named after
            the folder ``source``, or the single one in the zip, or else as the zip.

    Raises:
        GalleryError: it is damaged or no gallery.
        SkushareError: a picture or the archive cannot be read, or the archive is refused.
    """
    if _is_folder(source):
        folder = Path(os.path.abspath(source))  # also of . and .. the name
        return _read_folder(folder, folder.name, embedder, faults, folder.name if one_brand else "")
    name = Path(getattr(source, "name", source)).name.removesuffix(".zip")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "gallery")
        extract(source, folder, LIMITS)
        paths = [path.relative_to(folder) for path in find_images([folder])]
        zipped = _around(paths, 1 if one_brand and not (folder / INDEX).is_file() else 2)
        brand = (zipped or name) if one_brand else ""
        return _read_folder(folder / zipped, name, embedder, faults, brand)


def unclear_folder(source):
    """Name of a zip's single folder if it may be either what was zipped or one brand; else empty.

    It may be both if it has all pictures in folders of its own, none deeper: these are brands or products.
    ``source`` is as of :func:`read_gallery`.
    """
    paths = [] if _is_folder(source) else file_names(source)
    if any(path.name == INDEX for path in paths):
        return ""
    paths = [path for path in paths if path.suffix.lower() in SUFFIXES]
    return _around(paths, 2) if all(len(path.parts) == 3 for path in paths) else ""


def _is_folder(source):
    return not hasattr(source, "read") and os.path.isdir(source)  # "" is not this folder


def _around(paths, depth):
    """Name of the single folder that all relative ``paths`` lie in, at least ``depth`` deep; else empty."""
    names = {path.parts[0] for path in paths}
    return names.pop() if len(names) == 1 and all(len(path.parts) > depth for path in paths) else ""


def _files(gallery):
    """{file name: bytes} of a written gallery."""
    files, examples = {}, []
    for index, vector, picture in zip(
        gallery.example_skus, gallery.embeddings, gallery.pictures, strict=True
    ):
        name = f"{PICTURES}/{hashlib.sha256(picture).hexdigest()[:32]}.jpg"
        files[name] = picture
        code = base64.b64encode(vector.astype("<f4").tobytes()).decode()
        examples.append({"sku": gallery.skus[index].id, "picture": name, "embedding": code})
    content = {"format": FORMAT, **gallery.description(), "examples": examples}
    return {INDEX: json.dumps(content, indent=1, ensure_ascii=False).encode(), **files}


def _read_folder(folder, name, embedder, faults, brand):
    index = next((p for p in (folder / INDEX, *sorted(folder.glob(f"*/{INDEX}"))) if p.is_file()), None)
    if index is not None:
        gallery = _read_index(index)
        ours = embedder and gallery.embedder == embedder.digest and gallery.pictures
        if ours and gallery.embeddings.shape[1] != embedder.dimensions:
            raise GalleryError(f"{name}: the embeddings in its {INDEX} have a wrong length; export it again")
        return gallery if embedder is None else gallery.embedded_by(embedder)
    if embedder is None:
        raise GalleryError(f"{name}: there is no {INDEX} in it")
    return _from_pictures(folder, name, embedder, faults, brand)


def _read_index(path):
    try:
        if path.stat().st_size > LARGEST_INDEX:
            raise ValueError("it is too large")
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError("its format is unknown; was a newer skushare used?")
        skus = [Sku(**{key: _checked(key, value) for key, value in sku.items()}) for sku in content["skus"]]
        numbers = {sku.id: i for i, sku in enumerate(skus)}
        examples = content["examples"]
        if len(examples) > MOST_EXAMPLES:
            raise ValueError(f"it has more than {MOST_EXAMPLES:,} examples")
        names = [PurePosixPath(example["picture"]) for example in examples]
        kept = {name: _picture(path.parent, name) for name in dict.fromkeys(names)}  # each is decoded once
        vectors = [base64.b64decode(example["embedding"], validate=True) for example in examples]
        if len({len(vector) for vector in vectors}) > 1:
            raise ValueError("its embeddings differ in length")
        return Gallery(
            str(content["name"]),
            skus,
            [numbers[example["sku"]] for example in examples],
            np.frombuffer(b"".join(vectors), "<f4").reshape(len(vectors), -1)
            if vectors
            else np.zeros((0, 0)),
            [kept[name] for name in names],
            str(content["embedder"])[:64],
            float(content["threshold"]),
        )
    except SkushareError as error:
        raise GalleryError(f"{path.name}: {error}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise GalleryError(f"{path.name}: not a gallery, or damaged ({error}); export it again") from None


def _checked(key, value):
    if not isinstance(value, bool if key == "own" else str):
        raise ValueError(f"a product's {key} is of the wrong kind")
    return value


def _picture(folder, name):
    if len(name.parts) != 2 or name.parts[0] != PICTURES or name.parts[1] in (".", ".."):
        raise ValueError(f"{str(name)!r} is not a picture of it")
    # Far facings are taught, and kept, in fewer pixels than a photo must have.
    return _as_example(folder / name, read_image(folder / name, str(name), 2 * PICTURE_SIDE, least=1))


def _as_example(path, image):
    """The bytes of a small JPEG of ``image``, which ``path`` shows; the file as it is where it is one."""
    data = path.read_bytes()
    if data[:2] == b"\xff\xd8" and max(image.shape[:2]) <= PICTURE_SIDE:
        return data
    return encode_jpeg(shrink(image, PICTURE_SIDE))


def _from_pictures(folder, name, embedder, faults, only_brand):
    """The gallery of the plain pictures in ``folder``, all of ``only_brand`` unless that is empty."""
    gallery, products = Gallery(name or "gallery"), {}
    for path in find_images([folder]):
        parts = path.relative_to(folder).parts
        parts = (only_brand, *parts) if only_brand else parts
        if len(parts) not in (2, 3):
            raise GalleryError(
                f"{name}: {path.name} is in no brand's folder; sort the pictures as BRAND/PRODUCT/picture.jpg"
            )
        products.setdefault((parts[0], parts[1] if len(parts) == 3 else ""), []).append(path)
    if not products:
        raise GalleryError(
            f"{name}: there are neither {INDEX} nor pictures in it; give an exported gallery, or pictures in "
            "folders BRAND/PRODUCT/"
        )
    brands, numbers, skus = {}, {}, []
    examples, vectors, pictures = [], [], []
    for (brand, product), paths in products.items():
        brand = brands.setdefault(checked_text(brand, "brand").casefold(), brand)  # two spellings are one
        sku = Sku(f"sku-{len(skus) + 1}", product or brand, brand)
        before = len(pictures)
        for start in range(0, len(paths), _AT_ONCE):
            images = dict(_readable(folder, name, paths[start : start + _AT_ONCE], faults))
            vectors.append(embedder.embed_pictures(list(images.values())))
            pictures += map(_as_example, images, images.values())
        if len(pictures) == before:
            continue
        number = numbers.setdefault((sku.brand, sku.name), len(skus))
        if number == len(skus):
            skus.append(sku)
        examples += [number] * (len(pictures) - before)
    if not skus:
        raise GalleryError(f"none of its pictures can be read: {faults[0]}")
    # Once: each change copies and checks all examples.
    return replace(
        gallery,
        skus=skus,
        example_skus=examples,
        embeddings=np.concatenate(vectors),
        pictures=pictures,
        embedder=embedder.digest,
    )


def _readable(folder, name, paths, faults):
    """(path, picture) of each of ``paths`` that can be read; see :func:`read_gallery`."""
    for path in paths:
        try:
            image = read_image(path, str(Path(name, path.relative_to(folder))), _ENOUGH)
        except ImageError as error:
            if faults is None:
                raise
            faults.append(error)
        else:
            yield path, shrink(image, _ENOUGH)
