"""Writing files so that a crash or a full disk never leaves half of one."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

from skushare.errors import SkushareError

_UMASK = os.umask(0)  # can only be read by setting it
os.umask(_UMASK)


@contextmanager
def atomic_write(path):
    """Open a temporary file beside ``path`` for writing bytes; it takes ``path``'s place at the end.

    On an error the old file stays as it was and the temporary one is removed.

    Raises:
        SkushareError: the folder is missing, not writable, or the disk is full.
    """
    path = Path(path)
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as handle:
            temporary = handle.name
            yield handle
            handle.flush()
            os.fchmod(handle.fileno(), 0o666 & ~_UMASK)  # temporary files are private, results are not
            os.fsync(handle.fileno())
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        reason = error.strerror or error
        raise SkushareError(
            f"{path}: cannot be written ({reason}); check the folder and the free space"
        ) from error
    finally:
        if temporary is not None:
            os.unlink(temporary)
