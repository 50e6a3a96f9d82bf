"""Fetching public datasets: downloads that go on where they stopped, checked, and unpacked."""

import http.client
import json
import os
import shutil
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from skushare.dataset.archive import Limits, extract_tar
from skushare.errors import DatasetError, SkushareError
from skushare.files import make_folder, read_json, sha256, write_file, writing
from skushare.lock import hold

TIMEOUT = 60.0  # seconds without a byte
TRIES = 8  # in a row without a byte
WAIT = 1.0  # seconds before the second of them; each waits twice as long as the one before
RESERVE = 1 << 30  # bytes left free on the disk

_BLOCK = 1 << 20
_GB = 1e9


@dataclass(frozen=True)
class Source:
    """A dataset that its authors offer for download.

    Attributes:
        title, homepage: for people.
        url: of the tar.gz.
        licence: what its authors allow, for people; a user must agree to it.
        root: the folder in the archive.
        pictures: how many files of ``images`` begin with each word, to see that all are there.
    """

    title: str
    homepage: str
    url: str
    licence: str
    root: str
    pictures: dict[str, int]


SOURCES = {
    "sku110k": Source(
        title="SKU-110K (fixed release): 11,743 shelf photos, 13.6 GB",
        homepage="https://github.com/eg4000/SKU110K_CVPR19",
        url="https://trax-geometry.s3.amazonaws.com/cvpr_challenge/SKU110K_fixed.tar.gz",
        licence="Its authors (Goldman and others, CVPR 2019) give it to the recipient alone, and only for\n"
        "academic and non-commercial purposes. Models trained on it are bound by this as well.",
        root="SKU110K_fixed",
        pictures={"train": 8219, "val": 588, "test": 2936},
    )
}


class Download(NamedTuple):
    """What :func:`download` brought.

    Attributes:
        folder: of the dataset.
        sha256: of the archive it came in.
        lacking: texts about pictures that should be there and are not.
    """

    folder: Path
    sha256: str
    lacking: tuple[str, ...]


def download(source, folder, sha256="", keep=False, progress=None):
    """Fetch and unpack a :class:`Source` whose licence the user has agreed to.

    An interrupted download goes on when it is called again.

    Args:
        folder: where the archive and the dataset's folder go.
        sha256: what the archive's must be; anything if empty.
        keep: leave the archive beside the folder.
        progress: called with what is done ("download" or "unpack"), bytes done and in all.

    Returns:
        :class:`Download`.

    Raises:
        DatasetError: the server refuses, the archive is damaged or not the expected one.
        SkushareError: the folder is there already or cannot be written, or the disk is too small.
    """
    progress = progress or (lambda what, done, total: None)
    folder = Path(folder)
    target = folder / source.root
    archive = folder / source.url.rsplit("/", 1)[-1]
    with _alone(target):
        if target.exists():
            raise SkushareError(f"{target}: exists already; use it, or delete it to download it anew")
        digest = fetch(
            source.url,
            archive,
            sha256,
            room=2,  # for the archive and for what comes out of it, as pictures do not compress
            progress=lambda done, total: progress("download", done, total),
        )
        _unpack(source, archive, target, lambda done, total: progress("unpack", done, total))
    if not keep:
        archive.unlink()
    return Download(target, digest, tuple(_lacking(source, target)))


def _unpack(source, archive, target, progress):
    unpacked = target.with_name(f"{target.name}.unpacked")
    for left in (unpacked, *target.parent.glob(f".{unpacked.name}.*")):
        shutil.rmtree(left, ignore_errors=True)  # of a process that was killed
    size = archive.stat().st_size
    _check_room(target.parent, size)
    try:
        limits = Limits(free=RESERVE)
        extract_tar(archive, unpacked, limits, lambda done: progress(min(done, size), size))
        if not (unpacked / source.root).is_dir():
            raise DatasetError(f"{archive}: has no folder {source.root}")
        text = f"{source.title}\n{source.homepage}\n{source.licence}\nAgreed to on {date.today()}.\n"
        write_file(unpacked / source.root / "LICENCE.txt", text)
        os.replace(unpacked / source.root, target)
    except DatasetError as error:
        raise DatasetError(f"{error} (delete {archive} to download it anew)") from None
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)


@contextmanager
def _alone(path):
    """Make the folder of ``path``, and keep other processes from writing ``path``."""
    make_folder(path.parent)
    with writing(path), hold(path.with_name(f".{path.name}.lock"), seconds=1) as mine:
        if not mine:
            raise SkushareError(f"{path}: another process writes it; wait for it or stop it")
        yield


def fetch(url, path, sha256_expected="", room=1, progress=None):
    """Download ``url`` to the file ``path``, whole or not at all, and return its SHA-256.

    What has come stays in ``path.part``, and the server's mark of the version in
    ``path.part.json``, for the next call to go on; another version is fetched from the start, and so is
    what has no mark.

    Args:
        sha256_expected: what it must be, hexadecimal; anything if empty.
        room: the disk must have so many times the file's size.
        progress: called with the bytes done and in all.

    Raises:
        DatasetError: the server refuses or breaks off too often, or the file is another one.
        SkushareError: the disk is too small or not writable, or another process fetches it.
    """
    path = Path(path)
    part = path.with_name(f"{path.name}.part")
    with _alone(path):
        if not path.exists():
            _insist(url, part, room, progress)
            os.replace(part, path)
            _mark_file(part).unlink()
    digest = sha256(path)
    if sha256_expected and digest != sha256_expected.lower():
        raise DatasetError(
            f"{path}: its SHA-256 is {digest}, not {sha256_expected}; delete it to fetch it anew"
        )
    return digest


class _Broken(Exception):
    """The network or the server failed; ``final`` where it is no use to try again."""

    def __init__(self, text, final=False):
        super().__init__(text)
        self.final = final


def _insist(url, part, room, progress):
    failures = 0
    while True:
        before = _size(part)
        try:
            return _go_on(url, part, room, progress)
        except _Broken as broken:
            failures = 1 if _size(part) > before else failures + 1
            if broken.final or failures == TRIES:
                remedy = f"{_size(part) / _GB:.2f} GB are kept, and the same command goes on from there"
                if not read_json(_mark_file(part)).get("version"):
                    remedy = "the same command begins anew"
                raise DatasetError(f"{url}: {broken}; {remedy}") from None
        time.sleep(WAIT * 2 ** (failures - 1))


def _go_on(url, part, room, progress):
    """Fetch what ``part`` lacks."""
    have, mark = _size(part), read_json(_mark_file(part))
    if have and have == mark.get("size"):
        return
    headers = {"User-Agent": "skushare"}
    if not mark.get("version"):
        have = 0  # nothing tells whether the server still has the same file
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": mark["version"]}
    with _opened(url, headers, part) as response:
        left = int(response.headers.get("Content-Length") or 0)
        if response.status != http.client.PARTIAL_CONTENT:
            have = 0
        elif response.headers.get("Content-Range") != f"bytes {have}-{have + left - 1}/{mark.get('size')}":
            part.unlink()
            raise _Broken("the server goes on at another place")
        if not left:
            raise _Broken("the server does not tell the size", final=True)
        size = have + left
        _check_room(part.parent, room * size - have)
        version = response.headers.get("ETag", "W/")
        if version.startswith("W/"):  # a weak mark does not promise the same bytes
            version = response.headers.get("Last-Modified", "")
        write_file(_mark_file(part), json.dumps({"size": size, "version": version}))
        with open(part, "ab" if have else "wb") as out:
            while have < size:
                out.write(_block(response))
                have = out.tell()
                if progress:
                    progress(have, size)
            out.flush()
            os.fsync(out.fileno())


def _check_room(folder, needed):
    free = max(shutil.disk_usage(folder).free - RESERVE, 0)
    if needed > free:
        raise SkushareError(
            f"{folder}: {needed / _GB:.1f} GB are needed and {free / _GB:.1f} GB can be used; "
            "free some space or choose another folder"
        )


def _opened(url, headers, part):
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except ValueError as error:
        raise _Broken(f"is no address ({error})", final=True) from None
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()
            raise _Broken("the server has another file than the one begun") from None
        busy = error.code >= 500 or error.code == http.client.TOO_MANY_REQUESTS
        raise _Broken(f"the server answers {error.code} {error.reason}", final=not busy) from None
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(f"cannot be reached ({getattr(error, 'reason', error)}); check the network") from None


def _block(response):
    try:
        block = response.read1(_BLOCK)
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(f"the connection broke off ({error})") from None
    if not block:
        raise _Broken("the connection broke off")
    return block


def _size(path):
    return path.stat().st_size if path.exists() else 0


def _mark_file(part):
    return part.with_name(f"{part.name}.json")


def _lacking(source, folder):
    """What of the source's pictures is not there."""
    names = [path.name for path in (folder / "images").glob("*")]
    for word, count in source.pictures.items():
        have = sum(name.startswith(f"{word}_") for name in names)
        if have < count:
            yield f"{have:,} of {count:,} {word} pictures"
