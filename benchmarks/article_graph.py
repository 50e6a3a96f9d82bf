"""The browser model of the article that this project began with, rebuilt at its true size for comparison.

Its graph is known (754 nodes, 4.59 million parameters), its weights are not to be had: they are random.
300 x 300 input, resizing, decoding and NMS in the graph as the TF Object Detection API exports them, so that
it runs by ``executeAsync`` alone. Batch norm is folded in and operations are fused as in the original.

Run: python benchmarks/article_graph.py OUT
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from skushare.detector.anchors import detector_anchors
from skushare.detector.box_coder import decode
from skushare.detector.presets import SSD_MOBILENET_V2_320

SIDE = 300
MOST, NMS_IOU, MIN_SCORE = 100, 0.6, 1e-8  # of its published configuration
CONFIG = replace(SSD_MOBILENET_V2_320, input_size=SIDE)


def random_network(config, seed=0):
    """The network of ``config`` with random weights, ready to run."""
    import keras

    from skushare.detector.network import build_network
    from skushare.export.inference import inference_network

    keras.utils.set_random_seed(seed)
    network, rng = build_network(config), np.random.default_rng(seed)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            # Biases of zero would be optimized away.
            layer.set_weights([gamma, rng.normal(0, 0.01, beta.shape), mean, variance])
        elif isinstance(layer, keras.layers.Conv2D) and layer.use_bias:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel, bias + rng.normal(0, 0.01, bias.shape)])
    return inference_network(network)


def write_article_graph(folder, seed=0):
    """Write the TF.js graph model to ``folder``."""
    import tensorflow as tf
    from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter

    network = random_network(CONFIG, seed)
    anchors = detector_anchors(CONFIG, (SIDE, SIDE))[0]

    class Article(tf.Module):
        def __init__(self):
            super().__init__()
            self.network = network
            self.anchors = tf.constant(anchors)

        @tf.function(
            input_signature=[tf.TensorSpec([1, None, None, 3], tf.int32, name="input_tensor")],
            jit_compile=False,
        )
        def __call__(self, input_tensor):
            # The API's preprocessor goes from picture to picture in a loop, here of one turn.
            image = tf.cast(input_tensor, tf.float32)
            _, picture = tf.while_loop(
                lambda turn, _: turn < tf.shape(image)[0],
                lambda turn, _: (turn + 1, tf.image.resize(image, (SIDE, SIDE))),
                (tf.constant(0), tf.zeros((1, SIDE, SIDE, 3))),
            )
            heads = self.network(picture, training=False)
            boxes = decode(heads["box_codes"][0], self.anchors, CONFIG.coder, xp=_Ops) / SIDE
            boxes = tf.gather(boxes, [1, 0, 3, 2], axis=1)
            raw_scores = tf.sigmoid(heads["class_logits"][0])
            return _postprocessed(boxes, raw_scores)

    with tempfile.TemporaryDirectory() as saved:
        module = Article()
        tf.saved_model.save(module, saved, signatures=module.__call__)
        converter.convert_tf_saved_model(
            saved, str(folder), signature_def="serving_default", control_flow_v2=True
        )


def _postprocessed(boxes, raw_scores):
    """NMS of the one class, the best boxes, padded to ``MOST``, under the API's eight names."""
    import tensorflow as tf

    boxes = tf.clip_by_value(boxes, 0.0, 1.0)
    scores = raw_scores[:, 1]
    wide = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    found = tf.where(wide & (scores > MIN_SCORE))[:, 0]
    candidates, rated = tf.gather(boxes, found), tf.gather(scores, found)
    selected, selected_scores, _ = tf.raw_ops.NonMaxSuppressionV5(
        boxes=candidates,
        scores=rated,
        max_output_size=MOST,
        iou_threshold=NMS_IOU,
        score_threshold=MIN_SCORE,
        soft_nms_sigma=0.0,
    )
    order = tf.math.top_k(selected_scores, k=tf.shape(selected_scores)[0]).indices
    selected = tf.gather(selected, order)
    count = tf.shape(selected)[0]
    chosen = tf.gather(found, selected)
    missing = MOST - count

    def padded(values):
        sides = [[0, missing], *([[0, 0]] * (len(values.shape) - 1))]
        return tf.reshape(tf.pad(values, sides), (1, MOST, *values.shape[1:]))

    return {
        "detection_boxes": padded(tf.gather(candidates, selected)),
        "detection_scores": padded(tf.gather(rated, selected)),
        "detection_classes": padded(tf.ones_like(tf.gather(rated, selected))),
        "detection_anchor_indices": padded(tf.cast(chosen, tf.float32)),
        "detection_multiclass_scores": padded(tf.gather(raw_scores, chosen)),
        "num_detections": tf.cast(count, tf.float32)[None],
        "raw_detection_boxes": boxes[None],
        "raw_detection_scores": raw_scores[None],
    }


class _Ops:
    """What ``decode`` needs, in TensorFlow."""

    @staticmethod
    def stack(values, axis):
        import tensorflow as tf

        return tf.stack(values, axis=axis)

    @staticmethod
    def concatenate(values, axis):
        import tensorflow as tf

        return tf.concat(values, axis=axis)

    @staticmethod
    def exp(values):
        import tensorflow as tf

        return tf.exp(values)

    @staticmethod
    def clip(values, low, high):
        import tensorflow as tf

        return tf.clip_by_value(values, float(low), float(high))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    write_article_graph(parser.parse_args().out)


if __name__ == "__main__":
    main()
