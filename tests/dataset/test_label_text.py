import numpy as np
import pytest

from skushare.dataset.label_text import number_text, read_lines, read_text
from skushare.errors import DatasetError


@pytest.mark.parametrize("read", [read_text, lambda path: list(read_lines(path))])
def test_text_that_is_not_utf8_is_named_with_its_line(tmp_path, read):
    (tmp_path / "a.txt").write_bytes(b"fine\nal\xe9e\n")
    with pytest.raises(DatasetError, match=r"a\.txt, line 2.*UTF-8"):
        read(tmp_path / "a.txt")
    with pytest.raises(DatasetError, match="none"):
        read(tmp_path / "none")


def test_a_file_too_large_to_hold_is_refused_before_it_is_read(tmp_path):
    with open(tmp_path / "a.json", "wb") as file:
        file.truncate(3 << 30)  # takes no room on the disk
    with pytest.raises(DatasetError, match="split it"):
        read_text(tmp_path / "a.json")


@pytest.mark.parametrize("value", [0, 10, -3, 0.1, 1 / 3, 1e-7, 123456.78])
def test_numbers_are_short_and_exact(value):
    text = number_text(np.float32(value))
    assert np.float32(text) == np.float32(value) and (("." in text) == (float(text) != int(float(text))))
