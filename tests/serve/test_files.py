"""What browsers get of a folder, by a real server."""

import gzip
import os
import threading

import anyio
import brotli
import pytest

from skushare.serve import files
from tests.serve.conftest import SCRIPT, SHARD, serving

ASSET, BIN = "/assets/index-DfX1a_23.js", "/model/detector/group1-shard1of1.bin"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/manifest.webmanifest", "application/manifest+json"),
        (ASSET, "text/javascript; charset=utf-8"),
        ("/assets/worker.mjs", "text/javascript; charset=utf-8"),
        ("/assets/engine.wasm", "application/wasm"),
        (BIN, "application/octet-stream"),
        ("/model/detector.tflite", "application/octet-stream"),
        ("/icons/icon-192.png", "image/png"),
        ("/bundle.json", "application/json"),
        ("/LICENSE", "text/plain; charset=utf-8"),
    ],
)
def test_every_file_has_its_type_and_is_left_at_that(ask, path, kind):
    answer = ask(path)
    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/missing.js",
        "/assets",  # no folder is listed
        "/assets/",
        "/project/",
        "/.env",
        "/project/.npmrc",
        "/link.txt",  # leads out of the folder
        "/../private.txt",
        "/assets/../../private.txt",
        "/%2e%2e/private.txt",
        "/..%2fprivate.txt",
        "/..%5cprivate.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/assets//index-DfX1a_23.js",
        "/index.html%00.js",
        "/pipe",  # whose opening would wait for a writer
        "/" + "x" * 5000,
        "/%ff%fe",
    ],
)
def test_what_is_no_file_of_the_folder_is_not_there(ask, path):
    answer = ask(path)
    assert answer.status == 404 and b"mine" not in answer.body and b"root:" not in answer.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_changed(ask, method):
    answer = ask("/", method)
    assert answer.status == 405 and answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        (ASSET, True),
        ("/assets/worker.mjs", False),
        ("/", False),
        ("/sw.js", False),
        ("/bundle.json", False),
        (BIN, False),
    ],
)
def test_only_what_never_changes_under_its_name_is_kept_unasked(ask, path, kept):
    assert ("immutable" in ask(path).headers["cache-control"]) == kept
    assert kept or ask(path).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("name", "hashed"),
    [
        ("assets/index-DfX1a_23.js", True),
        ("assets/deep/worker-a-b_C-d2.js", True),
        ("assets/style-abcdefg1.css", True),
        ("assets/tfjs-backend-threaded.wasm", False),  # eight letters, but a word
        ("assets/index-DfX1a_2.js", False),
        ("assets/index.js", False),
        ("model/index-DfX1a_23.js", False),
    ],
)
def test_a_hash_in_a_name_is_told_from_a_word(name, hashed):
    assert bool(files.HASHED.fullmatch(name)) == hashed


@pytest.mark.parametrize("coding", [None, "br", "gzip"])
def test_a_known_version_is_not_sent_again(ask, coding):
    options = {"accept_encoding": coding} if coding else {}
    first = ask(ASSET, **options)
    tag = first.headers["etag"]
    for tags in (tag, f'"other", W/{tag}', "*"):
        answer = ask(ASSET, if_none_match=tags, **options)
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
    assert ask(ASSET, if_none_match='"other"', **options).status == 200


def test_a_changed_file_has_another_tag_though_its_time_and_length_are_the_same(bundle, ask_changing):
    path = bundle / "index.html"
    before, status = ask_changing("/"), path.stat()
    new = bundle / "new"
    new.write_bytes(path.read_bytes().replace(b"skushare", b"SKUSHARE"))
    os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(new, path)
    after = ask_changing("/", if_none_match=before.headers["etag"])
    assert after.status == 200 and b"SKUSHARE" in after.body


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("br, gzip", "br"),
        ("gzip, deflate", "gzip"),
        ("gzip;q=1.0, br;q=0", "gzip"),
        ("*", "br"),
        ("identity", None),
        ("br;q=x", None),
        ("", None),
    ],
)
def test_text_is_compressed_as_the_browser_wants(ask, accepted, coding):
    answer = ask(ASSET, accept_encoding=accepted)
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[coding]
    assert answer.headers.get("content-encoding") == coding and unpack(answer.body) == SCRIPT
    assert answer.headers["vary"] == "Accept-Encoding"
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert coding is None or len(answer.body) < len(SCRIPT) / 5


def test_each_form_of_a_file_has_a_tag_of_its_own(ask):
    assert len({ask(ASSET, accept_encoding=c).headers["etag"] for c in ("br", "gzip", "identity")}) == 3


@pytest.mark.parametrize("path", ["/icons/icon-192.png", "/index.html", "/model/detector.tflite"])
def test_what_does_not_shrink_is_sent_as_it_is(ask, path):
    assert "content-encoding" not in ask(path, accept_encoding="br, gzip").headers


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=16000-99999999", slice(16000, None)),
        ("bytes=-99999999", slice(0, None)),
        ("bytes = 5 - 5", slice(5, 6)),
    ],
)
def test_a_range_is_of_the_file_itself_also_where_it_could_be_compressed(ask, asked, expected):
    answer = ask(BIN, range=asked, accept_encoding="br, gzip")
    first, last, _ = expected.indices(len(SHARD))
    assert (answer.status, answer.body) == (206, SHARD[expected])
    assert answer.headers["content-range"] == f"bytes {first}-{last - 1}/{len(SHARD)}"
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=-", "bytes=9-3", "lines=0-9", "x"])
def test_what_is_no_single_range_is_answered_with_all(ask, asked):
    answer = ask(BIN, range=asked)
    assert (answer.status, answer.body) == (200, SHARD)


@pytest.mark.parametrize("asked", [f"bytes={len(SHARD)}-", "bytes=-0", "bytes=" + "9" * 40 + "-"])
def test_a_range_beyond_the_end_is_refused(ask, asked):
    answer = ask(BIN, range=asked)
    assert answer.status == 416 and answer.headers["content-range"] == f"bytes */{len(SHARD)}"


def test_the_rest_of_another_version_is_not_given(ask):
    tag = ask(BIN).headers["etag"]
    assert ask(BIN, range="bytes=5-", if_range=tag).status == 206
    answer = ask(BIN, range="bytes=5-", if_range='"older"')
    assert (answer.status, answer.body) == (200, SHARD)


def test_head_tells_the_same_and_sends_nothing(ask):
    full, head = ask(ASSET, accept_encoding="br"), ask(ASSET, "HEAD", accept_encoding="br")
    assert head.status == 200 and head.body == b""
    changing = ("date",)
    assert {k: v for k, v in head.headers.items() if k not in changing} == {
        k: v for k, v in full.headers.items() if k not in changing
    }


def test_large_files_are_streamed_with_ranges(bundle, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 1000)
    with serving(bundle) as ask:
        assert ask(BIN).body == SHARD
        part = ask(BIN, range="bytes=3-5")
        assert (part.status, part.body) == (206, SHARD[3:6])
        assert part.headers["content-type"] == "application/octet-stream"
        tag = part.headers["etag"]
        assert ask(BIN, if_none_match=tag).status == 304
        assert ask(BIN, range=f"bytes={len(SHARD)}-").status == 416
        head = ask(BIN, "HEAD")
        assert (head.body, head.headers["content-length"], head.headers["etag"]) == (
            b"",
            str(len(SHARD)),
            tag,
        )


def test_a_large_file_is_sent_as_it_was_when_its_length_was_told(bundle, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 1000)
    monkeypatch.setattr(files, "PIECE", 1000)
    path, sent = bundle / BIN[1:], []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": BIN, "headers": [], "asgi": {"spec_version": "2.4"}}
    answer = files.Folder(bundle).respond(scope)
    path.with_name("new").write_bytes(b"another")
    os.replace(path.with_name("new"), path)
    anyio.run(answer, scope, None, send)
    assert b"".join(message.get("body", b"") for message in sent) == SHARD
    assert int(answer.headers["content-length"]) == len(SHARD)


def test_memory_that_is_held_has_a_bound(bundle, monkeypatch):
    monkeypatch.setattr(files, "CACHE", 40_000)
    folder = files.Folder(bundle)
    for number in range(20):
        (bundle / f"{number}.bin").write_bytes(bytes([number]) * 15_000)
        folder.respond({"method": "GET", "path": f"/{number}.bin", "headers": []})
    assert folder._kept._bytes == 30_000 == sum(len(s.content) for s in folder._kept._entries.values())


def test_without_cache_nothing_is_kept_and_a_worker_that_was_removes_itself(bundle):
    with serving(bundle, cached=False) as ask:
        assert {ask(path).headers["cache-control"] for path in ("/", ASSET, BIN)} == {"no-store"}
        worker = ask("/sw.js")
        assert b"unregister()" in worker.body and b"__FILES__" not in worker.body
        assert worker.headers["content-type"].startswith("text/javascript")


def test_no_answer_mixes_two_versions_while_the_folder_is_replaced(bundle, ask_changing):
    """Files are replaced by others of other lengths, and the whole folder by another."""
    versions = [bytes([number]) * (20_000 + 7_000 * number) for number in range(5)]
    path, end = bundle / "model/detector.tflite", threading.Event()

    def rewrite():
        number = 0
        while not end.is_set():
            number = (number + 1) % len(versions)
            if number:
                new = path.with_name("new")
                new.write_bytes(versions[number])
                os.replace(new, path)
            else:
                os.rename(bundle, bundle.with_name("old"))
                os.rename(bundle.with_name("old"), bundle)

    path.write_bytes(versions[0])
    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        answers = [ask_changing("/model/detector.tflite") for _ in range(150)]
    finally:
        end.set()
        writer.join()
    good = [a for a in answers if a.status == 200]
    assert all(a.body in versions for a in good) and len({a.body[0] for a in good}) > 1
    assert {a.status for a in answers} <= {200, 503}


def test_a_folder_that_is_away_for_a_moment_is_asked_for_again(bundle, ask_changing):
    bundle.rename(bundle.with_name("away"))
    answer = ask_changing("/")
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    bundle.with_name("away").rename(bundle)
    assert ask_changing("/").status == 200
