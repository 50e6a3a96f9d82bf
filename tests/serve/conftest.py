"""Folders to serve, and a real server for them."""

import http.client
import json
import os
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from skushare.serve.network import listen
from skushare.serve.server import BackgroundServer, make_app

SCRIPT = b"export const facing = 'a product front on the shelf'\n" * 200
SHARD = bytes(range(256)) * 64


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))


def make_bundle(parent):
    """A folder that looks like a bundle from outside, beside a file that is none of its business."""
    files = {
        "bundle.json": json.dumps({"format": "skushare bundle 1"}).encode(),
        "index.html": b"<!doctype html><title>skushare</title>",
        "sw.js": b"self.__FILES__ = []",
        "manifest.webmanifest": b"{}",
        "assets/index-DfX1a_23.js": SCRIPT,
        "assets/worker.mjs": b"export {}",
        "assets/engine.wasm": b"\0asm" * 700,
        "model/detector/group1-shard1of1.bin": SHARD,
        "model/detector.tflite": b"TFL3",
        "icons/icon-192.png": b"\x89PNG" * 600,
        ".env": b"SECRET=1",
        "project/.npmrc": b"token",
        "LICENSE": b"Apache",
    }
    folder = parent / "bundle"
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    os.mkfifo(folder / "pipe")
    (parent / "private.txt").write_text("mine")
    (folder / "link.txt").symlink_to(parent / "private.txt")
    return folder


@pytest.fixture
def bundle(tmp_path):
    """A bundle that the test may change."""
    return make_bundle(tmp_path)


@contextmanager
def serving(folder, **options):
    """A function that asks a server for a path and gives status, headers (lower case) and body."""
    with listen("127.0.0.1", 0) as socket, BackgroundServer(make_app(folder, **options), socket):

        def ask(path, method="GET", **headers):
            connection = http.client.HTTPConnection("127.0.0.1", socket.getsockname()[1], timeout=20)
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=named)
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return SimpleNamespace(status=answer.status, headers=found, body=body)

        yield ask


@pytest.fixture(scope="package")
def ask(tmp_path_factory):
    """Asks a server for what is in a bundle that stays as it is."""
    with serving(make_bundle(tmp_path_factory.mktemp("served"))) as ask:
        yield ask


@pytest.fixture
def ask_changing(bundle):
    """Asks a server of ``bundle``."""
    with serving(bundle) as ask:
        yield ask
