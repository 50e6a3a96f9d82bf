"""The pages, run without a browser on a stub detector."""

from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path

import av
import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from skushare import album_shelves
from skushare.album import Album, Photo
from skushare.app import camera, photo_tabs, shelves
from skushare.app.audit_saving import UNNAMED
from skushare.app.galleries import DEMO
from skushare.app.naming import BY_LOOK
from skushare.app.text import plain
from skushare.audits.listing import list_audits
from skushare.audits.store import open_audit
from skushare.brands.embedder import Embedder
from skushare.brands.frames import LOOKS_EVERY
from skushare.brands.gallery import Gallery
from skushare.brands.library import gallery_versions, open_gallery, save_gallery
from skushare.colors import label_colors, numbered_color
from skushare.detections import Detections
from skushare.detector.runtime import Detector
from skushare.errors import ModelError
from skushare.jpeg import encode_jpeg
from skushare.live.connection import ADVICE, HOPELESS, MISSING
from skushare.live.session import LiveSession
from tests.app.elements import field, metrics, open_tab, press, score_slider, texts
from tests.brands.conftest import COLORS, ColorEmbedder, color_gallery
from tests.live.test_recording import video

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"


def photo(shade):
    return encode_jpeg(np.full((120, 160, 3), shade, np.uint8))


def upload(name, data):
    return (name, data, "image/jpeg")


def open_page(page=None):
    app = AppTest.from_file(APP)
    if page:
        app.switch_page(f"pages/{page}.py")
    app.run()
    assert not app.exception
    return app


def test_start_counts_a_bundled_picture_once(detector):
    app = open_page()
    assert metrics(app) == {"Facings on this shelf": "2"}
    app.run()
    assert detector.calls == 1


@pytest.mark.parametrize("button, title", [("Count photos", "photos"), ("Count live", "live")])
def test_start_leads_on(detector, camera, button, title):
    app = open_page()
    next(b for b in app.button if b.label == button).click().run()
    assert not app.exception and title in app.title[0].value


@pytest.mark.parametrize("page", [None, "photos", "live"])
def test_without_a_model_a_page_says_what_to_do(monkeypatch, detector, page):
    def load(name):
        raise ModelError("models/shelf_dense: missing; fetch it again")

    monkeypatch.setattr(Detector, "load", load)
    app = open_page(page)
    assert texts(app.error) == [plain("models/shelf_dense: missing; fetch it again")]


def test_photos_are_counted_on_after_another_page_and_named_after_a_reload(detector, monkeypatch):
    take, stops = Album.take, iter([True, False, False])

    def take_one(self, files, detector, seconds, embedder):
        left = take(self, files, detector, 0, embedder)
        if len(self) == 2 and next(stops):
            st.stop()  # as when the visitor goes to another page
        return left

    monkeypatch.setattr(Album, "take", take_one)
    files = [upload(f"{shade}.jpg", photo(shade)) for shade in (40, 80, 120, 160)]
    app = open_page("photos")
    app.file_uploader[0].set_value(files).run()
    again = reloaded("list", app.query_params["list"], "photos")
    assert metrics(again)["Photos"] == "2" and "120.jpg, 160.jpg" in again.warning[0].value.replace("\\", "")
    again.file_uploader[0].set_value(files).run()
    assert not again.exception and not again.warning and metrics(again)["Photos"] == "4"
    app.switch_page("pages/start.py").run()
    app.switch_page("pages/photos.py").run()
    assert not app.exception and not app.warning and metrics(app)["Photos"] == "4"


def test_the_field_is_empty_before_photos_are_counted(detector, monkeypatch):
    """What is on its way to the field would be lost if it were emptied only afterwards."""
    take, stopped = Album.take, []

    def take_at_second(self, files, *args):
        if not stopped:
            stopped.append(len(files))
            st.stop()  # in the middle of counting
        return take(self, files, *args)

    monkeypatch.setattr(Album, "take", take_at_second)
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("a.jpg", photo(40))]).run()
    assert stopped == [1] and app.file_uploader[0].value == []
    app.file_uploader[0].set_value([upload("b.jpg", photo(80))]).run()
    assert not app.exception and metrics(app)["Photos"] == "2"


def test_a_shot_of_a_run_that_was_cut_short_is_counted_under_its_first_name(detector, monkeypatch):
    take, stopped, clock = Album.take, [], count()

    def take_one_at_first(self, files, detector, seconds, embedder):
        left = take(self, files, detector, 0, embedder)
        if not stopped:
            stopped.append(True)
            st.stop()  # as when the visitor presses something
        return left

    monkeypatch.setattr(Album, "take", take_one_at_first)
    monkeypatch.setattr("skushare.app.clock.now", lambda: datetime(2026, 7, 1, second=next(clock)))
    app = open_page("photos")
    app.toggle(key="use_camera").set_value(True).run()
    app.file_uploader[0].set_value([upload("a.jpg", photo(40))])
    app.camera_input[0].set_value(upload("shot.jpg", photo(80))).run()
    assert len(app.session_state.visit_list.waiting) == 1
    app.run()
    assert not app.exception and not app.warning and metrics(app)["Photos"] == "2"


def test_a_device_without_a_camera_is_told_so_in_place_of_a_picture_of_none(detector, monkeypatch):
    monkeypatch.setattr(camera, "camera_status", lambda: MISSING)
    app = open_page("photos")
    app.toggle(key="use_camera").set_value(True).run()
    assert not app.exception
    assert texts(app.warning) == [ADVICE[MISSING]] and not app.camera_input


def test_photos_are_saved_above_their_pictures(detector):
    app = press(open_page("photos"), "Try a sample picture")
    order = [each.label if each.type == "button" else each.type for each in app.main]
    assert order.index("Save as audit") < order.index("tab_container")


@pytest.fixture
def other_model(detector, monkeypatch):
    """A function that has the app count with another model from then on; gives its detector."""

    def choose():
        other = type(detector)()
        other.name, other.digest, other.labels = "bottles", "e" * 64, ("bottle",)
        monkeypatch.setattr(Detector, "load", lambda name: other)
        monkeypatch.setattr("skushare.app.model.counting_model", lambda: "runs/bottles")
        st.cache_resource.clear()
        return other

    return choose


def test_photos_of_a_list_are_all_counted_by_the_model_that_it_was_begun_with(detector, other_model):
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("a.jpg", photo(40))]).run()
    other = other_model()
    app.file_uploader[0].set_value([upload("b.jpg", photo(80))]).run()
    assert (detector.calls, other.calls) == (2, 0) and metrics(app)["Photos"] == "2"
    assert any("counted with the model stub" in text for text in texts(app.info))
    press(app, "Save as audit")
    press(app, "Save")
    assert open_audit(1).model == "stub"
    press(app, "Clear the list")
    app.file_uploader[0].set_value([upload("b.jpg", photo(80))]).run()
    assert other.calls == 1 and "Counted with the model bottles." in texts(app.caption)
    press(app, "Save as audit")
    press(app, "Save")
    assert open_audit(2).model == "bottles"


@pytest.mark.parametrize("labels", [("facing",), ("cola", "water")])
def test_the_same_photo_counted_by_another_model_is_shown_and_saved_as_that_one_found_it(
    detector, other_model, labels
):
    detector.labels = labels
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("a.jpg", photo(40))]).run()
    assert metrics(app)["Facings"] == "2"
    press(app, "Clear the list")
    other = other_model()
    other.labels = labels
    boxes = [[25 * x, 10, 25 * x + 20, 90] for x in range(5)]
    other.detect = lambda *a, **k: Detections(boxes, np.full(5, 0.9), np.zeros(5))
    app.file_uploader[0].set_value([upload("a.jpg", photo(40))]).run()
    assert not app.exception and metrics(app)["Facings"] == "5"
    press(app, "Save as audit")
    press(app, "Save")
    audit = open_audit(1)
    assert audit.model == "bottles" and audit.photos[0].detections.boxes.tolist() == boxes


def test_a_photo_that_was_added_anew_under_another_name_is_called_so(detector):
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("monday.jpg", photo(40))]).run()
    press(app, "Save as audit")
    press(app, "Save")
    press(app, "Remove")
    app.file_uploader[0].set_value([upload("tuesday.jpg", photo(40))]).run()
    assert any("Changed here since" in link.label for link in app.get("page_link"))
    press(app, "Save as audit")
    press(app, "Save")
    assert [open_audit(number).photos[0].name for number in (1, 2)] == ["monday.jpg", "tuesday.jpg"]
    open_tab(app, "Count per photo")
    assert app.dataframe[0].value["photo"].tolist() == ["tuesday.jpg"]


def test_another_model_s_photos_count_from_its_own_threshold_or_from_what_was_chosen_for_it(
    detector, other_model, monkeypatch
):
    take, shown = Album.take, []
    monkeypatch.setattr(
        Album, "take", lambda album, files, detector, _, e: take(album, files, detector, 0, e)
    )
    monkeypatch.setattr(shelves, "show_counted", lambda album, score: shown.append(score))
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("a.jpg", photo(40))]).run()
    score_slider(app).set_value(0.5).run()
    press(app, "Clear the list")
    other_model().min_score = 0.15
    app.file_uploader[0].set_value([upload("b.jpg", photo(80)), upload("c.jpg", photo(120))]).run()
    assert shown == [score_slider(app).value] == [0.15] and metrics(app)["Facings"] == "6"
    score_slider(app).set_value(0.7).run()
    press(app, "Clear the list")
    app.file_uploader[0].set_value([upload("b.jpg", photo(80))]).run()
    assert score_slider(app).value == 0.7 and metrics(app)["Facings"] == "1"


def test_live_a_sweep_goes_on_with_its_model_until_it_is_counted_anew(detector, camera, other_model):
    app = open_page("live")
    camera.frame(av.VideoFrame.from_ndarray(np.zeros((120, 160, 3), np.uint8), format="rgb24"))
    other_model().min_score = 0.15
    app.run()
    assert app.session_state["visit_sweep"].detector is detector and score_slider(app).value == 0.4
    assert any("counted with the model stub" in text for text in texts(app.info))
    press(app, "Start over")
    assert app.session_state["visit_sweep"].detector.name == "bottles"
    assert app.session_state["visit_sweep"].min_score == score_slider(app).value == 0.15
    assert "Counted with the model bottles." in texts(app.caption)


def test_live_tells_the_speed_as_long_as_the_camera_plays(detector, camera):
    camera.state.playing = True
    app = open_page("live")
    camera.frame(av.VideoFrame.from_ndarray(np.zeros((120, 160, 3), np.uint8), format="rgb24"))
    app.run()
    assert float(metrics(app)["Pictures a second"]) >= 0
    assert " ms. " in field(app.metric, "Pictures a second").help
    camera.state.playing = False
    assert metrics(app.run()) == {"Last in view": "2", "Unique so far": "0"}


def test_photos_invites_with_a_sample(detector):
    app = open_page("photos")
    assert not app.metric
    next(b for b in app.button if b.label == "Try a sample picture").click().run()
    assert metrics(app)["Photos"] == "1"


@pytest.mark.parametrize("clear", [False, True])
def test_the_sample_s_gallery_goes_with_the_sample(detector, clear):
    app = press(open_page("photos"), "Try a sample picture")
    assert app.selectbox(key="photos_gallery").value == DEMO
    if clear:
        press(app, "Clear the list")
    app.file_uploader[0].set_value([upload("a.jpg", photo(40))]).run()
    assert app.selectbox(key="photos_gallery").value == BY_LOOK
    app.selectbox(key="photos_gallery").set_value(DEMO).run()  # chosen, it stays
    assert any("knows none of these" in text for text in texts(app.caption))
    app.toggle(key="photos_looks").set_value(True).run()
    assert not any("knows none of these" in text for text in texts(app.caption))
    app.file_uploader[0].set_value([upload("b.jpg", photo(80))]).run()
    assert not app.exception and app.selectbox(key="photos_gallery").value == DEMO


def test_photos_counts_what_is_uploaded_and_names_what_is_not_a_picture(detector):
    app = open_page("photos")
    files = [upload("a.jpg", photo(40)), upload("bad_[x](y).jpg", b"text"), upload("b.jpg", photo(80))]
    app.file_uploader[0].set_value(files).run()
    assert not app.exception
    assert metrics(app) == {"Facings": "4", "Photos": "2", "Facings a photo": "2.0", "Gaps": "0"}
    assert r"bad\_\[x\]\(y\)\.jpg" in app.error[0].value
    assert app.file_uploader[0].value == []  # the full-size files are let go
    open_tab(app, "Count per photo")
    assert app.dataframe[0].value["photo"].tolist() == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize("count, height, columns", [(1, 120, 1), (1, 220, 1), (2, 120, 2), (5, 120, 6)])
def test_pictures_are_as_wide_as_there_is_room(detector, count, height, columns):
    app = open_page("photos")
    files = [
        upload(f"{i}.jpg", encode_jpeg(np.full((height, 160, 3), 20 * i, np.uint8))) for i in range(count)
    ]
    app.file_uploader[0].set_value(files).run()
    assert not app.exception and len(app.tabs[0].columns) == columns


def test_a_key_tells_the_colours_of_the_boxes(detector):
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("a.jpg", photo(40))]).run()
    keys = [str(each.proto.body) for each in app.get("html")]
    assert any("look A" in key and label_colors(["look A"])["look A"] in key and "(2)" in key for key in keys)
    app.toggle(key="photos_by_row").set_value(True).run()
    assert any(
        "row 1" in key and numbered_color(0) in key for key in [str(e.proto.body) for e in app.get("html")]
    )


@pytest.mark.parametrize("labels, told", [(("facing",), []), (("can", "box"), ["can"])])
def test_a_key_is_shown_where_boxes_may_differ(monkeypatch, labels, told):
    keys, photos = [], [Detections(np.zeros((2, 4)), np.ones(2), np.zeros(2))]
    monkeypatch.setattr(photo_tabs, "show_key", lambda colors, facings: keys.append(list(colors)))
    photo_tabs._show_key(photos, labels, False, label_colors(labels))
    unnamed = [replace(found, brand_ids=[-1, -1]) for found in photos]
    photo_tabs._show_key(unnamed, labels, False, label_colors([*labels, "unknown"]))
    assert keys == [told] * bool(told)


def test_the_slider_redraws_without_running_the_network(detector):
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("a.jpg", photo(40))]).run()
    calls = detector.calls
    score_slider(open_tab(app, "Every facing")).set_value(0.1).run()
    assert metrics(app)["Facings"] == "3" and len(app.dataframe[0].value) == 3
    score_slider(app).set_value(0.8).run()
    assert metrics(app)["Facings"] == "1"
    assert detector.calls == calls
    open_tab(app, "Pictures")
    assert "**1 facing** in 1 row" in texts(app.markdown)  # of gaps, only those that there are


def test_rows_gaps_and_shares_of_a_photo_are_shown(detector, monkeypatch):
    boxes = [[40 * x, y, 40 * x + 30, y + 30] for y in (0, 50) for x in (0, 1, 3)]
    monkeypatch.setattr(detector, "detect", lambda *a, **k: Detections(boxes, np.full(6, 0.9), np.zeros(6)))
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("a.jpg", photo(40))]).run()
    assert metrics(app)["Gaps"] == "2"
    assert "**6 facings** in 2 rows; gaps: 2, room for 2" in texts(app.markdown)
    score_slider(app).set_value(0.95).run()
    assert any(text.startswith("**No facing found.**") for text in texts(app.markdown))
    score_slider(app).set_value(0.5).run()
    app.toggle(key="photos_by_row").set_value(True).run()
    app.toggle(key="photos_gaps").set_value(True).run()
    open_tab(app, "Share of shelf").segmented_control(key="share_measure").set_value(
        "Length along the boards"
    ).run()
    assert not app.exception
    assert any({"row", "linear", "linear_margin"} <= set(table.value.columns) for table in app.dataframe)


def test_what_is_chosen_in_a_tab_is_kept_while_another_is_open(detector):
    app = open_page("photos")
    app.file_uploader[0].set_value([upload(f"{i}.jpg", photo(10 * i)) for i in range(13)]).run()
    app.toggle(key="photos_gaps").set_value(True).run()
    app.get("pagination")[0].set_value(2).run()
    open_tab(app, "Share of shelf").segmented_control(key="share_measure").set_value("Area").run()
    app.selectbox(key="share_photo").set_value(12).run()
    assert open_tab(app, "Pictures").toggle(key="photos_gaps").value
    assert [text for text in texts(app.text) if text.endswith(".jpg")] == ["12.jpg"]
    open_tab(app, "Share of shelf")
    assert app.segmented_control(key="share_measure").value == "Area"
    assert app.selectbox(key="share_photo").value == 12
    press(open_tab(app, "Pictures"), "Remove")
    assert open_tab(app, "Share of shelf").selectbox(key="share_photo").value == 0


def test_what_is_chosen_for_the_list_lasts_as_long_as_the_list(detector):
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("a.jpg", photo(40)), upload("b.jpg", photo(80))]).run()
    score_slider(app).set_value(0.1).run()
    app.toggle(key="photos_joined").set_value(True).run()
    app.switch_page("pages/teach.py").run()
    app.switch_page("pages/photos.py").run()
    assert metrics(app)["Photos"] == "2"
    assert score_slider(app).value == 0.1 and app.toggle(key="photos_joined").value


def test_only_the_open_tab_is_drawn(detector, monkeypatch):
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("a.jpg", photo(40))]).run()
    assert not app.dataframe
    monkeypatch.setattr(Photo, "drawn", None)
    assert open_tab(app, "Every facing").dataframe


def test_overlapping_photos_of_one_shelf_are_joined_when_asked(detector, monkeypatch):
    picture = np.random.default_rng(0).integers(0, 255, (60, 120, 3), np.uint8)
    picture = np.kron(picture, np.ones((6, 6, 1), np.uint8))
    found = Detections([[300, 50, 400, 200]], [0.9], [0])
    shifted = Detections([[100, 50, 200, 200]], [0.9], [0])
    monkeypatch.setattr(detector, "detect", lambda *a, **k: [found, shifted][detector.calls])
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("left.jpg", encode_jpeg(picture[:, :500]))]).run()
    detector.calls = 1
    app.file_uploader[0].set_value([upload("right.jpg", encode_jpeg(picture[:, 200:]))]).run()
    assert metrics(app)["Facings"] == "2" and metrics(app)["Facings a photo"] == "1.0"
    app.toggle(key="photos_joined").set_value(True).run()
    assert not app.exception
    assert metrics(app)["Facings"] == "1" and "Facings a photo" not in metrics(app)
    assert sum("1 facing** in" in text for text in texts(app.markdown)) == 1  # one picture of both


def test_doubtful_boxes_fill_the_gaps_of_joined_photos_too(detector, monkeypatch):
    picture = np.random.default_rng(0).integers(0, 255, (60, 120, 3), np.uint8)
    picture = np.kron(picture, np.ones((6, 6, 1), np.uint8))
    boxes = np.float32([[250, 50, 310, 200], [320, 50, 380, 200], [390, 50, 450, 200]])
    found = {500: Detections(boxes, [0.9, 0.2, 0.9], np.zeros(3))}
    found[520] = replace(found[500], boxes=boxes - np.float32([200, 0, 200, 0]))
    monkeypatch.setattr(detector, "detect", lambda image, *a, **k: found[image.shape[1]])
    app = open_page("photos")
    files = [upload("l.jpg", encode_jpeg(picture[:, :500])), upload("r.jpg", encode_jpeg(picture[:, 200:]))]
    app.file_uploader[0].set_value(files).run()
    app.toggle(key="photos_joined").set_value(True).run()
    assert not app.exception
    assert metrics(app)["Facings"] == "2" and metrics(app)["Gaps"] == "0"
    press(press(app, "Save as audit"), "Save")
    app.toggle(key="photos_joined").set_value(False).run()
    press(press(app, "Save as audit"), "Save")
    for number, pictures in ((1, 1), (2, 2)):
        assert [len(gaps.boxes) for gaps in open_audit(number).gaps()[:pictures]] == [0] * pictures
        assert not any("not kept" in metric.help for metric in open_audit_page(number).metric if metric.help)


def open_audit_page(number):
    app = open_page("history")
    app.query_params["audit"] = str(number)
    app.switch_page("pages/history.py").run()
    assert not app.exception and metrics(app)["Gaps"] == "0"
    return app


def test_a_repeated_photo_is_counted_once_and_said_so(detector):
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("a.jpg", photo(40)), upload("copy.jpg", photo(40))]).run()
    assert metrics(app)["Photos"] == "1" and r"copy\.jpg" in app.info[0].value


def test_two_hundred_photos_go_through_and_are_shown_by_pages(detector):
    app = open_page("photos")
    pictures = [
        upload(f"{i}.jpg", encode_jpeg(np.random.default_rng(i).integers(0, 255, (60, 80, 3), np.uint8)))
        for i in range(200)
    ]
    app.file_uploader[0].set_value(pictures).run()
    assert not app.exception
    assert metrics(app)["Photos"] == "200" and metrics(app)["Facings"] == "400"
    assert len(app.tabs[0].image) == 12


def test_names_are_found_once_all_photos_are_counted_and_rows_once_a_photo(detector, monkeypatch):
    calls, shown = {"named": 0, "rows": 0}, []
    take, name, assign = Album.take, Album.named, album_shelves.assign_rows

    def named(album, *args):
        calls["named"] += 1
        return name(album, *args)

    def rows(found):
        calls["rows"] += 1
        return assign(found)

    monkeypatch.setattr(
        Album, "take", lambda album, files, detector, _, e: take(album, files, detector, 0, e)
    )
    monkeypatch.setattr(Album, "named", named)
    monkeypatch.setattr(album_shelves, "assign_rows", rows)
    monkeypatch.setattr(shelves, "show_counted", lambda album, score: shown.append((len(album), score)))
    app = open_page("photos")
    for shades, turns, found in ((range(20, 120, 20), [1, 2, 3, 4], 5), ([150], [], 6)):
        shown.clear()
        app.file_uploader[0].set_value([upload(f"{i}.jpg", photo(i)) for i in shades]).run()
        assert not app.exception and metrics(app)["Photos"] == str(found)
        assert shown == [(turn, 0.4) for turn in turns]
        assert calls == {"named": 1 if turns else 2, "rows": found}
    app.selectbox(key="photos_gallery").set_value("Demo: the sample shelves").run()
    assert calls == {"named": 3, "rows": 6}
    score_slider(app).set_value(0.1).run()
    assert calls == {"named": 4, "rows": 12} and metrics(app)["Facings"] == "18"
    score_slider(app).set_value(0.11).run()  # which counts the same facings
    assert calls == {"named": 5, "rows": 12} and metrics(app)["Facings"] == "18"


def test_a_picture_is_drawn_anew_only_where_it_changes(detector, monkeypatch):
    drawn, draw = [], Photo.drawn
    monkeypatch.setattr(Photo, "drawn", lambda each, *args: drawn.append(each.name) or draw(each, *args))
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("a.jpg", photo(40)), upload("b.jpg", photo(80))]).run()
    assert drawn == ["a.jpg", "b.jpg"]
    press(app, "Save as audit")
    assert drawn == ["a.jpg", "b.jpg"]
    app.toggle(key="photos_by_row").set_value(True).run()
    assert drawn == 2 * ["a.jpg", "b.jpg"]
    score_slider(app).set_value(0.1).run()
    assert drawn == 3 * ["a.jpg", "b.jpg"]


def test_what_is_counted_is_shown_while_other_photos_are_being_counted(detector):
    def page():
        import streamlit as st

        from skushare.app.shelves import show_counted

        show_counted(st.session_state.album, 0.4)

    app = AppTest.from_function(page)
    app.session_state.album = album = Album()
    for shade in (40, 80):
        album.add(f"{shade}.jpg", photo(shade), detector)
    app.run()
    assert not app.exception
    assert app.dataframe[0].value.to_dict("list") == {"photo": ["40.jpg", "80.jpg"], "facings": [2, 2]}


def test_a_photo_can_be_removed(detector):
    app = open_page("photos")
    app.file_uploader[0].set_value([upload(f"{i}.jpg", photo(10 * i)) for i in range(25)]).run()
    app.session_state.photo_page = 3
    app.run()
    press(app, "Remove")  # the only one of the third page
    assert not app.exception and metrics(app)["Photos"] == "24" and len(app.tabs[0].image) == 12
    app.file_uploader[0].set_value([upload("again.jpg", photo(240))]).run()
    assert metrics(app)["Photos"] == "25" and not app.info


def reloaded(name, token, page):
    """A visit that begins at the address of ``page`` with ``token``."""
    app = AppTest.from_file(APP)
    app.query_params[name] = token
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def test_a_reloaded_page_has_its_list_again_and_another_visitor_has_not(detector):
    first = open_page("photos")
    assert "list" not in first.query_params
    first.file_uploader[0].set_value([upload("a.jpg", photo(40)), upload("b.jpg", photo(80))]).run()
    token = first.query_params["list"]
    again, other = reloaded("list", token, "photos"), reloaded("list", "guessed", "photos")
    assert metrics(again)["Photos"] == "2" and not other.metric
    assert "no longer kept" in other.warning[0].value and "list" not in other.query_params
    assert not again.warning and again.query_params["list"] != token
    press(again, "Remove")
    assert metrics(again)["Photos"] == "1" and metrics(first.run())["Photos"] == "2"
    own = again.query_params["list"]
    assert metrics(reloaded("list", own, "photos"))["Photos"] == "1"
    press(again, "Clear the list")
    assert "list" not in again.query_params and not again.metric
    assert "it was cleared or replaced" in reloaded("list", own, "photos").warning[0].value
    assert metrics(reloaded("list", token, "photos"))["Photos"] == "2"  # as its owner left it
    first.file_uploader[0].set_value([upload("c.jpg", photo(120))]).run()
    assert metrics(reloaded("list", token, "photos"))["Photos"] == "3"
    other.file_uploader[0].set_value([upload("a.jpg", photo(40))]).run()
    assert not other.warning
    first.query_params.clear()  # as the browser's way back does
    first.run()
    assert metrics(first)["Photos"] == "3" and "list" not in first.query_params
    first.switch_page("pages/start.py").run()
    first.switch_page("pages/photos.py").run()
    assert first.query_params["list"]


def test_a_reloaded_page_counts_as_before(detector, monkeypatch):
    monkeypatch.setattr(Embedder, "load", lambda: ColorEmbedder())
    for gallery in (Gallery("aa"), color_gallery(ColorEmbedder())):
        save_gallery(gallery)
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("a.jpg", photo(40)), upload("b.jpg", photo(80))]).run()
    score_slider(app).set_value(0.1).run()
    app.selectbox(key="photos_gallery").set_value("shelf").run()
    app.toggle(key="photos_looks").set_value(True).run()
    app.toggle(key="photos_joined").set_value(True).run()
    again = reloaded("list", app.query_params["list"], "photos")
    for _ in range(2):
        assert score_slider(again).value == 0.1 and again.toggle(key="photos_joined").value
        assert (
            again.selectbox(key="photos_gallery").value == "shelf" and again.toggle(key="photos_looks").value
        )
        assert metrics(again) == metrics(app)
        again.run()
    again.toggle(key="photos_looks").set_value(False).run()  # which is no other visit's choice
    score_slider(again).set_value(0.7).run()
    app = reloaded("list", app.query_params["list"], "photos")
    assert app.toggle(key="photos_looks").value and score_slider(app).value == 0.1
    app = reloaded("list", again.query_params["list"], "photos")
    assert not app.toggle(key="photos_looks").value and score_slider(app).value == 0.7


def test_the_sample_s_gallery_is_found_again_with_the_sample_and_goes_with_it(detector):
    app = press(open_page("photos"), "Try a sample picture")
    again = reloaded("list", app.query_params["list"], "photos")
    assert again.selectbox(key="photos_gallery").value == DEMO
    press(press(again, "Clear the list"), "Restore the cleared list of 1 photo")
    assert again.selectbox(key="photos_gallery").value == DEMO
    again.file_uploader[0].set_value([upload("a.jpg", photo(40))]).run()
    assert again.selectbox(key="photos_gallery").value == BY_LOOK


def test_a_cleared_list_can_be_taken_back_until_another_is_begun(detector):
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("a.jpg", photo(40)), upload("b.jpg", photo(80))]).run()
    press(app, "Clear the list")
    app.file_uploader[0].set_value([upload("bad.jpg", b"text")]).run()
    press(press(app, "Clear the list"), "Restore the cleared list of 2 photos")
    assert metrics(app)["Photos"] == "2"
    assert metrics(reloaded("list", app.query_params["list"], "photos"))["Photos"] == "2"
    press(app, "Clear the list")
    app.file_uploader[0].set_value([upload("c.jpg", photo(120))]).run()
    press(press(app, "Clear the list"), "Restore the cleared list of 1 photo")
    assert metrics(app)["Photos"] == "1"


def test_what_could_not_be_counted_can_be_cleared_too(detector):
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("bad.jpg", b"text")]).run()
    assert "bad" in app.error[0].value
    press(app, "Clear the list")
    assert not app.error


def test_a_list_is_made_once_a_visit(detector, monkeypatch):
    made, begin = [], Album.__init__
    monkeypatch.setattr(Album, "__init__", lambda album: made.append(album) or begin(album))
    app = open_page("photos")
    app.run()
    assert len(made) == 1


def test_clear_empties_the_list(detector):
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("a.jpg", photo(40))]).run()
    next(b for b in app.button if b.label == "Clear the list").click().run()
    assert not app.metric and not app.dataframe


def test_live_tells_how_to_begin(detector, camera):
    app = open_page("live")
    assert "Start the camera" in app.info[0].value and not app.metric
    assert camera.configuration == {"iceServers": []}


@pytest.mark.parametrize("status", sorted(ADVICE))
def test_live_says_why_there_is_no_camera(detector, camera, status):
    camera.status = status
    app = open_page("live")
    assert texts(app.warning) == [ADVICE[status]] and not app.info
    useless = {*HOPELESS, MISSING}
    assert any(b.label == "Save a snapshot" for b in app.button) == (status not in useless)
    app.button[0].click().run()
    assert "photos" in app.title[0].value


def test_live_keeps_what_was_counted_when_the_camera_is_unplugged(detector, camera):
    app = open_page("live")
    app.session_state["visit_sweep"].process(np.full((120, 160, 3), 90, np.uint8))
    camera.status = MISSING
    app.run()
    assert any(b.label == "Save as audit" for b in app.button)


@pytest.mark.parametrize("status", ["ready", MISSING, HOPELESS[0]])
def test_live_counts_a_recorded_video_with_and_without_a_camera(detector, camera, tmp_path, status):
    camera.status = status
    picture = np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8).repeat(10, 0).repeat(10, 1)
    film = video(tmp_path / "shelf.mp4", [picture] * 60).read_bytes()
    app = open_page("live")
    app.file_uploader[0].set_value(("shelf.mp4", film, "video/mp4")).run()
    assert not app.exception and not app.error
    assert detector.calls == 20 and metrics(app)["Unique so far"] == "2"
    assert app.file_uploader[0].value is None
    press(app, "Save as audit")
    press(app, "Save")
    assert list_audits()["facings"].tolist() == [2]


def cut_short(monkeypatch, detector, *frames):
    """End the runs that count so many frames, as when the visitor moves a slider or leaves the page."""
    process = LiveSession.process

    def interrupted(session, image, live=True):
        drawn = process(session, image, live)
        if detector.calls in frames:
            st.stop()
        return drawn

    monkeypatch.setattr(LiveSession, "process", interrupted)


def test_live_goes_on_with_a_video_after_a_run_was_cut_short(detector, camera, tmp_path, monkeypatch):
    film = video(tmp_path / "shelf.mp4", np.zeros((60, 120, 160, 3), np.uint8)).read_bytes()
    app = open_page("live")
    cut_short(monkeypatch, detector, 8)
    app.file_uploader[0].set_value(("shelf.mp4", film, "video/mp4")).run()
    assert detector.calls == 8
    score_slider(app).set_value(0.5).run()
    assert not app.exception and detector.calls == 20


@pytest.mark.parametrize(
    "begin_anew",
    [
        lambda app: press(app, "Start over"),
        lambda app: app.selectbox(key="live_gallery").set_value(DEMO).run(),
    ],
)
def test_live_takes_back_the_count_of_a_video_that_is_counted_anew(
    detector, camera, tmp_path, monkeypatch, begin_anew
):
    picture = np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8).repeat(10, 0).repeat(10, 1)
    film = video(tmp_path / "shelf.mp4", [picture] * 60).read_bytes()
    app = open_page("live")
    cut_short(monkeypatch, detector, 8, 12)
    app.file_uploader[0].set_value(("shelf.mp4", film, "video/mp4")).run()
    begin_anew(app)
    press(app, "Restore the count of 2")
    assert not app.exception and metrics(app)["Unique so far"] == "2" and detector.calls == 12
    assert "Only 30 %" in app.warning[0].value and app.selectbox(key="live_gallery").value != DEMO


def test_live_says_of_a_video_that_was_left_how_far_it_was_counted(detector, camera, tmp_path, monkeypatch):
    film = video(tmp_path / "shelf.mp4", np.zeros((60, 120, 160, 3), np.uint8)).read_bytes()
    app = open_page("live")
    cut_short(monkeypatch, detector, 8)
    app.file_uploader[0].set_value(("shelf.mp4", film, "video/mp4")).run()
    token = app.query_params["sweep"]
    app.switch_page("pages/photos.py").run()
    app.switch_page("pages/live.py").run()
    for left in (app, reloaded("sweep", token, "live")):
        assert left.warning[0].value.startswith(f"Only 30 % of {plain('shelf.mp4')} was counted")
    app.file_uploader[0].set_value(("shelf.mp4", film, "video/mp4")).run()
    assert not app.exception and not app.warning
    press(left, "Start over")
    assert not left.warning


def test_live_says_of_a_damaged_video_beside_its_count_what_it_lacks(detector, camera, tmp_path):
    picture = np.random.default_rng(0).integers(0, 255, (12, 16, 3), np.uint8).repeat(10, 0).repeat(10, 1)
    moving = (np.roll(picture, 2 * n, 1) for n in range(90))
    film = video(tmp_path / "shelf.mp4", moving, options={"movflags": "+faststart"}).read_bytes()
    app = open_page("live")
    app.session_state["visit_sweep"].process(picture)
    app.file_uploader[0].set_value(("shelf.mp4", film[: len(film) // 2], "video/mp4")).run()
    for _ in range(2):
        assert not app.exception and not app.error and metrics(app)["Unique so far"] == "2"
        assert "cut off" in app.warning[0].value and "could be read before" in app.warning[0].value
        press(app, "Save as audit")


def test_live_names_a_video_that_cannot_be_read_and_takes_none_beside_the_camera(detector, camera):
    app = open_page("live")
    app.file_uploader[0].set_value(("bad [1].mp4", b"text" * 99, "video/mp4")).run()
    assert not app.exception and "bad" in app.error[0].value and "MP4 or MOV" in app.error[0].value
    camera.state.playing = True
    app.run()
    assert app.file_uploader[0].disabled and not app.error


@pytest.mark.parametrize(("threshold", "shown"), [(0.4567, 0.46), (0.01, 0.05), (0.99, 0.95)])
def test_a_model_s_threshold_is_where_the_slider_can_stand(detector, camera, threshold, shown):
    detector.min_score = threshold
    for page in ("live", "photos"):
        app = open_page(page)
        if page == "photos":
            app.file_uploader[0].set_value([upload("a.jpg", photo(40))]).run()
        assert not app.exception and score_slider(app).value == shown


def test_live_says_that_there_is_no_frame_to_teach_from(detector, camera):
    app = open_page("live")
    next(b for b in app.button if b.label == "Teach from this frame").click().run()
    assert any("no frame to teach from" in text for text in texts(app.info))


def test_live_reads_the_frames_and_saves_a_snapshot(detector, camera, monkeypatch):
    monkeypatch.setattr("skushare.app.clock.now", lambda: datetime(2026, 7, 1, 12, 34, 56))
    camera.state.playing = True
    app = open_page("live")
    assert "Waiting" in app.info[0].value
    frame = av.VideoFrame.from_ndarray(np.full((120, 160, 3), 90, np.uint8), format="rgb24")
    drawn = camera.frame(frame)
    assert not np.array_equal(drawn.to_ndarray(format="rgb24"), frame.to_ndarray(format="rgb24"))
    app.run()
    assert metrics(app)["In view"] == "2" and metrics(app)["Unique so far"] == "0"
    next(b for b in app.button if b.label == "Save a snapshot").click().run()
    assert not app.exception
    assert "**2 facings** at 12:34:56" in texts(app.markdown)  # of the visitor's clock
    assert "end of the page" in app.toast[0].value  # out of sight on a phone
    score_slider(app).set_value(0.1).run()
    camera.frame(frame)
    assert len(app.session_state.visit_sweep.reading().detections) == 3


def test_live_counts_each_facing_once_and_begins_anew_when_asked(detector, camera):
    camera.state.playing = True
    app = open_page("live")
    picture = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    for _ in range(5):
        camera.frame(av.VideoFrame.from_ndarray(picture, format="rgb24"))
    app.run()
    assert metrics(app)["Unique so far"] == "2"
    next(b for b in app.button if b.label == "Start over").click().run()
    assert not app.exception and metrics(app)["Unique so far"] == "0"
    camera.frame(av.VideoFrame.from_ndarray(picture, format="rgb24"))
    assert metrics(press(app, "Restore the count of 2"))["Unique so far"] == "2"
    press(app, "Start over")
    app.selectbox(key="live_gallery").set_value(DEMO).run()  # counts anew once more
    assert not app.toast and metrics(press(app, "Restore the count of 2"))["Unique so far"] == "2"
    assert app.selectbox(key="live_gallery").value != DEMO


def test_a_live_count_that_other_brands_ended_can_be_taken_back_with_its_own(detector, camera):
    app, picture = open_page("live"), np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    app.selectbox(key="live_gallery").set_value(DEMO).run()
    app.toggle(key="live_looks").set_value(True).run()
    for _ in range(2 * LOOKS_EVERY):
        camera.frame(av.VideoFrame.from_ndarray(picture, format="rgb24"))

    def change(element, value):
        element.set_value(value)
        app.run()

    for other in (
        lambda: change(app.toggle(key="live_looks"), False),
        lambda: change(app.selectbox(key="live_gallery"), BY_LOOK),
        lambda: change(app.text_input[0], "Astra"),  # names a look, into another gallery than the demo
    ):
        app.run()
        assert metrics(app)["Unique so far"] == "2" and not app.toast
        other()
        assert metrics(app)["Unique so far"] == "0" and "the count starts over" in app.toast[0].value
        press(app, "Restore the count of 2")
        assert not app.exception and not app.warning and metrics(app)["Unique so far"] == "2"
        assert app.selectbox(key="live_gallery").value == DEMO and app.toggle(key="live_looks").value


@pytest.mark.parametrize("by_look", [False, True])
def test_a_reloaded_live_page_goes_on_with_its_sweep(detector, camera, workspace, monkeypatch, by_look):
    monkeypatch.setattr(Embedder, "load", lambda: ColorEmbedder())
    first, second = color_gallery(ColorEmbedder()), Gallery("zz")
    save_gallery(first)
    save_gallery(second)
    camera.state.playing = True
    app = open_page("live")
    app.selectbox(key="live_gallery").set_value("zz").run()
    app.toggle(key="live_looks").set_value(by_look).run()
    score_slider(app).set_value(0.21).run()
    picture = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    for _ in range(5):
        camera.frame(av.VideoFrame.from_ndarray(picture, format="rgb24"))
    token = app.run().query_params["sweep"]
    assert metrics(app)["Unique so far"] == "2"

    camera.state.playing = False
    app.switch_page("pages/photos.py").run().switch_page("pages/live.py").run()
    assert metrics(app)["Unique so far"] == "2"  # other settings would count anew
    assert app.toggle(key="live_looks").value is by_look and score_slider(app).value == 0.21
    again, other = reloaded("sweep", token, "live").run(), reloaded("sweep", "guessed", "live").run()
    assert not again.exception and not again.warning and not other.exception
    assert metrics(again)["Unique so far"] == "2" and not other.metric
    assert "no longer kept" in other.warning[0].value and "sweep" not in other.query_params
    assert again.selectbox(key="live_gallery").value == "zz"
    assert again.toggle(key="live_looks").value is by_look and score_slider(again).value == 0.21
    press(again, "Start over")
    assert metrics(again)["Unique so far"] == "0" and metrics(app.run())["Unique so far"] == "2"
    assert metrics(reloaded("sweep", token, "live"))["Unique so far"] == "2"


def test_live_shows_a_failing_detector_as_text(detector, camera, monkeypatch):
    camera.state.playing = True
    app = open_page("live")
    monkeypatch.setattr(detector, "detect", lambda *args, **kwargs: 1 / 0)
    camera.frame(av.VideoFrame.from_ndarray(np.zeros((120, 160, 3), np.uint8), format="rgb24"))
    app.run()
    assert not app.exception and "ZeroDivisionError" in app.error[0].value


def test_live_says_when_the_video_finds_no_route(detector, camera, monkeypatch):
    monkeypatch.setattr("skushare.live.connection.SLOW_AFTER", 0.0)
    camera.state.signalling = True
    app = open_page("live")
    assert any("TURN" in text for text in texts(app.warning))


def test_turn_servers_come_from_the_secrets(detector, camera):
    app = AppTest.from_file(APP)
    server = {"urls": ["turn:turn.example.org:3478"], "username": "shop", "credential": "secret"}
    app.secrets["webrtc"] = {"ice_servers": [server]}
    app.switch_page("pages/live.py").run()
    assert camera.configuration == {"iceServers": [server]}


def test_wrong_secrets_are_named(detector, camera):
    app = AppTest.from_file(APP)
    app.secrets["webrtc"] = {"ice_servers": "turn:turn.example.org"}
    app.switch_page("pages/live.py").run()
    assert not app.exception and "webrtc.ice_servers" in app.error[0].value


def test_two_visitors_do_not_mix(detector, camera):
    first, second = open_page("photos"), open_page("photos")
    first.file_uploader[0].set_value([upload("a.jpg", photo(40))]).run()
    second.run()
    assert metrics(first)["Photos"] == "1" and not second.metric


def test_a_look_named_in_place_becomes_a_brand_of_a_gallery(detector):
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("a.jpg", photo(90))]).run()
    press(app, "Save as audit")
    assert UNNAMED in texts(app.caption)
    open_tab(app, "Share of shelf")
    (look,) = [field for field in app.text_input if field.label == "look A: 2 facings"]
    assert [each.proto.imgs[0].alt for each in app.get("image")][-1] == "A facing of look A"
    look.set_value("Oats").run()
    assert not app.exception
    assert app.selectbox(key="photos_gallery").value == "My brands"
    assert UNNAMED not in texts(app.caption)
    assert not [field for field in app.text_input if field.label.startswith("look")]
    assert set(open_tab(app, "Every facing").dataframe[0].value["brand"]) == {"Oats"}
    app.selectbox(key="photos_gallery").set_value("No gallery: group by look").run()
    assert set(app.dataframe[0].value["look"]) == {"look A"}
    open_tab(app, "Share of shelf")
    field(app.text_input, "look A: 2 facings").set_value("oats").run()  # once more
    assert [version.examples for version in gallery_versions("My brands")] == [2]
    assert "already examples of Oats" in app.toast[0].value


def shelf(*colors):
    """A picture of facings side by side, each of a colour of ``COLORS``, and what is found on it."""
    boxes = [[10 + 45 * i, 10, 50 + 45 * i, 110] for i in range(len(colors))]
    image = np.random.default_rng(0).integers(0, 50, (120, 20 + 45 * len(colors), 3), np.uint8)
    for box, color in zip(boxes, colors, strict=True):
        image[20:100, box[0] + 5 : box[2] - 5] = COLORS[color]
    return image, Detections(boxes, np.full(len(boxes), 0.9), np.zeros(len(boxes)))


def test_a_second_look_of_a_brand_is_taught_once_and_is_known(detector, monkeypatch):
    image, found = shelf(*6 * ["red"], "blue")
    monkeypatch.setattr(detector, "detect", lambda *args, **options: found)
    monkeypatch.setattr(Embedder, "load", lambda: ColorEmbedder())
    app = open_page("photos")
    app.file_uploader[0].set_value([upload("a.jpg", encode_jpeg(image))]).run()
    open_tab(app, "Share of shelf")
    field(app.text_input, "look A: 6 facings").set_value("Oats").run()
    field(app.text_input, "look A: 1 facing").set_value("x" * 300).run()
    assert not app.exception and "longer than" in app.error[0].value
    field(app.text_input, "look A: 1 facing").set_value("Oats").run()
    assert not app.exception and not app.error
    assert not [field for field in app.text_input if field.label.startswith("look")]
    assert set(open_tab(app, "Every facing").dataframe[0].value["brand"]) == {"Oats"}
    assert [version.examples for version in gallery_versions("My brands")] == [7, 6]
    assert [sku.name for sku in open_gallery("My brands").skus] == ["Oats", "Oats 2"]


def test_a_look_named_on_the_live_page_becomes_a_brand_and_the_count_goes_on(detector, camera, monkeypatch):
    picture, found = shelf("red", "blue", "red", "green", "blue", "green")
    monkeypatch.setattr(detector, "detect", lambda *args, **options: found)
    monkeypatch.setattr(Embedder, "load", lambda: ColorEmbedder())
    camera.state.playing = True
    app = open_page("live")
    app.session_state.live_by_look = {"My brands": False}  # as it was left before
    for _ in range(2 * LOOKS_EVERY):
        camera.frame(av.VideoFrame.from_ndarray(picture, format="rgb24"))
    app.run()
    fields = {f.label: f for f in app.text_input}
    assert sorted(fields) == ["look A", "look B", "look C"]
    assert {each.proto.imgs[0].alt for each in app.get("image")} == {f"A facing of {name}" for name in fields}
    fields["look A"].set_value(" Oats ").run()
    assert not app.exception and not app.error
    assert app.selectbox(key="live_gallery").value == "My brands" and app.toggle(key="live_looks").value
    assert [f.label for f in app.text_input] == ["look B", "look C"]
    assert "look A: Oats" in texts(app.text) and metrics(app)["Unique so far"] == "6"
    field(app.text_input, "look B").set_value("x" * 300).run()
    assert not app.exception and "longer than" in app.error[0].value
    field(app.text_input, "look B").set_value("Rye").run()
    assert not app.error and [sku.brand for sku in open_gallery("My brands").skus] == ["Oats", "Rye"]
    session = app.session_state["visit_sweep"]
    assert session.brands == ("Oats", "Rye", "look C")
    assert sorted(session.unique_facings().brand_ids.tolist()) == [0, 0, 1, 1, 2, 2]
    camera.frame(av.VideoFrame.from_ndarray(picture, format="rgb24"))
    assert sorted(session.reading().detections.brand_ids.tolist()) == [0, 0, 1, 1, 2, 2]


def test_an_audit_has_the_brands_of_the_time_it_was_begun(detector, camera, monkeypatch):
    """A look that is named between "Save as audit" and "Save" gives no other facing its brand."""
    monkeypatch.setattr(Embedder, "load", lambda: ColorEmbedder())
    save_gallery(color_gallery(ColorEmbedder()))
    camera.state.playing = True
    app = open_page("live")
    app.selectbox(key="live_gallery").set_value("shelf").run()
    red = np.full((120, 160, 3), COLORS["red"], np.uint8)
    camera.frame(av.VideoFrame.from_ndarray(red, format="rgb24"))
    press(app, "Save as audit")
    app.selectbox(key="live_gallery").set_value(BY_LOOK).run()
    press(app, "Save")
    (number,) = list_audits()["audit"]
    saved = open_audit(number)
    assert saved.gallery == "shelf" and set(saved.table()["brand"]) == {"Rot"}
