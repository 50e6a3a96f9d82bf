"""Brand blocks and neighbours."""

import numpy as np
import pytest

from skushare.detections import Detections
from skushare.shelf.blocks import adjacency, block_table, brand_blocks, neighbours


def shelf(*rows, unknown="-"):
    """Facings of brands written as letters, a string a row; a dot is an empty place."""
    boxes, ids = [], []
    for row, text in enumerate(rows):
        for column, letter in enumerate(text):
            if letter != ".":
                x, y = 10 + 40 * column, 100 * row
                boxes.append((x, y, x + 34, y + 70))
                ids.append(-1 if letter == unknown else ord(letter) - ord("a"))
    return Detections(boxes, np.ones(len(ids)), np.zeros(len(ids)), brand_ids=ids)


BRANDS = ("Apex", "Bell", "Crux")


@pytest.mark.parametrize(
    "boxes, beside, above",  # one row, from the left; or two, the upper first, parted by ``None``
    [
        ([(0, 0, 40, 80), (45, 0, 85, 80)], [(0, 1)], []),
        ([(0, 0, 40, 80), (25, 0, 65, 80)], [(0, 1)], []),  # boxes overlap
        ([(0, 0, 40, 80), (15, 0, 55, 80)], [], []),
        ([(0, 0, 100, 80), (115, 0, 135, 80)], [(0, 1)], []),
        ([(0, 0, 100, 80), (125, 0, 145, 80)], [], []),  # farther apart than the narrower one is wide
        ([(0, 40, 40, 80), (45, 0, 85, 50)], [], []),
        ([(0, 0, 40, 80), (45, 52, 85, 80)], [(0, 1)], []),
        (
            [(0, 0, 100, 80), (105, 0, 145, 80), (150, 0, 250, 80)],
            [(0, 1), (1, 2)],
            [],
        ),  # a narrow one between
        ([(0, 0, 40, 38), (0, 40, 40, 80)], [], [(0, 1)]),
        ([(0, 40, 40, 80), (10, 0, 50, 38)], [], [(1, 0)]),
        ([(0, 0, 40, 38), (25, 40, 65, 80)], [], []),
        ([(0, 0, 40, 80), (45, 0, 85, 38), (60, 40, 100, 80)], [(0, 1), (0, 2)], [(1, 2)]),  # a stack
        (
            [(0, 0, 20, 20), (0, 22, 99, 50), (0, 52, 250, 80)],
            [],
            [(0, 1), (1, 2)],
        ),  # most of the upper is on it
        (
            [(0, 0, 250, 20), (0, 22, 99, 50), (0, 52, 20, 80)],
            [],
            [(0, 1), (1, 2)],
        ),  # and of the lower under it
        ([(0, 0, 99, 20), (0, 22, 40, 50), (0, 52, 99, 80)], [], [(0, 1), (0, 2), (1, 2)]),  # less than half
        ([(0, 0, 40, 80), None, (10, 100, 50, 180), (55, 100, 95, 180)], [(1, 2)], [(0, 1)]),
        ([(0, 0, 40, 80), None, (25, 100, 65, 180)], [], []),
        ([(0, 0, 40, 80), None, None, (0, 200, 40, 280)], [], []),  # a row is between
    ],
)
def test_neighbours(boxes, beside, above):
    rows = np.cumsum([box is None for box in boxes])
    kept = [number for number, box in enumerate(boxes) if box]
    found = Detections([boxes[i] for i in kept], np.ones(len(kept)), np.zeros(len(kept)), row_ids=rows[kept])
    assert [[*map(tuple, pairs.tolist())] for pairs in neighbours(found)] == [beside, above]


@pytest.mark.parametrize(
    "rows, blocks",
    [
        ((), []),
        (("aaab",), [("Apex", 3, 1), ("Bell", 1, 1)]),
        (("aabaa",), [("Apex", 2, 1), ("Apex", 2, 1), ("Bell", 1, 1)]),
        (("aab", "acc"), [("Apex", 3, 2), ("Crux", 2, 1), ("Bell", 1, 1)]),
        (("aab", "baa"), [("Apex", 4, 2), ("Bell", 1, 1), ("Bell", 1, 1)]),  # a corner does not join
        (("a...a", "bbbbb"), [("Bell", 5, 1), ("Apex", 1, 1), ("Apex", 1, 1)]),
        (("--", "aa"), [("Apex", 2, 1), ("unknown", 1, 1), ("unknown", 1, 1)]),
    ],
)
def test_blocks(rows, blocks):
    table = block_table(shelf(*rows), brands=BRANDS)
    assert table[["name", "facings", "rows"]].values.tolist() == [list(b) for b in blocks]
    assert len(np.unique(brand_blocks(shelf(*rows)))) == len(blocks)


def test_a_block_has_the_box_around_its_facings():
    table = block_table(shelf("aab"), brands=BRANDS)
    assert table.loc[0, ["left", "top", "right", "bottom"]].tolist() == [10, 0, 84, 70]


@pytest.mark.parametrize(
    "rows, blocks, beside",
    [
        (("aaab",), [("Apex", 3), ("Bell", 1)], [["Apex", "Bell", 1]]),
        (("acab",), [("Apex", 1), ("Apex", 1), ("Bell", 1)], [["Apex", "Bell", 1]]),
        (("acb",), [("Apex", 1), ("Bell", 1)], []),
        (("aa", "cc", "aa"), [("Apex", 2), ("Apex", 2)], []),
        (("cc",), [], []),
    ],
)
def test_what_stands_between_parts_also_where_it_does_not_count(rows, blocks, beside):
    found = shelf(*rows)
    kept = found.brand_ids != BRANDS.index("Crux")
    found.boxes[kept] += (-3.5, 0, 3.5, 0)  # as wide as what is between two that have another between them
    table = block_table(found, brands=BRANDS, kept=kept)
    assert list(table[["name", "facings"]].itertuples(index=False, name=None)) == blocks
    assert adjacency(found, brands=BRANDS, kept=kept).values.tolist() == beside


@pytest.mark.parametrize("counted", ["abc", "ab"])
@pytest.mark.parametrize(
    "over, tins, under, apex",
    [
        ("-", "aaa", "-", [3]),
        ("-", "aca", "-", [1, 1]),
        ("a", "caa", "a", [3, 1]),
        ("a", "aac", "a", [3, 1]),
        ("a", "ccc", "a", [1, 1]),
        ("a", "aaa", "a", [5]),
    ],
)
def test_what_is_stacked_between_two_facings_parts_them(over, tins, under, apex, counted):
    """Three tins beside tall packs, on a shelf between two."""
    found = shelf(f"bb{over}bb", f"bb{tins[0]}bb", f"bb{under}bb")
    stack = np.arange(3, dtype=np.float32)[:, None] * (0, 24, 0, 24) + np.float32([90, 100, 124, 122])
    ids = [ord(letter) - ord("a") for letter in tins]
    boxes, brands = np.delete(found.boxes, 7, axis=0), np.delete(found.brand_ids, 7)
    found = Detections(np.concatenate([boxes, stack]), np.ones(17), np.zeros(17), brand_ids=[*brands, *ids])
    table = block_table(found, brands=BRANDS, kept=np.isin(found.brand_ids, [-1, *map("abc".index, counted)]))
    assert table.loc[table["name"] == "Apex", "facings"].tolist() == apex


def test_a_small_facing_on_a_wide_one_does_not_part_it_from_the_row_above():
    boxes = [(0, 0, 90, 80), (0, 100, 90, 200), (30, 85, 50, 99)]
    found = Detections(boxes, np.ones(3), np.zeros(3), row_ids=[0, 1, 1], brand_ids=[0, 0, 1])
    assert block_table(found, brands=BRANDS)["facings"].tolist() == [2, 1]


@pytest.mark.parametrize(
    "rows, expected",
    [
        ((), []),
        (("aaa",), []),
        (("aabbc",), [["Apex", "Bell", 1], ["Bell", "Crux", 1]]),
        (("ab", "ba", "bc"), [["Apex", "Bell", 2], ["Bell", "Crux", 1]]),
        (("a....b",), []),  # too far apart
    ],
)
def test_adjacency_counts_who_stands_beside_whom(rows, expected):
    assert adjacency(shelf(*rows), brands=BRANDS).values.tolist() == expected
