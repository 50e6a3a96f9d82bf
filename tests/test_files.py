import os
import stat

import pytest

from skushare.errors import SkushareError
from skushare.files import atomic_write


def write(path, content=b"new", fail=None):
    with atomic_write(path) as handle:
        handle.write(content)
        if fail:
            raise fail


def test_the_file_appears_whole_and_alone(tmp_path):
    write(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"new" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "failure", [ValueError("bug"), KeyboardInterrupt(), OSError(28, "No space left on device")]
)
def test_a_failure_keeps_the_old_file_and_leaves_nothing_behind(tmp_path, failure):
    write(tmp_path / "a", b"old")
    with pytest.raises((ValueError, KeyboardInterrupt, SkushareError)):
        write(tmp_path / "a", fail=failure)
    assert (tmp_path / "a").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(SkushareError, match="nowhere"):
        write(tmp_path / "nowhere" / "a")


def test_others_may_read_what_was_written(tmp_path):
    write(tmp_path / "a")
    (tmp_path / "plain").touch()
    assert stat.S_IMODE(os.stat(tmp_path / "a").st_mode) == stat.S_IMODE(os.stat(tmp_path / "plain").st_mode)
