import csv
import io
import json
from dataclasses import replace
from itertools import permutations

import pandas as pd
import pyarrow.parquet as pq
import pytest

from skushare.audits import export as audits_export
from skushare.audits import store
from skushare.audits.corrections import Facing
from skushare.audits.export import export, export_file
from skushare.audits.listing import Filter
from skushare.brands.gallery import Gallery, Sku
from skushare.brands.library import save_gallery
from skushare.errors import AuditError

pytestmark = pytest.mark.usefixtures("sqlite")

HOSTILE = ("=1+1", "@x", "<b>", 'a,b"c', "مرحبا", "🥫", "x" * 10_000)


@pytest.fixture
def audit(make_audit):
    """One with a correction: two Astra, and a Bello that is Corva."""
    number = store.save_audit(make_audit(store="North"))
    saved = store.open_audit(number)
    box = tuple(saved.photos[0].detections.boxes[2].tolist())
    store.save_correction(number, saved.photos[0].id, Facing(box, "Bello"), Facing(box, "Corva"), "Mia")
    return store.open_audit(number)


def read(data, kind):
    if kind == "parquet":
        return pd.read_parquet(io.BytesIO(data))
    return pd.read_csv(io.BytesIO(data), encoding="utf-8-sig")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_tables_hold_what_is_true_after_corrections(audit, kind):
    facings = read(export([audit], kind), kind)
    assert facings["brand"].tolist() == ["Astra", "Astra", "Corva"]
    assert facings["store"].unique().tolist() == ["North"]
    assert facings["left"].tolist() == [0, 20, 40] and facings["audit"].unique().tolist() == [audit.id]
    assert pd.to_datetime(facings["time"], utc=True)[0] == audit.time
    shares = read(export([audit], kind, "shares"), kind)
    assert dict(zip(shares["brand"], shares["facings"], strict=True)) == {"Astra": 2, "Corva": 1}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_audits_without_a_facing_or_a_photo_go_into_one_file_with_others(
    make_audit, make_photo, kind, order, tmp_path, monkeypatch
):
    monkeypatch.setattr("skushare.audits.export._CHUNK", 1)
    audits = [make_audit(), make_audit(make_photo(())), replace(make_audit(), photos=())]
    numbers = [store.save_audit(audits[i]) for i in order]
    export_file(tmp_path / f"all.{kind}", numbers=numbers)
    table = read((tmp_path / f"all.{kind}").read_bytes(), kind)
    assert table["brand"].tolist() == ["Astra", "Astra", "Bello"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_shelf_rows_count_from_one(make_audit, kind):
    audit = make_audit()
    found = [replace(photo.detections, row_ids=[0, 0, -1]) for photo in audit.photos]
    photos = [replace(photo, detections=each) for photo, each in zip(audit.photos, found, strict=True)]
    table = read(export([replace(audit, photos=photos)], kind), kind)
    assert table["row"].tolist() == [1, 1, -1]


def test_json_holds_the_original_and_the_corrections(audit):
    (found,) = json.loads(export([audit], "json"))
    assert [facing["brand"] for facing in found["photos"][0]["facings"]] == ["Astra", "Astra", "Bello"]
    (correction,) = found["corrections"]
    assert (correction["who"], correction["facing"], correction["after"]["brand"]) == ("Mia", 2, "Corva")
    assert {share["name"]: share["facings"] for share in found["shares"]} == {"Astra": 2, "Corva": 1}
    assert found["time"] == audit.time.isoformat()


def test_json_tells_whether_an_audit_is_finished(make_audit):
    audits = make_audit(finished=False), make_audit()
    assert [each["finished"] for each in json.loads(export(audits, "json"))] == [False, True]


def test_json_has_the_gaps_that_are_there_after_corrections(make_audit, make_photo):
    number = store.save_audit(make_audit(make_photo((0, 0, 1, 1)), make_photo((0,), shade=50)))
    saved = store.open_audit(number)
    box = tuple(saved.photos[0].detections.boxes[1].tolist())
    store.save_correction(number, saved.photos[0].id, Facing(box, "Astra"), None)
    saved = store.open_audit(number)
    assert saved.gaps()[0].records() == []
    (found,) = json.loads(export([saved], "json"))
    assert [len(photo["facings"]) for photo in found["photos"]] == [4, 1]
    (gap,), none = (photo["gaps"] for photo in found["photos"])
    assert (gap["left"], gap["right"], gap["facings"], none) == (16, 40, 1, [])


def test_products_are_called_by_their_names(make_audit, make_photo):
    skus = [Sku("a", "Astra 500 g", "Astra"), Sku("b", "=Bello", "Bello")]
    mine, other = Gallery("mine", skus), Gallery("mine", skus[:1])
    save_gallery(mine), save_gallery(other)
    photo = make_photo((0, 1, -1), sku_ids=[0, 1, -1])
    audits = [make_audit(photo, gallery_digest=g) for g in (mine.digest, other.digest, "0" * 64, "")]
    number = store.save_audit(audits[0])
    saved = store.open_audit(number)
    box = tuple(photo.detections.boxes[0].tolist())
    store.save_correction(number, saved.photos[0].id, Facing(box, "Astra"), Facing(box, "Corva"))
    audits = [*audits, store.open_audit(number), make_audit()]
    expected = (
        ["Astra 500 g", "=Bello", ""] + ["Astra 500 g", "", ""] + [""] * 6 + ["", "=Bello", ""] + [""] * 3
    )
    assert read(export(audits, "parquet"), "parquet")["sku"].tolist() == expected
    cells = read(export(audits, "csv"), "csv")["sku"].fillna("").tolist()
    assert cells == [text.replace("=", "'=") for text in expected]
    told = json.loads(export(audits, "json"))
    products = [[facing["product"] for facing in found["photos"][0]["facings"]] for found in told]
    assert products == [expected[:3], expected[3:6], [""] * 3, [""] * 3, expected[:3], [""] * 3]


def test_a_sweep_over_several_pictures_does_not_tell_gaps(make_audit, make_photo):
    pictures = make_photo((0, 1)), make_photo((0, 1), shade=50)
    assert make_audit(*pictures, source="sweep").gaps() is None
    (found,) = json.loads(export([make_audit(*pictures, source="sweep")], "json"))
    assert [photo["gaps"] for photo in found["photos"]] == [None, None]
    assert len(make_audit(pictures[0], source="sweep").gaps()) == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text_in_every_format(make_audit, text):
    audit = make_audit(brands=(text, "Bello"), store=text, note=text)
    for kind in ("csv", "parquet"):
        cells = read(export([audit], kind), kind)
        safe = "'" + text if kind == "csv" and text[0] in "=@" else text
        assert cells["store"].tolist() == [safe] * 3 and cells["brand"].tolist() == [safe, safe, "Bello"]
    (found,) = json.loads(export([audit], "json"))
    assert found["note"] == text


@pytest.mark.parametrize("count", [3, 4, 5])
def test_a_file_of_many_audits_is_one_table(make_audit, tmp_path, monkeypatch, count):
    monkeypatch.setattr("skushare.audits.export._CHUNK", 6)
    numbers = [store.save_audit(make_audit(store=f"shop {i % 2}")) for i in range(count)]
    for kind in ("csv", "parquet", "json"):
        assert export_file(tmp_path / f"all.{kind}") == count
    rows = list(csv.DictReader((tmp_path / "all.csv").open(encoding="utf-8-sig")))
    assert [int(row["audit"]) for row in rows] == [n for n in reversed(numbers) for _ in range(3)]
    assert pd.read_parquet(tmp_path / "all.parquet")["audit"].tolist() == [int(row["audit"]) for row in rows]
    assert [found["id"] for found in json.loads((tmp_path / "all.json").read_text())] == numbers[::-1]
    assert export_file(tmp_path / "one.csv", Filter(stores=("shop 1",)), "shares") == count // 2


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_an_audit_that_is_deleted_during_an_export_is_left_out(make_audit, tmp_path, kind):
    kept, deleted = (store.save_audit(make_audit()) for _ in range(2))
    path = tmp_path / f"all.{kind}"

    def progress(numbers):
        assert set(numbers) == {kept, deleted}
        store.delete_audit(deleted)
        return numbers

    assert export_file(path, progress=progress) == 1
    if kind == "json":
        assert [told["id"] for told in json.loads(path.read_text())] == [kept]
    else:
        assert set(read(path.read_bytes(), kind)["audit"]) == {kept}
    with pytest.raises(AuditError, match=f"there is no audit {deleted}"):  # where it was asked for by name
        export_file(path, numbers=[kept, deleted])


def test_a_table_is_written_in_parts_of_so_many_facings(make_audit, make_photo, tmp_path, monkeypatch):
    monkeypatch.setattr("skushare.audits.export._CHUNK", 4)
    for brand_ids in ((0, 1, 0), (0,), (0,) * 9, ()):
        store.save_audit(make_audit(make_photo(brand_ids)))
    export_file(tmp_path / "all.parquet")
    parts = pq.read_metadata(tmp_path / "all.parquet")
    assert [parts.row_group(i).num_rows for i in range(parts.num_row_groups)] == [9, 4]


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_progress_keeps_up_with_what_is_written(make_audit, tmp_path, monkeypatch, kind):
    monkeypatch.setattr("skushare.audits.export._CHUNK", 3)
    made = "describe" if kind == "json" else "facings_table"
    make, written, seen = getattr(audits_export, made), [], []
    monkeypatch.setattr(audits_export, made, lambda *args: written.append(1) or make(*args))
    for _ in range(3):
        store.save_audit(make_audit())

    def progress(numbers):
        for number in numbers:
            yield number
            seen.append(len(written))

    export_file(tmp_path / f"all.{kind}", progress=progress)
    assert seen == [1, 2, 3]


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_the_products_of_a_gallery_are_read_once_a_file(make_audit, tmp_path, monkeypatch, kind):
    asked, read_skus = [], audits_export.skus_of
    monkeypatch.setattr(audits_export, "skus_of", lambda digest: asked.append(digest) or read_skus(digest))
    monkeypatch.setattr("skushare.audits.export._CHUNK", 3)
    for _ in range(3):
        store.save_audit(make_audit())
    export_file(tmp_path / f"all.{kind}")
    assert len(asked) == 1


@pytest.mark.parametrize("table", ["facings", "shares"])
def test_audits_have_the_figures_in_one_table_that_each_has_alone(
    audit, make_audit, make_photo, monkeypatch, table
):
    made, make = [], {"facings": "facings_of", "shares": "share_of_each"}[table]
    real = getattr(audits_export, make)
    monkeypatch.setattr(audits_export, make, lambda several: made.append(1) or real(several))
    photos = make_photo((1, -1), brand_scores=[0.9, 0.3], row_ids=[1, -1]), make_photo((0,), shade=50)
    audits = [audit, make_audit(make_photo(()), store="South"), make_audit(*photos, shelf="Two"), audit]
    frame = read(export(audits, "parquet", table), "parquet")
    assert len(made) == 1  # not once an audit
    alone = [
        audit.corrected().table() if table == "facings" else audit.corrected().shares() for audit in audits
    ]
    figures = pd.concat(alone, ignore_index=True).rename(columns={"name": "brand"})
    columns = [name for name in figures if name != "sku"]  # a name in an export
    pd.testing.assert_frame_equal(frame[columns], figures[columns], check_exact=True)
    for word in ("store", "shelf"):
        words = [getattr(a, word) for a, own in zip(audits, alone, strict=True) for _ in range(len(own))]
        assert frame[word].tolist() == words


def test_audits_have_in_one_json_what_each_has_alone(audit, make_audit, make_photo, monkeypatch):
    photos = make_photo((1, -1), brand_scores=[0.9, 0.3], row_ids=[1, -1]), make_photo((0,), shade=50)
    audits = [audit, make_audit(make_photo(())), replace(make_audit(), photos=()), make_audit(*photos), audit]
    alone = [json.loads(export([each], "json"))[0] for each in audits]
    made, real = [], audits_export.facings_of
    monkeypatch.setattr(audits_export, "facings_of", lambda several: made.append(1) or real(several))
    assert json.loads(export(audits, "json")) == alone
    assert len(made) == 1  # not once an audit


def test_a_brand_score_reads_alike_beside_audits_that_have_none(make_audit, make_photo):
    scored = make_audit(make_photo((0,), brand_scores=[0.9]))
    cells = read(export([scored, make_audit(make_photo((0,), brand_scores=None))], "csv"), "csv")
    assert cells["brand_score"].iloc[0] == 0.9 and cells["brand_score"].isna().tolist() == [False, True]


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_no_audit_makes_an_empty_file(tmp_path, kind):
    assert export_file(tmp_path / f"none.{kind}") == 0
    assert (tmp_path / f"none.{kind}").exists()


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(AuditError, match=r"is to end in .csv, .parquet, .json"):
        export_file(tmp_path / "all.xlsx")
