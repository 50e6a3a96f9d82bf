"""The shelves of an album: what two photos show counts once, and looks are no brands."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from skushare.album import Photo
from skushare.album_shelves import Shelf, counts_of, facings_of, joined_shelves, lay_album, single_shelves
from skushare.detections import Detections
from skushare.jpeg import encode_jpeg
from skushare.shelf.gaps import find_gaps

DOUBTFUL = np.float32([[61, 10, 69, 90]])
FOUND = Detections(
    [[10, 10, 60, 90], [70, 10, 120, 90]], [0.9, 0.5], [0, 0], brand_ids=[0, 2], row_ids=[0, 0]
)


def shelf(name, found, key="k", parts=(), size=(160, 120)):
    """A :class:`Shelf` with the facings ``found``."""
    preview = encode_jpeg(np.full((60, 80, 3), 90, np.uint8))
    return Shelf(key, Photo(name, *size, preview, found), found, DOUBTFUL, find_gaps(found), parts)


def test_tables_have_a_row_a_picture_and_a_row_a_facing():
    shelves = [shelf("a.jpg", FOUND), shelf("b.jpg", FOUND[:0])]
    assert counts_of(shelves).to_dict("records")[0] == {
        "photo": "a.jpg",
        "facings": 2,
        "mean score": 0.7,
        "width": 160,
        "height": 120,
    }
    assert counts_of(shelves)["facings"].tolist() == [2, 0]
    table = facings_of(shelves, ("facing",), ("Rot", "Blau", "look A"))
    assert table["brand"].tolist() == ["Rot", "unknown"] and table["row"].tolist() == [1, 1]
    assert len(facings_of([], ("facing",), ())) == len(counts_of([])) == 0


@pytest.mark.parametrize(
    "brands, named, looks",
    [
        (("Rot", "Blau", "look A"), ["Rot", "unknown"], ["", "look A"]),
        (("look A", "look B", "look C"), ["unknown", "unknown"], ["look A", "look C"]),
        (("Rot", "Blau", "Gelb"), ["Rot", "Gelb"], None),
        ((), None, None),
    ],
)
def test_looks_have_a_column_of_their_own(brands, named, looks):
    found = replace(FOUND, brand_scores=[0.8, 1])
    table = facings_of([shelf("a.jpg", found), shelf("b.jpg", found[:0])], ("facing",), brands)
    if named:
        assert table["brand"].tolist() == named
        assert table["brand score"].notna().tolist() == [name != "unknown" for name in named]
    assert table["look"].tolist() == looks if looks else "look" not in table


def test_a_facing_on_two_joined_photos_counts_once():
    picture = np.kron(np.random.default_rng(0).integers(0, 255, (60, 120, 3), np.uint8), np.ones((6, 6, 1)))
    halves = [encode_jpeg(np.uint8(picture[:, start : start + 500])) for start in (0, 200)]
    found = [Detections([[left, 50, left + 100, 200]], [0.9], [0]) for left in (300, 100)]
    photos = [Photo(name, 500, 360, *shown) for name, *shown in zip("lr", halves, found, strict=True)]
    photos.append(Photo("blank", 160, 120, encode_jpeg(np.full((60, 80, 3), 90, np.uint8)), found[0]))
    album, found = SimpleNamespace(photos=dict(enumerate(photos))), [*found, found[0]]
    joined, alone = joined_shelves(album, found, 0.4, {}, lay_album(photos))
    assert (joined.photo.name, joined.key, len(joined.detections)) == ("l + r", None, 1)
    assert joined.parts == tuple(enumerate(photos[:2]))
    assert alone.key == 2 and alone.photo is photos[2]
    assert [len(each.detections) for each in single_shelves(album, found, 0.4, {})] == [1, 1, 1]
