import hashlib
import io
import tarfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest

from skushare.dataset import download as module
from skushare.dataset.download import SOURCES, download, fetch
from skushare.dataset.formats import read_dataset
from skushare.errors import DatasetError, SkushareError
from skushare.jpeg import encode_jpeg
from skushare.lock import hold


class Server:
    """A web server for one file, with the faults that downloads meet."""

    def __init__(self):
        self.content = np.random.default_rng(0).bytes(3_000_000)
        self.etag = '"1"'
        self.ranges = True
        self.breaks = []  # bytes after which each answer breaks off
        self.refusals = []  # status codes to answer with first
        self.requests = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.handle_error = lambda *args: None  # clients that break off are what is tested
        Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/set.tar.gz"

    def answer(self, request):
        wanted = request.headers.get("Range")
        self.requests.append(wanted)
        if self.refusals:
            return request.send_error(self.refusals.pop(0))
        start = 0
        if wanted and self.ranges and request.headers.get("If-Range", self.etag) == self.etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(self.content):
                return request.send_error(416)
        body = self.content[start:]
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        request.send_header("Content-Length", str(len(body)))
        request.send_header("ETag", self.etag)
        request.end_headers()
        request.wfile.write(body[: self.breaks.pop(0)] if self.breaks else body)
        request.close_connection = True
        return None


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(module, "WAIT", 0)
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


def kept(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_file_comes_whole_with_its_checksum(server, tmp_path):
    seen = []
    digest = fetch(server.url, tmp_path / "new" / "a", progress=lambda *done: seen.append(done))
    assert (tmp_path / "new" / "a").read_bytes() == server.content
    assert digest == hashlib.sha256(server.content).hexdigest()
    assert seen[-1] == (3_000_000, 3_000_000) and kept(tmp_path / "new") == ["a"]
    assert fetch(server.url, tmp_path / "new" / "a", digest) == digest and len(server.requests) == 1


def test_a_broken_connection_goes_on_where_it_stopped(server, tmp_path):
    server.breaks = [1_000_000, 500_000, 0]
    fetch(server.url, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == server.content
    assert server.requests == [None, "bytes=1000000-", "bytes=1500000-", "bytes=1500000-"]


def test_a_stopped_process_goes_on_where_it_stopped(server, tmp_path):
    def stop(done, total):
        if done > 1_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(server.url, tmp_path / "a", progress=stop)
    begun = (tmp_path / "a.part").stat().st_size
    assert begun > 1_000_000
    fetch(server.url, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == server.content and server.requests == [None, f"bytes={begun}-"]


def test_a_process_killed_at_the_very_end_needs_no_server(server, tmp_path):
    fetch(server.url, tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "a.part")
    (tmp_path / "a.part.json").write_text('{"size": 3000000, "version": ""}')
    fetch(server.url, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == server.content and len(server.requests) == 1


def test_a_file_without_a_mark_of_its_version_is_fetched_from_the_start(server, tmp_path):
    server.etag, server.breaks = 'W/"1"', [1_000_000] + [0] * module.TRIES
    with pytest.raises(DatasetError, match="the same command begins anew"):
        fetch(server.url, tmp_path / "a")
    server.content = server.content[::-1]
    fetch(server.url, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == server.content and set(server.requests) == {None}


@pytest.mark.parametrize("change", ["version", "no ranges", "mark lost", "shorter"])
def test_parts_of_two_files_are_never_joined(server, tmp_path, change):
    server.breaks = [1_000_000] + [0] * (module.TRIES + 1)
    with pytest.raises(DatasetError, match="same command goes on"):
        fetch(server.url, tmp_path / "a")
    assert (tmp_path / "a.part").stat().st_size == 1_000_000
    server.breaks = []
    if change == "version":
        server.content, server.etag = server.content[::-1], '"2"'
    elif change == "no ranges":
        server.ranges = False
    elif change == "mark lost":
        server.content = server.content[::-1]
        (tmp_path / "a.part.json").write_text("{")
    else:
        server.content = server.content[:999_999]
    fetch(server.url, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == server.content


def test_a_busy_server_is_asked_again_and_a_refusal_is_final(server, tmp_path):
    server.refusals = [503, 429, 500]
    fetch(server.url, tmp_path / "a")
    assert len(server.requests) == 4
    server.refusals = [404]
    with pytest.raises(DatasetError, match="404"):
        fetch(server.url, tmp_path / "b")
    assert len(server.requests) == 5


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/none", "no address"])
def test_an_address_that_leads_nowhere_is_told(tmp_path, monkeypatch, url):
    monkeypatch.setattr(module, "WAIT", 0)
    with pytest.raises(DatasetError, match=url):
        fetch(url, tmp_path / "a")


def test_another_checksum_than_expected_is_told(server, tmp_path):
    with pytest.raises(DatasetError, match="SHA-256"):
        fetch(server.url, tmp_path / "a", "0" * 64)


def test_a_disk_that_is_too_small_is_told_before_anything_is_fetched(server, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "RESERVE", 1 << 60)
    with pytest.raises(SkushareError, match="free some space"):
        fetch(server.url, tmp_path / "a")
    assert kept(tmp_path) == []


def test_two_processes_do_not_fetch_one_file(server, tmp_path):
    with hold(tmp_path / ".a.lock"), pytest.raises(SkushareError, match="another process"):
        fetch(server.url, tmp_path / "a")


def sku110k(damage=None):
    """A small archive of the official one's layout, and its source."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:

        def add(name, content):
            info = tarfile.TarInfo(f"SKU110K_fixed/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))

        for split in ("train", "val", "test"):
            picture = np.random.default_rng(len(split)).integers(0, 255, (60, 80, 3), np.uint8)
            add(f"images/{split}_0.jpg", encode_jpeg(picture))
            add(f"annotations/annotations_{split}.csv", f"{split}_0.jpg,5,5,20,30,object,80,60\n".encode())
    data = buffer.getvalue()
    pictures = dict.fromkeys(("train", "val", "test"), 1)
    return data[: damage and -damage], replace(SOURCES["sku110k"], pictures=pictures)


def test_the_official_layout_becomes_a_dataset_that_can_be_read(server, tmp_path):
    server.content, source = sku110k()
    server.breaks = [1000]
    stages = set()
    result = download(
        replace(source, url=server.url), tmp_path, progress=lambda what, done, total: stages.add(what)
    )
    assert result.lacking == () and result.sha256 == hashlib.sha256(server.content).hexdigest()
    assert stages == {"download", "unpack"} and kept(tmp_path) == ["SKU110K_fixed"]
    dataset = read_dataset(result.folder)
    assert dataset.splits == ("train", "val", "test") and [len(s.boxes) for s in dataset.samples] == [1] * 3
    assert "non-commercial" in (result.folder / "LICENCE.txt").read_text()
    with pytest.raises(SkushareError, match="exists already"):
        download(replace(source, url=server.url), tmp_path)


def test_what_a_killed_process_left_is_cleared_away(server, tmp_path):
    server.content, source = sku110k()
    for left in ("SKU110K_fixed.unpacked", ".SKU110K_fixed.unpacked.a1b2"):
        (tmp_path / left / "new").mkdir(parents=True)
    download(replace(source, url=server.url), tmp_path)
    assert kept(tmp_path) == ["SKU110K_fixed"]


def test_lacking_pictures_are_told(server, tmp_path):
    server.content, source = sku110k()
    result = download(replace(source, url=server.url, pictures={"train": 9, "val": 1}), tmp_path, keep=True)
    assert result.lacking == ("1 of 9 train pictures",)
    assert kept(tmp_path) == ["SKU110K_fixed", "set.tar.gz"]


def test_a_disk_that_is_too_small_to_unpack_is_no_fault_of_the_archive(server, tmp_path, monkeypatch):
    server.content, source = sku110k()
    fetch(server.url, tmp_path / "set.tar.gz")
    monkeypatch.setattr(module, "RESERVE", 1 << 60)
    with pytest.raises(SkushareError, match="free some space") as error:
        download(replace(source, url=server.url), tmp_path)
    assert "delete" not in str(error.value) and kept(tmp_path) == ["set.tar.gz"]


@pytest.mark.parametrize("damage", [5, 8, 400])
def test_a_damaged_archive_leaves_no_dataset(server, tmp_path, damage):
    server.content, source = sku110k(damage)
    with pytest.raises(DatasetError, match=r"delete .*set\.tar\.gz"):
        download(replace(source, url=server.url), tmp_path)
    assert kept(tmp_path) == ["set.tar.gz"]
