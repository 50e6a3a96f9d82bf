"""Frames a second of the Live page as its visitor sees them, with the browser on the same computer.

python benchmarks/live_page.py [--seconds 40] [--csv results/live_page.csv]

A fresh app and Chromium, whose camera plays a hand-held sweep (dataset/synthetic/sweep.py) along a made-up
shelf to and fro, 960 x 720 at 15 frames a second. Facings are counted, tracked and named by look, which
takes what a gallery takes and the grouping on top; boxes and charts are drawn. Nothing is timed from
outside: the figures are those that the page tells, one a second after a while of settling, their medians.
The browser decodes, encodes and paints on the same cores; with a phone as the camera it does not. In the
other way, Streamlit collects garbage after each run of the page, as it does unless told otherwise
(.streamlit/config.toml).
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from playwright.sync_api import sync_playwright
from teach_flow import wait_for

from skushare.dataset.synthetic import generate_shelf, sweep

ROOT = Path(__file__).resolve().parents[1]
SIZE, FPS = (960, 720), 15
PATH = (
    (0.0, 0.0, False),
    (4.0, 1.0, False),
    (8.0, 0.0, False),
)  # begins where it ends: it is played on and on
SETTLING = 20  # seconds
WAYS = {"as shipped": "false", "collecting garbage after each run": "true"}
PATIENCE = 120_000  # milliseconds


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=40, help="that are measured, of each way")
    parser.add_argument("--port", type=int, default=8778)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder, "camera.y4m")
        write_video(video)
        for way, collects in WAYS.items():
            environment = {**os.environ, "SKUSHARE_WORKSPACE": str(Path(folder, collects))}
            command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless=true"]
            command += [f"--server.port={args.port}", f"--runner.postScriptGC={collects}"]
            server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
            try:
                wait_for(f"http://localhost:{args.port}/_stcore/health")
                told = watch(f"http://localhost:{args.port}/live", args.browser, video, args.seconds)
            finally:
                server.terminate()
                server.wait()
            rows.append({"way": way, **told, "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)})
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    table.insert(2, "ratio", (table["fps"] / table["fps"].iloc[0]).round(2))
    print(table.to_string(index=False))
    if args.csv:
        table.to_csv(args.csv, index=False)


def write_video(path):
    """The sweep as Chromium's fake camera plays it."""
    shelf = generate_shelf(7, (2 * SIZE[0], SIZE[1]), theme="cereal")
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{SIZE[0]} H{SIZE[1]} F{FPS}:1 Ip A1:1 C420jpeg\n".encode())
        for view in sweep(shelf.image, shelf.boxes, SIZE, path=PATH, fps=FPS):
            file.write(b"FRAME\n" + cv2.cvtColor(view.image, cv2.COLOR_RGB2YUV_I420).tobytes())


def watch(url, browser, video, seconds):
    """Medians of what the page tells."""
    flags = ["--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream"]
    flags += ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={video}"]
    told = []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=flags)
        page = opened.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(PATIENCE)
        page.goto(url)
        page.frame_locator("iframe").get_by_role("button", name="Start the camera").click()
        page.get_by_text("Facings over time").wait_for()
        time.sleep(SETTLING)
        for _ in range(seconds):
            time.sleep(1)
            told.append(metrics(page))
        opened.close()
    values = pd.DataFrame(told)
    size = values["ms a frame of"].map(lambda pair: pair[1]).mode()[0]
    ms = np.median([pair[0] for pair in values["ms a frame of"]])
    return {
        "fps": round(values["fps"].median(), 1),
        "least_fps": values["fps"].quantile(0.1).round(1),
        "ms_a_frame": round(ms),
        "size": size,
        "facings": round(values["In view"].median()),
    }


def metrics(page):
    """{label: value} of the metrics on the page; the one of time is (milliseconds, pixels)."""
    found = {}
    for shown in page.get_by_test_id("stMetric").all():
        label = shown.get_by_test_id("stMetricLabel").inner_text()
        value = float(shown.get_by_test_id("stMetricValue").inner_text().replace(",", ""))
        start, _, pixels = label.removesuffix(" px").rpartition(" ")
        found |= {start: (value, int(pixels))} if pixels.isdecimal() else {label: value}
    return found


if __name__ == "__main__":
    main()
