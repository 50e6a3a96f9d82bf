"""Processes that go on when the one that started them ends: exports, evaluations, training runs."""

import os
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

from skushare.workspace import workspace

STANDS_BACK = 10  # niceness of work in the background: the app stays quick beside it
ROOT = Path(__file__).resolve().parents[1]  # the folder that the package lies in


def variables():
    """Environment variables with which a process has this package and this workspace, wherever it stands."""
    # The package may not be installed.
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "SKUSHARE_WORKSPACE": str(workspace().resolve())}


def start_detached(command, log, output=None, environment=None, cwd=None, niceness=0, pass_fds=()):
    """Start ``command`` as a session of its own, without standard input: it outlives this process.

    Args:
        log: file open for writing, for what it writes to standard error.
        output: the same for standard output; default ``log``.
        environment: its variables; default :func:`variables`.
        cwd: the folder it stands in; default this process's.
        niceness: how far it stands back behind other processes, up to 19; never less than this process.
        pass_fds: file descriptors that it inherits.

    Returns:
        its ``Popen``, which need not be waited for.

    Raises:
        OSError: it cannot be started.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=variables() if environment is None else environment,
        stdin=subprocess.DEVNULL,
        stdout=log if output is None else output,
        stderr=log,
        start_new_session=True,
        pass_fds=pass_fds,
    )
    niceness = max(niceness, os.getpriority(os.PRIO_PROCESS, 0))  # only root may set less
    os.setpriority(os.PRIO_PROCESS, process.pid, niceness)
    # Linux shares the time out among sessions first, and its niceness ranks a process within its own alone.
    if niceness:
        with suppress(OSError):  # another system, or a container that may not
            Path(f"/proc/{process.pid}/autogroup").write_text(str(niceness))
    threading.Thread(target=process.wait, daemon=True).start()  # or it would stay on as a zombie
    return process
