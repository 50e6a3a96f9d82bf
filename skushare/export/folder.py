"""The folder that an export goes to: whole or not at all, and never over something that is not an export."""

import glob
import hashlib
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from skushare.export.errors import ExportError
from skushare.files import drop_leftovers, sha256

REPORT, FORMAT = "report.json", "skushare export 1"
# What users add to an export, for Git, npm and hosts; a new one takes them over.
KEPT = (".git", "node_modules", "_headers", "_redirects", "CNAME")
LITTER = ".DS_Store"  # which macOS leaves in every folder that was looked at


@contextmanager
def export_folder(out):
    """A temporary folder beside ``out`` to fill; it takes ``out``'s place at the end, or goes on an error.

    An earlier export in ``out`` is replaced, if nothing in it was changed or added since but ``KEPT``, which
    is taken over.

    Raises:
        ExportError: ``out`` is something else, or cannot be written.
    """
    out = Path(out).absolute()
    try:
        _refuse(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{out.name}.export-"
        ours = glob.escape(prefix)
        for left in out.parent.glob(f"{ours}*"):  # of an export that was killed while it took its place
            _put_back(left / "old", left / "new", out)
        drop_leftovers(out.parent, ours)
        temporary = tempfile.mkdtemp(dir=out.parent, prefix=prefix)
        try:
            new, old = Path(temporary, "new"), Path(temporary, "old")
            new.mkdir()
            yield new
            if out.exists():
                _refuse(out)
            try:
                if out.exists():
                    os.replace(out, old)
                for name in KEPT:
                    if (old / name).exists() and not (new / name).exists():
                        os.replace(old / name, new / name)
                os.replace(new, out)
            except BaseException:  # also a key pressed now must not cost the earlier export
                _put_back(old, new, out)
                raise
        finally:
            if out.exists() or not old.exists():  # what could not be put back waits for the next export
                shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        reason = error.strerror or error
        raise ExportError(
            f"{out}: cannot be written ({reason}); check the folder and the free space"
        ) from error


def _put_back(old, new, out):
    """Have the earlier export, with what users added to it, in its place again."""
    if not old.exists() or out.exists():
        return
    for name in KEPT:
        if (new / name).exists() and not (old / name).exists():
            os.replace(new / name, old / name)
    os.replace(old, out)


def _refuse(out):
    """Raise unless ``out`` may be replaced."""
    if not out.exists() and not out.is_symlink():
        return
    if not out.is_dir() or out.is_symlink():
        raise ExportError(f"{out}: exists and is no folder; choose another name")
    if os.path.ismount(out):  # nothing can take its place
        raise ExportError(f"{out}: is where a disk is mounted; name a new folder in it")
    if not any(out.iterdir()):
        return
    try:
        report = json.loads((out / REPORT).read_text(encoding="utf-8"))
        known = dict(report["sha256"]) if report["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        known = None
    if known is None:
        raise ExportError(f"{out}: holds something else than an earlier export; choose another folder")
    for path in walk(out):
        name = path.relative_to(out).as_posix()
        if name.startswith("report."):
            continue
        if known.get(name) != sha256(path):
            raise ExportError(
                f"{path}: was {'changed' if name in known else 'added'} since the export; "
                "choose another folder, or take that away"
            )


def walk(folder):
    """Paths of all files in ``folder``, sorted, without those that users add."""
    for path in sorted(Path(folder).iterdir()):
        if path.name in KEPT:
            continue
        if path.is_dir():
            yield from (p for p in sorted(path.rglob("*")) if p.is_file() and p.name != LITTER)
        elif path.name != LITTER:
            yield path


def digests(folder):
    """{path within ``folder``: SHA-256} of all files."""
    return {path.relative_to(folder).as_posix(): sha256(path) for path in walk(folder)}


def version_of(files):
    """16 hexadecimal digits that change with any of ``files``, {path: SHA-256}."""
    text = "\n".join(f"{path} {digest}" for path, digest in sorted(files.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def copy_into(folder, name, source):
    """Copy the file ``source`` to ``name`` in ``folder``, with its parent folders."""
    target = Path(folder, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
