"""What the commands share."""

import io
import sys

import pytest

from skushare.cli import build_parser
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


@pytest.mark.parametrize(
    "command",
    ["detect x", "audit x", "evaluate x", "bench", "export --out x", "data label x y", "app"],
)
def test_an_empty_name_of_a_model_or_a_gallery_is_refused_not_taken_for_none(command, capsys):
    offered = {"detect", "audit", "export"} & {command.split()[0]}
    for option in ("--model", *(["--gallery"] if offered else [])):
        with pytest.raises(SystemExit):
            build_parser().parse_args([*command.split(), option, ""])
        assert f"{option}: must not be empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        "data import x --name",
        "gallery import x --name",
        "data download sku110k --sha256",
        "data download sku110k --url",
        "export --out x --val",
    ],
)
def test_an_option_that_an_unset_variable_leaves_empty_is_not_passed_over(command, capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args([*command.split(), ""])
    assert "must not be empty" in capsys.readouterr().err
