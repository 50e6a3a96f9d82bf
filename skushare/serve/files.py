"""A folder's files over HTTP, each as it is at one moment, also while the folder is written anew."""

import gzip
import hashlib
import os
import re
import stat
import threading
from collections import OrderedDict
from contextlib import ExitStack
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from pathlib import Path

import anyio.to_thread
import brotli
from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse

TYPES = {  # the system's own list differs from machine to machine
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".ts": "text/plain; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".zip": "application/zip",
    ".bin": "application/octet-stream",
    ".tflite": "application/octet-stream",
}
TEXT_NAMES = ("LICENSE", "NOTICE")
PACKED = (".png", ".jpg", ".jpeg", ".webp", ".woff2", ".zip")  # compressed in themselves
WORTH = 0.95  # of its size a file must shrink to, to be sent compressed
SMALLEST = 1024  # bytes; less is not worth compressing
BROTLI_QUALITY, GZIP_LEVEL = 6, 6
LARGEST = 64 << 20  # bytes; larger files are not held in memory
PIECE = 256 << 10  # bytes of a larger file that are read at once
CACHE = 192 << 20  # bytes of files and their compressed forms that are held
LOOKS = 3  # for a file before it is called missing: the folder may have been away for a moment

# As Vite names them: what looks like a word is no hash.
HASHED = re.compile(r"assets/.*-(?![a-z-]{8}\.)[0-9A-Za-z_-]{8}\.[0-9A-Za-z.]+")
A_YEAR = "public, max-age=31536000, immutable"
WORKER = "sw.js"
# In place of the app's service worker where nothing shall be cached: without an older one it cannot be
# registered; with an older one it takes that one's place, and goes with all caches.
NO_WORKER = b"""if (!self.registration.active) throw new Error('served with --no-cache')
self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(
  caches.keys()
    .then((names) => Promise.all(names.map((name) => caches.delete(name))))
    .then(() => self.registration.unregister())
))
"""


@dataclass(frozen=True)
class Snapshot:
    """A file's bytes at one moment, with their SHA-256 and the time of their last change."""

    content: bytes
    digest: str
    modified: float


class Folder:
    """An ASGI application that serves the files of a folder.

    It lists no folder, serves nothing whose name begins with a dot, and leaves the folder for no link.
    A file is read whole while it is open, and one above ``LARGEST`` stays open for its answer, so that a
    new version that takes its place changes nothing about an answer on its way.

    Args:
        folder: may be replaced by another of its name while it is served.
        headers: sent with every answer.
        cached: whether browsers may keep files; if not, the app's service worker is replaced by one
            that removes itself and its caches.
    """

    def __init__(self, folder, headers=None, cached=True):
        self.folder = Path(folder)
        self.headers = dict(headers or {})
        self.cached = cached
        self._kept = _Kept()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        response = await anyio.to_thread.run_sync(partial(self.respond, scope))
        await response(scope, receive, send)

    def respond(self, scope):
        """The answer to a request: an ASGI application."""
        if scope["method"] not in ("GET", "HEAD"):
            return self._tell(405, "Only GET and HEAD.", Allow="GET, HEAD")
        path = scope["path"].removeprefix("/") or "index.html"
        parts = path.split("/")
        if any(not part or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
            return self._tell(404, "There is no such file.")
        if path == WORKER and not self.cached:
            return self._whole(scope, path, _snapshot(NO_WORKER, 0.0))
        for _ in range(LOOKS):
            if (response := self._found(scope, path, parts)) is not None:
                return response
        if not self.folder.is_dir():
            return self._tell(503, "The folder is being written; try again.", **{"Retry-After": "1"})
        return self._tell(404, "There is no such file.")

    def _found(self, scope, path, parts):
        """The answer with the file at ``path``, or ``None`` where it cannot be opened."""
        try:
            real, home = os.path.realpath(self.folder.joinpath(*parts)), os.path.realpath(self.folder)
            if not real.startswith(home + os.sep) or not stat.S_ISREG(os.stat(real).st_mode):
                return self._tell(404, "There is no such file.")
            with ExitStack() as opened:
                file = opened.enter_context(open(real, "rb"))
                status = os.fstat(file.fileno())
                if status.st_size > LARGEST:
                    opened.pop_all()  # the answer closes it
                    return self._large(scope, path, file, status)
                snapshot = self._kept.snapshot(path, status, file)
        except (OSError, ValueError):  # ValueError: no file can have such a name
            return None
        return self._whole(scope, path, snapshot)

    def _whole(self, scope, path, snapshot):
        """The answer with ``snapshot``: all of it, compressed where that helps, or the range asked for."""
        request = Headers(scope=scope)
        content, tag, coding = snapshot.content, f'"{snapshot.digest[:32]}"', None
        headers = self._about(path)
        compressible = not path.endswith(PACKED) and len(content) >= SMALLEST
        if compressible:
            headers["Vary"] = "Accept-Encoding"
            if "range" not in request:  # a range is one of the file itself
                coding = _preferred(request.get("accept-encoding", ""))
        if coding and (smaller := self._kept.compressed(snapshot, coding)) is not None:
            content, tag = smaller, f'{tag[:-1]}-{coding}"'
            headers["Content-Encoding"] = coding
        response, span = self._headed(scope, headers, tag, snapshot.modified, len(content))
        if span is not None:
            response.body = content[slice(*span)]
        return response

    def _large(self, scope, path, file, status):
        """The answer with the open ``file``, read on its way; all of it, or the range asked for."""
        version = hashlib.sha256(repr((path, *_version(status))).encode()).hexdigest()
        headers, tag = self._about(path), f'"{version[:32]}"'
        response, span = self._headed(scope, headers, tag, status.st_mtime, status.st_size)
        if span is None:
            file.close()
            return response
        return StreamingResponse(_pieces(file, *span), response.status_code, response.headers)

    def _headed(self, scope, headers, tag, modified, size):
        """(answer that lacks its body, (start, end) of the body in a file of ``size``; ``None`` for none)."""
        request = Headers(scope=scope)
        headers["ETag"] = tag
        headers["Last-Modified"] = formatdate(modified, usegmt=True)
        if _known(request.get("if-none-match"), tag):
            return Response(status_code=304, headers=headers), None
        span = None
        if "range" in request and request.get("if-range", tag) == tag:
            span = _span(request["range"], size)
        if span == ():
            told = self._tell(416, "There is no such range.", **{"Content-Range": f"bytes */{size}"})
            return told, None
        start, end = 0, size
        if span:
            start, end = span[0], span[1] + 1
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        headers["Content-Length"] = str(end - start)
        response = Response(b"", 206 if span else 200, headers)
        return response, None if scope["method"] == "HEAD" else (start, end)

    def _about(self, path):
        """The headers that a file's name decides on."""
        name = path.rpartition("/")[2]
        suffix = os.path.splitext(name)[1].lower()
        kind = TYPES.get(suffix) or (TYPES[".txt"] if name in TEXT_NAMES else "application/octet-stream")
        keep = A_YEAR if HASHED.fullmatch(path) else "no-cache"  # that is: kept, and asked for each time
        if not self.cached:
            keep = "no-store"
        return {**self.headers, "Content-Type": kind, "Cache-Control": keep, "Accept-Ranges": "bytes"}

    def _tell(self, status, text, **headers):
        headers = {**self.headers, "Content-Type": TYPES[".txt"], "Cache-Control": "no-store", **headers}
        return Response(text + "\n", status, headers)


class _Kept:
    """Files that were read lately and their compressed forms, up to ``CACHE`` bytes."""

    def __init__(self):
        self._entries = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def snapshot(self, path, status, file):
        key = (path, *_version(status))
        return self._get(key) or self._put(key, _snapshot(file.read(), status.st_mtime))

    def compressed(self, snapshot, coding):
        """``snapshot`` compressed; ``None`` where that does not make it much smaller."""
        key = (snapshot.digest, coding)
        if (found := self._get(key)) is None:
            found = self._put(key, _compress(snapshot.content, coding))
        return found if len(found) <= WORTH * len(snapshot.content) else None

    def _get(self, key):
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def _put(self, key, value):
        with self._lock:
            if key not in self._entries:
                self._bytes += _size(value)
            self._entries[key] = value
            while self._bytes > CACHE and len(self._entries) > 1:
                self._bytes -= _size(self._entries.popitem(last=False)[1])
        return value


def _version(status):
    """What tells a file's version from another without a look at its bytes."""
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def _pieces(file, start, end):
    """The bytes from ``start`` to before ``end`` of the open ``file``, which is closed after them."""
    with file:
        file.seek(start)
        while start < end and (piece := file.read(min(PIECE, end - start))):
            start += len(piece)
            yield piece


def _size(value):
    return len(value.content if isinstance(value, Snapshot) else value)


def _snapshot(content, modified):
    return Snapshot(content, hashlib.sha256(content).hexdigest(), modified)


def _compress(content, coding):
    if coding == "br":
        return brotli.compress(content, quality=BROTLI_QUALITY)
    return gzip.compress(content, GZIP_LEVEL, mtime=0)


def _preferred(accepted):
    """``"br"`` or ``"gzip"``, the first that a request's Accept-Encoding admits; else ``None``."""
    weights = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        match = re.fullmatch(r"\s*q\s*=(.*)", weight)
        try:
            weights[name.strip()] = float(match[1]) if match else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    return next((coding for coding in ("br", "gzip") if weights.get(coding, weights.get("*", 0.0)) > 0), None)


def _known(tags, tag):
    """Whether a request's If-None-Match names ``tag``."""
    return tags is not None and (
        tags.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in tags.split(","))
    )


def _span(text, size):
    """(first, last) byte of a Range header; () if there are no such bytes, ``None`` if it asks for all.

    Several ranges at once, and what is no range, are answered by all, as RFC 9110 allows.
    """
    match = re.fullmatch(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", text)
    if not match or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if len(first) > 18 or len(last) > 18:
        return ()
    if not first:
        first, last = max(0, size - int(last)), size - 1
    else:
        first, last = int(first), min(int(last) if last else size - 1, size - 1)
    if match[1] and match[2] and int(match[1]) > int(match[2]):
        return None  # no valid range
    return (first, last) if first <= last < size and size else ()
