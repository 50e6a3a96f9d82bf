import json
import os
import sys
import time
from pathlib import Path

import pytest

from skushare.processes import ROOT, last_words, log_tail, start_detached, variables

TELL = """
import json, os, sys
import skushare.workspace
told = [os.getpid() == os.getsid(0), sys.stdin.read(), os.getcwd(), os.getpriority(os.PRIO_PROCESS, 0)]
print(json.dumps([*told, str(skushare.workspace.workspace())]))
print("a word", file=sys.stderr)
"""


def ended(process, seconds=60):
    """Whether ``process`` was waited for by somebody else."""
    end = time.monotonic() + seconds
    while process.returncode is None and time.monotonic() < end:
        time.sleep(0.02)
    return process.returncode


def test_it_is_a_session_of_its_own_with_this_package_and_workspace(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SKUSHARE_WORKSPACE", "mine")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    command, folder = [sys.executable, "-c", TELL], tmp_path / "elsewhere"
    with open("log", "wb") as log, open("output", "wb") as output:
        process = start_detached(command, log, output, cwd=folder, niceness=19)
    assert ended(process) == 0
    told = json.loads((tmp_path / "output").read_text())
    assert told == [True, "", str(folder), 19, str(tmp_path / "mine")]
    assert (tmp_path / "log").read_text() == "a word\n"


def test_it_never_comes_before_the_one_that_starts_it(tmp_path):
    with open(tmp_path / "log", "wb") as log:
        assert ended(start_detached([sys.executable, "-c", TELL], log, niceness=-5)) == 0
    told = json.loads((tmp_path / "log").read_text().splitlines()[0])
    assert told[3] == os.getpriority(os.PRIO_PROCESS, 0)


@pytest.mark.skipif(not os.access("/proc/self/autogroup", os.W_OK), reason="sessions are not ranked here")
@pytest.mark.parametrize("niceness", [0, 19])
def test_its_session_stands_back_as_far_as_it_does(tmp_path, niceness):
    with open(tmp_path / "log", "wb") as log:
        process = start_detached(
            [sys.executable, "-c", "import time; time.sleep(60)"], log, niceness=niceness
        )
    try:
        told = Path(f"/proc/{process.pid}/autogroup").read_text()
    finally:
        process.kill()
    assert int(told.split()[-1]) == max(niceness, os.getpriority(os.PRIO_PROCESS, 0))


def test_what_cannot_be_started_raises(tmp_path):
    with open(tmp_path / "log", "wb") as log, pytest.raises(OSError):
        start_detached(["/no/such/program"], log)


def test_the_package_comes_first_and_the_rest_of_the_path_stays(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/mine")
    assert variables()["PYTHONPATH"] == f"{ROOT}{os.pathsep}/mine"


def test_a_workspace_behind_a_link_keeps_its_path(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "link"))
    assert variables()["SKUSHARE_WORKSPACE"] == str(tmp_path / "link")


def test_the_end_of_a_long_log_is_read(tmp_path):
    (tmp_path / "log").write_bytes(b"x" * 200_000 + "\nlast but one\nlast é".encode())
    assert log_tail(tmp_path / "log", 2) == "last but one\nlast é" and log_tail(tmp_path / "none") == ""


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", ""),
        ("at it\n", ""),
        ("skushare: disk: is full\nINFO: of a library at its end\n", "disk: is full"),
        ("Traceback (most recent call last):\n  File\nValueError: odd\n", "ValueError: odd"),
    ],
)
def test_the_error_that_ended_a_process_is_in_its_log(tmp_path, log, words):
    (tmp_path / "log").write_text(log)
    assert last_words(tmp_path / "log") == words and last_words(tmp_path / "none") == ""
