"""The built browser app that comes with the package: compressed parts, made by ``tools/build_webapp.py``."""

import lzma
import os
import re
import shutil
import tarfile
from pathlib import Path, PurePosixPath

from skushare.export.errors import ExportError
from skushare.export.manifest import PROJECT

PARTS = Path(__file__).with_name("webapp")
ARCHIVE, WASM_SUFFIX = "app.tar.xz", ".wasm.xz"
APP, PROOF = "app", "proof"  # folders in the archive beside the sources: the build, the proof
SOURCES = Path(__file__).resolve().parents[2] / "web"
MADE = re.compile(r"dist.*|node_modules|coverage|\.vite")  # in the sources' folder, but made of them


def unpack_webapp(target):
    """Put the built app into the existing folder ``target``, and its sources into ``target/project``.

    The app is what ``$SKUSHARE_WEBAPP`` names (the folder of a build), else the one that comes with the
    package, else, where there is none yet, the last build of the sources in ``web/``.

    Raises:
        ExportError: there is none, or it is damaged.
    """
    copy = _source()
    copy(APP, Path(target))
    copy(PROJECT, Path(target) / PROJECT)
    if not Path(target, "index.html").is_file():
        raise ExportError("the browser app has no index.html; build it again: tools/build_webapp.py")


def unpack_proof(target):
    """Put ``proof.js`` and the WebAssembly files of TensorFlow.js into the existing folder ``target``.

    The latter get their plain names back, ``tfjs-backend-wasm*.wasm``.

    Raises:
        ExportError: see :func:`unpack_webapp`.
    """
    target = Path(target)
    copy = _source()
    copy(PROOF, target)
    copy(APP, target / APP)
    for kind in ("tfjs-backend-wasm-threaded-simd", "tfjs-backend-wasm-simd", "tfjs-backend-wasm"):
        found = sorted((target / APP).rglob(f"{kind}*.wasm"), key=lambda path: len(path.name))
        if found and not (target / f"{kind}.wasm").exists():
            found[0].replace(target / f"{kind}.wasm")
    shutil.rmtree(target / APP)
    missing = [name for name in ("proof.js", "tfjs-backend-wasm-simd.wasm") if not (target / name).is_file()]
    if missing:
        raise ExportError(
            f"the browser app lacks {', '.join(missing)}; build it again: tools/build_webapp.py"
        )


def _source():
    """A function ``(folder, target)`` that copies that folder of the app."""
    named = os.environ.get("SKUSHARE_WEBAPP")
    if named or not (PARTS / ARCHIVE).is_file():
        build = Path(named or SOURCES / "dist")
        if not (build / "index.html").is_file():
            raise ExportError(
                f"{build}: there is no browser app; install skushare again, or run tools/build_webapp.py"
            )
        return lambda folder, target: _copy(folder, build, target)
    files = _read_parts()

    def copy(folder, target):
        for (top, *path), content in files.items():
            if top == folder:
                _put(target.joinpath(*path), content)

    return copy


def _read_parts():
    """{parts of a path in the app: content} of the compressed parts."""
    try:
        with tarfile.open(PARTS / ARCHIVE, "r:xz") as archive:
            members = {PurePosixPath(m.name).parts: m for m in archive.getmembers() if m.isfile()}
            files = {path: archive.extractfile(m).read() for path, m in members.items() if ".." not in path}
        for path in sorted(PARTS.glob(f"*{WASM_SUFFIX}")):
            # "assets+name.wasm.xz" lies at assets/name.wasm
            files[(APP, *path.name.removesuffix(".xz").split("+"))] = lzma.decompress(path.read_bytes())
    except (OSError, EOFError, tarfile.TarError, lzma.LZMAError) as error:
        raise ExportError(f"{PARTS}: the browser app is damaged ({error}); install it again") from None
    return files


def _copy(folder, build, target):
    for path, content in files_of(folder, build):
        _put(target / path, content)


def source_files(root, left_out=()):
    """Paths of all files of the sources in ``root``, sorted, without the entries ``left_out`` of its top."""
    return [
        path
        for entry in (sorted(root.iterdir()) if root.is_dir() else ())
        if entry.name not in left_out and not MADE.fullmatch(entry.name)
        for path in ([entry] if entry.is_file() else sorted(entry.rglob("*")))
        if path.is_file()
    ]


def _put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def files_of(folder, build):
    """[(path, bytes)] of what belongs into ``folder`` of the archive, from ``build`` and the sources.

    Args:
        folder: ``APP``, ``PROJECT`` or ``PROOF``.
        build: folder of the built app; the proof is built beside it, in ``dist-proof/``.
    """
    if folder == PROJECT:
        root = SOURCES
        # A bundle's project has no tests and benchmarks: they need what lies outside of it.
        paths = source_files(root, ("tests", "proof", "bench"))
    else:
        root = build if folder == APP else build.parent / "dist-proof"
        paths = sorted(root.rglob("*"))
    return [
        (path.relative_to(root).as_posix(), path.read_bytes())
        for path in paths
        if path.is_file() and not path.name.endswith((".tsbuildinfo", ".map"))
    ]
