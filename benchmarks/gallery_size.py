"""Whether finding the nearest of many products needs an index: milliseconds for a photo of 150 facings.

python benchmarks/gallery_size.py --csv results/gallery_size.csv

``cpu_ms`` is the processor time of all threads, the least of all repeats.
"""

import argparse
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from skushare.brands.gallery import Gallery, Sku

DIMENSIONS = 128
FACINGS, SIZES, EXAMPLES = 150, (100, 1_000, 10_000), 3


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--repeats", type=int, default=30)
    args = parser.parse_args()
    rng, rows = np.random.default_rng(0), []
    embedder = SimpleNamespace(digest="random", middle=0.7, certainty=lambda s, middle: s)
    for size in SIZES:
        vectors = rng.normal(size=(size * EXAMPLES, DIMENSIONS)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        gallery = Gallery(
            "random",
            [Sku(f"s{i}", f"product {i}", f"brand {i % 500}") for i in range(size)],
            np.repeat(np.arange(size), EXAMPLES),
            vectors,
            [b""] * len(vectors),
            "random",
        )
        times, used = [], []
        for _ in range(args.repeats + 1):
            started, cpu = time.perf_counter(), time.process_time()
            gallery.recognise(vectors[:FACINGS], embedder)
            times.append(1000 * (time.perf_counter() - started))
            used.append(1000 * (time.process_time() - cpu))
        first, *rest = times  # the first also averages the examples and calibrates
        rows.append(
            {
                "products": size,
                "first_ms": round(first, 2),
                "ms": round(float(np.median(rest)), 2),
                "cpu_ms": round(min(used), 2),
            }
        )
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    if args.csv:
        table.to_csv(args.csv, index=False)


if __name__ == "__main__":
    main()
