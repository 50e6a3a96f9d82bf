"""Running an exported TensorFlow.js model in a real JavaScript runtime: a Chromium browser, or Node."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import numpy as np

from skushare.errors import SkushareError
from skushare.export.errors import ExportError
from skushare.export.webapp import unpack_proof

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
MAC_BROWSERS = ("Google Chrome", "Chromium", "Microsoft Edge")
BROWSER_FLAGS = (  # of a browser that is to do nothing by itself
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
)
LEAST_NODE = 18  # the first with fetch()
MOST_BROWSERS = 2  # that are tried: one may be a stub that starts none
REPEATS = 2  # runs of each batch, the last of which is timed
START_SECONDS = 60  # for the runtime to ask for its job
SILENCE_SECONDS = 240  # between two answers of the runtime
NO_WASM = "WebAssembly cannot be used"  # as web/proof/proof.ts says
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".wasm": "application/wasm",
}
PAGE = b"<!doctype html><meta charset=utf-8><title>skushare</title><script type=module src=proof.js></script>"


@dataclass(frozen=True)
class Task:
    """One model and what it is to be run on.

    Attributes:
        name: by which the results are known.
        folder: of its ``model.json``.
        model: the ``GraphModel`` in it; has one input.
        batches: float32 arrays.
    """

    name: str
    folder: Path
    model: object
    batches: list


@dataclass(frozen=True)
class Outcome:
    """What a runtime gave.

    Attributes:
        runtime: its name, ``"Chromium"`` or ``"Node"``, and TensorFlow.js' version and backend.
        results: {task: [{output: flat float32 array} of each batch]}.
        milliseconds: {task: [of the last run of each batch]}.
    """

    runtime: str
    results: dict
    milliseconds: dict


class NotRun(Exception):
    """No runtime could do it; the message says why."""


def runtimes():
    """[(name, command)] of the JavaScript runtimes of this machine, the better one first."""
    found = [("Chromium", path) for name in BROWSERS if (path := shutil.which(name))]
    if sys.platform == "darwin":
        paths = [Path(f"/Applications/{name}.app/Contents/MacOS/{name}") for name in MAC_BROWSERS]
        found += [("Chromium", str(path)) for path in paths if path.is_file()]
    found = found[:MOST_BROWSERS]
    if node := shutil.which("node"):
        found.append(("Node", node))
    return found


def run_tasks(tasks, candidates=None):
    """Run ``tasks`` in the first runtime that can; an :class:`Outcome`.

    Args:
        tasks: list of :class:`Task`.
        candidates: as :func:`runtimes` gives, which is the default.

    Raises:
        NotRun: there is no runtime, or none that works.
        ExportError: a runtime works, but cannot run a model.
    """
    candidates = runtimes() if candidates is None else candidates
    if not candidates:
        raise NotRun("neither Chromium (or Chrome, Edge) nor Node is on this machine")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        try:
            unpack_proof(folder)
        except SkushareError as error:
            raise NotRun(str(error)) from None
        reasons = []
        for name, command in candidates:
            try:
                return _run(name, command, tasks, folder)
            except NotRun as error:
                reasons.append(f"{name}: {error}")
    raise NotRun("; ".join(reasons))


def _run(name, command, tasks, folder):
    exchange = _Exchange(tasks, folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), exchange.handler())
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            if name == "Node":
                arguments = _node(command, folder, address)
            else:
                sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
                flags = ["--headless", *BROWSER_FLAGS, *sandbox, f"--user-data-dir={profile}"]
                arguments = [command, *flags, address]
            with open(Path(profile, "output"), "w+b") as output:
                process = subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
                try:
                    _wait(exchange, process, output)
                finally:
                    _end(process)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotRun(f"{command} cannot be started ({error})") from None
    finally:
        server.shutdown()
        server.server_close()
    return exchange.outcome(name)


def _node(command, folder, address):
    answer = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=60).stdout
    version = answer.strip().lstrip("v").split(".")[0]
    if not version.isdigit() or int(version) < LEAST_NODE:
        raise NotRun(f"{answer.strip() or command} is older than {LEAST_NODE}")
    # The script is that of the browser: it and its libraries are to take Node for one.
    (folder / "node.mjs").write_text(
        "const address = process.argv[2]\n"
        "globalThis.process = undefined\n"
        "globalThis.self = globalThis.window = globalThis\n"
        "globalThis.location = new URL(address)\n"
        "globalThis.document = { baseURI: address }\n"
        "await import('./proof.mjs')\n"
    )
    shutil.copyfile(folder / "proof.js", folder / "proof.mjs")
    return [command, str(folder / "node.mjs"), address]


def _wait(exchange, process, output):
    """Until the runtime says that it is done."""
    started = time.monotonic()
    while not exchange.ended.wait(0.1):
        if exchange.heard is None and time.monotonic() - started > START_SECONDS:
            raise NotRun(f"it did not start within {START_SECONDS} s")
        if exchange.heard is not None and time.monotonic() - exchange.heard > SILENCE_SECONDS:
            raise NotRun(f"it gave no answer for {SILENCE_SECONDS} s")
        if process.poll() is not None and not exchange.ended.wait(1):
            output.seek(0)
            text = output.read()[-2000:].decode(errors="replace").strip().splitlines()
            raise NotRun(f"it ended by itself ({text[-1] if text else process.returncode})")
    if NO_WASM in exchange.failure:
        raise NotRun(f"it has no {NO_WASM.split()[0]}, or has it switched off")
    if exchange.failure:
        raise ExportError(f"TensorFlow.js failed on the exported model: {exchange.failure}")


def _end(process):
    """End ``process`` and its children; a browser has many."""
    try:
        os.killpg(process.pid, 15)
        process.wait(5)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait()


class _Exchange:
    """What is handed to the runtime, and what came back."""

    def __init__(self, tasks, folder):
        self.heard, self.failure, self.ended = None, "", threading.Event()
        self._tasks, self._folder, self._done = tasks, folder, {}
        self._results = {task.name: [{} for _ in task.batches] for task in tasks}
        job = {
            "wasm": "/",
            "repeats": REPEATS,
            "models": [
                {
                    "name": task.name,
                    "address": f"model/{task.name}/model.json",
                    "input": next(iter(task.model.inputs.values())),
                    "outputs": task.model.outputs,
                    "batches": [
                        {"file": f"batch/{task.name}/{number}", "shape": list(batch.shape)}
                        for number, batch in enumerate(task.batches)
                    ],
                }
                for task in tasks
            ],
        }
        self._job = json.dumps(job).encode()

    def outcome(self, name):
        done = self._done
        return Outcome(
            f"{name}, TensorFlow.js {done['tfjs']}, {done['backend']}", self._results, done["milliseconds"]
        )

    def given(self, path):
        """The bytes at ``path``; ``None`` if there are none."""
        if path == "":
            return PAGE
        if path == "job.json":
            return self._job
        kind, _, rest = path.partition("/")
        name, _, rest = rest.partition("/")
        task = next((task for task in self._tasks if task.name == name), None)
        if task and kind == "batch" and rest.isdigit():
            return np.ascontiguousarray(task.batches[int(rest)], "<f4").tobytes()
        if task and kind == "model" and rest in ("model.json", *task.model.shards):
            return (task.folder / rest).read_bytes()
        if not kind.startswith(".") and path == kind and (self._folder / path).is_file():
            return (self._folder / path).read_bytes()
        return None

    def taken(self, path, content):
        """Keep what the runtime sent; whether it is something that was asked for."""
        kind, *names = path.split("/")
        if kind == "failed":
            self.failure = content.decode(errors="replace")[:500] or "without a word"
            self.ended.set()
        elif kind == "done":
            self._done = json.loads(content)
            self.ended.set()
        elif kind == "result" and len(names) == 3 and names[0] in self._results:
            self._results[names[0]][int(names[1])][names[2]] = np.frombuffer(content, "<f4")
        else:
            return False
        return True

    def handler(exchange):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                exchange.heard = time.monotonic()
                path = unquote(self.path.partition("?")[0]).lstrip("/")
                content = exchange.given(path)
                self._answer(404 if content is None else 200, content or b"", Path(path or "x.html").suffix)

            def do_POST(self):
                exchange.heard = time.monotonic()
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                known = exchange.taken(unquote(self.path).lstrip("/"), content)
                self._answer(200 if known else 404, b"", "")

            def _answer(self, status, content, suffix):
                self.send_response(status)
                self.send_header("Content-Type", TYPES.get(suffix, "application/octet-stream"))
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        return Handler
