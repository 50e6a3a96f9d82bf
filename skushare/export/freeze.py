"""From a Keras network to TensorFlow's forms of it: a traced function, a frozen graph."""

import errno
import os
import sys
from contextlib import contextmanager

from skushare.export.errors import ExportError
from skushare.quiet import load_keras, quiet


def load_tensorflow():
    """Import TensorFlow as Keras' backend, quietly; returns it.

    Raises:
        ExportError: Keras already runs on another backend in this process.
    """
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"
    load_keras()
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ExportError(
            f"exporting needs Keras on TensorFlow, but it runs on {keras.backend.backend()} here; "
            "export in a process of its own (skushare export)"
        )
    import tensorflow as tf

    return tf


@contextmanager
def writing_by_tensorflow():
    """Have a full disk that TensorFlow writes to meanwhile be the ``OSError`` that it is elsewhere."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error


def traced(network):
    """``network`` as a concrete function with a named input and named outputs."""
    import tensorflow as tf

    spec = tf.TensorSpec(network.input.shape, tf.float32, name=network.input.name)

    @tf.function(input_signature=[spec])
    def run(x):
        return network(x, training=False)

    return run.get_concrete_function()


def frozen(function):
    """(GraphDef with the weights as constants, {output: node}) of a concrete function."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    names = sorted(function.structured_outputs)  # the order in which dicts are flattened
    with quiet():
        graph = convert_variables_to_constants_v2(function)
    nodes = [tensor.name.split(":")[0] for tensor in graph.outputs]
    return graph.graph.as_graph_def(), dict(zip(names, nodes, strict=True))
