"""Tables of what the Photos page counts, and audits of it: joined photos count once, looks are no brands."""

from dataclasses import replace
from datetime import datetime, timezone

import numpy as np
import pytest

from skushare.album import Album, Photo
from skushare.app import shelves
from skushare.app.audit_saving import audit_of_shelves
from skushare.app.shelves import Shelf, counts_of, facings_of
from skushare.audits.store import open_audit, save_audit
from skushare.database import pictures
from skushare.detections import Detections
from skushare.images import read_image
from skushare.jpeg import encode_jpeg
from skushare.shelf.gaps import find_gaps
from tests.app.elements import open_tab, score_slider
from tests.app.test_pages import open_page, upload
from tests.brands.conftest import ColorEmbedder, color_gallery

DOUBTFUL = np.float32([[61, 10, 69, 90]])
TIME = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)
WORDS = {"store": "North", "shelf": "", "category": "", "time": TIME, "note": ""}
FOUND = Detections(
    [[10, 10, 60, 90], [70, 10, 120, 90]], [0.9, 0.5], [0, 0], brand_ids=[0, 2], row_ids=[0, 0]
)


def shelf(name, found, key="k", parts=(), size=(160, 120)):
    preview = encode_jpeg(np.full((60, 80, 3), 90, np.uint8))
    return Shelf(key, Photo(name, *size, preview, found), found, DOUBTFUL, find_gaps(found), parts)


@pytest.fixture
def album(detector):
    made = Album()
    for shade in (40, 200):
        made.add(f"{shade}.jpg", encode_jpeg(np.full((120, 160, 3), shade, np.uint8)), detector)
    return made


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


def test_a_look_is_saved_as_unknown_whatever_the_model_s_labels(detector, album):
    gallery = color_gallery(ColorEmbedder())
    key = next(iter(album.photos))
    found = replace(FOUND, brand_scores=[0.8, 1])
    audit = audit_of_shelves([shelf("a.jpg", found, key)], album, detector, 0.4, WORDS, gallery)
    assert audit.brands == ("Rot", "Blau")
    assert audit.table()["brand"].tolist() == ["Rot", "unknown"]
    assert audit.table()["brand_score"].tolist() == pytest.approx([0.8, 0])  # no sure unknown
    audit = audit_of_shelves([shelf("a.jpg", FOUND, key)], album, detector, 0.4, WORDS)
    assert audit.brands == () and set(audit.table()["brand"]) == {"unknown"}
    detector.labels = ("cola", "water")
    audit = audit_of_shelves([shelf("a.jpg", FOUND, key)], album, detector, 0.4, WORDS)
    assert audit.brands == () and set(audit.table()["brand"]) == {"unknown"}  # as on the page


def test_where_nothing_names_brands_several_classes_are_the_brands(detector, album):
    detector.labels, key = ("cola", "water"), next(iter(album.photos))
    found = replace(FOUND, brand_ids=None)
    audit = audit_of_shelves([shelf("a.jpg", found, key)], album, detector, 0.4, WORDS)
    assert audit.brands == ("cola", "water") and set(audit.table()["brand"]) == {"cola"}


def test_joined_photos_are_saved_as_one_picture_and_its_parts(detector, album):
    joined = shelf("40.jpg + 200.jpg", FOUND, None, tuple(album.photos.items()))
    audit = open_audit(save_audit(audit_of_shelves([joined], album, detector, 0.4, WORDS)))
    assert [photo.role for photo in audit.photos] == ["joined", "part", "part"]
    assert audit.facings == 2 and audit.photos_taken == 2
    first = audit.photos[0]
    assert (first.width, first.height) == (80, 60)
    assert read_image(pictures.get(first.picture)).shape == (60, 80, 3)
    assert np.allclose(first.detections.boxes, FOUND.boxes / 2)  # in pixels of the kept picture
    assert pictures.get(audit.photos[1].picture) == album.original(next(iter(album.photos)))


def test_photos_are_laid_over_one_another_once(detector, monkeypatch):
    laid, lay = [], shelves.lay_photos
    monkeypatch.setattr(shelves, "lay_photos", lambda images: laid.append(len(images)) or lay(images))
    app = open_page("photos")
    for shades, counted in (((40, 80), [2]), ((120,), [2, 3])):
        files = [upload(f"{n}.jpg", encode_jpeg(np.full((120, 160, 3), n, np.uint8))) for n in shades]
        app.file_uploader[0].set_value(files).run()
        app.toggle(key="photos_joined").set_value(True).run()
        for score, facings in ((0.7, 1), (0.4, 2)):
            score_slider(app).set_value(score).run()
            assert open_tab(app, "Count per photo").dataframe[0].value["facings"].unique() == [facings]
        assert not app.exception and laid == counted


@pytest.mark.parametrize(
    "sets, told",
    [
        ([(0,), (1,), (2,)], ["a, b, c"]),
        ([(0, 2), (1,)], ["b"]),
        ([(0, 1), (2, 3)], []),
        ([(0, 1, 2)], []),
    ],
)
def test_photos_that_overlap_no_other_are_all_named_and_only_they(album, monkeypatch, sets, told):
    made = [
        shelf("a, b, c, d"[3 * s[0]], FOUND, parts=tuple((n, None) for n in s) if len(s) > 1 else ())
        for s in sets
    ]
    warned = []
    monkeypatch.setattr(shelves, "_laid", lambda *_: None)
    monkeypatch.setattr(shelves, "_joined", lambda *_: made)
    monkeypatch.setattr(shelves.st, "toggle", lambda *_, **__: True)
    monkeypatch.setattr(shelves.st, "warning", warned.append)
    assert shelves.shelves_of(album, None, 0.4, f"alone{sets}") is made
    assert [text.rpartition(": ")[2] for text in warned] == told


def test_the_page_saves_the_union_of_overlapping_photos(detector, monkeypatch):
    picture = np.random.default_rng(0).integers(0, 255, (60, 120, 3), np.uint8)
    picture = np.kron(picture, np.ones((6, 6, 1), np.uint8))
    left = Detections([[300, 50, 400, 200]], [0.9], [0])
    right = replace(left, boxes=[[100, 50, 200, 200]])
    found = [left, right]
    app = open_page("photos")
    monkeypatch.setattr(detector, "detect", lambda *a, **k: found.pop(0))
    files = [upload("l.jpg", encode_jpeg(picture[:, :500])), upload("r.jpg", encode_jpeg(picture[:, 200:]))]
    app.file_uploader[0].set_value(files).run()
    app.toggle(key="photos_joined").set_value(True).run()
    assert open_tab(app, "Count per photo").dataframe[0].value["facings"].tolist() == [1]
    assert len(open_tab(app, "Every facing").dataframe[0].value) == 1
    next(b for b in app.button if b.label == "Save as audit").click().run()
    next(b for b in app.button if b.label == "Save").click().run()
    assert not app.exception and open_audit(1).facings == 1

    history = open_page("photos")
    history.query_params["audit"] = "1"
    history.switch_page("pages/history.py").run()
    assert not history.exception
    assert [(m.label, m.value) for m in history.metric][:2] == [("Facings", "1"), ("Photos", "2")]
