import subprocess
import sys

import pytest

from skushare.errors import SkushareError
from skushare.lock import hold, is_held

HOLDER = """
import sys
from skushare.lock import hold
with hold(sys.argv[1]) as mine:
    print(mine, flush=True)
    sys.stdin.read()
"""


def test_one_holder_at_a_time(tmp_path):
    path = tmp_path / "lock"
    assert not is_held(path)
    with hold(path) as mine:
        assert mine and is_held(path)
        with hold(path, seconds=0.05) as second:
            assert not second
    assert not is_held(path)


def test_a_lock_ends_with_its_process_however_that_dies(tmp_path):
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"True\n"
        assert is_held(path)
        process.kill()
        process.wait()
        assert not is_held(path)


def test_a_look_at_a_lock_does_not_keep_it_from_being_taken(tmp_path):
    path = tmp_path / "lock"
    path.touch()
    for _ in range(100):
        assert not is_held(path)
        with hold(path, seconds=1) as mine:
            assert mine


def test_a_lock_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(SkushareError, match="nowhere"), hold(tmp_path / "nowhere" / "lock"):
        pass
