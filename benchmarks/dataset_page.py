"""How fast the Datasets page is, and what memory it takes, at the size of SKU-110K.

    python benchmarks/dataset_page.py [--images 12000] [--boxes 147] [--keep FOLDER]

Makes a dataset of pictures as large as SKU-110K's, starts the app on it and goes through the
page in a headless Chromium. A time runs from the click until what it asked for can be seen.
On a machine that does other work, the server's seconds of the CPU tell more.
The first scan (labels whose cached columns are gone) is measured by itself, without the app.
"""

import argparse
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from playwright.sync_api import sync_playwright

from skushare.dataset import store
from skushare.dataset.dataset import Dataset, Sample
from skushare.dataset.filters import Filter, find
from skushare.images import read_image, write_image
from skushare.samples import sample_pictures
from skushare.workspace import workspace

ROOT = Path(__file__).resolve().parents[1]
SIZE = (2448, 3264)  # of most pictures of SKU-110K
LABELS = ("carton", "bottle", "can", "pouch")
PATIENCE = 120_000  # milliseconds


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=12_000)
    parser.add_argument("--boxes", type=int, default=147, help="of each picture")
    parser.add_argument("--keep", metavar="FOLDER", help="make the dataset here, or use the one that is here")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["SKUSHARE_WORKSPACE"] = args.keep or scratch
        rows = []
        if "large" not in store.dataset_names():
            rows.append(("storing the labels", *_timed(lambda: _make(args.images, args.boxes))))
        for columns in (store.dataset_folder("large") / "cache").glob("*.npz"):
            columns.unlink()
        rows.append(("first scan", *_timed(lambda: store.open_index("large"))))
        rows.append(("opening from the cache", *_timed(lambda: store.open_index("large"))))
        rows.append(("open_dataset, as training does", *_timed(lambda: store.open_dataset("large"))))
        rows += _page(args.images, args.boxes)
    print(f"{args.images:,} pictures of {SIZE[0]} x {SIZE[1]}, {args.images * args.boxes:,} boxes")
    table = pd.DataFrame(rows, columns=["step", "seconds", "server CPU", "server MB"])
    print(table.to_string(index=False, float_format="{:.2f}".format))


def _make(images, boxes):
    """A dataset of so many entries; a few pictures under many names."""
    folder = workspace() / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for number, path in enumerate(sample_pictures()):
        drawn.append(folder / f"{number}.jpg")
        write_image(drawn[-1], cv2.resize(read_image(path), SIZE, interpolation=cv2.INTER_CUBIC))
    rng = np.random.default_rng(0)
    samples = []
    for number in range(images):
        corners = rng.uniform(0, 0.93, (boxes, 2)) * SIZE
        table = np.hstack([corners, corners + rng.uniform(0.02, 0.07, (boxes, 2)) * SIZE])
        class_ids = rng.integers(0, len(LABELS), boxes, np.int32)
        split = "val" if number % 10 == 9 else "train"
        path = drawn[number % len(drawn)]
        samples.append(Sample(path, *SIZE, table, class_ids, split=split))
    store.add_dataset(Dataset("large", tuple(samples), LABELS), "large")


def _page(images, boxes):
    rows = []
    with _server() as (url, process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE)

        def step(name, act, text):
            started, busy = time.perf_counter(), _cpu_seconds(process)
            act()
            page.get_by_text(text).first.wait_for()
            page.locator(".frame img, .sheet img").last.evaluate("picture => picture.decode()")
            seconds = time.perf_counter() - started
            rows.append((name, seconds, _cpu_seconds(process) - busy, _megabytes(process)))
            time.sleep(1)  # what the browser still does must not count for the next step

        turn = page.get_by_test_id("stPaginationNext").click
        page.goto(f"{url}/photos")
        page.get_by_text("Count facings on photos").first.wait_for()
        rows.append(("(the app with its detector, before)", np.nan, np.nan, _megabytes(process)))
        step("first paint", page.get_by_role("link", name="Datasets").click, f"1 to 20 of {images:,}")
        page.get_by_role("link", name="Photos").click()
        page.get_by_text("Count facings on photos").first.wait_for()
        again = page.get_by_role("link", name="Datasets").click
        step("coming back from another page", again, f"1 to 20 of {images:,}")
        step("next page", turn, "21 to 40 of")
        step(
            "page turn, thumbnails to be made", page.get_by_label("Page 5", exact=True).click, "81 to 100 of"
        )
        step("next page", turn, "101 to 120 of")
        page.get_by_text("Filter and order").click()
        step("filter: split", page.get_by_role("button", name="val").click, f"of {images // 10:,} pictures")
        page.get_by_role("combobox", name="Class").click()
        step("filter: class", page.get_by_role("option", name="can").click, f" of {boxes} boxes")
        text = page.get_by_label("File name contains")
        text.fill("3.jpg")
        wanted = Filter(text="3.jpg", splits=("val",), classes=("can",))
        found = len(find(store.open_index("large"), wanted)[0])
        step("filter: text", lambda: text.press("Enter"), f"of {found:,} pictures")
        step("open a picture", page.locator("button:has(.frame)").first.click, "Click a box")
        page.get_by_role("button", name="Add a box").click()
        box = page.locator(".stage").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 4
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 30, y + 40, steps=3)
        step("add a box and save it", page.mouse.up, f"{boxes + 1} boxes. ")
        browser.close()
    return rows


@contextmanager
def _server():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless=true"]
    process = subprocess.Popen(
        [*command, f"--server.port={port}", "--server.fileWatcherType=none"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.2)
        yield url, process
    finally:
        process.terminate()
        process.wait()


def _timed(act):
    """Seconds, seconds of the CPU, and the process's greatest memory so far in MB."""
    started, busy = time.perf_counter(), time.process_time()
    act()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return time.perf_counter() - started, time.process_time() - busy, most


def _cpu_seconds(process):
    """What the server has taken of the CPU, where the system tells it."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2].split()
    except FileNotFoundError:
        return np.nan
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes(process):
    """Memory of the server now."""
    output = subprocess.run(["ps", "-o", "rss=", "-p", str(process.pid)], capture_output=True, text=True)
    return int(output.stdout) // 1024


if __name__ == "__main__":
    main()
