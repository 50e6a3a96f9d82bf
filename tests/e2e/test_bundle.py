"""The whole export of the shipped model: what it consists of, how it is proved, and rebuilding it by Node."""

import hashlib
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from skushare.brands.embedder import Embedder
from skushare.brands.gallery_files import read_gallery
from skushare.detections import Detections
from skushare.detector.runtime import Detector
from skushare.export.errors import ExportError
from skushare.export.folder import version_of
from skushare.export.golden import compare
from skushare.export.manifest import finish, read_bundle
from skushare.images import read_image
from skushare.samples import DEMO_GALLERY
from tests.export.test_javascript import node


@pytest.fixture(scope="module")
def bundle(exported):
    return exported.bundle


@pytest.fixture
def copy(bundle, tmp_path):
    return shutil.copytree(bundle, tmp_path / "bundle")


def test_every_proof_passed_in_a_real_javascript_runtime(bundle):
    report = json.loads((bundle / "report.json").read_text())
    passed = {check["name"]: check["passed"] for check in report["checks"]}
    assert passed and all(passed.values()), report[
        "checks"
    ]  # "not run" would not do: there is a browser here
    assert {"JavaScript: detector", "JavaScript: boxes", "JavaScript: embedder"} <= passed.keys()
    rows = {row["precision"].split()[0]: row for row in report["accuracy"]}
    assert rows["float32"]["box moved by"] < 0.01 and rows["float32"]["unmatched"] == 0
    assert rows["float16"]["box moved by"] < 1 and rows["float16"]["unmatched"] == 0
    assert rows["uint8"]["bytes"] < 0.3 * rows["float32"]["bytes"]
    assert report["timings"] and (bundle / "report.md").read_text().startswith("# Export report")


def test_the_description_tells_all_that_the_app_needs(bundle):
    description, detector, embedder = read_bundle(bundle), Detector.load(), Embedder.load()
    found = description["detector"]
    assert found["config"] == json.loads(detector.config.to_json()) and found["digest"] == detector.digest
    assert (description["embedder"]["digest"], description["embedder"]["size"]) == (
        embedder.digest,
        embedder.size,
    )
    for part in (found, description["embedder"]):
        graph = json.loads((bundle / part["tfjs"]).read_text())
        names = {node["name"] for node in graph["modelTopology"]["node"]}
        tensors = [*part.get("inputs", {}).values(), *part.get("outputs", {}).values()]
        tensors += [part[key] for key in ("input", "output") if key in part]
        assert tensors and {tensor.split(":")[0] for tensor in tensors} <= names
        (group,) = graph["weightsManifest"]
        sizes = [(bundle / part["tfjs"]).with_name(name).stat().st_size for name in group["paths"]]
        assert all(size == 4 << 20 for size in sizes[:-1]) and sizes[-1] <= 4 << 20
    metadata = json.loads((bundle / found["tfjs"]).read_text())["userDefinedMetadata"]
    assert metadata["labels"] == ["facing"] and metadata["licence"] == description["licence"]
    assert metadata["thresholds"]["live"] == detector.threshold("live")
    assert read_gallery(bundle / "gallery").digest == read_gallery(DEMO_GALLERY, embedder).digest


def test_the_golden_pictures_carry_what_python_finds(bundle):
    golden = json.loads((bundle / "golden" / "golden.json").read_text())
    detector = Detector.load()
    assert len(golden["pictures"]) == 3
    for entry in golden["pictures"]:
        found = detector.detect(read_image(bundle / entry["file"]), "live", min_score=golden["min_score"])
        np.testing.assert_allclose(found.boxes, entry["detector"]["boxes"], atol=0.01)
        network = Detections(*(entry["network"][name] for name in ("boxes", "scores", "class_ids")))
        # Eight bits may put one facing to the other side of the threshold.
        assert compare([network], [found])["unmatched"] <= 1


def test_the_service_worker_keeps_every_file_by_its_hash(bundle):
    description, worker = read_bundle(bundle), (bundle / "sw.js").read_text()
    assert "__SKUSHARE_FILES__" not in worker
    start = worker.index('[{"url": ')
    listed = json.JSONDecoder().raw_decode(worker[start:])[0]
    revisions = {entry["url"]: entry["revision"] for entry in listed}
    for name, revision in revisions.items():
        assert hashlib.sha256((bundle / name).read_bytes()).hexdigest() == revision
    assert revisions.keys() == {*description["files"], "bundle.json"}
    assert {"index.html", "model/detector/model.json", "gallery/gallery.json"} <= revisions.keys()
    assert not any(name.startswith(("golden", "project", "sw.js", "report")) for name in revisions)
    assert description["version"] == version_of({n: e["sha256"] for n, e in description["files"].items()})


def test_all_addresses_of_the_page_are_relative(bundle):
    addresses = re.findall(r'(?:src|href)="([^"]*)"', (bundle / "index.html").read_text())
    assert addresses and not [a for a in addresses if a.startswith("/") or "://" in a]


@pytest.mark.parametrize("damage", ["missing", "changed", "no description", "another format", "no list"])
def test_a_damaged_bundle_is_named(copy, damage):
    shard, file = copy / "model" / "detector" / "group1-shard1of2.bin", copy / "bundle.json"
    {
        "missing": shard.unlink,
        "changed": lambda: shard.write_bytes(b"x" + shard.read_bytes()[1:]),
        "no description": file.unlink,
        "another format": lambda: file.write_text('{"format": "skushare bundle 9"}'),
        "no list": lambda: file.write_text("[]"),
    }[damage]()
    with pytest.raises(
        ExportError, match="group1-shard1of2" if damage in ("missing", "changed") else "bundle"
    ):
        read_bundle(copy)


def test_node_finishes_a_rebuilt_app_as_python_does(copy, bundle):
    description = json.loads((copy / "bundle.json").read_text())
    dist = copy / "project" / "dist"
    for name in description["files"]:
        if name.split("/")[0] not in ("model", "gallery"):
            (dist / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(copy / name, dist / name)
    (dist / "index.html").write_text((dist / "index.html").read_text() + "<!-- changed -->")
    (dist / "assets" / "new-1.js").write_text("new")
    worker = (bundle / "sw.js").read_text()
    start = worker.index('[{"url": ')
    length = json.JSONDecoder().raw_decode(worker[start:])[1]
    (dist / "sw.js").write_text(worker[:start] + "self.__SKUSHARE_FILES__" + worker[start + length :])
    subprocess.run([node(), copy / "project" / "bundle.mjs"], check=True, capture_output=True)
    by_node = read_bundle(copy)
    assert by_node["version"] != description["version"] and "assets/new-1.js" in by_node["files"]
    listed = (copy / "sw.js").read_text()
    shutil.copyfile(dist / "sw.js", copy / "sw.js")
    finish(copy, dict(description))
    assert read_bundle(copy)["files"] == by_node["files"]
    assert read_bundle(copy)["version"] == by_node["version"]

    def names(text):
        return [e["url"] for e in json.JSONDecoder().raw_decode(text[text.index('[{"url":') :])[0]]

    assert names((copy / "sw.js").read_text()) == names(listed)


def test_it_is_a_project_whose_lock_file_names_no_registry(bundle):
    package = json.loads((bundle / "package.json").read_text())
    assert {"start", "build"} <= package["scripts"].keys()
    lock = json.loads((bundle / "package-lock.json").read_text())
    assert lock["packages"][""]["dependencies"] == package["dependencies"]
    assert not any("resolved" in entry for entry in lock["packages"].values())
    assert (bundle / "project" / "src" / "main.ts").is_file() and (bundle / ".nojekyll").is_file()
