"""How long lists, filters and trends take with many audits, and what packing the facings of a photo saves.

    python benchmarks/audit_store.py                          100,000 audits of 100 facings, SQLite
    python benchmarks/audit_store.py --audits 5000            quicker
    python benchmarks/audit_store.py --url postgresql://...   into an empty schema of its own
    python benchmarks/audit_store.py --rows                   also a row a facing, to compare (SQLite)
    python benchmarks/audit_store.py --csv results/audit_store.csv

Audits are written in bulk, through the tables; everything that is timed goes through skushare's functions, as
the History page calls them, each in this process for the first time on that data, then twice more.
"""

import argparse
import os
import sqlite3
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import insert, text

from skushare.audits import listing, store
from skushare.audits.audit import Audit, AuditPhoto
from skushare.audits.corrections import Facing
from skushare.audits.listing import Filter
from skushare.audits.names import name_ids
from skushare.audits.packing import pack
from skushare.database import engine as database
from skushare.database.tables import AuditRow, FacingsRow, PhotoRow, ShareRow
from skushare.detections import Detections

STORES, SHELVES, CATEGORIES, BRANDS, BRANDS_A_SHELF = 200, 30, 12, 40, 10
YEARS = 5
CHUNK = 1000


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--audits", type=int, default=100_000)
    parser.add_argument("--facings", type=int, default=100)
    parser.add_argument("--url", help="database (default: a SQLite file that is removed at the end)")
    parser.add_argument("--rows", action="store_true", help="also measure a row a facing")
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SKUSHARE_WORKSPACE"] = folder
        os.environ["SKUSHARE_DATABASE"] = args.url or f"sqlite:///{folder}/skushare.db"
        began = time.perf_counter()
        fill(args.audits, args.facings)
        print(
            f"{args.audits:,} audits of {args.facings} facings written in {time.perf_counter() - began:.0f} s"
        )
        print(f"database: {size() / 1e6:,.0f} MB; facings in it: {facings_size() / 1e6:,.0f} MB")
        table = measure(args.audits)
        print(f"\n{table.round(1).to_string(index=False)}")
        if args.csv:
            table.insert(0, "database", database.engine().dialect.name)
            table.insert(1, "audits", args.audits)
            table.round(1).to_csv(args.csv, index=False)
        if args.rows:
            compare_rows(Path(folder) / "rows.db", args.audits, args.facings)
        database.close()


def facings(rng, count):
    """A shelf's worth of detections: sides of plausible packs, scores, rows, brands with their scores."""
    corners = rng.uniform(0, 4000, (count, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(40, 160, (count, 2))], axis=1)
    brands = rng.choice(BRANDS, BRANDS_A_SHELF, replace=False)
    return Detections(
        boxes,
        rng.uniform(0.3, 1, count),
        np.zeros(count),
        row_ids=np.sort(rng.integers(0, 6, count)),
        brand_ids=rng.choice(brands, count),
        sku_ids=rng.integers(0, 200, count),
        brand_scores=rng.uniform(0.5, 1, count),
    )


def fill(audits, count):
    """Write ``audits`` audits of one photo with ``count`` facings each."""
    rng = np.random.default_rng(0)
    first = datetime(2021, 1, 1, tzinfo=timezone.utc).timestamp()
    with database.session() as db:
        counts = {"store": STORES, "category": CATEGORIES, "shelf": SHELVES}
        names = [[f"{word} {i}" for i in range(count)] for word, count in counts.items()]
        brands = [f"brand {i}" for i in range(BRANDS)]
        ids = name_ids(db, [*names[0], *names[1], *names[2], *brands])
    brand_ids = np.array([ids[name] for name in brands])
    for start in range(0, audits, CHUNK):
        rows = ([], [], [], [])
        for number in range(start + 1, min(start + CHUNK, audits) + 1):
            found = facings(rng, count)
            on_shelf, counts = np.unique(found.brand_ids, return_counts=True)
            columns, data = pack(found)
            rows[0].append(
                {
                    "id": number,
                    "store_id": ids[names[0][rng.integers(STORES)]],
                    "shelf_id": ids[names[2][number % SHELVES]],
                    "category_id": ids[names[1][rng.integers(CATEGORIES)]],
                    "time": int(first + YEARS * 365 * 86_400 * number / audits),
                    "utc_offset": 3600,
                    "note": "",
                    "source": "photos",
                    "finished": True,
                    "planned": 1,
                    "photos": 1,
                    "facings": count,
                    "corrections": 0,
                    "brands": brand_ids.tolist(),
                    "model": "shelf_dense",
                    "model_digest": "0" * 64,
                    "gallery": "shop",
                    "gallery_digest": "0" * 64,
                    "thresholds": {"score": 0.4, "brand": 0.6},
                    "software": "benchmark",
                }
            )
            photo = {"id": number, "audit_id": number, "position": 0, "name": "shelf.jpg"}
            rows[1].append(photo | {"picture": f"{number:064x}", "width": 4000, "height": 3000})
            rows[2].append({"photo_id": number, "count": count, "columns": columns, "data": data})
            rows[3].extend(
                {
                    "audit_id": number,
                    "brand_id": brand,
                    "facings": n,
                    "share": n / count,
                    "margin": 0.02,
                    "linear_share": n / count,
                }
                for brand, n in zip(brand_ids[on_shelf].tolist(), counts.tolist(), strict=True)
            )
        with database.session() as db:
            for table, values in zip((AuditRow, PhotoRow, FacingsRow, ShareRow), rows, strict=True):
                db.execute(insert(table), values)
    with database.session() as db:
        if database.engine().dialect.name == "postgresql":  # ids were given, so its counters do not know them
            for table in ("audits", "photos"):
                db.execute(text(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))"))


def measure(audits):
    """What the History page's calls take: a DataFrame, a row a call, in milliseconds."""
    year = Filter(
        since=datetime(2023, 1, 1, tzinfo=timezone.utc), until=datetime(2024, 1, 1, tzinfo=timezone.utc)
    )
    brands = tuple(f"brand {i}" for i in range(8))
    stores = tuple(f"store {i}" for i in range(4))
    calls = {
        "list: first page of all": lambda: listing.list_audits(limit=50),
        "list: last page of all": lambda: listing.list_audits(limit=50, offset=audits - 50),
        "list: one store": lambda: listing.list_audits(Filter(stores=stores[:1]), limit=50),
        "list: one shelf": lambda: listing.list_audits(Filter(shelves=("shelf 3",)), limit=50),
        "list: one category": lambda: listing.list_audits(Filter(categories=("category 3",)), limit=50),
        "list: one brand": lambda: listing.list_audits(Filter(brands=("brand 3",)), limit=50),
        "list: a year": lambda: listing.list_audits(year, limit=50),
        "count: all": listing.count_audits,
        "count: one brand": lambda: listing.count_audits(Filter(brands=("brand 3",))),
        "names of stores": lambda: listing.known_names("store"),
        "totals of brands: all": listing.brand_totals,
        "totals of brands: four stores": lambda: listing.brand_totals(Filter(stores=stores)),
        "totals of brands: a year": lambda: listing.brand_totals(year),
        "trend: 8 brands, all, by week": lambda: listing.trend(Filter(), brands),
        "trend: 8 brands, a year, by day": lambda: listing.trend(year, brands, "day"),
        "trend: 8 brands, 4 stores apart": lambda: listing.trend(
            Filter(stores=stores), brands, apart=("store",)
        ),
        "state of the store": listing.revision,
        "open an audit": lambda: store.open_audit(audits // 2),
        "open, correct, save": lambda: correct(audits // 3),
        "save an audit": save,
    }
    # What this process computed does not depend on what else the machine does; SQLite computes in it.
    rows = []
    for name, call in calls.items():
        times = [timed(call) for _ in range(3)]
        began = time.process_time()
        call()
        computed = time.process_time() - began
        taken = {"first_ms": times[0], "later_ms": min(times[1:]), "computed_ms": computed}
        rows.append({"call": name} | {key: 1000 * value for key, value in taken.items()})
    return pd.DataFrame(rows)


def correct(number):
    audit = store.open_audit(number).corrected()
    found = audit.photos[0].detections
    facing = Facing(tuple(found.boxes[0].tolist()), audit.brands[found.brand_ids[0]])
    store.save_correction(number, audit.photos[0].id, facing, None)


def save():
    found = facings(np.random.default_rng(1), 100)
    photo = AuditPhoto("shelf.jpg", f"{time.time_ns():064x}", 4000, 3000, found)
    brands = tuple(f"brand {i}" for i in range(BRANDS))
    store.save_audit(Audit((photo,), brands, datetime.now(timezone.utc) - timedelta(days=1), store="store 1"))


def compare_rows(path, audits, count):
    """Print the size and the time to open an audit with a row a facing, in a SQLite file of that alone."""
    rng = np.random.default_rng(0)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(
        "CREATE TABLE facings (photo_id INT, number INT, l REAL, t REAL, r REAL, b REAL, score REAL,"
        " class INT, row INT, brand INT, sku INT, brand_score REAL,"
        " PRIMARY KEY (photo_id, number)) WITHOUT ROWID"
    )
    began = time.perf_counter()
    for number in range(audits):
        f = facings(rng, count)
        columns = (f.scores, f.class_ids, f.row_ids, f.brand_ids, f.sku_ids, f.brand_scores)
        rows = zip(range(count), *f.boxes.T.tolist(), *(column.tolist() for column in columns), strict=True)
        connection.executemany(
            "INSERT INTO facings VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", ((number, *row) for row in rows)
        )
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    seconds, size = time.perf_counter() - began, path.stat().st_size
    print(f"\na row a facing: written in {seconds:.0f} s, {size / 1e6:,.0f} MB")
    query = "SELECT * FROM facings WHERE photo_id = ?"
    times = [
        timed(lambda i=i: connection.execute(query, [i]).fetchall()) for i in range(0, audits, audits // 9)
    ]
    print(f"its facings of one photo: {1000 * float(np.median(times)):.1f} ms")


def size():
    with database.reading() as db:
        if database.engine().dialect.name == "postgresql":
            tables = ("names", "audits", "photos", "facings", "shares")
            return sum(db.scalar(text(f"SELECT pg_total_relation_size('{name}')")) for name in tables)
        return db.scalar(text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"))


def facings_size():
    with database.reading() as db:
        return int(db.scalar(text("SELECT sum(length(data)) FROM facings")))


def timed(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
