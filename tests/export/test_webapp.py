"""The browser app in the package: complete, unpacked as it was packed, and built from what is in web/."""

import importlib.util
import io
import lzma
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from skushare.export import webapp
from skushare.export.errors import ExportError

ROOT = Path(__file__).parents[2]


def tool():
    """``tools/build_webapp.py`` as a module."""
    spec = importlib.util.spec_from_file_location("build_webapp", ROOT / "tools" / "build_webapp.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def build(tmp_path, monkeypatch):
    """The sources and a build of a small app, and an empty folder for its parts."""
    web = tmp_path / "web"
    for name, content in {
        "package.json": "{}",
        "src/main.ts": "1",
        "proof/proof.ts": "no",
        "tests/a.test.ts": "no",
        "node_modules/x/y.js": "no",
        "dist-bench/index.html": "no",
        "dist/index.html": "<html>",
        "dist/assets/app-1.js": "app",
        "dist/assets/app-1.js.map": "no",
        "dist/assets/tfjs-backend-wasm-simd-9a.wasm": "simd",
        "dist/assets/tfjs-backend-wasm-9b.wasm": "plain",
        "dist-proof/proof.js": "proof",
    }.items():
        (web / name).parent.mkdir(parents=True, exist_ok=True)
        (web / name).write_text(content)
    monkeypatch.delenv("SKUSHARE_WEBAPP", raising=False)
    monkeypatch.setattr(webapp, "SOURCES", web)
    monkeypatch.setattr(webapp, "PARTS", tmp_path / "parts")
    webapp.PARTS.mkdir()
    return web


def write_parts(build):
    pack = tool()
    for name, content in pack.pack(pack.gather(build)).items():
        (webapp.PARTS / name).write_bytes(content)


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


EXPECTED = {
    "index.html": "<html>",
    "assets/app-1.js": "app",
    "assets/tfjs-backend-wasm-simd-9a.wasm": "simd",
    "assets/tfjs-backend-wasm-9b.wasm": "plain",
    "project/package.json": "{}",
    "project/src/main.ts": "1",
}


@pytest.mark.parametrize("packed", [True, False])
def test_it_is_unpacked_as_it_was_built(build, tmp_path, packed):
    if packed:
        write_parts(build)
    (tmp_path / "app").mkdir()
    webapp.unpack_webapp(tmp_path / "app")
    assert files(tmp_path / "app") == EXPECTED
    (tmp_path / "proof").mkdir()
    webapp.unpack_proof(tmp_path / "proof")
    assert files(tmp_path / "proof") == {
        "proof.js": "proof",
        "tfjs-backend-wasm-simd.wasm": "simd",
        "tfjs-backend-wasm.wasm": "plain",
    }


def test_two_packings_are_the_same_and_a_change_is_named(build, capsys):
    pack = tool()
    parts = pack.gather(build)
    (build / "src" / "main.ts").touch()
    assert pack.pack(pack.gather(build)) == pack.pack(parts)
    write_parts(build)
    assert pack.compare(parts) == []
    (build / "src" / "main.ts").write_text("3")
    (build / "dist" / "assets" / "tfjs-backend-wasm-9b.wasm").write_text("other")
    differing = pack.compare(pack.gather(build))
    assert sorted(differing) == ["assets+tfjs-backend-wasm-9b.wasm.xz", "project/src/main.ts"]


@pytest.mark.parametrize("damage", [b"", b"nothing", b"cut"])
def test_a_damaged_archive_is_named(build, tmp_path, damage):
    write_parts(build)
    archive = webapp.PARTS / webapp.ARCHIVE
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2] if damage == b"cut" else damage)
    with pytest.raises(ExportError, match="damaged"):
        webapp.unpack_webapp(tmp_path)


def test_a_full_disk_is_not_told_as_damage(build, tmp_path, monkeypatch):
    write_parts(build)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(webapp, "_put", full)
    with pytest.raises(OSError, match="No space left"):
        webapp.unpack_webapp(tmp_path)


def test_no_path_leads_out_of_the_folder(build, tmp_path):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name in ("app/index.html", "app/../../out.txt", "project/package.json"):
            member = tarfile.TarInfo(name)
            member.size = 1
            archive.addfile(member, io.BytesIO(b"x"))
    (webapp.PARTS / webapp.ARCHIVE).write_bytes(lzma.compress(raw.getvalue()))
    target = tmp_path / "deep" / "target"
    target.mkdir(parents=True)
    webapp.unpack_webapp(target)
    assert not list(tmp_path.rglob("out.txt"))


def test_no_app_at_all_is_told(build, tmp_path, monkeypatch):
    monkeypatch.setenv("SKUSHARE_WEBAPP", str(tmp_path / "none"))
    with pytest.raises(ExportError, match="no browser app"):
        webapp.unpack_webapp(tmp_path)


def test_node_comes_with_the_tests_where_the_system_has_none(monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin/none")
    command, path = tool().find_npm()
    done = subprocess.run([*command, "--version"], env={"PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0 and int(done.stdout.split(".")[0]) >= 10


def test_the_packed_app_is_what_its_lock_file_builds_and_passes_its_tests():
    command = [sys.executable, ROOT / "tools" / "build_webapp.py", "--check", "--test"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode and "npm ci: failed" in done.stdout and "CI" not in os.environ:
        pytest.skip(f"npm cannot install what the lock file names: {done.stdout[-300:]}")
    assert done.returncode == 0, done.stdout
