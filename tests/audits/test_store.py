"""Audits in the database: what is saved comes back, corrections stay beside it, nothing is half there."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import islice

import numpy as np
import pytest
from sqlalchemy import func, select, update

from skushare.audits import store
from skushare.audits.corrections import Facing
from skushare.audits.listing import brand_totals, count_audits, list_audits
from skushare.brands.gallery import GalleryError
from skushare.brands.library import (
    delete_gallery,
    gallery_names,
    gallery_of,
    gallery_versions,
    open_gallery,
    save_gallery,
)
from skushare.database import pictures
from skushare.database.engine import engine, reading, session
from skushare.database.leftovers import remove_leftovers
from skushare.database.tables import FacingsRow, GalleryRow, NameRow, ShareRow
from skushare.errors import AuditError, DatabaseError
from tests.brands.conftest import ColorEmbedder, color_gallery

pytestmark = pytest.mark.usefixtures("database")

COLUMNS = ("boxes", "scores", "class_ids", "track_ids", "row_ids", "brand_ids", "sku_ids", "brand_scores")


def shares(audit):
    return {row.name: row.facings for row in audit.shares().itertuples()}


def facing(audit, photo=0, place=0):
    """What a page would send of the facing in this ``place`` of what holds now."""
    now = audit.corrected()
    found = now.photos[photo].detections
    return Facing(tuple(found.boxes[place].tolist()), now.brands[found.brand_ids[place]])


def assert_same(saved, audit):
    fields = ("brands", "store", "shelf", "category", "note", "time", "source", "model", "model_digest")
    for name in (*fields, "gallery", "gallery_digest", "thresholds", "software"):
        assert getattr(saved, name) == getattr(audit, name), name
    assert saved.time.utcoffset() == audit.time.utcoffset()
    for a, b in zip(saved.photos, audit.photos, strict=True):
        assert (a.name, a.picture, a.width, a.height) == (b.name, b.picture, b.width, b.height)
        columns = [(getattr(a.detections, name), getattr(b.detections, name)) for name in COLUMNS]
        for x, y in [*columns, (a.doubtful, b.doubtful)]:
            assert (x is None and y is None) or np.array_equal(x, y)


@pytest.mark.parametrize("column, value", [("data", b"x"), ("count", 77), ("doubtful", b"abc")])
def test_an_audit_whose_facings_are_damaged_is_named_and_can_be_deleted(make_audit, column, value):
    saved, other = store.save_audit(make_audit()), store.save_audit(make_audit())
    photo = store.open_audit(saved).photos[-1]
    with session() as db:
        db.execute(update(FacingsRow).where(FacingsRow.photo_id == photo.id).values({column: value}))
    with pytest.raises(DatabaseError, match=f"audit {saved}, {photo.name}: .*damaged"):
        store.open_audit(saved)
    store.delete_audit(saved)
    assert store.open_audit(other).id == other


def test_an_audit_comes_back_as_it_was_saved(make_audit, make_photo):
    photos = (
        make_photo((0, 1, -1), row_ids=[0, 0, 1], sku_ids=[4, 5, -1], brand_scores=[0.5, 0.75, 0]),
        make_photo((), name="empty.jpg", shade=50),
        replace(make_photo((1,), name="third.jpg", shade=60), doubtful=np.float32([[1, 2, 3, 4.5]])),
    )
    audit = make_audit(
        *photos,
        store="Corner shop",
        shelf="3",
        category="coffee",
        note="after the delivery",
        source="live",
        model="shelf_dense",
        model_digest="a" * 64,
        gallery="mine",
        gallery_digest="b" * 64,
        thresholds={"score": 0.4, "brand": 0.61},
    )
    assert_same(store.open_audit(store.save_audit(audit)), audit)


def test_audits_that_are_read_together_are_what_each_is_by_itself(make_audit, make_photo, monkeypatch):
    photos = [make_photo((0, 1)[:n], shade=40 + n) for n in range(3)]
    numbers = [store.save_audit(make_audit(*photos[:n], store=f"{n}")) for n in (1, 3, 2, 0, 1)]
    store.save_correction(
        numbers[1], store.open_audit(numbers[1]).photos[2].id, None, Facing((0,) * 4, "Corva")
    )
    wanted, asked = [*numbers[::-1], numbers[1]], []
    alone = [store.open_audit(number) for number in wanted]
    monkeypatch.setattr(store, "_AT_ONCE", 4)
    monkeypatch.setattr(store, "reading", lambda: asked.append(1) or reading())
    together = list(store.open_audits(wanted))
    assert [each.id for each in together] == wanted and len(asked) == 2
    for each, other in zip(together, alone, strict=True):
        assert_same(each, other)
        assert each.corrections == other.corrections
    found, none = store.open_audits([numbers[0], 99])
    assert found.id == numbers[0] and none is None


@pytest.mark.parametrize("brands", [(), ("Astra",), ("Astra", "Astra")])
def test_an_audit_without_facings_or_with_a_name_twice_is_fine(make_audit, make_photo, brands):
    audit = make_audit(make_photo(range(len(brands))), brands=brands)
    saved = store.open_audit(store.save_audit(audit))
    assert_same(saved, audit)
    assert shares(saved) == ({"Astra": len(brands)} if brands else {})


def test_there_is_no_audit_that_was_not_saved():
    with pytest.raises(AuditError, match="no audit 7"):
        store.open_audit(7)
    with pytest.raises(AuditError, match="no audit 7"):
        store.delete_audit(7)


def test_corrections_change_the_shares_and_leave_the_original(make_audit):
    audit = make_audit()
    number = store.save_audit(audit)
    saved = store.open_audit(number)
    photo = saved.photos[0].id

    store.save_correction(number, photo, facing(saved), Facing(facing(saved).box, "Corva"), "Mia")
    saved = store.open_audit(number)
    assert shares(saved.corrected()) == {"Astra": 1, "Bello": 1, "Corva": 1}

    store.save_correction(number, photo, facing(saved, place=2), None, "Mia")
    store.save_correction(number, photo, None, Facing((1, 2, 3, 4), "Bello"), "Tom")
    saved = store.open_audit(number)
    assert shares(saved.corrected()) == {"Astra": 1, "Bello": 1, "Corva": 1}
    assert [(each.who, each.what) for each in saved.corrections] == [
        ("Mia", "Astra is Corva"),
        ("Mia", "removed Bello"),
        ("Tom", "added Bello"),
    ]
    assert_same(saved, audit)
    listed = list_audits().iloc[0]
    assert (listed["facings"], listed["corrections"]) == (3, 3)


def test_the_kept_linear_share_is_the_one_of_the_corrected_boxes(make_audit, make_photo):
    one = make_photo([0, 0, 0], row_ids=[0, 0, 0])
    below = one.detections.boxes + [0, 40, 0, 40]
    found = replace(
        one.detections,
        **{
            name: np.concatenate([getattr(one.detections, name)] * 2)
            for name in ("scores", "class_ids", "brand_ids")
        },
        boxes=np.concatenate([one.detections.boxes, below]),
        row_ids=[0, 0, 0, 1, 1, 1],
    )
    number = store.save_audit(make_audit(replace(one, height=80, detections=found)))
    photo = store.open_audit(number).photos[0].id
    for top in (5, 45):
        store.save_correction(number, photo, None, Facing((60, top, 76, top + 30), "Bello"))
    query = select(NameRow.text, ShareRow.linear_share).join(ShareRow, ShareRow.brand_id == NameRow.id)
    with reading() as db:
        kept = dict(map(tuple, db.execute(query)))
    assert kept == pytest.approx({"Astra": 0.75, "Bello": 0.25})


def test_what_was_found_about_untouched_facings_stays(make_audit, make_photo):
    audit = make_audit(make_photo((0, 1, 1), sku_ids=[4, 5, 6], brand_scores=[0.5, 0.75, 0.25]))
    number = store.save_audit(audit)
    saved = store.open_audit(number)
    store.save_correction(number, saved.photos[0].id, facing(saved, place=1), None)
    found = store.open_audit(number).corrected().photos[0].detections
    assert found.sku_ids.tolist() == [4, 6] and found.brand_scores.tolist() == [0.5, 0.25]


def test_a_correction_can_be_taken_back_until_the_next(make_audit):
    number = store.save_audit(make_audit())
    saved = store.open_audit(number)
    photo = saved.photos[0].id
    store.save_correction(number, photo, facing(saved), None)
    store.take_back(number, store.open_audit(number).corrections[0], "Tom")
    saved = store.open_audit(number)
    assert shares(saved.corrected()) == {"Astra": 2, "Bello": 1} and len(saved.corrections) == 2
    store.save_correction(number, photo, facing(saved), Facing(facing(saved).box, "Bello"))
    with pytest.raises(AuditError, match="corrected again since"):
        store.take_back(number, saved.corrections[0])


def test_a_correction_to_a_brand_without_a_name_is_refused(make_audit):
    number = store.save_audit(make_audit())
    saved = store.open_audit(number)
    with pytest.raises(AuditError, match="needs a name"):
        store.save_correction(number, saved.photos[0].id, facing(saved), facing(saved)._replace(brand=" \t"))
    assert store.open_audit(number).corrections == saved.corrections


def test_a_facing_that_somebody_else_corrected_is_not_corrected_blindly(make_audit):
    number = store.save_audit(make_audit())
    saved = store.open_audit(number)
    photo, seen = saved.photos[0].id, facing(saved)
    store.save_correction(number, photo, seen, None)
    with pytest.raises(AuditError, match="corrected elsewhere"):
        store.save_correction(number, photo, seen, Facing(seen.box, "Bello"))
    assert len(store.open_audit(number).corrections) == 1


def test_many_who_correct_at_once_lose_nothing(make_audit):
    number = store.save_audit(make_audit())
    photo = store.open_audit(number).photos[0].id
    with ThreadPoolExecutor(6) as pool:
        boxes = [(i, 0, i + 1, 1) for i in range(24)]
        list(pool.map(lambda box: store.save_correction(number, photo, None, Facing(box, "Corva")), boxes))
    assert shares(store.open_audit(number).corrected()) == {"Corva": 24, "Astra": 2, "Bello": 1}
    assert list_audits()["facings"].tolist() == [27]


def test_writers_of_the_same_new_brands_do_not_stand_in_each_others_way(make_audit, make_photo):
    brands = tuple(f"brand {i}" for i in range(30))
    audits = [make_audit(make_photo([0]), brands=brands[i:] + brands[:i]) for i in range(12)]
    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(store.save_audit, audits))) == 12
    assert count_audits() == 12


def test_an_unfinished_audit_is_in_no_list_until_it_is_finished(make_audit, make_photo):
    begun = make_audit(store="Corner shop")
    number = store.begin_audit(begun, 2, {"paths": ["a"]})
    first = make_photo()
    assert store.add_photo(number, first)
    assert not store.add_photo(number, first)
    assert count_audits() == 0
    told = {
        "store": "Corner shop",
        "time": begun.time,
        "photos": 1,
        "planned": 2,
        "request": {"paths": ["a"]},
    }
    assert store.unfinished_audits() == [{"audit": number, **told}]
    assert store.add_photo(number, make_photo((1, 1), shade=90))
    store.finish_audit(number)
    assert store.unfinished_audits() == []
    assert list_audits()[["audit", "photos", "facings"]].iloc[0].tolist() == [number, 2, 5]
    with pytest.raises(AuditError, match="finished"):
        store.add_photo(number, make_photo(shade=91))


def test_an_unfinished_audit_is_not_corrected_and_says_that_it_is_none(make_audit, make_photo):
    number = store.begin_audit(make_audit(), 2, {})
    store.add_photo(number, make_photo())
    (photo,) = (begun := store.open_audit(number)).photos
    assert not begun.finished
    with pytest.raises(AuditError, match=f"audit {number} is not finished"):
        store.save_correction(number, photo.id, None, Facing((20, 0, 30, 10), "Astra"))
    assert store.open_audit(number).corrections == () and brand_totals().empty
    store.finish_audit(number)
    store.save_correction(number, photo.id, None, Facing((20, 0, 30, 10), "Astra"))
    assert store.open_audit(number).finished and brand_totals()["facings"].sum() == 4


def test_deleting_removes_pictures_that_nothing_else_needs(make_audit, make_photo, monkeypatch):
    shared, own = make_photo(shade=10), make_photo(shade=20)
    first = store.save_audit(make_audit(shared, own))
    store.save_audit(make_audit(shared))
    store.delete_audit(first)
    assert pictures.get(own.picture)  # too young: another audit may be about to name it
    assert remove_leftovers(spared=-1) == 1
    assert pictures.get(shared.picture)
    with pytest.raises(DatabaseError):
        pictures.get(own.picture)
    assert count_audits() == 1
    assert remove_leftovers(spared=-1) == 0


def test_deleting_looks_at_no_pictures_but_those_of_deleted_audits(make_audit, make_photo, monkeypatch):
    numbers = [store.save_audit(make_audit(make_photo(shade=shade))) for shade in (10, 20, 30)]
    looked = []
    kept = [store.open_audit(number).photos[0].picture for number in numbers]
    with monkeypatch.context() as patched:
        patched.setattr(pictures, "age", lambda name: looked.append(name) or 0)
        store.delete_audit(numbers[0])
        assert looked == kept[:1]
        store.delete_audit(numbers[1])
        assert sorted(looked[1:]) == sorted(kept[:2])  # the first one was too young
    # A day later both go with whatever is deleted next, though one of them was lost meanwhile.
    pictures.picture_path(kept[0]).unlink()
    for name in kept[1:]:
        os.utime(pictures.picture_path(name), (1, 1))
    store.delete_audit(numbers[2])
    assert not any(pictures.picture_path(name).exists() for name in kept)
    assert remove_leftovers(spared=-1) == 0


@pytest.fixture
def made_with_gallery(make_audit):
    """A function that gives an audit made with the gallery that it is called with."""

    def make(gallery, **values):
        about = {"gallery": gallery.name, "gallery_digest": gallery.digest, "gallery_version": gallery}
        return make_audit(**about, **values)

    return make


def test_the_version_that_an_audit_was_made_with_is_saved_with_it_and_is_no_new_version(made_with_gallery):
    saved = color_gallery(ColorEmbedder())
    save_gallery(saved)
    used = replace(saved, embedder="another network")  # as embedded_by() gives
    number = store.save_audit(made_with_gallery(used))
    store.begin_audit(made_with_gallery(used), 1, {})
    assert gallery_of(store.open_audit(number).gallery_digest).digest == used.digest
    assert open_gallery("shelf").digest == saved.digest and len(gallery_versions("shelf")) == 1
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(GalleryRow)) == 2


def test_a_saved_version_is_not_saved_again_for_an_audit(made_with_gallery, monkeypatch):
    gallery = color_gallery(ColorEmbedder())
    save_gallery(gallery)
    audit = made_with_gallery(gallery)
    monkeypatch.setattr(pictures, "put", None)  # not even its pictures are looked at
    store.save_audit(audit)
    assert [each.digest for each in gallery_versions("shelf")] == [gallery.digest]


def test_a_deleted_gallery_is_kept_for_its_audits_until_the_last_is_deleted(made_with_gallery):
    first = color_gallery(ColorEmbedder())
    used = first.without("a")
    for gallery in (first, used):
        save_gallery(gallery)
    numbers = [store.save_audit(made_with_gallery(used)) for _ in range(2)]
    delete_gallery("shelf")
    assert gallery_names() == [] and gallery_of(used.digest).pictures == used.pictures
    with pytest.raises(GalleryError):
        gallery_of(first.digest)
    assert remove_leftovers(spared=-1) == 1  # the picture of the product that only the first version had
    store.delete_audit(numbers[0])
    assert gallery_of(used.digest).skus == used.skus
    store.delete_audit(numbers[1])
    with pytest.raises(GalleryError):
        gallery_of(used.digest)
    assert remove_leftovers(spared=-1) == 1 + len(set(used.pictures))  # and the audits' photo
    assert save_gallery(first) == 1


def test_deleting_an_audit_leaves_the_gallery_in_its_list(made_with_gallery):
    gallery = color_gallery(ColorEmbedder())
    save_gallery(gallery)
    store.delete_audit(store.save_audit(made_with_gallery(gallery)))
    assert gallery_names() == ["shelf"] and remove_leftovers(spared=-1) == 1  # the audit's photo


def test_no_audit_loses_its_gallery_to_one_who_deletes_it_meanwhile(made_with_gallery):
    gallery = color_gallery(ColorEmbedder())
    audit = made_with_gallery(gallery)

    def work(turn):
        if turn % 3 == 0:
            save_gallery(gallery)
        elif turn % 3 == 1:
            delete_gallery(gallery.name)
        else:
            store.save_audit(audit)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(48)))
    delete_gallery(gallery.name)
    assert count_audits() == 16 and gallery_of(gallery.digest).pictures == gallery.pictures


def test_the_number_of_a_deleted_audit_is_not_given_again(make_audit):
    number = store.save_audit(make_audit())
    store.delete_audit(number)
    assert store.save_audit(make_audit()) > number


# Imports once, then lets one child after the other save and correct audits until it is killed.
WRITERS = """
import os
import sys
from datetime import datetime, timezone
import numpy as np
from skushare.audits import store
from skushare.audits.audit import Audit, AuditPhoto
from skushare.audits.corrections import Facing
from skushare.database import pictures
from skushare.detections import Detections

boxes = np.float32([[i, 0, i + 1, 9] for i in range(100)])
found = Detections(boxes, np.ones(100), np.zeros(100), brand_ids=np.arange(100) % 5)

def write(name):
    print("ready", os.getpid(), flush=True)
    for i in range(10_000):
        picture = pictures.put(f"{name} {i}".encode())
        photos = [AuditPhoto(str(i), picture, 100, 9, found)]
        audit = Audit(photos, tuple("ABCDE"), datetime.now(timezone.utc), store=name, note=str(i))
        number = store.save_audit(audit)
        print("saved", number, flush=True)
        photo = store.open_audit(number).photos[0].id
        store.save_correction(number, photo, Facing(tuple(boxes[0].tolist()), "A"), None, "x")
        print("corrected", number, flush=True)

for round in range(int(sys.argv[1])):
    child = os.fork()
    if not child:
        write(f"round {round}")
    os.waitpid(child, 0)
"""
ROUNDS = int(os.environ.get("SKUSHARE_TEST_KILLS", 5))


def test_no_acknowledged_audit_is_lost_and_none_is_half_there_however_often_the_writer_is_killed():
    told = {"saved": set(), "corrected": set()}
    command = [sys.executable, "-c", WRITERS, str(ROUNDS)]
    writers = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for attempt in range(ROUNDS):
        lines = iter(writers.stdout.readline, "")
        for what, number in map(str.split, lines):
            if what == "ready":
                break
            told[what].add(int(number))  # by the one before, between our last look and its end
        child = int(number)
        for what, number in map(str.split, islice(lines, 2 * attempt % 20 + 3)):
            told[what].add(int(number))
        time.sleep(0.003 * (attempt % 20))  # to die at another point of what comes next
        os.kill(child, signal.SIGKILL)
    for what, number in map(str.split, writers.communicate()[0].splitlines()):
        told[what].add(int(number))
    saved, corrected = told["saved"], told["corrected"]

    if engine().dialect.name == "sqlite":
        with engine().connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    listed = list_audits().set_index("audit")
    assert len(saved) >= ROUNDS and saved <= set(listed.index)
    assert len(listed) - len(saved) <= ROUNDS  # those that were saved, but died before they could say so
    for number in listed.index.tolist():
        audit = store.open_audit(number)
        assert len(audit.corrections) in ((1,) if number in corrected else (0, 1))
        assert listed.loc[number, "facings"] == audit.corrected().facings == 100 - len(audit.corrections)
        assert sum(shares(audit.corrected()).values()) == listed.loc[number, "facings"]
        assert pictures.get(audit.photos[0].picture) == f"{audit.store} {audit.note}".encode()


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "'; DROP TABLE audits; --",
        "%s ? :name {0} $1",
        '=HYPERLINK("http://x","y")',
        "x" * 10_000,
        "مرحبا \u202eשלום",
        "🥫👩‍👩‍👧 \xe9",
    ],
)
def test_any_text_comes_back_as_it_was(make_audit, text):
    audit = make_audit(brands=(text, "Bello"), store=text, shelf=text, category=text, note=text)
    number = store.save_audit(audit)
    assert_same(store.open_audit(number), audit)
    saved = store.open_audit(number)
    store.save_correction(number, saved.photos[0].id, None, Facing((0, 0, 1, 1), text + "!"), text)
    saved = store.open_audit(number)
    assert saved.store == text and saved.corrections[0].after.brand == text + "!"
    assert list_audits().iloc[0][["store", "shelf", "category", "note"]].tolist() == [text] * 4
    assert shares(saved.corrected()) == {text: 2, "Bello": 1, text + "!": 1}


def test_a_letter_and_its_accent_become_one_character(make_audit):
    audit = make_audit(store="Cafe\u0301", brands=("Rose\u0301", "Bello"))
    assert audit.store == "Caf\xe9" and "Ros\xe9" in shares(audit)


def test_characters_that_no_database_keeps_become_spaces(make_audit):
    audit = make_audit(store="a\x00b\x1b[31mc\ud800d", note="tab\tand\nline")
    assert (audit.store, audit.note) == ("a b [31mc d", "tab\tand\nline")
    assert store.open_audit(store.save_audit(audit)).store == audit.store


def test_words_can_be_changed_and_nothing_else_is(make_audit):
    audit = make_audit(store="Nrth", shelf="3", category="coffee", note="first", gallery="mine")
    number, other = store.save_audit(audit), store.save_audit(audit)
    saved = store.open_audit(number)
    store.save_correction(number, saved.photos[0].id, facing(saved), Facing(facing(saved).box, "Corva"))
    before = list_audits().set_index("audit")
    store.change_words(number, "North", "", "coffee", "second")
    words = {"store": "North", "shelf": "", "note": "second"}
    saved = store.open_audit(number)
    assert_same(saved, replace(audit, **words))
    assert [each.what for each in saved.corrections] == ["Astra is Corva"]
    after = list_audits().set_index("audit")
    assert after.drop(columns=words).equals(before.drop(columns=words))
    assert after.loc[number, list(words)].to_dict() == words
    assert_same(store.open_audit(other), audit)


def test_the_time_of_an_audit_can_be_changed(make_audit):
    audit = make_audit()
    number, time = store.save_audit(audit), datetime(2026, 2, 1, 9, 30, tzinfo=timezone(timedelta(hours=-3)))
    store.change_words(number, "", "", "", "", time)
    assert_same(store.open_audit(number), replace(audit, time=time))


def test_changed_words_are_tidied_as_saved_ones(make_audit):
    number = store.save_audit(make_audit())
    words = {name: f" a\x00b\nc\u00a0d{'x' * 30_000}" for name in ("store", "shelf", "category", "note")}
    store.change_words(number, **words)
    assert_same(store.open_audit(number), make_audit(**words))


def test_words_of_a_deleted_audit_cannot_be_changed(make_audit):
    number = store.save_audit(make_audit())
    store.delete_audit(number)
    with pytest.raises(AuditError, match=f"there is no audit {number}; it may have been deleted"):
        store.change_words(number, "North", "", "", "")


def test_a_photo_must_say_its_brands(make_audit, make_photo):
    with pytest.raises(ValueError, match="brand id"):
        make_audit(make_photo((0, 2)))
    photo = make_photo()
    with pytest.raises(ValueError, match="brand id"):
        make_audit(replace(photo, detections=replace(photo.detections, brand_ids=None)))


def test_brands_of_one_name_are_one_and_negative_ones_unknown(make_audit, make_photo):
    audit = make_audit(make_photo((0, 1, 2, -1, -3)), make_photo((), shade=50), brands=("A", "B", "A"))
    names, found = audit.by_brand()
    assert names == ("A", "B") and [each.brand_ids.tolist() for each in found] == [[0, 1, 0, -1, -1], []]
