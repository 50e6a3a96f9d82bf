"""Keeping the chatter of native code off standard error."""

import os
import signal
import sys
import tempfile
import threading
from contextlib import ExitStack, contextmanager, suppress

_turning = threading.RLock()  # of two that turn it away at once, the later would give back what it found
_greeting = b"Created TensorFlow Lite XNNPACK delegate"
_greeted = False


@contextmanager
def quiet():
    """Turn away what is written to standard error meanwhile, by native code too; Ctrl-C waits for the end."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with open(os.devnull, "wb") as null, _uninterrupted(), _turned_to(null):
        yield


@contextmanager
def ungreeted():
    """Turn away what LiteRT says as it prepares its first network; what else is written comes at the end."""
    global _greeted
    with ExitStack() as stack:
        file = None
        if not _greeted:  # it greets once a process
            with suppress(OSError):  # rather its greeting than no network
                file = stack.enter_context(tempfile.TemporaryFile())
        if file is None:
            yield
            return
        try:
            with _turned_to(file):
                yield
            _greeted = True
        finally:
            file.seek(0)
            for line in file:
                if _greeting not in line:
                    os.write(2, line)


def load_keras():
    """Import Keras and its backend, quietly."""
    with quiet():
        import keras  # noqa: F401


@contextmanager
def _uninterrupted():
    """Keep a Ctrl-C until the end: native code that calls Python may swallow it, or end the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = threading.Event()
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed.is_set():
        signal.raise_signal(signal.SIGINT)


@contextmanager
def _turned_to(file):
    """Have ``file`` for standard error meanwhile, where there is one.

    Native code writes past Python, and TensorFlow's loader past its own level: the file descriptor is turned.
    """
    with _turning:
        try:
            kept = os.dup(2)
        except OSError:  # closed, as some services do
            yield
            return
        _flush()
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            _flush()
            os.dup2(kept, 2)
            os.close(kept)


def _flush():
    if sys.stderr is not None:
        sys.stderr.flush()
