"""What the commands share."""

import io
import sys

import pytest

from skushare.commands.common import tell


@pytest.mark.parametrize(
    ("encoding", "told"), [("ascii", " Gre"), ("latin-1", " Größe"), ("utf-8", "█ Größe")]
)
def test_letters_that_the_terminal_lacks_are_left_out(monkeypatch, encoding, told):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", terminal)
    tell("█ Größe")
    assert terminal.buffer.getvalue().decode(encoding) == f"{told}\n"


def test_nothing_is_told_where_there_is_no_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    tell("█ Größe")
