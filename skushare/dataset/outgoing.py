"""A stored dataset on its way out: as a zip for a browser."""

import os
import shlex
import tempfile
import zipfile
from contextlib import ExitStack, suppress

from skushare.dataset.formats import FORMATS, left_out
from skushare.dataset.intake import scratch_folder
from skushare.dataset.store import open_dataset
from skushare.errors import DatasetError, SkushareError
from skushare.files import writing
from skushare.image_files import SUFFIXES
from skushare.workspace import workspace

# Streamlit holds a download whole in memory. It is as much as the Datasets page takes: a zip may come back.
LARGEST = 500_000_000  # bytes of all pictures
_PACKED = SUFFIXES | {".tfrecord"}  # deflating pictures takes long and saves nothing


def zip_dataset(name, format, progress=iter, packing=iter):
    """The stored dataset ``name``, with its edits, as a zip of what ``skushare data convert`` writes.

    Args:
        format: one of :data:`~skushare.dataset.formats.FORMATS`.
        progress: wraps a list of what is to be written in an iterator that shows progress.
        packing: the same for the files that go into the zip.

    Returns:
        (file, texts): the zip as an open temporary file, which is gone once it is closed, and what was
        left out.

    Raises:
        DatasetError: there is none, it is damaged or empty, a picture is missing, or its pictures have more
            than ``LARGEST`` bytes; the message gives the command to use then.
        SkushareError: the disk is full or not writable.
    """
    raw = open_dataset(name)
    if not raw.samples:
        raise DatasetError(f"{name}: has no pictures; there is nothing to download")
    if (size := _size(raw)) > LARGEST:
        raise DatasetError(
            f"{name}: its pictures have {size / 1e6:,.0f} MB, and a browser is given {LARGEST / 1e6:,.0f} MB "
            f"at most; on the command line: skushare data convert {shlex.quote(name)} FOLDER --to {format}"
        )
    dataset = raw.cleaned()
    with scratch_folder() as scratch:
        try:
            with writing(workspace()):
                FORMATS[format].write(dataset, scratch, progress)
                return _packed(scratch, packing), left_out(raw, dataset, format)
        except SkushareError as error:  # the folder is gone by the time that its name is read
            raise type(error)(str(error).replace(str(scratch), str(workspace()))) from error


def _size(dataset):
    """Bytes of all pictures; a missing one is named when it is written."""
    size = 0
    for sample in dataset.samples:
        with suppress(OSError):
            size += os.path.getsize(sample.path)
    return size


def _packed(folder, progress):
    """An open zip, on the disk of ``folder``, of the files in it."""
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile(dir=folder.parent))
        # A picture dated before 1980, as some containers date files, is an error to a strict zip.
        with zipfile.ZipFile(file, "w", strict_timestamps=False) as archive:
            for path in progress(sorted(path for path in folder.rglob("*") if path.is_file())):
                kind = zipfile.ZIP_STORED if path.suffix.lower() in _PACKED else zipfile.ZIP_DEFLATED
                archive.write(path, path.relative_to(folder), kind)
        file.flush()
        stack.pop_all()  # whoever gets it closes it
    return file
