import numpy as np
import pytest

from skushare.detections import Detections


def make(n):
    return Detections(
        np.arange(4 * n).reshape(n, 4), np.linspace(0.9, 0.1, n), np.zeros(n), row_ids=np.arange(n)
    )


def test_the_empty_one_is_legal():
    empty = Detections()
    assert len(empty) == 0 and empty.boxes.shape == (0, 4)
    assert len(empty.above(0.5)) == 0 and len(empty.to_frame()) == 0


@pytest.mark.parametrize(
    ("index", "rows"),
    [
        (slice(0, 2), [0, 1]),
        (np.array([2, 0]), [2, 0]),
        (np.array([True, False, True]), [0, 2]),
        (1, [1]),
        (np.zeros(0, int), []),
    ],
)
def test_indexing_keeps_all_columns_together(index, rows):
    picked = make(3)[index]
    assert picked.row_ids.tolist() == rows
    np.testing.assert_array_equal(picked.boxes, make(3).boxes[rows])


def test_above_includes_the_threshold():
    assert make(3).above(0.5).row_ids.tolist() == [0, 1]


@pytest.mark.parametrize("factor", [0.5, np.float32([0.5, 0.5, 0.5, 0.5])])
def test_scaled_ones_keep_all_but_their_boxes(factor):
    scaled = make(2).scaled(factor)
    assert scaled.boxes.dtype == np.float32 and scaled.boxes[1].tolist() == [2, 2.5, 3, 3.5]
    assert scaled.row_ids.tolist() == [0, 1]


@pytest.mark.parametrize(
    "column", ["scores", "class_ids", "track_ids", "row_ids", "brand_ids", "sku_ids", "brand_scores"]
)
def test_columns_of_another_length_are_refused(column):
    columns = {"scores": [0.5, 0.5], "class_ids": [0, 0], column: [1]}
    with pytest.raises(ValueError, match=column):
        Detections(boxes=np.zeros((2, 4)), **columns)


def test_table_names_classes_and_keeps_unnamed_numbers():
    found = Detections(np.zeros((2, 4)), [0.5, 0.4], [0, 7])
    assert found.to_frame(("milk",))["class"].tolist() == ["milk", "7"]


def test_table_names_brands_and_products_where_any_has_a_name():
    found = Detections(np.zeros((4, 4)), [0.5] * 4, [0] * 4, brand_ids=[0, 1, 2, -1], sku_ids=[1, 0, 2, -1])
    named = found.to_frame(brands=("Apex", "Bell"), products=("tea", "milk"))
    assert named["brand"].tolist() == ["Apex", "Bell", "", ""]
    assert named["sku"].tolist() == ["milk", "tea", "", ""]
    assert found.to_frame()["brand"].tolist() == [0, 1, 2, -1]
    assert list(make(1).to_frame(brands=("Apex",)).columns) == list(make(1).to_frame().columns)


def test_table_has_tenths_of_pixels_and_scores_of_four_digits():
    found = Detections([[1.26, 2, 3, 4]], [0.12346], [0], brand_scores=[0.98768])
    row = found.to_frame().loc[0, ["left", "score", "brand score"]]
    assert row.tolist() == [1.3, 0.1235, 0.9877]


def test_rows_count_from_one_for_people():
    found = Detections(np.zeros((3, 4)), [0.5] * 3, [0] * 3, row_ids=[0, 2, -1])
    assert found.row_numbers().tolist() == found.to_frame()["row"].tolist() == [1, 3, -1]
    assert Detections(np.zeros((1, 4)), [0.5], [0]).row_numbers().tolist() == [-1]


def test_brand_scores_stay_fractions_and_go_along():
    found = Detections(np.zeros((2, 4)), [0.5, 0.4], [0, 0], brand_ids=[1, -1], brand_scores=[0.75, 0.25])
    assert found[1:].brand_scores.tolist() == [0.25]
    assert found.to_frame()["brand score"].tolist() == [0.75, 0.25]


def test_joined_keep_their_order_and_the_columns_that_all_have():
    other = Detections([[0, 0, 9, 9]], [0.5], [2], row_ids=[5], track_ids=[1])
    both = Detections.joined([make(2), other])
    assert both.boxes.tolist() == [*make(2).boxes.tolist(), [0, 0, 9, 9]]
    assert both.class_ids.tolist() == [0, 0, 2] and both.class_ids.dtype == np.int32
    assert both.row_ids.tolist() == [0, 1, 5] and both.track_ids is None
    assert len(Detections.joined([Detections()])) == 0
