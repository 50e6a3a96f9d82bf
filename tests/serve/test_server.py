"""The server as a whole: what it refuses, whom it lets read, and what it tells."""

import json
import logging
import re
import signal
import ssl
import subprocess
import sys
import urllib.request
from types import SimpleNamespace

import pytest

from skushare.errors import ConfigError
from skushare.serve import server
from skushare.serve.certificate import certificate
from skushare.serve.server import check_folder, checked_origin
from tests.serve.conftest import serving


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (None, "no such folder.*skushare export --out"),
        ({}, "no bundle.*skushare export --out"),
        ({"index.html": "x"}, "no bundle"),
        ({"bundle.json": "{"}, "bundle.json: cannot be read"),
        ({"bundle.json": "[]"}, "no bundle"),
        ({"bundle.json": '{"format": "other 1"}'}, "no bundle"),
        ({"model.json": '{"format": "layers-model"}'}, "no bundle"),
        ({"bundle.json": '{"format": "skushare bundle 1"}'}, None),
        ({"model.json": '{"format": "graph-model"}'}, None),
    ],
)
def test_only_a_bundle_or_a_model_is_served(tmp_path, files, words):
    folder = tmp_path / "out"
    if files is not None:
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text)
    if words is None:
        check_folder(folder)
    else:
        with pytest.raises(ConfigError, match=words):
            check_folder(folder)


def test_a_file_is_told_from_a_folder_that_is_missing(tmp_path):
    (tmp_path / "shelf.jpg").write_bytes(b"x")
    with pytest.raises(ConfigError, match="shelf.jpg: is a file; give the folder"):
        check_folder(tmp_path / "shelf.jpg")


@pytest.mark.parametrize("text", ["*", "https://example.org", "http://localhost:5173"])
def test_origins_that_are_some(text):
    assert checked_origin(text) == text
    assert checked_origin(text + "/" * (text != "*")) == text


@pytest.mark.parametrize("text", ["", "example.org", "https://", "https://a.org/path", "ftp://a.org", "**"])
def test_origins_that_are_none(text):
    with pytest.raises(ConfigError, match="--cors"):
        checked_origin(text)


def test_a_page_may_use_threads(ask):
    for path in ("/", "/assets/worker.mjs", "/missing"):
        headers = ask(path).headers
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-embedder-policy"] == "require-corp"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_without_cors_no_other_page_may_read(ask):
    assert "access-control-allow-origin" not in ask("/bundle.json", origin="https://example.org").headers


def test_with_cors_the_named_pages_may_read(bundle):
    with serving(bundle, origins=["https://example.org", "http://localhost:5173"]) as ask:
        for origin in ("https://example.org", "http://localhost:5173"):
            for headers in ({}, {"range": "bytes=0-1"}, {"if_none_match": "*"}):
                answer = ask("/bundle.json", origin=origin, **headers)
                assert answer.headers["access-control-allow-origin"] == origin
                assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "access-control-allow-origin" not in ask("/", origin="https://evil.example").headers
        asked = {"origin": "https://example.org", "access_control_request_method": "GET"}
        before = ask("/model/detector.tflite", "OPTIONS", access_control_request_headers="range", **asked)
        assert before.status == 200 and "Range" in before.headers["access-control-allow-headers"]
    with serving(bundle, origins=["*"]) as ask:
        assert ask("/", origin="https://any.example").headers["access-control-allow-origin"] == "*"


def test_the_page_on_trust_gives_the_certificate_and_its_fingerprint(bundle):
    made = certificate()
    with serving(bundle, certificate=made) as ask:
        page, file = ask("/trust"), ask("/skushare.crt")
        assert page.status == 200 and made.fingerprint.encode() in page.body and b"$" not in page.body
        assert file.body == made.authority and file.headers["content-type"] == "application/x-x509-ca-cert"
        assert ask("/").status == 200


def test_without_https_there_is_no_page_on_trust(ask):
    assert ask("/trust").status == 404


@pytest.mark.parametrize(
    ("host", "lan", "told", "silent"),
    [
        ("127.0.0.1", ["192.168.1.20"], ["http://localhost:8643", "--lan"], ["192.168", "Anyone"]),
        (
            "0.0.0.0",
            ["192.168.1.20", "10.0.0.3"],
            ["https://192.168.1.20:8643", "10.0.0.3", "/trust", "██", "AB:CD"],
            [],
        ),
        ("0.0.0.0", [], ["on no network"], ["██"]),
        ("0.0.0.0", ["fd00::5"], ["on no network"], ["fd00", "██"]),  # it listens at IPv4 alone
        ("192.168.1.20", [], ["http://192.168.1.20:8643", "no camera"], ["localhost", "/trust"]),
        ("fd00::5", [], ["http://[fd00::5]:8643"], []),
        ("::", ["fd00::5"], ["http://localhost:8643", "http://[fd00::5]:8643"], ["no network"]),
    ],
)
def test_it_tells_how_it_is_reached(monkeypatch, host, lan, told, silent):
    monkeypatch.setattr(server, "lan_addresses", lambda: lan)

    class Made:
        fingerprint = "AB:CD"

    lines = []
    server.announce(host, 8643, Made() if host == "0.0.0.0" else None, lines.append)
    text = "\n".join(lines)
    assert all(words in text for words in told) and not any(words in text for words in silent)


@pytest.mark.parametrize("trust", [None, "http://10.0.0.3:81/trust"])
def test_what_does_not_work_offline_is_not_said_to(monkeypatch, trust):
    monkeypatch.setattr(server, "lan_addresses", lambda: ["10.0.0.3"])
    lines = []
    server.announce("0.0.0.0", 8643, SimpleNamespace(fingerprint="AB:CD"), lines.append, trust)
    told = [line for line in lines if (trust or "https://10.0.0.3:8643/trust") in line]
    assert len(told) == 1 and ("offline" in told[0]) == (trust is None)


def test_it_serves_by_https_until_ctrl_c(bundle):
    """The command in a process of its own, on a free port."""
    command = [sys.executable, "-m", "skushare", "serve", str(bundle), "--lan", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            lines = []
            while not lines or "Ctrl-C" not in lines[-1]:
                lines.append(process.stdout.readline())
                assert lines[-1] or process.poll() is None, process.stderr.read()
                if "on no network" in lines[-1]:
                    break
            url = re.search(r"https://localhost:\d+", "".join(lines))[0]
            trusting = ssl.create_default_context(cadata=certificate().authority)
            for _ in range(100):
                try:
                    with urllib.request.urlopen(f"{url}/bundle.json", context=trusting, timeout=10) as answer:
                        assert json.load(answer)["format"] == "skushare bundle 1"
                    break
                except OSError as error:
                    problem = error
            else:
                pytest.fail(str(problem))
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0 and process.stderr.read() == ""
        finally:
            process.kill()


def test_the_log_of_others_in_the_process_goes_on(bundle):
    closed = []

    class Handler(logging.Handler):
        def close(self):
            closed.append(self)
            super().close()

    handler = Handler()
    with serving(bundle):
        assert not closed
    handler.close()
