from dataclasses import replace

import numpy as np
import pytest

from skushare.audits.compare import compare

pytestmark = pytest.mark.usefixtures("sqlite")


def rows(table):
    return {row.brand: row for row in table.itertuples()}


def test_what_moved_is_told_by_brand(make_audit, make_photo):
    before = make_audit(make_photo((0, 0, 1, 1)))
    after = make_audit(make_photo((1, 0, 1, 1)))
    found = rows(compare(before, after))
    assert (found["Bello"].facings_before, found["Bello"].facings_after, found["Bello"].change) == (2, 3, 1)
    assert found["Bello"].points == pytest.approx(25) and found["Astra"].points == pytest.approx(-25)
    assert found["Astra"].place_before < found["Astra"].place_after
    assert found["Astra"].height_before == found["Astra"].height_after == 0.5


def test_new_and_gone_brands_and_the_largest_change_first(make_audit, make_photo):
    before = make_audit(make_photo((0, 1, 1, 1)))
    after = make_audit(make_photo((1, 1, 1, 0)), brands=("Corva", "Bello"))
    table = compare(before, after)
    assert table["brand"].tolist() == ["Astra", "Corva", "Bello"]
    assert table["points"].tolist() == [-25, 25, 0]
    assert table["place_after"].isna().tolist() == [True, False, False]


@pytest.mark.parametrize("before, after", [((), (0,)), ((0,), ()), ((), ())])
def test_an_empty_shelf_compares_too(make_audit, make_photo, before, after):
    table = compare(make_audit(make_photo(before)), make_audit(make_photo(after)))
    assert len(table) == (1 if before or after else 0)
    assert not table["sure"].any() and (table["margin"] >= 100).all()  # of nothing there is no share


def test_places_are_in_the_photo_that_a_facing_is_on_whatever_the_photos_are_called(make_audit, make_photo):
    wide = make_photo((1,) * 49 + (0,), name="image.jpg")  # Astra at its right end
    narrow = make_photo((0, 1), name="image.jpg", shade=50)
    table = rows(compare(make_audit(narrow), make_audit(wide, narrow)))
    assert table["Astra"].place_before == pytest.approx(8 / 40)
    assert table["Astra"].place_after == pytest.approx((988 / 1000 + 8 / 40) / 2)


@pytest.mark.parametrize("score, sure", [(1.0, True), (0.5, False)])
def test_a_change_is_sure_beyond_the_doubt_of_both_shares(make_audit, make_photo, score, sure):
    before, after = make_photo((0, 0, 1, 1)), make_photo((0, 1, 1, 1))
    doubtful = replace(after, detections=replace(after.detections, scores=np.full(4, score)))
    audits = make_audit(before), make_audit(doubtful)
    (found,) = [row for row in compare(*audits).itertuples() if row.brand == "Bello"]
    shares = [audit.shares().set_index("name").loc["Bello", "margin"] for audit in audits]
    assert found.margin == pytest.approx(100 * np.hypot(*shares))
    assert found.points == pytest.approx(25) and found.sure == sure


def test_what_stays_the_same_is_no_sure_change(make_audit):
    assert not compare(make_audit(), make_audit())["sure"].any()
