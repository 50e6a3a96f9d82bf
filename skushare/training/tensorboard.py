"""TensorBoard on the runs of a folder, as a process that ends with the one that started it."""

import os
import socket
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

from skushare.errors import SkushareError
from skushare.processes import ROOT


class TensorBoard:
    """A TensorBoard that shows all runs below ``folder``.

    Args:
        folder: of the runs; address: of this machine to listen at.

    Raises:
        SkushareError: TensorBoard is not installed, or cannot listen at the address.
    """

    def __init__(self, folder, address="127.0.0.1"):
        if not find_spec("tensorboard"):
            raise SkushareError("TensorBoard is not installed; pip install tensorboard brings it")
        self.address = address or "127.0.0.1"
        try:
            family, *_, place = socket.getaddrinfo(self.address, 0, type=socket.SOCK_STREAM)[0]
            with socket.socket(family) as probe:
                probe.bind(place)
                self.port = probe.getsockname()[1]
        except OSError as error:
            raise SkushareError(f"TensorBoard cannot listen at {self.address} ({error.strerror})") from None
        Path(folder).mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "skushare.training.tensorboard",
                str(folder),
                self.address,
                str(self.port),
            ],
            cwd=ROOT,  # so that it is found where the package is not installed
            stdin=subprocess.PIPE,  # closes when this process ends, however it ends
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def ready(self):
        """Whether a browser can open it by now."""
        try:
            with socket.create_connection((self.address, self.port), timeout=0.5):
                return True
        except OSError:
            return False

    def failed(self):
        """Whether its process has ended."""
        return self._process.poll() is not None

    def close(self):
        """End it."""
        self._process.stdin.close()
        self._process.wait()


def _end_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


def main(arguments):
    """Serve FOLDER at ADDRESS and PORT until standard input closes."""
    folder, address, port = arguments
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # It reads scalars and pictures without TensorFlow, whose import takes seconds and 0.4 GB.
    sys.modules["tensorflow"] = None
    from tensorboard.main import run_main

    sys.argv = ["tensorboard", "--logdir", folder, "--host", address, "--port", port]
    run_main()


if __name__ == "__main__":
    main(sys.argv[1:])
