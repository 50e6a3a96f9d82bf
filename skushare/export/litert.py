"""From a Keras network to a LiteRT file."""

import os
import tempfile

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def export_litert(network, half=True):
    """``network`` as the bytes of a LiteRT model with the signature ``serving_default``.

    Inputs and outputs keep their names. By way of a SavedModel, which embeds the
    weights; converting a traced function directly silently leaves them out.

    Args:
        network: a network of ``build_network``; sides of its input may be ``None``.
        half: store weights as float16 (arithmetic stays float32): half the size.
    """
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        network.export(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if half:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        return converter.convert()


def largest_difference(network, content, shape, seed=0):
    """Largest absolute difference of outputs, Keras against LiteRT, on a random picture.

    Args:
        network: the Keras network; content: bytes of the LiteRT file.
        shape: (height, width) of the picture in pixels.

    Returns:
        dict by output name.
    """
    from ai_edge_litert.interpreter import Interpreter

    picture = np.random.default_rng(seed).uniform(0, 255, (1, *shape, 3)).astype(np.float32)
    expected = network.predict_on_batch(picture)
    runner = Interpreter(model_content=content).get_signature_runner()
    (name,) = runner.get_input_details()
    found = runner(**{name: picture})
    return {name: float(np.abs(found[name] - np.asarray(value)).max()) for name, value in expected.items()}
