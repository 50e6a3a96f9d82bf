"""Ways for a dataset into the store that need no folder of the user's: an uploaded zip, an example."""

import os
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from skushare.dataset.archive import extract, inner_archive
from skushare.dataset.dataset import Dataset, Sample
from skushare.dataset.formats import read_dataset
from skushare.dataset.layout import missing_photos, require_photos
from skushare.dataset.store import add_dataset, new_folder
from skushare.dataset.synthetic import generate_shelf
from skushare.errors import DatasetError, SkushareError, UnknownFormatError
from skushare.files import drop_leftovers, make_folder, writing
from skushare.images import write_image
from skushare.text import counted
from skushare.workspace import workspace

EXAMPLE_SPLITS = ("train",) * 12 + ("val",) * 4 + ("test",) * 4
EXPECTED = (
    "pictures with their labels as COCO or LabelMe (JSON files), Pascal VOC (XML files), YOLO (text files "
    "with a data.yaml or classes.txt), SKU-110K's CSV or TFRecord"
)
_INCOMING = ".incoming."
_EXAMPLE_SIZE = (512, 384)


def add_archive(archive, name, progress=None):
    """Store the dataset in a zip, of any known format, as ``name``.

    Args:
        archive: path, or binary file with a ``name``.
        progress: wraps the list of samples in an iterator that shows progress.

    Returns:
        Path of the stored dataset's folder.

    Raises:
        SkushareError: the zip is damaged or refused, has no known format, or cannot be stored; the
            message names the zip and what is in it, not where it was unpacked.
    """
    new_folder(name)  # before the work, not after it
    with scratch_folder() as scratch:
        folder = scratch / "zip"
        skipped = extract(archive, folder).skipped
        with _errors_of(archive.name, folder, inner_archive(skipped)):
            dataset = read_dataset(folder, raw=True)
            if not dataset.samples:
                raise DatasetError(f"{archive.name}: has no pictures with labels")
            require_photos(dataset, f"{archive.name} must have them as well as the labels")
            provenance = {**dataset.provenance, "source": archive.name}
            if missing := missing_photos(dataset):
                provenance["not found"] = (
                    f"{len(missing)} of {len(dataset)} photos, such as {missing[0].name}"
                )
            if skipped:
                others = f"{counted(len(skipped), 'other file')}, such as {skipped[0]}"
                provenance["left out"] = "; ".join(filter(None, (provenance.get("left out"), others)))
            return add_dataset(replace(dataset, provenance=provenance), name, progress=progress)


def add_example(name="example", progress=iter):
    """Store a small made-up dataset with six brands, to try things on. Returns and raises as above.

    Args:
        progress: wraps a list of what is to do in an iterator that shows progress.
    """
    with scratch_folder() as scratch:
        samples = []
        for number, split in enumerate(progress(EXAMPLE_SPLITS), 1):
            shelf = generate_shelf([7, number], size=_EXAMPLE_SIZE, rows=2)
            path = scratch / f"shelf_{number:02}.jpg"
            write_image(path, shelf.image, quality=88)
            samples.append(Sample(path, *_EXAMPLE_SIZE, shelf.boxes, shelf.brand_ids, split=split))
        provenance = {"source": "drawn by skushare", "licence": "Apache-2.0"}
        return add_dataset(Dataset(name, tuple(samples), shelf.brands, provenance), name)


@contextmanager
def _errors_of(archive, folder, inner):
    """Has errors name the ``archive``, which its owner knows, and not the ``folder`` it is unpacked in.

    Of an archive ``inner`` to that, it is told that it was not unpacked.
    """
    try:
        yield
    except UnknownFormatError:
        packed = f"; {inner} in it was not unpacked, so do that first" if inner else ""
        raise UnknownFormatError(
            f"{archive}: no labels of a known format; the zip must hold {EXPECTED}{packed}"
        ) from None
    except SkushareError as error:
        raise type(error)(str(error).replace(os.path.abspath(folder), archive)) from None


@contextmanager
def scratch_folder():
    """A folder for the meantime, on the disk of the store so that pictures need not be copied.

    Raises:
        SkushareError: the disk is full or not writable.
    """
    make_folder(workspace())
    drop_leftovers(workspace(), _INCOMING)
    with writing(workspace()):
        scratch = tempfile.TemporaryDirectory(dir=workspace(), prefix=_INCOMING)
    with scratch as folder:
        yield Path(folder)
