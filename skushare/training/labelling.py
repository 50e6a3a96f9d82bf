"""Labels made by a model, for photos that have none or only another machine's."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from skushare.dataset.dataset import Dataset, Sample, joined_labels, read_photo
from skushare.errors import DatasetError, ImageError
from skushare.evaluation.matching import judged
from skushare.geometry import iou, nms, vote
from skushare.image_files import find_images
from skushare.images import read_image

SAME = 0.5  # IoU from which two boxes are taken for labels of one facing


def label_sample(sample, found, names=True):
    """``sample`` with what a model found joined to its labels.

    A human label (score 1) stays as it is, and so does a region to be ignored, in which nothing is added.
    A machine's and the model's box of one facing
    become one, voted over all candidates in its place, with the score and the class of the surer
    of the two: what two models agree on lies better than what either says (the ensembling of
    Solovyev et al. 2021, arXiv:1910.13302, used for self-training). Each of the model's own boxes
    is kept with its score, so that training may ignore the doubtful ones (``min_label_score``).

    Args:
        sample: a ``Sample``; found: the ``Detections`` on its image, of the same classes.
        names: whether the model tells classes apart. Where it does not, the class of the other
            machine's box stays, however sure the model is that there is a facing.
    """
    human = sample.ignored | (sample.scores >= 1)
    others = sample.with_boxes(~human)
    found = judged(sample, found)
    new = found[iou(sample.boxes[human], found.boxes).max(axis=0, initial=0) < SAME]
    boxes = np.concatenate([others.boxes, new.boxes])
    scores = np.concatenate([others.scores, new.scores])
    keep = nms(boxes, scores, SAME)
    class_ids = np.concatenate([others.class_ids, new.class_ids])[keep]
    if not names and len(others.boxes):
        shared = iou(boxes[keep], others.boxes)
        class_ids = np.where(shared.max(axis=1) < SAME, class_ids, others.class_ids[shared.argmax(axis=1)])
    return replace(
        sample,
        boxes=np.concatenate([sample.boxes[human], vote(boxes[keep], boxes, scores)]),
        class_ids=np.concatenate([sample.class_ids[human], class_ids]),
        scores=np.concatenate([sample.scores[human], scores[keep]]),
    )


def label_dataset(dataset, detector, min_score, progress=iter):
    """``dataset`` with every photo labelled by ``detector`` as :func:`label_sample` does.

    Classes are joined by name, those that only the detector knows behind the dataset's. Where each
    of the two has a single one, it is the same one under two names, and the dataset's stays.

    Args:
        dataset: a ``Dataset``; samples whose size is 0 x 0 get that of their photo.
        min_score: boxes of the detector scored lower are left out.
        progress: wraps the list of samples in an iterator that shows progress.

    Returns:
        the dataset without the photos that cannot be read or do not have the size that their labels
        are for, and a list of messages about these.

    Raises:
        DatasetError: not one photo is left.
    """
    alone = len(detector.labels) == 1
    said = dataset.labels if alone and len(dataset.labels) == 1 else detector.labels
    dataset = dataset.with_labels(joined_labels([dataset.labels, said]))
    class_ids = np.array([dataset.labels.index(label) for label in said], np.int32)
    samples, failures = [], []
    for sample in progress(dataset.samples):
        try:
            image = read_photo(sample) if sample.width else read_image(sample.path)
        except (ImageError, DatasetError) as error:
            failures.append(str(error))
            continue
        if not sample.width:
            sample = replace(sample, width=image.shape[1], height=image.shape[0])
        found = detector.detect(image, min_score=min_score)
        found = replace(found, class_ids=class_ids[found.class_ids])
        samples.append(label_sample(sample, found, names=not alone))
    if failures and not samples:
        raise DatasetError(f"{dataset.name}: none of its photos can be labelled: {failures[0]}")
    provenance = {**dataset.provenance, "labelled by": f"model {detector.name}"}
    return replace(dataset, samples=tuple(samples), provenance=provenance), failures


def unlabelled(folder):
    """The photos in ``folder`` and its subfolders as a dataset without boxes, classes and sizes.

    Raises:
        ImageError: there is no such folder.
        DatasetError: it has no pictures.
    """
    samples = tuple(Sample(path, 0, 0) for path in find_images([folder]))
    if not samples:
        raise DatasetError(f"{folder}: has no pictures; give the folder with the photos")
    return Dataset(Path(folder).resolve().name, samples, (), {"source": str(folder)})
