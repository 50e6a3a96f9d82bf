"""Joined photos on the Photos page: laid over one another once, counted and saved once."""

from dataclasses import replace

import numpy as np
import pytest

from skushare import album_shelves
from skushare.album import Album
from skushare.app import shelves
from skushare.audits.store import open_audit
from skushare.detections import Detections
from skushare.jpeg import encode_jpeg
from tests.app.elements import open_tab, score_slider
from tests.app.test_pages import open_page, upload
from tests.test_album_shelves import FOUND, shelf


@pytest.fixture
def album(detector):
    made = Album()
    for shade in (40, 200):
        made.add(f"{shade}.jpg", encode_jpeg(np.full((120, 160, 3), shade, np.uint8)), detector)
    return made


def test_photos_are_laid_over_one_another_once(detector, monkeypatch):
    laid, lay = [], album_shelves.lay_photos
    monkeypatch.setattr(album_shelves, "lay_photos", lambda images: laid.append(len(images)) or lay(images))
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
    monkeypatch.setattr(shelves, "joined_shelves", lambda *_: made)
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
