"""From a Keras network to a LiteRT file."""

import os
import tempfile
from contextlib import contextmanager

import numpy as np

from skushare.export.savedmodel import write_savedmodel
from skushare.quiet import quiet, ungreeted

PRECISIONS = ("float32", "float16", "int8")

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@contextmanager
def litert_exporter(network):
    """Give what converts ``network`` to several precisions: a function of ``precision`` and ``pictures``.

    What all of them need is made once; see :func:`export_litert`, which is for one.
    """
    import tensorflow as tf

    def export(precision="float16", pictures=()):
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if precision == "int8":
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.representative_dataset = lambda: ([picture] for picture in pictures)
        with quiet():
            return converter.convert()

    with tempfile.TemporaryDirectory() as folder:
        write_savedmodel(network, folder)  # in half the time of Keras' own ``export``
        yield export


def export_litert(network, precision="float16", pictures=()):
    """``network`` as the bytes of a LiteRT model with the signature ``serving_default``.

    Inputs and outputs keep their names and stay float32. By way of a SavedModel, which embeds
    the weights; converting a traced function directly silently leaves them out.

    Args:
        network: a network of ``build_network``; sides of its input may be ``None``.
        precision: one of ``PRECISIONS``. ``"float16"`` stores weights at half the size and
            calculates as ``"float32"`` does; ``"int8"`` calculates in 8 bits as well (Jacob et al.
            2018, arXiv:1712.05877), several times as fast on most processors.
        pictures: inputs (1, h, w, 3) float32 on which ``"int8"`` measures the range of each layer.
    """
    with litert_exporter(network) as export:
        return export(precision, pictures)


def largest_difference(network, content, shape):
    """Largest absolute difference of outputs, Keras against LiteRT, on a random picture.

    Args:
        network: the Keras network; content: bytes of the LiteRT file.
        shape: (height, width) of the picture in pixels.

    Returns:
        dict by output name.
    """
    from ai_edge_litert.interpreter import Interpreter

    picture = np.random.default_rng(0).uniform(0, 255, (1, *shape, 3)).astype(np.float32)
    expected = network(picture, training=False)  # traced for one picture, it takes several times as long
    runner = Interpreter(model_content=content).get_signature_runner()
    (name,) = runner.get_input_details()
    with ungreeted():
        found = runner(**{name: picture})
    return {name: float(np.abs(found[name] - np.asarray(value)).max()) for name, value in expected.items()}
