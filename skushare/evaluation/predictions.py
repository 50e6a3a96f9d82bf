"""Detections on disk, one small file a photo, so that no photo goes through the network twice."""

import hashlib
import json
import os
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

import skushare
from skushare.dataset.dataset import read_photo
from skushare.detections import Detections
from skushare.detector.models import LITERT
from skushare.files import atomic_write, make_folder
from skushare.images import image_size
from skushare.workspace import predictions_folder

LEAST_SCORE = 0.01  # average precision wants the doubtful boxes too
# Code that detections depend on: another version of it must not answer with the files of this one.
_CODE = ("detector/*.py", "geometry/*.py", "images.py")


class Predictions:
    """What one model finds in photos in one mode; everything scored at least ``LEAST_SCORE``.

    Files are named after what a detection depends on: the model's weights and settings, our
    code, the mode; and the photo's path, size and time of change.

    Attributes:
        folder: where the files are.
    """

    def __init__(self, model, mode="photo", size=None):
        """``model``: a ``Model``; ``mode`` and ``size``: of ``Detector.detect``."""
        self.model, self.mode, self.size = model, mode, size
        settings = asdict(model.config)
        # Thresholds are applied later, but for that of the glance which sizes a photo.
        for name in ("labels", "min_score", *(["live_min_score"] if mode == "live" else [])):
            del settings[name]
        self.key = digest(model.files.get(LITERT), settings, mode, size, _code())
        self.folder = predictions_folder() / self.key

    def get(self, path):
        """The ``Detections`` of the photo ``path``, or ``None`` before :meth:`add`."""
        try:
            table = np.load(self._file(path), allow_pickle=False)
        except OSError:
            return None
        except (ValueError, EOFError):
            table = np.zeros(0)
        if table.dtype != np.float32 or table.ndim != 2 or table.shape[1] != 6:
            self._file(path).unlink(missing_ok=True)  # damaged: made anew
            return None
        return Detections(table[:, :4], table[:, 4], table[:, 5])

    def add(self, sample, detector):
        """Detect in the photo of ``sample`` and save what is found, unless that was done.

        Raises:
            ImageError: it cannot be read.
            DatasetError: it does not have the size that its labels are for.
        """
        # Labels may be others now; the file's head tells the size without decoding the photo again.
        if self.get(sample.path) is not None and not sample.size_fault(*image_size(sample.path)):
            return
        image = read_photo(sample)
        found = detector.detect(image, mode=self.mode, min_score=LEAST_SCORE, size=self.size)
        make_folder(self.folder)
        with atomic_write(self._file(sample.path)) as handle:
            np.save(handle, np.column_stack([found.boxes, found.scores, found.class_ids]).astype(np.float32))

    def done(self, samples):
        """How many of ``samples`` have their detections."""
        there = {path.name for path in self.folder.glob("*.npy")}
        return sum(self._file(sample.path).name in there for sample in samples)

    def _file(self, path):
        return self.folder / f"{photo_key(path)}.npy"


def photo_key(path):
    """A name for the photo ``path`` as it is now; another one when the file changes."""
    path = os.path.abspath(path)
    try:
        state = os.stat(path)
    except OSError:
        return digest(path, None)
    return digest(path, state.st_size, state.st_mtime_ns)


def digest(*parts):
    """Short hexadecimal name for a list of plain values."""
    text = json.dumps(parts, default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@cache
def _code():
    """A name for the code that makes detections."""
    root = Path(skushare.__file__).parent
    files = sorted(file for pattern in _CODE for file in root.glob(pattern))
    content = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return content, version("ai-edge-litert")
