"""The training loss of a model on labelled photos, from the network's raw outputs.

Needs Keras for the formulas alone; its NumPy backend does (``KERAS_BACKEND=numpy``), without TensorFlow.
"""

import numpy as np

from skushare.detector.anchors import detector_anchors
from skushare.detector.matcher import assign_targets
from skushare.detector.preprocess import REFERENCE_SIDE, input_size, prepare
from skushare.images import read_image


def photo_loss(detector, sample, class_ids):
    """Class and box loss of one whole photo in the model's photo size, without augmentation.

    As in training, regions to be ignored cost nothing.

    Args:
        detector: a ``Detector``; sample: the photo's ``Sample``.
        class_ids: (n,) the classes of its boxes, as the model counts them.

    Returns:
        (class loss, box loss), each divided by the photo's matched anchors as in training.

    Raises:
        ImageError: the photo cannot be read.
    """
    from keras import ops

    from skushare.detector.losses import detection_loss

    config, image = detector.config, read_image(sample.path)
    height, width = image.shape[:2]
    size = min(config.photo_size, REFERENCE_SIDE)
    shape = input_size(config, width, height, size)
    batch, scale = prepare(image, size, shape, config.resize)
    anchors, level_sizes = detector_anchors(config, shape)
    boxes = sample.boxes * np.tile(np.float32(scale), 2)
    ignored = sample.ignored
    targets, labels = assign_targets(
        config, anchors, level_sizes, boxes[~ignored], class_ids[~ignored], boxes[ignored]
    )
    logits, codes = detector.run(batch)
    arrays = (anchors, targets[None], labels[None], logits[None], codes[None])
    losses = detection_loss(config, *map(ops.convert_to_tensor, arrays))
    return tuple(float(ops.convert_to_numpy(loss)) for loss in losses)
