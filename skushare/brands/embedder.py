"""Pictures of facings to vectors, alike for like packs, with LiteRT; TensorFlow is never imported."""

import json
import os
from pathlib import Path
from threading import Lock

import cv2
import numpy as np

from skushare.detector.models import LITERT, models_folder
from skushare.errors import ModelError
from skushare.files import sha256, write_file
from skushare.quiet import ungreeted

DEFAULT_EMBEDDER = "facing_embedder"
DESCRIPTION = "embedder.json"  # not model.json: that makes a folder a detector's
BATCHES = (32, 8, 4)  # sizes of batch kept ready: many facings at once, and few without waste
PICTURE_SIDE = 160  # pixels of the longer side of a kept crop: enough to look at, and to embed anew


class Embedder:
    """Turns facings into unit vectors whose dot product tells how alike they look.

    One instance may be shared by threads; they take turns.

    Attributes:
        digest: SHA-256 of the network; vectors of different digests must not be compared.
        size: pixels, height and width that a facing is resized to.
        dimensions: length of a vector.
        scale, middle: what :meth:`certainty` is made of, calibrated on validation crops.
        likeness: similarity from which two facings count as one look.
        path: its LiteRT file.

    Example:
        >>> from skushare.brands.embedder import Embedder
        >>> from skushare.images import read_image
        >>> embedder = Embedder.load()
        >>> vectors = embedder.embed(read_image("data/shelf_pantry.jpg"), [[220, 100, 300, 230]])
    """

    def __init__(self, folder):
        folder = Path(folder)
        try:
            about = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
            self.digest = about["files"][LITERT]
            self.size, self.dimensions = int(about["size"]), int(about["dimensions"])
            self.scale, self.middle = float(about["scale"]), float(about["middle"])
            self.likeness = float(about["likeness"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{folder / DESCRIPTION}: not an embedder's description ({error}); fetch the model again"
            ) from None
        path = folder / LITERT
        if not path.is_file() or sha256(path) != self.digest:
            raise ModelError(f"{path}: missing or damaged; fetch the model again")
        self.name = folder.name
        self.threads = os.cpu_count() or 1
        self.path = path
        # Interpreters read the file's pages in place, so its bytes must stay alive.
        self._content = path.read_bytes()
        self._prepared = {}
        self._lock = Lock()

    @classmethod
    def load(cls, name=None):
        """The embedder called ``name`` in ``models/`` (default: the shipped one), or in the folder ``name``.

        Raises:
            ModelError: it is missing or damaged.
        """
        name = name or DEFAULT_EMBEDDER
        folder = Path(name) if Path(name, DESCRIPTION).is_file() else models_folder() / name
        return cls(folder)

    def embed(self, image, boxes):
        """One unit vector a box.

        Args:
            image: (h, w, 3) uint8 RGB.
            boxes: (n, 4) xyxy in pixels of ``image``.

        Returns:
            (n, dimensions) float32.
        """
        return self.embed_pictures([crop(image, box) for box in np.asarray(boxes).reshape(-1, 4)])

    def embed_pictures(self, pictures):
        """One unit vector for each RGB uint8 picture, which shows one facing; (n, dimensions) float32."""
        vectors = np.empty((len(pictures), self.dimensions), np.float32)
        with self._lock:
            start = 0
            while start < len(pictures):
                left = len(pictures) - start
                size = next((s for s in BATCHES if left >= s), BATCHES[-1])
                count = min(size, left)
                run = self._prepare(size)
                for slot, picture in enumerate(pictures[start : start + count]):
                    run.batch[slot] = resized(picture, self.size)
                vectors[start : start + count] = run(count)
                start += count
        return vectors

    def certainty(self, similarity, middle=None):
        """The chance, 0 to 1, that a match of ``similarity`` is right: a logistic curve.

        ``middle``: the similarity at which it is one half; default :attr:`middle`.
        """
        middle = self.middle if middle is None else middle
        return 1 / (1 + np.exp(-self.scale * (np.asarray(similarity, np.float32) - middle)))

    def _prepare(self, size):
        if size not in self._prepared:
            try:
                self._prepared[size] = _Run(self._content, size, self.size, self.threads)
            except (ValueError, RuntimeError) as error:
                raise ModelError(f"{self.path}: cannot be run ({error}); export it again") from error
        return self._prepared[size]


class _Run:
    """An interpreter allocated for batches of one size."""

    def __init__(self, content, batch, side, threads):
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_content=content, num_threads=threads)
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._interpreter.resize_tensor_input(self._input, [batch, side, side, 3])
        with ungreeted():
            self._interpreter.allocate_tensors()
        self.batch = np.zeros((batch, side, side, 3), np.float32)

    def __call__(self, count):
        self._interpreter.set_tensor(self._input, self.batch)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)[:count]


def crop(image, box):
    """What ``image`` shows in ``box`` (xyxy pixels): a view, at least one pixel large."""
    height, width = image.shape[:2]
    left, top = (int(np.clip(np.floor(v), 0, m - 1)) for v, m in zip(box[:2], (width, height), strict=True))
    right, bottom = (int(np.ceil(v)) for v in box[2:])
    return image[top : max(top + 1, min(bottom, height)), left : max(left + 1, min(right, width))]


def resized(picture, side):
    """``picture`` stretched to (``side``, ``side``, 3)."""
    shrinks = min(picture.shape[:2]) > side
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def write_embedder(folder, content, about):
    """Write an embedder's folder: the LiteRT model ``content``, and ``about``, which the class reads."""
    folder = Path(folder)
    write_file(folder / LITERT, content)
    about = {**about, "files": {LITERT: sha256(folder / LITERT)}}
    write_file(folder / DESCRIPTION, json.dumps(about, indent=2) + "\n")
