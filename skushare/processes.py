"""Processes that go on when the one that started them ends: exports, evaluations, training runs."""

import os
import subprocess
import threading
import time
from pathlib import Path

from skushare.workspace import workspace

STANDS_BACK = 10  # niceness of work in the background: the app stays quick beside it
LOG_TAIL = 1 << 16  # bytes
TRIES = 5  # to rank a session
ROOT = Path(__file__).resolve().parents[1]  # the folder that the package lies in


def variables():
    """Environment variables with which a process has this package and this workspace, wherever it stands."""
    # The package may not be installed.
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    # Links stay: names of files are made of the paths of photos.
    return {**os.environ, "PYTHONPATH": path, "SKUSHARE_WORKSPACE": os.path.abspath(workspace())}


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
    if niceness:
        _stand_back(process.pid, niceness)
    threading.Thread(target=process.wait, daemon=True).start()  # or it would stay on as a zombie
    return process


def log_tail(path, lines=40):
    """The last ``lines`` lines of the log ``path``, in its last 64 KiB; empty where there is none."""
    try:
        with open(path, "rb") as handle:
            handle.seek(-min(handle.seek(0, os.SEEK_END), LOG_TAIL), os.SEEK_END)
            text = handle.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def last_words(path):
    """The error that ended a process, from its log ``path``; empty where it was killed."""
    lines = log_tail(path, 1000).strip().splitlines()
    if any(line.startswith("Traceback") for line in lines):
        return lines[-1]
    told = [line for line in lines if line.startswith("skushare: ")]
    return told[-1].removeprefix("skushare: ") if told else ""


def _stand_back(session, niceness):
    """Rank a whole session: Linux shares its time out among these first, and niceness within each alone."""
    for _ in range(TRIES):
        try:
            Path(f"/proc/{session}/autogroup").write_text(str(niceness))
            return
        except BlockingIOError:  # only root may do so more than ten times a second
            time.sleep(0.11)
        except OSError:  # another system, or a container that may not
            return
