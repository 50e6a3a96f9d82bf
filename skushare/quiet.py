"""Keeping the chatter of native code off standard error."""

import os
import sys
from contextlib import contextmanager


@contextmanager
def quiet():
    """Turn away what is written to standard error meanwhile, by native code too."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    # It writes past Python, and TensorFlow's loader past its own level: turn away the file descriptor itself.
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


def load_keras():
    """Import Keras and its backend, quietly."""
    with quiet():
        import keras  # noqa: F401
