"""Share of shelf: grouping, names, sums, lengths, margins, targets."""

import numpy as np
import pandas as pd
import pytest

from skushare.detections import Detections
from skushare.shelf import share
from skushare.shelf.certainty import facing_probability
from skushare.shelf.margins import CERTAIN, TOGETHER, share_margins
from skushare.shelf.plane import ShelfPlane
from skushare.shelf.share import (
    COLUMNS,
    COMPETITORS,
    OWN,
    REFUSED,
    TOGETHER_MARGIN,
    UNKNOWN,
    in_category,
    names_of,
    of_category,
    share_by_row,
    share_of_each,
    share_of_shelf,
    share_of_shelves,
    with_targets,
)


def found(class_ids, brand_ids=None, widths=None, **columns):
    """Facings side by side on one board."""
    n = len(class_ids)
    widths = np.full(n, 30.0) if widths is None else np.asarray(widths, float)
    left = np.cumsum(widths + 2) - widths
    boxes = np.stack([left, np.full(n, 10.0), left + widths, np.full(n, 90.0)], axis=1)
    scores = columns.pop("scores", np.ones(n))
    return Detections(boxes, scores, class_ids, brand_ids=brand_ids, **columns)


def shares(table):
    return list(table[["name", "facings", "share"]].itertuples(index=False, name=None))


@pytest.mark.parametrize(
    "detections, labels, brands, expected",
    [
        (Detections(), ("facing",), (), []),
        (found([0, 0, 0]), ("facing",), (), [("facing", 3, 1.0)]),
        (found([1, 0, 1, 1]), ("can", "box"), (), [("box", 3, 0.75), ("can", 1, 0.25)]),
        (found([4]), ("can",), (), [("4", 1, 1.0)]),
        (found([0, 1]), ("b", "a"), (), [("a", 1, 0.5), ("b", 1, 0.5)]),  # a tie goes by name
        (
            found([0, 0, 0, 0], [1, 1, -1, 0]),
            ("facing",),
            ("Juno", "Apex"),
            [("Apex", 2, 0.5), ("Juno", 1, 0.25), (UNKNOWN, 1, 0.25)],
        ),
    ],
)
def test_share_of_shelf(detections, labels, brands, expected):
    table = share_of_shelf(detections, labels, brands)
    assert tuple(table.columns) == COLUMNS
    assert shares(table) == expected


def test_photos_are_weighed_by_their_facings():
    near = found([0], widths=[90])  # however large they are in it
    table = share_of_shelves([near, found([1] * 9)], ("a", "b"))
    assert shares(table) == [("b", 9, 0.9), ("a", 1, 0.1)]
    assert table["linear"].tolist() == table["area"].tolist() == pytest.approx([0.9, 0.1])


def test_one_photo_without_brands_makes_classes_of_all():
    table = share_of_shelves([found([0, 0], [3, 3]), found([0])], ("facing",), ("a", "b", "c", "d"))
    assert shares(table) == [("facing", 3, 1.0)]


def test_a_photo_without_facings_takes_no_brands_from_the_others():
    photos, kept = [found([0, 0], [0, 1]), Detections()], [np.array([True, False]), np.zeros(0, bool)]
    assert shares(share_of_shelves(photos, ("facing",), ("a", "b"))) == [("a", 1, 0.5), ("b", 1, 0.5)]
    assert shares(share_of_shelves(photos, ("facing",), ("a", "b"), kept=kept)) == [("a", 1, 1.0)]


@pytest.mark.parametrize("photos", [[], [Detections()], [Detections(), Detections()]])
def test_no_facings_have_no_shares(photos):
    assert len(share_of_shelves(photos)) == 0
    assert list(share_by_row(Detections()).columns) == ["row", *COLUMNS]


def test_a_wide_pack_has_more_length_and_area_than_its_number_tells():
    table = share_of_shelf(found([0, 1, 1], widths=[60, 30, 30]), ("wide", "narrow")).set_index("name")
    assert table.loc["wide", ["share", "linear", "area"]].tolist() == pytest.approx([1 / 3, 0.5, 0.5])


def test_what_is_stacked_takes_its_length_once():
    boxes = [[0, 50, 40, 70], [0, 71, 40, 91], [45, 50, 85, 91]]
    table = share_of_shelf(Detections(boxes, np.ones(3), [0, 0, 1]), ("stacked", "tall")).set_index("name")
    assert table.loc["stacked", "share"] == pytest.approx(2 / 3)
    assert table.loc["stacked", "linear"] == pytest.approx(0.5)
    assert table.loc["stacked", "area"] == pytest.approx(40 / 81)


def test_rows_are_told_apart():
    boxes = [[x, y, x + 30, y + 60] for y in (0, 100) for x in range(0, 200, 40)]
    table = share_by_row(Detections(boxes, np.ones(10), [0] * 5 + [0] * 2 + [1] * 3), ("a", "b"))
    assert table[["row", "name", "facings"]].values.tolist() == [[1, "a", 5], [2, "b", 3], [2, "a", 2]]


@pytest.mark.parametrize(
    "photos",
    [
        [],
        [found([])],
        [found([0, 0, 1, 2], [2, 1, 1, -1]), found([1, 1], [0, 0])],
        [found([0, 1, 1], [0, 1, 1]), found([]), found([0])],  # one of them without brands
        [found([0, 0, 0], [0, 1, 1]), Detections()],  # the empty one has none, and takes none
        [found([3, 0, 0])],
    ],
)
def test_names_alone_are_in_the_order_of_the_shares_and_nothing_is_measured(photos, monkeypatch):
    labels, brands = ("can", "box", "jar"), ("Astra", "Bello", "Corva")
    names = share_of_shelves(photos, labels, brands)["name"].tolist()
    monkeypatch.setattr(share, "_sizes", None)
    assert names_of(photos, labels, brands) == names


def drawn(detections, names, draws=4000):
    """The margins that drawing shelves at random gives: the definition."""
    rng = np.random.default_rng(0)
    ids = detections.brand_ids
    whole = np.bincount(ids, minlength=len(names)) / len(ids)

    def named(brand):
        """Luck, and the brand where it is out, in each draw."""
        others = np.where(np.arange(len(names)) == brand, 0, whole)
        return rng.random(draws), rng.choice(len(names), draws, p=others / others.sum())

    together = [named(brand) for brand in range(len(names))]
    counts = np.zeros((draws, len(names)))
    for brand, present, right in zip(
        ids, facing_probability(detections.scores), detections.brand_scores, strict=True
    ):
        # Facings of a brand that go together have one luck: so are pairs of them correlated.
        joins = rng.random(draws) < TOGETHER**0.5
        luck, other = np.where(joins, together[brand], named(brand))
        said = np.where(luck < right, brand, other).astype(int)
        counts[np.arange(draws), said] += rng.random(draws) < present
    out = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    return dict(zip(names, CERTAIN * out.std(0), strict=True))


def test_a_margin_is_what_drawing_shelves_at_random_gives():
    rng = np.random.default_rng(4)
    names = ("a", "b", "c")
    ids = rng.choice(3, 60, p=[0.6, 0.3, 0.1])
    sample = found(np.zeros(60), ids, scores=rng.uniform(0.3, 0.9, 60), brand_scores=rng.uniform(0.7, 1, 60))
    table = share_of_shelf(sample, brands=names).set_index("name")
    for name, margin in drawn(sample, names).items():
        assert table.loc[name, "margin"] == pytest.approx(margin, rel=0.1)


def test_a_margin_is_the_sum_over_the_boxes_and_the_pairs_of_one_brand():
    """Of any group of brands, and of boxes of any weight."""
    rng = np.random.default_rng(0)
    brands = rng.integers(0, 5, 40)
    groups = np.array([0, 0, 0, 1, 2])[brands]
    weight, present, sure = rng.uniform(0.5, 2, 40), rng.uniform(0.2, 1, 40), rng.uniform(0.3, 1, 40)
    shares = np.bincount(groups, weight) / weight.sum()
    margins = share_margins(groups, shares, weight, present, sure, brands)
    for group, s in enumerate(shares):
        own = groups == group
        q = np.where(own, sure, (1 - sure) * s / (1 - shares[groups]))
        alone = weight**2 * (present * (q * (1 - 2 * s) + s**2) - present**2 * (q - s) ** 2)
        deviations = weight * present * np.sqrt(np.where(own, q * (1 - q), q))
        pairs = TOGETHER * np.outer(deviations, deviations) * (brands[:, None] == brands)
        variance = alone.sum() + pairs.sum() - np.trace(pairs)
        expected = CERTAIN * np.sqrt([variance, min(variance, pairs.sum())]) / (weight * present).sum()
        assert margins[:, group] == pytest.approx(expected)


def test_what_no_gallery_knew_may_be_of_a_brand_unless_a_person_said_so():
    ids = np.repeat([0, -1], 10)

    def margins(score, sure):
        columns = {"scores": np.full(20, score), "brand_scores": np.where(ids < 0, sure, 1.0)}
        return share_of_shelf(found(np.zeros(20), ids, **columns), brands=("a",))["margin"]

    assert (margins(0.999, 0.3) > 0.1).all()
    assert margins(1.0, 1.0).tolist() == [0, 0]
    by_label = found(np.zeros(20), ids, scores=np.full(20, 0.999))  # of a brand map, without brand scores
    assert share_of_shelf(by_label, brands=("a",))["margin"].max() < 0.01


@pytest.mark.parametrize("look_score", [1 - REFUSED, 0.5])  # as of `name_facings`, and of a sweep
def test_a_brand_has_one_margin_whether_the_unknown_is_grouped_by_look_or_not(look_score):
    ids, sure = np.repeat([0, 1, -1], [8, 4, 20]), np.repeat([0.9, 0.7, 0.3], [8, 4, 20])
    columns = {"scores": np.linspace(0.4, 0.9, 32), "brand_scores": sure}
    plain = share_of_shelf(found(np.zeros(32), ids, **columns), brands=("a", "b")).set_index("name")
    ids[12:30], sure[12:30] = np.repeat([2, 3], [10, 8]), look_score
    sample = found(np.zeros(32), ids, **columns)
    grouped = share_of_shelf(sample, brands=("a", "b", "look A", "look B")).set_index("name")
    margins = ["margin", "linear_margin", "area_margin"]
    assert (plain.loc["a":"b", margins] > 0).to_numpy().all()
    pd.testing.assert_frame_equal(grouped.loc[["a", "b"]], plain.loc[["a", "b"]])
    # Among themselves, looks and what is unknown beside them have the margins of brands.
    apart = share_of_shelf(sample, brands=("a", "b", "c", "d")).set_index("name")
    apart = apart.rename({"c": "look A", "d": "look B"}).loc[["look A", "look B", UNKNOWN]]
    pd.testing.assert_frame_equal(grouped.loc[apart.index], apart)
    sides = share_of_shelf(sample, brands=("a", "b", "look A", "look B"), own=("a",)).set_index("name")
    assert sides["facings"].to_dict() == {OWN: 8, COMPETITORS: 4, UNKNOWN: 20}
    assert sides.loc[OWN, margins].to_list() == pytest.approx(plain.loc["a", margins].to_list())


def test_what_other_shelves_have_alike_is_a_part_of_the_margin_of_the_number():
    sample = found(np.zeros(6), [0, 0, 0, 1, 1, 1], np.arange(10, 70, 10), brand_scores=np.full(6, 0.8))
    table, lines = share_of_each([(("a", "b"), [sample]), (("a",), [])], [TOGETHER_MARGIN])
    ids = np.repeat([0, 1], 3)
    expected = share_margins(ids, np.full(2, 0.5), *np.ones((2, 6)), np.full(6, 0.8), ids)
    assert table[["margin", TOGETHER_MARGIN]].T.to_numpy() == pytest.approx(expected)
    assert lines == [2, 0] and (expected[1] < expected[0]).all()


def test_doubt_widens_the_margin_and_certainty_closes_it():
    ids = [0, 0, 0, 1, 1]
    sure = share_of_shelf(found(ids, ids, brand_scores=np.ones(5)))["margin"]
    doubtful = share_of_shelf(found(ids, ids, brand_scores=np.full(5, 0.6)))["margin"]
    faint = share_of_shelf(found(ids, ids, brand_scores=np.ones(5), scores=np.full(5, 0.4)))["margin"]
    assert (sure < faint).all() and (sure < doubtful).all()
    known = found(ids, ids, brand_scores=np.ones(5), scores=np.full(5, 0.4), present=np.ones(5))
    assert share_of_shelf(known)["margin"].tolist() == pytest.approx(sure.tolist())
    for scores in (1.0, 0.6):  # of one name alone, all is its own
        assert share_of_shelf(found([0, 0], scores=np.full(2, scores)))["margin"].tolist() == [0]
    for present in (0, 0.01):  # no box is a facing, or hardly one
        nothing = share_of_shelf(found(ids, scores=np.full(5, 0.3), present=np.full(5, present)))
        assert (nothing[["margin", "linear_margin", "area_margin"]] == 1).all(axis=None)


def test_a_share_of_the_whole_is_as_doubtful_as_one_of_nearly_all():
    sure = {"scores": np.full(100, 0.9), "brand_scores": np.full(100, 0.8)}
    whole = share_of_shelf(found(np.zeros(100), np.zeros(100), **sure), brands=("a",))
    most = share_of_shelf(found(np.zeros(100), np.arange(100) // 99, **sure), brands=("a", "b"))
    for column in ("margin", "linear_margin", "area_margin"):
        assert whole[column][0] == pytest.approx(most[column][0], rel=0.1) and whole[column][0] > 0.1


def test_own_brands_stand_against_all_others():
    table = share_of_shelf(found([0] * 6, [0, 1, 1, 2, 2, -1]), brands=("a", "b", "c"), own=("a", "b"))
    assert shares(table) == [(OWN, 3, 0.5), (COMPETITORS, 2, 1 / 3), (UNKNOWN, 1, 1 / 6)]


def test_targets_tell_the_difference_and_whether_it_is_sure():
    shares, margins = [0.5, 0.25, 0.2, 0.05], [0.02, 0.05, 0.05, 0]
    table = pd.DataFrame({"name": list("abcd"), "share": shares, "margin": margins})
    table = with_targets(table, {"a": 0.4, "b": 0.28, "d": 0.05})
    assert table["difference"].tolist() == pytest.approx([0.1, -0.03, np.nan, 0], nan_ok=True)
    assert table["sure"].tolist() == [True, False, False, False]  # no difference is none, however sure


@pytest.mark.parametrize(("ids", "names"), [([0, 0], ["a", "B", "c"]), ([], ["B", "c"])])
def test_a_brand_with_a_target_but_no_facing_has_a_line_without_a_margin(ids, names):
    table = share_of_shelf(found([0] * len(ids), ids), brands=("a", "B", "c", "d"))
    table = with_targets(table, {"c": 0.3, "B": 0.2, "gone": 0.5}, brands=("a", "B", "c", "d"))
    assert table["name"].tolist() == names
    lines = table[table["name"] != "a"]
    assert lines["facings"].tolist() == [0, 0] and (lines[["share", "linear", "area"]] == 0).all(axis=None)
    assert lines["difference"].tolist() == [-0.2, -0.3] and lines["margin"].isna().all()
    assert not table["sure"].any()


@pytest.mark.parametrize("rows", [1, 2])
def test_a_part_of_a_shelf_is_as_long_as_the_whole_shelf_tells(rows):
    """Boards that converge: of a row alone, nobody can tell how much of a width is perspective."""
    plane = ShelfPlane(320, 640, 0, 0.4)
    flat = [[x, y, x + 38, y + 90] for y in range(-240, 240, 100) for x in range(0, 640, 40)]
    boxes = plane.bend(flat)
    ids = np.tile(np.repeat([0, 1], 8), 5)
    shelf = Detections(boxes, np.ones(80), ids, row_ids=np.repeat(np.arange(5), 16))
    by_row = share_by_row(shelf, ("left", "right"))
    assert by_row["linear"].tolist() == pytest.approx([0.5] * 10, abs=0.01)
    assert share_by_row(shelf, ("left", "right"), kept=ids == 0)["linear"].tolist() == [1.0] * 5
    kept = [shelf.row_ids < rows]
    assert share_of_shelves([shelf], ("left", "right"), kept=kept)["linear"].tolist() == pytest.approx(
        [0.5, 0.5], abs=0.01
    )


def test_a_category_keeps_its_own():
    sample = found([0, 0, 0, 0], sku_ids=[0, 1, 2, -1])
    assert in_category(sample, ("tea", "coffee", "tea"), "tea").sku_ids.tolist() == [0, 2]
    assert of_category(sample, ("tea", "coffee", "tea"), "tea").tolist() == [True, False, True, False]
    assert len(in_category(found([0]), ("tea",), "tea")) == 0


def test_a_category_keeps_what_has_a_brand_of_it_but_no_known_product():
    sample = found([0] * 5, [0, 0, 1, 2, -1], sku_ids=[0, -1, -1, -1, -1])
    categories, of_brands = ("coffee",), ("tea", "coffee", "")
    assert in_category(sample, categories, "tea", of_brands).brand_ids.tolist() == [0]
    assert in_category(sample, categories, "coffee", of_brands).brand_ids.tolist() == [0, 1]
    without = found([0, 0], [0, 1])
    assert in_category(without, categories, "tea", of_brands).brand_ids.tolist() == [0]


def test_the_same_boxes_are_measured_once_whatever_their_brands(monkeypatch):
    measured, fit = [], share.ShelfPlane.fit
    monkeypatch.setattr(share.ShelfPlane, "fit", lambda boxes: measured.append(len(boxes)) or fit(boxes))
    share._measured.cache_clear()
    for brand_ids in ([0, 1], [1, 1], None):  # as the same photo is, read from the database once more
        share_of_shelf(found([0, 0], brand_ids))
    assert measured == [2]
    share_of_shelf(found([0, 0], row_ids=[0, 1]))
    share_of_shelf(found([0, 0], widths=[30, 40]))
    assert measured == [2, 2, 2]
