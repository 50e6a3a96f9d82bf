"""Audits of a phone. Its own code wrote ``phone_audits.json``: ``asFile`` of web/src/ui/download.ts."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import pytest

from skushare.audits import phone, rows, store
from skushare.audits.corrections import Facing
from skushare.audits.export import describe
from skushare.audits.lessons import lessons
from skushare.audits.listing import brand_totals, count_audits
from skushare.audits.phone import import_audits, read_export
from skushare.audits.recount import recount
from skushare.audits.report import report
from skushare.brands.gallery import Sku
from skushare.database import pictures
from skushare.database.leftovers import remove_leftovers
from skushare.errors import AuditError

EXPORT = Path(__file__).with_name("phone_audits.json").read_bytes()
MEASURED = ("share", "margin", "linear", "linear_margin", "area", "area_margin")

pytestmark = pytest.mark.usefixtures("sqlite")


def changed(change):
    """The bytes of the export after ``change`` of its first audit, as JSON values."""
    told = json.loads(EXPORT)
    change(told[0])
    return json.dumps(told).encode()


def test_an_export_is_saved_with_all_that_the_phone_told():
    added, known = import_audits([("audits.json", EXPORT)])
    assert (len(added), known) == (3, [])
    first, unnamed, swept = store.open_audits(added)
    assert (first.store, first.shelf, first.category) == ("Corner shop", "Aisle 4", "Cereals")
    assert first.note == "=1+1 <b>promo</b>\nsecond line 🥫"
    assert (first.source, first.model, first.gallery) == ("phone", "shelf_dense", "My brands")
    assert first.time == datetime(2026, 11, 27, 14, 5, tzinfo=timezone.utc)
    photo = first.photos[0]
    assert (photo.name, photo.picture, photo.width, photo.height) == ("IMG_0412.jpg", "", 1000, 460)
    assert photo.detections.row_numbers().tolist() == [1, 1, 1, 1, 2, 2]
    assert [each.what for each in first.corrections] == [
        "unknown is Corto", "removed Astra", "added unknown", "moved the box of Corto",
    ]  # fmt: skip
    assert unnamed.brands == ()
    assert "sweep counted 5 facings: Astra 3, Bello 1, unknown 1" in swept.note
    one = {"unique": 1, "shares": [{"brand": "Astra", "facings": 1}]}
    told = changed(lambda audit: audit.update(note="", sweep=one))
    assert (
        next(iter(read_export("a.json", told).values())).note
        == "The phone's sweep counted 1 facing: Astra 1. Only its picture's are here."
    )
    begun = changed(lambda audit: audit.update(note="", sweep={"unique": 0, "shares": []}))
    assert next(iter(read_export("a.json", begun).values())).note == ""


@pytest.mark.usefixtures("database")
def test_the_shares_are_those_that_the_phone_told():
    added, _ = import_audits([("audits.json", EXPORT)])
    for audit, told in zip(store.open_audits(added), json.loads(EXPORT), strict=True):
        ours = audit.corrected().shares().to_dict("records")
        expected = {row["brand"]: row for row in told["shares"]}
        assert {row["name"]: row["facings"] for row in ours} == {
            brand: row["facings"] for brand, row in expected.items()
        }
        for row in ours:
            assert [row[m] for m in MEASURED] == pytest.approx(
                [expected[row["name"]][m] for m in MEASURED], abs=2e-4
            )
    assert dict(brand_totals().values)["Corto"] == 2  # what lists and trends read is after corrections


@pytest.mark.usefixtures("database")
def test_what_was_imported_before_is_not_imported_again_however_it_was_changed_on_the_phone():
    added, _ = import_audits([("audits.json", EXPORT)])

    def change(audit):
        audit.update(id=None, store="Elsewhere", corrections=[])

    assert import_audits([("a.json", EXPORT), ("b.json", EXPORT)]) == ([], added)
    assert import_audits([("b.json", changed(change))]) == ([], added)
    assert store.open_audit(added[0]).store == "Corner shop"
    store.delete_audit(added[0])
    again, known = import_audits([("audits.json", EXPORT)])
    assert (len(again), known, count_audits()) == (1, added[1:], 3)


@pytest.mark.parametrize(
    "change",
    [
        lambda audit: audit.update(store="Elsewhere"),
        lambda audit: audit.update(note=""),
        lambda audit: audit["corrections"].pop(),
    ],
)
def test_of_two_versions_of_an_audit_none_is_imported(change):
    newer = changed(change)
    for files in (
        [("audits (1).json", newer), ("audits.json", EXPORT)],
        [("a.json", newer[:-1] + b"," + EXPORT[1:])],
    ):
        with pytest.raises(AuditError, match=r"^a.*\.json: .* words or corrections") as caught:
            import_audits(files)
        assert all(name in str(caught.value) for name, _ in files)
    assert not count_audits()


def test_its_corrections_are_taken_back_and_go_on_here():
    (number, *_), _ = import_audits([("audits.json", EXPORT)])
    audit = store.open_audit(number)
    store.take_back(number, audit.corrections[1])
    store.save_correction(number, audit.photos[0].id, None, Facing((300, 250, 380, 430), "Bello"))
    now = store.open_audit(number)
    assert now.corrected().facings == 8
    assert [each.facing for each in now.corrections] == [3, 0, 6, 4, 0, 7]


@pytest.mark.parametrize(
    "told, scores",
    [([None, None, None], None), ([0.5, None, 1], [0.5, 1, 1])],
    ids=["none", "some"],
)
def test_where_nothing_told_how_sure_any_brand_is_no_facing_was_refused(told, scores):
    values = json.loads(EXPORT)[1]
    for facing, sure in zip(values["photos"][0]["facings"], told, strict=True):
        facing["brand_score"] = sure
    (audit,) = read_export("audits.json", json.dumps([values]).encode()).values()
    found = audit.photos[0].detections.brand_scores
    assert (found if found is None else found.tolist()) == scores


def test_products_are_those_of_the_gallery_where_it_is_known(monkeypatch):
    skus = [Sku("b", "Bello 500 g", "Bello"), Sku("a", "Astra 500 g", "Astra")]
    monkeypatch.setattr(phone, "skus_of", lambda digest: skus if digest == "a5" * 32 else ())
    first, unnamed, _ = read_export("audits.json", EXPORT).values()
    assert first.photos[0].detections.sku_ids.tolist() == [1, 1, 0, -1, -1, 0]
    assert unnamed.photos[0].detections.sku_ids.tolist() == [-1, -1, -1]


def test_without_its_picture_an_audit_is_reported_exported_and_deleted():
    (number, *_), _ = import_audits([("audits.json", EXPORT)])
    audit = store.open_audit(number)
    pictures.put(b"of another audit")
    assert report(audit).startswith(b"%PDF")
    assert next(describe([audit], {audit.gallery_digest: []}))["photos"][0]["picture"] == ""
    assert not lessons(audit)
    with pytest.raises(AuditError, match=f"audit {number}: the phone kept its picture"):
        recount(audit, None, None)
    store.delete_audit(number)
    assert remove_leftovers(spared=-1) == 0
    assert pictures.pictures_folder().is_dir()


def facing(**values):
    return lambda audit: audit["photos"][0]["facings"][0].update(values)


def correction(**values):
    return lambda audit: audit["corrections"][0].update(values)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda audit: audit.clear(), "lacks store"),
        (lambda audit: audit.update(store=7), "lacks store"),
        (lambda audit: audit.update(source="sweep"), "was not made on a phone"),
        (lambda audit: audit.update(finished=True), "was not made on a phone"),
        (lambda audit: audit.update(time="noon"), "wrong time"),
        (lambda audit: audit.update(time="2026-11-27T14:05:00"), "wrong time"),
        (lambda audit: audit.update(time="0001-01-01T00:00:00Z"), "wrong time"),
        (lambda audit: audit.update(time="9999-12-31T23:59:59Z"), "wrong time"),
        (lambda audit: audit.update(model_digest="d" * 65), "wrong model_digest"),
        (lambda audit: audit.update(photos=[]), "lacks width"),
        (lambda audit: audit.update(photos=2 * audit["photos"]), "several photos"),
        (lambda audit: audit["photos"][0].update(width=0), "wrong width"),
        (lambda audit: audit["photos"][0].update(height=10**400), "wrong height"),
        (lambda audit: audit["photos"][0].update(facings=3001 * audit["photos"][0]["facings"]), "more than"),
        (lambda audit: audit.update(thresholds={"score": []}), "wrong threshold"),
        (lambda audit: audit.update(sweep=[]), "lacks unique"),
        (facing(score=1.5), "wrong score"),
        (facing(score=True), "lacks score"),
        (facing(left=float("nan")), "wrong box"),
        (facing(right=float("inf")), "wrong box"),
        (facing(left=200), "wrong box"),
        (facing(brand=None), "lacks brand"),
        (facing(brand_score="high"), "wrong brand_score"),
        (correction(facing=-1), "wrong facing"),
        (correction(photo=1), "wrong correction"),
        (correction(before=None, after=None), "wrong correction"),
        (correction(before={}), "lacks box"),
        (correction(after={"box": [1, 2, 3], "brand": "A"}), "wrong box"),
        (lambda audit: audit.update(corrections=["x"]), "lacks facing"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_an_audit_is_told_with_its_file(change, problem, monkeypatch):
    monkeypatch.setattr(phone, "skus_of", lambda digest: ())  # spares making a database
    with pytest.raises(AuditError, match=rf"^b\.json: audit 1 in it .*{problem}.*export it again"):
        read_export("b.json", changed(change))


def test_of_files_of_which_one_is_wrong_nothing_is_saved():
    with pytest.raises(AuditError, match=r"^b\.json"):
        import_audits([("a.json", EXPORT), ("b.json", b"{}")])
    assert not count_audits()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no export"),
        (b"\xff\xfe", "no export"),
        (b"{}", "no export"),
        (b"[]", "no export"),
        (100_000 * b"[", "no export"),
        (b"[" + 5000 * b"1" + b"]", "no export"),
        (b"[" + 1000 * b"0," + b"0]", "more than 1,000 audits"),
        (b" " * (phone.MOST_MB << 20) + b"[]", "larger than 50 MB"),
    ],
)
def test_what_is_no_export_or_too_large_is_refused_by_name(data, problem):
    with pytest.raises(AuditError, match=rf"^a\.json: .*{problem}"):
        read_export("a.json", data)


def test_where_saving_fails_midway_nothing_is_saved(monkeypatch):
    add, calls = rows.add_photo, []

    def failing(db, number, photo):
        calls.append(number)
        if len(calls) == 2:
            raise AuditError("broken")
        return add(db, number, photo)

    monkeypatch.setattr(rows, "add_photo", failing)
    with pytest.raises(AuditError, match="broken"):
        import_audits([("audits.json", EXPORT)])
    assert not count_audits()


@pytest.mark.usefixtures("database")
def test_imports_at_once_save_an_audit_once_and_do_not_stand_in_each_others_way():
    def export(stores, minute):
        audit = json.loads(EXPORT)[1]
        times = (f"2026-11-27T10:{minute}:{second:02}.000Z" for second, _ in enumerate(stores))
        told = [audit | {"store": name, "time": time} for name, time in zip(stores, times, strict=True)]
        return json.dumps(told).encode()

    stores, start = [f"store {i}" for i in range(12)], threading.Barrier(4)
    count_audits()  # makes the tables

    def save(data):
        audits = read_export("a.json", data)
        start.wait()
        return store.save_imported(audits)

    with ThreadPoolExecutor(4) as pool:
        files = [export(stores, 10), export(stores, 10), export(stores[::-1], 11), export(stores[::-1], 11)]
        saved = list(pool.map(save, files))
    assert sum(len(added) for added, _ in saved) == sum(len(known) for _, known in saved) == 24
    assert count_audits() == 24


def test_others_do_not_wait_for_the_shares_of_an_import(monkeypatch):
    done, figures_of, session = [], rows.figures_of, store.session
    monkeypatch.setattr(rows, "figures_of", lambda audits: done.append("shares") or figures_of(audits))
    monkeypatch.setattr(store, "session", lambda: done.append("writing") or session())
    import_audits([("audits.json", EXPORT)])
    assert done == ["shares", "writing"]
    import_audits([("audits.json", EXPORT)])
    assert done == ["shares", "writing"]  # what was imported before is only looked up
