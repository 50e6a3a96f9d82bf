"""SavedModels: raw heads under our names, or whole detection under those of the Object Detection API."""

import numpy as np

from skushare.detector.anchors import HALVINGS, detector_anchors
from skushare.detector.box_coder import MAX_LOG_SIZE
from skushare.detector.postprocess import CANDIDATES
from skushare.detector.preprocess import PADDING, STRIDE
from skushare.export.freeze import traced, writing_by_tensorflow
from skushare.geometry.voting import SAME, SPREAD


def write_savedmodel(network, folder, config=None, names="skushare"):
    """Write ``network`` as a SavedModel with the signature ``serving_default``.

    Args:
        network: often of ``inference_network``.
        folder: where to; made if missing.
        config: its ``DetectorConfig``; needed by ``names="object_detection_api"``.
        names: ``"skushare"``: what the network takes (float32 RGB in 0..255) and its raw heads.
            ``"object_detection_api"``: ``input_tensor``, uint8 RGB (1, h, w, 3) of any size, to the
            eight outputs of TensorFlow's Object Detection API; see :func:`detection_function`.

    Raises:
        OSError: the disk is full.
    """
    import tensorflow as tf

    module = tf.Module()
    # TensorFlow's own variables: those of Keras are not saved as such, and converters would find none.
    module.weights = [variable.value for variable in network.variables]
    function = traced(network) if names == "skushare" else detection_function(network, config)
    module.run = function
    with writing_by_tensorflow():
        tf.saved_model.save(module, str(folder), signatures={"serving_default": function})


def detection_function(network, config):
    """``network`` with resizing before it and decoding, NMS and box voting behind it.

    The input is searched in one look at ``config.live_size``, as ``Detector.detect(mode="live")`` does.
    No score is too low: clients apply their own threshold to the list, which is sorted by score.

    Returns:
        a concrete function of ``input_tensor`` (1, h, w, 3) uint8 RGB to a dict of float32 tensors, n =
        ``config.max_detections`` rows filled up with zeros, a anchors, c classes:
        ``detection_boxes`` (1, n, 4) as ymin, xmin, ymax, xmax in 0..1; ``detection_scores`` (1, n);
        ``detection_classes`` (1, n), counted from 1; ``num_detections`` (1,);
        ``detection_multiclass_scores`` (1, n, c + 1), of which the first, the background's, means nothing;
        ``detection_anchor_indices`` (1, n); ``raw_detection_boxes`` (1, a, 4);
        ``raw_detection_scores`` (1, a, c + 1).
    """
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((1, None, None, 3), tf.uint8, name="input_tensor")])
    def detect(input_tensor):
        batch, scale = prepared(input_tensor, config)
        heads = network(batch, training=False)
        sides = tf.cast(tf.shape(input_tensor)[1:3], tf.float32)
        whole = tf.tile(sides[::-1], [2])  # width, height, width, height
        boxes = _decoded(heads["box_codes"][0], _anchors(config, batch), config.coder)
        boxes = tf.clip_by_value(boxes / tf.tile(scale, [2]), 0.0, whole)
        scores = tf.sigmoid(heads["class_logits"][0])
        if not config.background:
            scores = tf.pad(scores, [[0, 0], [1, 0]])
        best = tf.reduce_max(scores[:, 1:], axis=1)
        solid = tf.reduce_all(boxes[:, 2:] - boxes[:, :2] >= 1, axis=1)
        chosen = tf.math.top_k(best, tf.minimum(CANDIDATES, tf.size(best))).indices
        chosen = tf.boolean_mask(chosen, tf.gather(solid, chosen))
        candidates, rated = tf.gather(boxes, chosen), tf.gather(best, chosen)
        keep = tf.image.non_max_suppression(candidates, rated, config.max_detections, config.nms_iou)
        voted = _voted(tf.gather(candidates, keep), candidates, rated)
        indices = tf.gather(chosen, keep)
        missing = config.max_detections - tf.size(keep)

        def listed(values):
            values = tf.cast(values, tf.float32)
            filled = tf.pad(values, [[0, missing], *[[0, 0]] * (values.shape.rank - 1)])
            return tf.ensure_shape(filled, [config.max_detections, *values.shape[1:]])[None]

        scores_kept = tf.gather(scores, indices)
        return {
            "detection_boxes": listed(_yxyx(voted / whole)),
            "detection_scores": listed(tf.gather(best, indices)),
            "detection_classes": listed(tf.argmax(scores_kept[:, 1:], axis=1) + 1),
            "num_detections": tf.cast(tf.size(keep), tf.float32)[None],
            "detection_multiclass_scores": listed(scores_kept),
            "detection_anchor_indices": listed(indices),
            "raw_detection_boxes": _yxyx(boxes / whole)[None],
            "raw_detection_scores": scores[None],
        }

    return detect.get_concrete_function()


def prepared(image, config):
    """What :func:`~skushare.detector.preprocess.prepare` does to one uint8 picture, in TensorFlow.

    Args:
        image: (1, h, w, 3) uint8 RGB.
        config: a ``DetectorConfig``; a picture that is to ``"fit"`` gets its ``live_size``.

    Returns:
        (1, height, width, 3) float32 in 0..255, and the (x, y) scale from image to input.
    """
    import tensorflow as tf

    sides = tf.cast(tf.shape(image)[1:3], tf.float64)
    if config.resize == "stretch":
        target = tf.constant([config.input_size, config.input_size])
    else:
        longest = config.live_size / tf.reduce_max(sides)
        target = tf.maximum(1, tf.cast(tf.round(sides * longest), tf.int32))

    def is_twice(pixels):
        return tf.reduce_all(tf.shape(pixels)[1:3] >= 2 * target)

    def halves(pixels):
        return is_twice(pixels) & tf.reduce_all(tf.shape(pixels)[1:3] % 2 == 0)

    (pixels,) = tf.while_loop(
        halves,
        # OpenCV rounds a half upwards, tf.round to the even number.
        lambda pixels: [tf.floor(tf.nn.avg_pool2d(pixels, 2, 2, "VALID") + 0.5)],
        [tf.cast(image, tf.float32)],
        shape_invariants=[tf.TensorShape([1, None, None, 3])],
    )
    small = tf.cond(
        is_twice(pixels),
        lambda: tf.image.resize(pixels, target, method="area"),
        lambda: tf.image.resize(pixels, target),
    )
    small = tf.clip_by_value(tf.round(small), 0.0, 255.0)
    scale = tf.cast(tf.cast(target, tf.float64) / sides, tf.float32)[::-1]
    if config.resize == "fit":
        rest = -target % STRIDE
        small = tf.pad(small, [[0, 0], [0, rest[0]], [0, rest[1]], [0, 0]], constant_values=float(PADDING))
        return tf.ensure_shape(small, (1, None, None, 3)), scale
    return tf.ensure_shape(small, (1, config.input_size, config.input_size, 3)), scale


def _anchors(config, batch):
    """Anchors (a, 4) xyxy in pixels of ``batch``: those of ``detector_anchors``, for any size."""
    import tensorflow as tf

    if config.resize == "stretch":
        return tf.constant(detector_anchors(config, (config.input_size,) * 2)[0])
    height, width = tf.unstack(tf.shape(batch)[1:3])
    levels = []
    halvings = [HALVINGS[tap] for tap in config.taps]
    halvings += [HALVINGS[config.taps[-1]] + i + 1 for i in range(len(config.anchors.sizes) - len(halvings))]
    for times, sizes in zip(halvings, config.anchors.sizes, strict=True):
        rows, columns = (-(-side // 2**times) for side in (height, width))
        whole = tf.cast(tf.stack([width, height]), tf.float32)
        cell = whole / tf.cast(tf.stack([columns, rows]), tf.float32)
        half = np.asarray(sizes, np.float32) * (cell if config.anchors.unit == "cell" else whole) / 2
        x = (tf.range(columns, dtype=tf.int32), cell[0])
        y = (tf.range(rows, dtype=tf.int32), cell[1])
        x, y = ((tf.cast(steps, tf.float32) + 0.5) * size for steps, size in (x, y))
        centres = tf.stack(tf.meshgrid(x, y), axis=-1)[:, :, None, :]
        levels.append(tf.reshape(tf.concat([centres - half, centres + half], axis=-1), (-1, 4)))
    return tf.concat(levels, axis=0)


def _decoded(codes, anchors, scales):
    """Boxes (a, 4) xyxy that ``codes`` stand for; see ``box_coder``."""
    import tensorflow as tf

    ty, tx, th, tw = scales
    size = anchors[:, 2:] - anchors[:, :2]
    centre = (anchors[:, :2] + anchors[:, 2:]) / 2
    centre += tf.stack([codes[:, 1] / tx, codes[:, 0] / ty], axis=1) * size
    ratio = tf.stack([codes[:, 3] / tw, codes[:, 2] / th], axis=1)
    half = tf.exp(tf.clip_by_value(ratio, -MAX_LOG_SIZE, MAX_LOG_SIZE)) * size / 2
    return tf.concat([centre - half, centre + half], axis=1)


def _voted(boxes, candidates, scores):
    """``geometry.voting.vote`` in TensorFlow."""
    import tensorflow as tf

    low = tf.maximum(boxes[:, None, :2], candidates[None, :, :2])
    high = tf.minimum(boxes[:, None, 2:], candidates[None, :, 2:])
    shared = tf.reduce_prod(tf.maximum(high - low, 0.0), axis=2)
    areas = [tf.reduce_prod(some[:, 2:] - some[:, :2], axis=1) for some in (boxes, candidates)]
    overlap = shared / (areas[0][:, None] + areas[1][None] - shared)
    near = tf.maximum(scores, 1e-6) * tf.exp(-((1 - overlap) ** 2) / SPREAD)
    weights = tf.where(overlap >= SAME, near, 0.0)
    means = weights @ candidates / tf.reduce_sum(weights, axis=1, keepdims=True)
    return tf.clip_by_value(means, tf.reduce_min(candidates, axis=0), tf.reduce_max(candidates, axis=0))


def _yxyx(boxes):
    import tensorflow as tf

    return tf.gather(boxes, [1, 0, 3, 2], axis=-1)
