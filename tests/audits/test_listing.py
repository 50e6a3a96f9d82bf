from dataclasses import replace
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from sqlalchemy import update

from skushare.audits import listing, store
from skushare.audits.corrections import Facing
from skushare.audits.listing import Filter
from skushare.audits.names import find_ids, name_ids
from skushare.database.engine import session
from skushare.database.tables import ShareRow

pytestmark = pytest.mark.usefixtures("database")

START = datetime(2026, 3, 2, 12, 0, tzinfo=timezone.utc)  # a Monday


@pytest.fixture
def shops(make_audit, make_photo):
    """Two stores over two weeks; numbers of the audits in their order."""
    rows = [
        ("North", "left", "coffee", 0, (0, 0, 1)),
        ("North", "right", "tea", 1, (1, 1)),
        ("South", "left", "coffee", 8, (0, 2, 2, 2)),
        ("North", "", "coffee", 9, (0,)),
    ]
    return [
        store.save_audit(
            make_audit(
                make_photo(ids, shade=day),
                brands=("Astra", "Bello", "Corva"),
                store=name,
                shelf=shelf,
                category=category,
                time=START + timedelta(days=day),
            )
        )
        for name, shelf, category, day, ids in rows
    ]


@pytest.mark.parametrize(
    "wanted, found",
    [
        (Filter(), [3, 2, 1, 0]),
        (Filter(stores=("North",)), [3, 1, 0]),
        (Filter(stores=("North", "South"), categories=("coffee",)), [3, 2, 0]),
        (Filter(shelves=("left",)), [2, 0]),
        (Filter(shelves=("left", "right"), stores=("North",)), [1, 0]),
        (Filter(brands=("Bello",)), [1, 0]),
        (Filter(brands=("Bello", "Corva")), [2, 1, 0]),
        (Filter(stores=("nowhere",)), []),
        (Filter(brands=("'; DROP TABLE audits; --",)), []),
        (Filter(since=START + timedelta(days=1)), [3, 2, 1]),
        (Filter(until=START + timedelta(days=1)), [0]),
        (Filter(since=START + timedelta(days=1), until=START + timedelta(days=9), stores=("North",)), [1]),
    ],
)
def test_a_filter_lets_through_what_it_says_newest_first(shops, wanted, found):
    assert listing.list_audits(wanted)["audit"].tolist() == [shops[i] for i in found]
    assert listing.count_audits(wanted) == len(found)
    assert listing.count_facings(wanted) == listing.list_audits(wanted)["facings"].sum()
    assert listing.list_audits(wanted, limit=1, offset=1)["audit"].tolist() == [shops[i] for i in found[1:2]]


def test_lists_of_an_empty_database_are_empty():
    assert listing.list_audits().empty and listing.count_audits() == listing.count_facings() == 0
    assert listing.brand_totals().empty and listing.brand_totals(apart=("store",)).empty
    assert listing.known_names("store") == []
    assert listing.trend(Filter(), ("Astra",)).empty
    assert listing.time_span() is None


def test_names_and_totals(shops):
    assert listing.known_names("store") == ["North", "South"]
    assert listing.known_names("category") == ["coffee", "tea"]
    assert listing.known_names("shelf") == ["left", "right"]
    assert listing.brand_totals().values.tolist() == [["Astra", 4], ["Bello", 3], ["Corva", 3]]
    assert listing.brand_totals(Filter(stores=("South",))).values.tolist() == [["Corva", 3], ["Astra", 1]]
    north = listing.brand_totals(Filter(stores=("North",)), ("store", "category")).values.tolist()
    assert north == [
        ["North", "coffee", "Astra", 3],
        ["North", "tea", "Bello", 2],
        ["North", "coffee", "Bello", 1],
    ]
    stores = listing.brand_totals(apart=("store",)).values.tolist()
    assert stores[:2] == [["North", "Astra", 3], ["North", "Bello", 3]] and len(stores) == 4
    assert listing.time_span() == (START, START + timedelta(days=9))


def test_a_share_over_time_is_that_of_all_audits_of_a_step_together(shops):
    table = listing.trend(Filter(), ("Astra", "Corva"))
    rows = table[["brand", "facings", "share", "audits"]].values.tolist()
    assert rows == [["Astra", 2, 0.4, 2], ["Corva", 0, 0.0, 2], ["Astra", 2, 0.4, 2], ["Corva", 3, 0.6, 2]]
    assert table["time"].dt.strftime("%Y-%m-%d").tolist() == ["2026-03-02"] * 2 + ["2026-03-09"] * 2


def test_stores_can_be_told_apart_over_time(shops):
    table = listing.trend(Filter(categories=("coffee",)), ("Astra",), "four weeks", ("store",))
    assert table[["store", "facings", "share"]].values.tolist() == [["North", 3, 0.75], ["South", 1, 0.25]]


def test_shelves_can_be_told_apart_over_time(shops):
    places = [("North", "", "coffee"), ("North", "left", "coffee"), ("North", "right", "tea")]
    assert listing.audited() == [*places, ("South", "left", "coffee")]
    table = listing.trend(Filter(stores=("North",)), ("Astra", "Bello"), "four weeks", listing.PLACE)
    shares = {row[:4]: row[4] for row in table[[*listing.PLACE, "brand", "share"]].itertuples(index=False)}
    assert [shares[place + ("Astra",)] for place in places] == pytest.approx([1, 2 / 3, 0])
    assert [shares[place + ("Bello",)] for place in places] == pytest.approx([0, 1 / 3, 1])


@pytest.mark.parametrize(
    "places, found",
    [
        ([("North", "left", "coffee")], [0]),
        ([("North", "right", "coffee")], []),
        ([("North", "right", "tea"), ("North", "", "coffee"), ("nowhere", "", "")], [3, 1]),
    ],
)
def test_a_filter_of_places_wants_all_words_of_one(shops, places, found):
    wanted = Filter(places=tuple(places))
    assert listing.list_audits(wanted)["audit"].tolist() == [shops[i] for i in found]


def test_stores_of_a_trend_are_in_the_order_of_their_names(shops, make_audit, make_photo):
    for name in ("", "east"):
        store.save_audit(
            make_audit(make_photo((0,)), brands=("Astra", "Bello", "Corva"), store=name, time=START)
        )
    store_names = [("",), ("east",), ("North",), ("South",)]
    assert listing.audited(words=("store",)) == store_names
    assert listing.audited(Filter(categories=("tea",), brands=("Corva",)), ("store",)) == [("North",)]
    wanted = Filter(stores=("", "east"))
    assert set(listing.trend(wanted, ["Astra"], apart=("store",))["store"]) == {"", "east"}


def test_a_day_is_one_of_the_shelfs_own_clock(make_audit):
    late = datetime(2026, 3, 2, 23, 30, tzinfo=timezone(timedelta(hours=-8)))
    store.save_audit(make_audit(time=late))
    begins = {"day": "2026-03-02", "week": "2026-03-02", "four weeks": "2026-02-16"}
    for step, begin in begins.items():
        assert str(listing.trend(Filter(), ("Astra",), step)["time"][0]) == f"{begin} 00:00:00"
    (row,) = listing.list_audits().to_dict("records")
    assert (row["time"], row["utc_offset"]) == (late, -8 * 3600)


@pytest.mark.parametrize("day, found", [(1, 0), (2, 1), (3, 0)])
def test_a_filter_without_a_zone_goes_by_the_shelfs_own_clock(make_audit, day, found):
    store.save_audit(
        make_audit(time=datetime(2026, 3, 2, 1, 0, tzinfo=timezone(timedelta(hours=5, minutes=30))))
    )
    wanted = Filter(since=datetime(2026, 3, day), until=datetime(2026, 3, day + 1))
    assert listing.count_audits(wanted) == found == len(listing.trend(wanted, ("Astra",), "day"))


@pytest.mark.parametrize("name", ["North\u00a0Street", "North Street", " North Street\n"])
def test_a_name_is_found_by_what_it_was_given_as(make_audit, name):
    store.save_audit(make_audit(store="North\u00a0Street"))
    assert listing.count_audits(Filter(stores=(name,))) == 1
    with session() as db:  # as older versions of skushare saved it
        name_ids(db, ["South\u00a0Street"])
        assert list(find_ids(db, ["South\u00a0Street"])) == ["South\u00a0Street"]


def test_an_audit_that_finishes_as_another_goes_is_a_change(make_audit):
    first, second = store.save_audit(make_audit()), store.begin_audit(make_audit(), 0, {})
    store.save_audit(make_audit())
    seen = listing.revision()
    store.delete_audit(first)
    store.finish_audit(second)
    assert listing.revision() != seen


def test_trends_follow_corrections(shops):
    seen = listing.revision()
    audit = store.open_audit(shops[3])
    box = tuple(audit.photos[0].detections.boxes[0].tolist())
    store.save_correction(audit.id, audit.photos[0].id, Facing(box, "Astra"), Facing(box, "Dora"))
    assert listing.revision() != seen
    assert dict(listing.brand_totals().values.tolist()) == {"Astra": 3, "Bello": 3, "Corva": 3, "Dora": 1}
    assert [i in listing.list_audits(Filter(brands=("Dora",)))["audit"].tolist() for i in shops] == [
        0,
        0,
        0,
        1,
    ]


def test_lists_filters_and_trends_follow_changed_words(shops):
    seen = listing.revision()
    for i, name in ((0, "South"), (2, "North")):  # as many audits of each store as before
        store.change_words(shops[i], name, "left", "tea", "")
        assert listing.revision() != seen
        seen = listing.revision()
    assert listing.list_audits()["store"].tolist() == ["North", "North", "North", "South"]
    assert listing.list_audits(Filter(stores=("South",)))["audit"].tolist() == [shops[0]]
    assert listing.list_audits(Filter(categories=("coffee",)))["audit"].tolist() == [shops[3]]
    table = listing.trend(Filter(stores=("South",)), ("Astra",), apart=("store",))
    assert table[["store", "facings"]].values.tolist() == [["South", 2]]
    store.change_words(shops[0], "Sud", "", "", "")
    assert listing.known_names("store") == ["North", "Sud"]


def test_a_trend_has_the_margin_of_its_audits_together(make_audit, make_photo):
    def save(ids, scores, days=0):
        photo = make_photo(ids, shade=10 * len(ids))
        photo = replace(photo, detections=replace(photo.detections, scores=np.full(len(ids), scores)))
        audit = make_audit(photo, time=START + timedelta(days=days))
        margins = audit.shares().set_index("name")["margin"]
        return store.save_audit(audit), len(ids) * margins.get("Bello", 0.0)

    (first, a), (_, b) = save((0, 0, 1), 0.6), save((0, 1, 1, 1), 0.5)
    save((0, 0), 0.5), save((0, 1), 0.5, days=7)
    table = listing.trend(Filter(), ("Bello",))
    assert table["share"].tolist() == pytest.approx([4 / 9, 1 / 2])
    assert table["margin"][0] == pytest.approx(np.hypot(a, b) / 9) and a > 0
    with session() as db:  # as of an audit that an older skushare saved
        db.execute(update(ShareRow).where(ShareRow.audit_id == first).values(margin=None))
    table = listing.trend(Filter(), ("Bello", "nobody", "Astra")).set_index("brand")
    assert table.loc["Bello", "margin"].isna().tolist() == [True, False]
    assert "nobody" not in table.index


def test_photos_have_one_margin_over_time_whether_they_are_one_audit_or_several(make_audit, make_photo):
    photos = [make_photo((0, 0, 0, 1, -1), shade=i, brand_scores=[0.8] * 4 + [0.2]) for i in range(6)]
    store.save_audit(make_audit(*photos, store="one"))
    numbers = [store.save_audit(make_audit(photo, store="several")) for photo in photos]

    def margins():
        table = listing.trend(Filter(), ("Astra", "Bello"), apart=("store",))
        return [part["margin"].tolist() for _, part in table.groupby("store")]

    one, several = margins()
    assert several == pytest.approx(one, rel=1e-6) and min(one) > 0
    of_photo = store.open_audit(numbers[0]).shares().set_index("name")["margin"]
    assert several[0] > 1.2 * of_photo["Astra"] / 6**0.5  # the latter is of independent ones
    with session() as db:  # as of audits that an older skushare saved
        db.execute(update(ShareRow).values(together_margin=None))
    assert margins()[1] == pytest.approx(of_photo[["Astra", "Bello"]].tolist())


def test_a_brand_that_no_audit_of_a_step_has_is_none_without_a_margin(shops):
    table = listing.trend(Filter(), ("Corva",))
    assert table[["share", "margin"]].iloc[0].tolist() == [0, 0]


def test_of_audits_in_which_nothing_was_counted_there_is_no_share(make_audit, make_photo):
    for days, ids in enumerate(([0, 0, 1], [], [0, 1])):
        store.save_audit(make_audit(make_photo(ids), time=START + timedelta(days=days)))
    table = listing.trend(Filter(), ("Astra", "Bello"), "day")
    assert table["share"].tolist() == pytest.approx([2 / 3, 1 / 3, 1 / 2, 1 / 2])
    weeks = listing.trend(Filter(), ("Astra",))
    assert weeks["share"].tolist() == [0.6] and weeks["audits"].tolist() == [3]


def test_a_step_suits_the_time_that_a_trend_goes_over():
    steps = {
        days: listing.fitting_step(START, START + timedelta(days=days)) for days in (0, 60, 61, 730, 731)
    }
    assert steps == {0: "day", 60: "day", 61: "week", 730: "week", 731: "four weeks"}
