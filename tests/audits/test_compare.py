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
