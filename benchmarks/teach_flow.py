"""How long it takes to name a new shelf of at least ten brands on the Teach page, in a browser.

python benchmarks/teach_flow.py --port 8779 [--csv FILE]

A made-up shelf is given to a fresh app in Chromium, and each pile is named by the brand that most of its
facings truly have. A pile of which more than a sixth is of other brands is split first. A new name is typed;
of a known one two letters, and it is picked from the list. `app` is what the app took, from Enter or a click
until the board has changed. `person` is what a person would need on top, by the keystroke-level model (Card,
Moran and Newell, 1980): 1.2 s to look at a pile and decide, 1.1 s to point, 0.28 s a key. `ten` is when ten
brands are named, `all` when all piles are; `right` is the share of facings that were taught as what they are.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import sync_playwright

from skushare.dataset.synthetic import generate_shelf
from skushare.detector.runtime import Detector
from skushare.geometry import iou
from skushare.images import read_image, write_image

ROOT = Path(__file__).resolve().parents[1]
LOOK, POINT, KEY = 1.2, 1.1, 0.28  # seconds
PICKED = 4  # keys: two letters, down, Enter
PURE = 5 / 6
PATIENCE = 120_000  # milliseconds


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8779)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photo, truth = shelf(Path(folder))
        environment = {**os.environ, "SKUSHARE_WORKSPACE": str(Path(folder, "workspace"))}
        command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless=true"]
        command += [f"--server.port={args.port}", "--server.fileWatcherType=none"]
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        try:
            wait_for(f"http://localhost:{args.port}/_stcore/health")
            row = teach(f"http://localhost:{args.port}/teach", args.browser, photo, truth)
        finally:
            server.terminate()
            server.wait()
    table = pd.DataFrame([row])
    print(table.T.to_string(header=False))
    if args.csv:
        table.to_csv(args.csv, index=False)


def shelf(folder):
    """A photo of two kinds of products one above the other, and the true brand of each facing found on it."""
    kinds = [generate_shelf(seed, (1280, 640), rows=3, theme=t) for seed, t in ((3, "cereal"), (4, "drinks"))]
    image = np.concatenate([kind.image for kind in kinds])
    boxes = np.concatenate([kind.boxes + [0, 640 * i, 0, 640 * i] for i, kind in enumerate(kinds)])
    brands = [kind.brands[b] for kind in kinds for b in kind.brand_ids]
    photo = folder / "shelf.jpg"
    write_image(photo, image)
    detector = Detector.load()
    found = detector.detect(read_image(photo), mode="photo", min_score=detector.min_score)
    overlaps = iou(found.boxes, boxes)
    return photo, [brands[row.argmax()] if row.max() > 0.3 else "?" for row in overlaps]


def teach(url, browser, photo, truth):
    """Name all piles; a row of what that took."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        page = opened.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(PATIENCE)
        page.goto(url)
        upload = page.locator("input[type=file]").first
        upload.wait_for(state="attached")
        started = time.perf_counter()
        upload.set_input_files(photo)
        piles = page.get_by_role("region", name="Pile")
        piles.first.wait_for()
        first = time.perf_counter() - started
        app, person, typed, splits, right, named, ten = [first], 2 * POINT + LOOK, 0, 0, 0, [], None
        while count := piles.count():
            facings = piles.first.locator(".thumb").evaluate_all("all => all.map(t => t.dataset.facing)")
            votes = Counter(truth[int(i)] for i in facings)
            brand, most = votes.most_common(1)[0]
            if most < PURE * len(facings) and len(facings) > 2:
                before = time.perf_counter()
                piles.first.get_by_role("button", name="Split").click()
                changed(piles, lambda now, count=count: now > count)
                app.append(time.perf_counter() - before)
                person, splits = person + LOOK + POINT, splits + 1
                continue
            field = page.get_by_label("Brand of pile 1", exact=True)
            person += LOOK + POINT + KEY
            if field.input_value() != brand:
                field.fill(brand)
                person += KEY * (min(len(brand), PICKED) if brand in named else len(brand))
                typed += 1
            field.press("Enter")
            named.append(brand)
            right += votes[brand]
            before = time.perf_counter()
            changed(piles, lambda now, count=count: now < count)
            app.append(time.perf_counter() - before)
            if ten is None and len(set(named)) == 10:
                ten = sum(app) + person
        opened.close()
    return {
        "brands": len({*named} - {"?"}),
        "facings": len(truth),
        "piles": len(named),
        "splits": splits,
        "typed": typed,
        "right": round(right / len(truth), 3),
        "app_first_s": round(first, 1),
        "app_each_s": round(float(np.median(app[1:])), 2),
        "app_s": round(sum(app), 1),
        "person_s": round(person, 1),
        "ten_s": ten and round(ten, 1),
        "all_s": round(sum(app) + person, 1),
        "load": round(os.getloadavg()[0], 1),
    }


def changed(piles, holds):
    """Wait until ``holds`` for the number of piles."""
    end = time.monotonic() + PATIENCE / 1000
    while not holds(piles.count()):
        if time.monotonic() > end:
            raise TimeoutError("the board did not change")
        time.sleep(0.02)


def wait_for(url):
    end = time.monotonic() + PATIENCE / 1000
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.3)


if __name__ == "__main__":
    main()
