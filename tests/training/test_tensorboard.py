import time
import urllib.request

import pytest

from skushare.errors import SkushareError
from skushare.training import tensorboard
from skushare.training.tensorboard import TensorBoard


def test_it_serves_and_ends_with_its_owner(tmp_path):
    board = TensorBoard(tmp_path / "runs")
    try:
        end = time.monotonic() + 120
        while not board.ready() and not board.failed() and time.monotonic() < end:
            time.sleep(0.2)
        with urllib.request.urlopen(f"http://127.0.0.1:{board.port}/data/environment", timeout=60) as answer:
            assert str(tmp_path / "runs") in answer.read().decode()
        assert not board.failed()
    finally:
        board.close()  # closes its standard input, as the end of its owner would
    assert board.failed() and not board.ready()


def test_without_tensorboard_it_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(tensorboard, "find_spec", lambda name: None)
    with pytest.raises(SkushareError, match="not installed"):
        TensorBoard(tmp_path)


def test_an_address_that_this_machine_does_not_have_is_told(tmp_path):
    with pytest.raises(SkushareError, match="cannot listen at 192.0.2.1"):
        TensorBoard(tmp_path, "192.0.2.1")  # kept for documentation by RFC 5737
