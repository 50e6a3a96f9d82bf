"""`skushare serve`: what its options mean, and mistakes."""

import pytest

from skushare.cli import main
from skushare.serve import server
from skushare.serve.network import everywhere, listen


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    (tmp_path / "bundle.json").write_text('{"format": "skushare bundle 1"}')
    return tmp_path


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ("127.0.0.1", 8643, False, [], True)),
        (["--lan"], (everywhere(), 8643, True, [], True)),
        (["--lan", "--host", "192.168.1.20"], ("192.168.1.20", 8643, True, [], True)),
        (["--https", "--port", "0"], ("127.0.0.1", 0, True, [], True)),
        (["--no-cache"], ("127.0.0.1", 8643, False, [], False)),
        (
            ["--cors", "*", "--cors", "https://a.org"],
            ("127.0.0.1", 8643, False, ["*", "https://a.org"], True),
        ),
    ],
)
def test_options(bundle, monkeypatch, options, expected):
    called = []
    monkeypatch.setattr(server, "serve", lambda folder, *args: called.append((folder, *args[:-1])))
    assert main(["serve", str(bundle), *options]) == 0
    assert called == [(bundle, *expected)]


def test_the_port_that_the_help_names_is_the_servers():
    from skushare.commands import serve

    assert serve.PORT == server.PORT


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--cors", "example.org"], "--cors"),
        (["--port", "70000"], "65535"),
        (["--host", "192.0.2.77"], "192.0.2.77"),
    ],
)
def test_a_mistake_gets_one_line(bundle, capsys, options, word):
    assert main(["serve", str(bundle), *options]) == 2
    told = capsys.readouterr()
    assert word in told.err and told.err.count("\n") == 1 and told.out == ""


def test_a_folder_that_is_no_bundle_is_refused_with_what_to_do(tmp_path, capsys):
    assert main(["serve", str(tmp_path)]) == 2
    assert "skushare export --out" in capsys.readouterr().err


def test_a_port_in_use_is_told(bundle, capsys):
    with listen("127.0.0.1", 0) as taken:
        assert main(["serve", str(bundle), "--port", str(taken.getsockname()[1])]) == 2
    assert "is in use" in capsys.readouterr().err
