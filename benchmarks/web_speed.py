"""Frames a second in a browser, side by side in one page: the app's core against the article's graph.

Ours is timed end to end, from a frame on a canvas to boxes on the page: the picture goes to the worker, is
resized, run, decoded and suppressed there. The article's is timed by its own procedure: ``fromPixels``, the
whole graph by ``executeAsync``, results read back. Frames of all methods take turns, so that other work on
the machine hits all alike; ``cpu_ms`` is the processor time of all of the browser's processes for a frame,
which other work changes little (every method calculates on one thread).

``@tensorflow-models/coco-ssd`` is not among them: its weights lie in a hub that cannot be reached from where
this was measured, and npm has the code alone.

Node and Chromium are needed (``npm ci`` in web/).

Run: python benchmarks/web_speed.py --csv results/web_speed.csv
"""

import argparse
import functools
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import article_graph
import numpy as np
import pandas as pd
import psutil

from skushare.detector.models import LITERT, read_model
from skushare.detector.presets import SSD_MOBILENET_V2_320
from skushare.samples import sample_pictures

ROOT = Path(__file__).resolve().parents[1]
FRAME = (1280, 720)
ROUNDS = 25
WARM_UP = 3


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--webgl", type=int, default=0, metavar="ROUNDS", help="rounds on WebGL as well")
    parser.add_argument(
        "--isolated", action="store_true", help="cross-origin isolated, so that threads may run"
    )
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    parser.add_argument("--work", type=Path, help="where to keep the converted models for another run")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        site = args.work or Path(temporary)
        prepare(site)
        rows = measure(site, args)
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    if args.csv:
        table.to_csv(args.csv, index=False)


def prepare(site):
    """Write the page and the models to the folder ``site``."""
    site.mkdir(parents=True, exist_ok=True)
    web = ROOT / "web"
    subprocess.run(
        ["npx", "vite", "build", "-c", "bench/vite.config.ts", "--outDir", str((site / "page").resolve())],
        cwd=web,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    shutil.copy(sample_pictures()[0], site / "shelf.jpg")
    if not (site / "article" / "model.json").is_file():
        article_graph.write_article_graph(site / "article")
    if not (site / "dense" / "bundle.json").is_file():
        write_dense(site / "dense")
    if not (site / "faithful" / "bundle.json").is_file():
        write_faithful(site / "faithful")


def write_dense(folder):
    """The shipped model, as ``skushare export`` converts it."""
    import keras  # noqa: F401  (TensorFlow's backend, before the network is built)

    from skushare.detector.network import build_network
    from skushare.detector.weights import load_weights
    from skushare.export.inference import inference_network

    model = read_model()
    network = build_network(model.config, (None, None))
    load_weights(network, model.folder / "weights.npz")
    write_bundle(folder, model.config, inference_network(network), model.path(LITERT).read_bytes())


def write_faithful(folder):
    """The 320-pixel preset with random weights."""
    from skushare.detector.preprocess import prepare
    from skushare.export.litert import export_litert
    from skushare.images import read_image

    config = replace(SSD_MOBILENET_V2_320, min_score=0.6, live_min_score=0.6)  # the article draws above .6
    network = article_graph.random_network(config)
    pictures = [prepare(read_image(path), 320, (320, 320), "stretch")[0] for path in sample_pictures()]
    write_bundle(folder, config, network, export_litert(network, "int8", pictures))


def write_bundle(folder, config, network, litert):
    """A bundle of a detector alone."""
    from skushare.export.tfjs import convert

    (folder / "model").mkdir(parents=True, exist_ok=True)
    graph = convert(network).write(folder / "model", "float16")
    (folder / "detector.tflite").write_bytes(litert)
    files = {
        path.relative_to(folder).as_posix(): {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "bytes": path.stat().st_size,
        }
        for path in folder.rglob("*")
        if path.is_file()
    }
    detector = {
        "tfjs": "model/model.json",
        "litert": "detector.tflite",
        "precision": "float16",
        "inputs": graph.inputs,
        "outputs": graph.outputs,
        "config": json.loads(config.to_json()),
    }
    content = {"format": "skushare bundle 1", "detector": detector, "embedder": None, "files": files}
    (folder / "bundle.json").write_text(json.dumps(content))


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript"}
    isolated = False

    def end_headers(self):
        if self.isolated:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def open_page(site, chromium, isolated=False):
    """(page, what browser it is) of the folder ``site``, served to Chromium."""
    from playwright.sync_api import sync_playwright

    handler = type("Handler", (_Handler,), {"isolated": isolated})
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(handler, directory=str(site))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/page/index.html")
            page.wait_for_function("globalThis.bench")
            page.evaluate("([w, h]) => bench.frame('shelf', '/shelf.jpg', w, h)", list(FRAME))
            yield page, f"Chromium {browser.version}"
            browser.close()
    finally:
        server.shutdown()


def measure(site, args):
    with open_page(site, args.chromium, args.isolated) as (page, name):
        rows = on_wasm(page, args.rounds)
        if args.webgl:
            rows += on_webgl(page, args.webgl)
    return [row | {"browser": name, "isolated": args.isolated} for row in rows]


def on_wasm(page, rounds):
    page.evaluate("bench.start('probe', '/dense/bundle.json')")
    probes = page.evaluate("bench.probe('probe')")
    best = page.evaluate("(probes) => bench.choose(probes)", probes)
    page.evaluate("bench.stop('probe')")
    print("probe:", json.dumps(probes), "chosen:", json.dumps(best))
    methods = {"article, 300 px, in-graph NMS, executeAsync": ("article", "wasm", 300)}
    page.evaluate("bench.loadArticle('article', '/article/model.json', 'wasm')")
    live = f"ours, live preset ({best['size']} px by the probe)"
    others = [size for size in (320, 416, 640) if size != best["size"]]
    sizes = {live: best["size"], **{f"ours, shelf_dense {size} px": size for size in others}}
    for name, size in sizes.items():
        for engine in ("litert", "wasm"):
            methods[f"{name}, {engine}"] = ("dense", engine, size)
    for engine in ("litert", "wasm"):
        methods[f"ours, ssd_mobilenet_v2_320, {engine}"] = ("faithful", engine, 320)
    return take_turns(page, methods, rounds, "WASM")


def on_webgl(page, rounds):
    page.evaluate("bench.loadArticle('article', '/article/model.json', 'webgl')")
    methods = {
        "article, 300 px, in-graph NMS, executeAsync": ("article", "webgl", 300),
        "ours, shelf_dense 320 px, webgl": ("dense", "webgl", 320),
        "ours, ssd_mobilenet_v2_320, webgl": ("faithful", "webgl", 320),
    }
    return take_turns(page, methods, rounds, "WebGL (software)")


def take_turns(page, methods, rounds, backend):
    """A row a method; its frames in turn with those of the others."""
    for name, (kind, engine, size) in methods.items():
        if kind != "article":
            page.evaluate(
                "([n, kind, engine, size]) => bench.start(n, `/${kind}/bundle.json`, engine, size)",
                [name, kind, engine, size],
            )
    times, used = {name: [] for name in methods}, dict.fromkeys(methods, 0.0)
    for turn in range(WARM_UP + rounds):
        for name, (kind, _, _) in methods.items():
            task = (
                "(n) => bench.article('article', 'shelf')"
                if kind == "article"
                else "(n) => bench.ours(n, 'shelf')"
            )
            before = _processor_seconds()
            milliseconds = page.evaluate(task, name)
            if turn >= WARM_UP:
                times[name].append(milliseconds)
                used[name] += _processor_seconds() - before
    article = next(iter(methods))
    rows = []
    for name, taken in times.items():
        median = np.median(taken)
        rows.append(
            {
                "backend": backend,
                "method": name,
                "frames": len(taken),
                "median_ms": round(median, 1),
                "p90_ms": round(np.quantile(taken, 0.9), 1),
                "fps": round(1000 / median, 2),
                "times_the_article": round(np.median(times[article]) / median, 2),
                "cpu_ms": round(1000 * used[name] / len(taken), 1),
                "times_the_article_by_cpu": round(used[article] / max(used[name], 1e-9), 2),
                "load": round(os.getloadavg()[0], 1),
            }
        )
        if name in methods and methods[name][0] != "article":
            page.evaluate("(n) => bench.stop(n)", name)
    return rows


def _processor_seconds():
    """Processor time of the browser, which is a child of this process."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            spent = process.cpu_times()
            total += spent.user + spent.system
    return total


if __name__ == "__main__":
    main()
