from dataclasses import replace
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import numpy as np
import pytest

from skushare.audits.audit import AuditPhoto
from skushare.audits.corrections import Correction, Facing, correct, told_correction
from skushare.detections import Detections
from skushare.shelf.rows import assign_rows
from skushare.shelf.share import share_by_row, share_of_shelf

A, B = Facing((0, 0, 10, 10), "Astra"), Facing((20, 0, 30, 10), "Bello")
MOVED = Facing((1, 2, 11, 12), "Astra")


def photo(*facings):
    boxes = np.float32([facing.box for facing in facings]).reshape(-1, 4)
    ids = [("Astra", "Bello").index(facing.brand) for facing in facings]
    found = Detections(boxes, np.full(len(ids), 0.5), np.zeros(len(ids)), brand_ids=ids)
    return AuditPhoto("shelf.jpg", "0" * 64, 100, 50, found, id=1)


def change(facing, before, after, of=1):
    return Correction(of, facing, before, after, "", datetime.now(timezone.utc))


@pytest.mark.parametrize(
    "facings, corrections, expected",
    [
        ((), [], {}),
        ((A, B), [], {0: A, 1: B}),
        ((A, B), [change(0, A, None)], {1: B}),
        ((A, B), [change(0, A, MOVED)], {0: MOVED, 1: B}),
        ((), [change(0, None, A)], {0: A}),
        ((A,), [change(1, None, B)], {0: A, 1: B}),
        ((A,), [change(1, None, B), change(1, B, None)], {0: A}),
        ((A,), [change(1, None, B), change(1, B, None), change(2, None, B)], {0: A, 2: B}),
        ((A,), [change(0, A, None), change(0, None, A)], {0: A}),
        ((A, B), [change(0, A, None), change(1, B, None)], {}),
        ((A,), [change(0, A, None, of=2)], {0: A}),
        ((A,), [change(0, A, A._replace(brand="Corva"))], {0: A._replace(brand="Corva")}),
        ((A,), [change(0, A, A._replace(brand="unknown"))], {0: A._replace(brand="unknown")}),
    ],
)
def test_the_newest_correction_of_a_facing_holds(facings, corrections, expected):
    brands = ["Astra", "Bello"]
    now, numbers = correct(photo(*facings), corrections, brands)
    found = now.detections
    names = [brands[i] if i >= 0 else "unknown" for i in found.brand_ids]
    boxes = [tuple(box) for box in found.boxes.tolist()]
    assert dict(zip(numbers, map(Facing, boxes, names), strict=True)) == expected


def test_what_a_person_corrected_is_certainly_there():
    shot = photo(A, B)
    for present, expected in (([0.3, 0.4], [1, 0.4]), (None, None)):
        known = replace(shot, detections=replace(shot.detections, present=present))
        found = correct(known, [change(0, A, MOVED)], ["Astra", "Bello"])[0].detections.present
        assert found is None if expected is None else found.tolist() == pytest.approx(expected)


def test_a_person_is_sure_of_the_brand_and_what_was_found_stays_known():
    columns = {"class_ids": [4, 5], "track_ids": [7, 8], "brand_scores": [0.3, 0.4]}
    shot = photo(A, B)
    shot = replace(shot, detections=replace(shot.detections, **columns))
    now = correct(shot, [change(0, A, MOVED), change(2, None, MOVED)], ["Astra", "Bello"]).photo.detections
    assert now.brand_scores.tolist() == pytest.approx([1, 0.4, 1])
    assert (now.track_ids.tolist(), now.class_ids.tolist()) == ([7, 8, -1], [4, 5, 0])


@pytest.mark.parametrize(
    "corrections, expected",
    [
        ([change(0, A, None), change(0, None, A)], [0.5, 0.5]),
        ([change(0, A, B), change(0, B, MOVED), change(0, MOVED, A)], [0.5, 0.5]),
        ([change(0, A, MOVED), change(0, MOVED, A._replace(box=(0.004, 0, 10, 10)))], [0.5, 0.5]),
        ([change(0, A, None), change(0, None, A._replace(brand="Bello"))], [1, 0.5]),
        ([change(0, A, None), change(0, None, MOVED)], [1, 0.5]),
        ([change(2, None, A), change(2, A, None)], [0.5, 0.5]),
    ],
)
def test_a_facing_is_again_as_doubtful_as_it_was_found_once_its_correction_is_taken_back(
    corrections, expected
):
    now = correct(photo(A, B), corrections, ["Astra", "Bello"])
    assert now.photo.detections.scores.tolist() == expected and now.numbers == (0, 1)


@pytest.mark.parametrize(
    "before, after, what",
    [
        (None, A, "added Astra"),
        (A, None, "removed Astra"),
        (A, MOVED, "moved the box of Astra"),
        (A, B, "Astra is Bello"),
    ],
)
def test_a_correction_tells_what_was_done(before, after, what):
    assert change(0, before, after).what == what


@pytest.mark.parametrize(
    "facings, rows, correction, several, told",
    [
        ((A, B), [0, 0], change(1, B, None), False, "removed Bello, shelf row 1, number 2 from the left"),
        ((B, A), [0, 0], change(0, B, None), False, "removed Bello, shelf row 1, number 2 from the left"),
        ((A, B), [3, -1], change(2, None, MOVED), False, "added Astra, shelf row 4, number 1 from the left"),
        (  # beside the nearer one of two that are not in one row, as in a photo askew
            (A, B),
            [0, 1],
            change(2, None, Facing((8, 0, 14, 10), "Astra")),
            False,
            "added Astra, shelf row 1, number 2 from the left",
        ),
        (
            (A, B),
            [0, 1],
            change(2, None, Facing((14, 0, 20, 10), "Astra")),
            False,
            "added Astra, shelf row 2, number 1 from the left",
        ),
        (
            (A, B),
            None,
            change(0, A, MOVED),
            True,
            "moved the box of Astra, at 6% of the width, 14% of the height, shelf.jpg",
        ),
        ((), [], change(0, None, A), False, "added Astra, at 5% of the width, 10% of the height"),
        ((B,), [-1], change(0, B, A), False, "Bello is Astra, at 5% of the width, 10% of the height"),
        (
            (A,),
            [0],
            change(1, None, Facing((50, 20, 60, 30), "Bello")),
            True,
            "added Bello, at 55% of the width, 50% of the height, shelf.jpg",
        ),
    ],
)
def test_a_correction_tells_its_time_and_place(facings, rows, correction, several, told):
    made = photo(*facings)
    made = replace(made, detections=replace(made.detections, row_ids=rows))
    photos = [made, replace(made, id=2, role="" if several else "part")]
    audit = SimpleNamespace(photos=photos, time=datetime(2026, 5, 4, 9, tzinfo=timezone(timedelta(hours=2))))
    correction = replace(
        correction, who="Mia" * several, time=datetime(2026, 5, 4, 12, 30, tzinfo=timezone.utc)
    )
    assert told_correction(correction, audit) == f"2026-05-04 14:30{', Mia' * several}: {told}"


def pack(column, board, brand="Astra"):
    """A facing on one of two boards."""
    return Facing((20.0 * column, 20.0 * board, 20.0 * column + 16, 20.0 * board + 14), brand)


def rowed(*facings):
    """A photo of these with their shelf rows."""
    made = photo(*facings)
    return replace(made, width=200, detections=assign_rows(made.detections))


BOARDS = tuple(pack(column, board) for board in (0, 1) for column in range(3))


@pytest.mark.parametrize(
    "corrections, expected",
    [
        ([change(0, BOARDS[0], pack(0, 0, "Bello"))], [0, 0, 0, 1, 1, 1]),
        ([change(0, BOARDS[0], None)], [0, 0, 1, 1, 1]),
        ([change(6, None, pack(3, 0)), change(7, None, pack(3, 1))], [0, 0, 0, 1, 1, 1, 0, 1]),
        ([change(0, BOARDS[0], pack(3, 1))], [1, 0, 0, 1, 1, 1]),
        ([change(6, None, pack(0, 2))], [0, 0, 0, 1, 1, 1, 2]),
        ([change(5, BOARDS[5], None), change(6, None, BOARDS[5])], [0, 0, 0, 1, 1, 1]),
        ([change(i, BOARDS[i], None) for i in range(6)], []),
        ([change(i, BOARDS[i], None) for i in range(3)], [0, 0, 0]),
    ],
)
def test_rows_are_those_of_the_boxes_that_hold_now(corrections, expected):
    now = correct(rowed(*BOARDS), corrections, ["Astra", "Bello"]).photo.detections
    assert now.row_ids.tolist() == expected
    assert now.row_ids.tolist() == assign_rows(now).row_ids.tolist()


def test_facings_added_on_two_boards_have_their_full_length_and_no_row_of_their_own():
    added = [change(6, None, pack(3, 0, "Bello")), change(7, None, pack(3, 1, "Bello"))]
    brands = ["Astra", "Bello"]
    now = correct(rowed(*BOARDS), added, brands).photo.detections
    linear = share_of_shelf(now, brands=brands).set_index("name")["linear"]
    assert linear["Bello"] == pytest.approx(0.25)
    assert sorted(share_by_row(now, brands=brands)["row"].unique()) == [1, 2]


def test_rows_that_nothing_moved_in_stay_as_they_were_found():
    made = rowed(*BOARDS)
    found = replace(made.detections, row_ids=np.array([4, 4, 4, 7, 7, 7]))
    corrections = [
        change(0, BOARDS[0], pack(0, 0, "Bello")),
        change(1, BOARDS[1], pack(5, 1)),
        change(1, pack(5, 1), BOARDS[1]),
    ]
    now = correct(replace(made, detections=found), corrections, ["Astra", "Bello"]).photo.detections
    assert now.row_ids.tolist() == found.row_ids.tolist()


def test_a_photo_without_rows_gets_none_by_a_correction():
    assert correct(photo(A, B), [change(0, A, MOVED)], ["Astra", "Bello"]).photo.detections.row_ids is None


@pytest.mark.parametrize(
    "corrections, expected",
    [
        ([change(0, A, MOVED)], [3, 5]),
        ([change(0, A, B._replace(box=A.box))], [-1, 5]),
        ([change(0, A, A._replace(brand="unknown"))], [-1, 5]),
        ([change(0, A, A._replace(brand="Bello")), change(0, A._replace(brand="Bello"), A)], [3, 5]),
        ([change(0, A, None), change(0, None, MOVED)], [3, 5]),
        ([change(2, None, A)], [3, 5, -1]),
        ([change(0, A, None), change(2, None, A)], [5, -1]),
    ],
)
def test_a_facing_keeps_its_product_as_long_as_its_brand_is_the_same(corrections, expected):
    made = photo(A, B)
    made = replace(made, detections=replace(made.detections, sku_ids=[3, 5]))
    brands = ["Astra", "Bello"]
    assert correct(made, corrections, brands).photo.detections.sku_ids.tolist() == expected
