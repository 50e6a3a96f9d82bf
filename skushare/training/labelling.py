"""Labels made by a model, for photos that have none or only another machine's."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from skushare.dataset.dataset import Dataset, Sample
from skushare.errors import DatasetError
from skushare.geometry import iou, nms, vote
from skushare.images import find_images, image_size, read_image

SAME = 0.5  # IoU from which two boxes are taken for labels of one facing


def label_sample(sample, found):
    """``sample`` with what a model found joined to its labels.

    A human label (score 1) stays as it is. A machine's and the model's box of one facing
    become one, voted over all candidates in its place and rated by the surer of the two:
    what two models agree on lies better than what either says (the ensembling of Solovyev et
    al. 2021, arXiv:1910.13302, used for self-training). Each of the model's own boxes is kept
    with its score, so that training may ignore the doubtful ones (``min_label_score``).

    Args:
        sample: a ``Sample`` of one class; found: the ``Detections`` on its image.
    """
    human = sample.scores >= 1
    new = iou(sample.boxes[human], found.boxes).max(axis=0, initial=0) < SAME
    boxes = np.concatenate([sample.boxes[~human], found.boxes[new]])
    scores = np.concatenate([sample.scores[~human], found.scores[new]])
    keep = nms(boxes, scores, SAME)
    boxes = np.concatenate([sample.boxes[human], vote(boxes[keep], boxes, scores)])
    return replace(
        sample,
        boxes=boxes,
        class_ids=np.zeros(len(boxes), np.int32),
        scores=np.concatenate([sample.scores[human], scores[keep]]),
    )


def label_dataset(dataset, detector, min_score, progress=iter):
    """``dataset`` as one class, every photo labelled by ``detector`` as :func:`label_sample` does.

    Args:
        min_score: boxes of the detector scored lower are left out.
        progress: wraps the list of samples in an iterator that shows progress.

    Raises:
        ImageError: a photo cannot be read.
    """
    dataset = dataset.as_one_class()
    samples = tuple(
        label_sample(sample, detector.detect(read_image(sample.path), min_score=min_score))
        for sample in progress(dataset.samples)
    )
    provenance = {**dataset.provenance, "labelled by": f"model {detector.name}"}
    return replace(dataset, samples=samples, provenance=provenance)


def unlabelled(folder):
    """The photos in ``folder`` and its subfolders as a dataset without boxes.

    Raises:
        ImageError: there is no such folder, or a picture cannot be read.
        DatasetError: it has no pictures.
    """
    samples = []
    for path in find_images([folder]):
        width, height = image_size(path)
        boxes = np.zeros((0, 4), np.float32)
        samples.append(Sample(path, width, height, boxes, np.zeros(0, np.int32), np.zeros(0, np.float32)))
    if not samples:
        raise DatasetError(f"{folder}: has no pictures; give the folder with the photos")
    return Dataset(Path(folder).resolve().name, tuple(samples), ("facing",), {"source": str(folder)})
