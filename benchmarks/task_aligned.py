"""Train the shipped model on with task-aligned assignment: is the rule of which anchor learns what limits it?

    python benchmarks/task_aligned.py DATA RUN --steps 7000 --csv results/task_aligned.csv

``DATA`` holds the labelled photos of the model card, ``RUN`` takes the run, which goes on where it was
killed. In place of ATSS, the anchors of a facing are those that the network itself rates and places best, and
the score they learn is that alignment (Feng et al. 2021, arXiv:2108.07755, sec. 3.2; exponents and number of
anchors as in Ultralytics' YOLO). Rows: figures of the weights it begins with and of the trained ones on
validation, both in float16, in photo mode and in live mode, and milliseconds a live frame on all cores.
"""

from dataclasses import replace

from wider_heads import log, option_parser, train_on

CANDIDATES = 16  # nearest anchors of each feature map that may learn a facing
POSITIVES = 10  # of them, so many learn it
SCORE_POWER, IOU_POWER = 0.5, 6.0


def main():
    parser = option_parser(__doc__)
    parser.add_argument("--channels", type=int, help="of the neck and heads; default: the shipped model's")
    args = parser.parse_args()

    from skushare.detector.models import WEIGHTS, read_model
    from skushare.detector.network import build_network
    from skushare.detector.weights import load_weights
    from skushare.training import batches, trainer

    model = read_model()
    start = args.start or model.path(WEIGHTS)
    config = replace(model.config, channels=args.channels or model.config.channels)
    batches.assign_targets, trainer.detection_loss = facings_and_candidates, aligned_loss
    train_on(args, config, lambda network: load_weights(network, start))
    for steps, weights in ((0, start), (args.steps, args.run / "best.npz")):
        network = build_network(config, (None, None))
        load_weights(network, weights)
        log(args, args.run / f"{steps}_steps", network, config, steps)


def facings_and_candidates(config, anchors, level_sizes, boxes, class_ids, ignored=()):
    """What task-aligned assignment needs of a picture, in the places of ``matcher.assign_targets``.

    Returns:
        (max_boxes, 4 + candidates) float32: xyxy of each facing and the anchors that may learn it, -1 for
        none; and (a,) int32, -1 for anchors centred in an ignored region, else 0.
    """
    import numpy as np

    from skushare.detector.matcher import nearest_anchors

    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)[: config.max_boxes]
    packed = np.full((config.max_boxes, 4 + CANDIDATES * len(level_sizes)), -1, np.float32)
    packed[:, :4] = (0, 0, 1, 1)
    centres = (anchors[:, :2] + anchors[:, 2:]) / 2
    labels = np.zeros(len(anchors), np.int32)
    for left, top, right, bottom in ignored:
        inside = (centres > (left, top)) & (centres < (right, bottom))
        labels[inside.all(-1)] = -1
    if len(boxes) == 0:
        return packed, labels
    nearest, distance = nearest_anchors(anchors, boxes, level_sizes, CANDIDATES)
    c = centres[nearest]
    inside = ((c > boxes[:, None, :2]) & (c < boxes[:, None, 2:])).all(-1)
    lonely = ~inside.any(1)
    inside[lonely, distance[lonely].argmin(1)] = True
    packed[: len(boxes), :4] = boxes
    packed[: len(boxes), 4 : 4 + nearest.shape[1]] = np.where(inside, nearest, -1)
    return packed, labels


def aligned_loss(config, anchors, packed, labels, class_logits, box_codes):
    """Class and box loss of a batch, in the place of ``losses.detection_loss``; of one class."""
    from keras import ops

    from skushare.detector.box_coder import decode
    from skushare.detector.losses import paired_iou_giou, quality_focal

    predicted = decode(box_codes, anchors, config.coder, ops)
    logits = class_logits[..., 0]
    owner, quality = assign(
        packed, ops.stop_gradient(predicted), ops.stop_gradient(ops.sigmoid(logits)), ops.shape(anchors)[0]
    )
    positive = owner >= 0
    total = ops.maximum(ops.sum(quality), 1.0)
    counted = ops.cast(positive | (labels >= 0), "float32")
    class_loss = ops.sum(quality_focal(logits, quality, config.focal_gamma) * counted) / total
    facings = ops.take_along_axis(packed[..., :4], ops.maximum(owner, 0)[..., None], 1)
    targets = ops.where(positive[..., None], facings, anchors)
    _, giou = paired_iou_giou(predicted, targets)
    box_loss = ops.sum((1 - giou) * quality) / total
    return class_loss, config.box_weight * box_loss


def assign(packed, predicted, scores, count):
    """Facing of each anchor (b, a) int32, -1 for none, and the quality (b, a) it is to be rated with."""
    from keras import ops

    from skushare.detector.losses import paired_iou_giou

    b, n, k = (ops.shape(packed)[0], packed.shape[1], packed.shape[2] - 4)
    allowed = packed[..., 4:] >= 0
    index = ops.cast(ops.maximum(packed[..., 4:], 0), "int32")
    flat = ops.reshape(index, (b, n * k))
    places = ops.reshape(ops.take_along_axis(predicted, flat[..., None], 1), (b, n, k, 4))
    rated = ops.reshape(ops.take_along_axis(scores, flat, 1), (b, n, k))
    overlap, _ = paired_iou_giou(places, packed[:, :, None, :4])
    overlap = ops.where(allowed, overlap, 0.0)
    aligned = rated**SCORE_POWER * overlap**IOU_POWER
    least = ops.top_k(aligned, POSITIVES)[0][..., -1:]
    chosen = (aligned >= least) & (aligned > 1e-9)

    # An anchor that several facings chose goes to the one it overlaps most.
    segments = ops.reshape(index + ops.arange(b, dtype="int32")[:, None, None] * count, (-1,))

    def largest(values):
        return ops.maximum(ops.segment_max(ops.reshape(values, (-1,)), segments, b * count), 0)

    claims = ops.where(chosen, overlap, 0.0)
    most = ops.reshape(ops.take(largest(claims), segments), (b, n, k))
    chosen = chosen & (overlap >= most)
    aligned, overlap = ops.where(chosen, aligned, 0.0), ops.where(chosen, overlap, 0.0)
    scale = ops.max(overlap, -1, keepdims=True) / ops.maximum(ops.max(aligned, -1, keepdims=True), 1e-12)
    number = ops.where(chosen, ops.arange(n, dtype="int32")[None, :, None] + 1, 0)
    owner = ops.reshape(largest(number) - 1, (b, count))
    quality = ops.reshape(largest(aligned * scale), (b, count))
    return owner, ops.where(owner >= 0, quality, 0.0)


if __name__ == "__main__":
    main()
