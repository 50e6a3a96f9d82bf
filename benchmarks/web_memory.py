"""Whether the browser app's engines leak: what they hold after a few frames, and after a thousand.

Every second frame shows nothing, so that none is found in it; all are counted once, and some with brands.
Frames are small: a leak is one at any size.

BUNDLE is a folder that ``skushare export --out BUNDLE`` wrote.

Run: python benchmarks/web_memory.py BUNDLE --csv results/web_memory.csv
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

import pandas as pd
from web_speed import ROOT, open_page

from skushare.samples import sample_pictures

FRAMES = 1000
WARM_UP = 20
SIZE = 160  # pixels


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--frames", type=int, default=FRAMES)
    parser.add_argument("--engines", nargs="+", default=["litert", "wasm"])
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        site = Path(temporary)
        subprocess.run(
            ["npx", "vite", "build", "-c", "bench/vite.config.ts", "--outDir", str(site / "page")],
            cwd=ROOT / "web",
            check=True,
            stdout=subprocess.DEVNULL,
        )
        shutil.copy(sample_pictures()[0], site / "shelf.jpg")
        (site / "bundle").symlink_to(args.bundle.resolve())
        rows = []
        for engine in args.engines:
            rows.append(measure(site, engine, args))
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    if args.csv:
        table.to_csv(args.csv, index=False)
    if (table["tensors_before"] != table["tensors_after"]).any():
        raise SystemExit("tensors were left behind")


def measure(site, engine, args):
    with open_page(site, args.chromium) as (page, browser):
        page.evaluate("() => bench.frame('small', '/shelf.jpg', 240, 180)")
        page.evaluate("() => bench.frame('nothing', '', 240, 180)")
        started = page.evaluate(
            "([engine, size]) => bench.start('a', '/bundle/bundle.json', engine, size, true)", [engine, SIZE]
        )
        assert started["engine"] == engine, started
        count = "(n) => bench.many('a', ['small', 'nothing'], n)"
        before = page.evaluate(count, WARM_UP)
        after = page.evaluate(count, args.frames)
    return {
        "engine": engine,
        "frames": args.frames,
        "without_facings": after["empty"],
        "facings": after["facings"],
        "tensors_before": before["tensors"],
        "tensors_after": after["tensors"],
        "bytes_before": before["bytes"],
        "bytes_after": after["bytes"],
        "browser": browser,
    }


if __name__ == "__main__":
    main()
