"""The Teach page: piles are shown, named piles are learnt and saved, galleries come in and go out."""

import io
import threading
import weakref
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from skushare.app import galleries
from skushare.app import pile_board as board_module
from skushare.app import taught as taught_module
from skushare.app.galleries import Teaching, with_free_name
from skushare.app.gallery_intake import BRANDS, PRODUCTS
from skushare.app.teach import Lesson, edited, products
from skushare.app.text import plain
from skushare.brands.embedder import Embedder
from skushare.brands.gallery import LONGEST_NAME, Gallery, GalleryError, Sku
from skushare.brands.gallery_files import gallery_zip
from skushare.brands.library import (
    brand_map_names,
    gallery_names,
    gallery_versions,
    open_gallery,
    save_gallery,
)
from skushare.brands.piles import Piles
from skushare.detections import Detections
from skushare.images import write_image
from skushare.jpeg import encode_jpeg
from tests.app.conftest import PATIENCE
from tests.brands.conftest import ColorEmbedder, color_gallery, picture

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "<script>alert(1)</script> '; DROP TABLE galleries; -- 🛒 سوق"


@pytest.fixture
def browser(monkeypatch, detector):
    """What the board is given (``data``), and a way to act as the user does on it."""

    class Browser:
        data, deliver = None, None

        def mount(self, key, data, on_action_change):
            self.data, self.key, self.deliver = data, key, on_action_change

    shown = Browser()
    monkeypatch.setattr(board_module, "component", lambda *_: shown.mount)
    monkeypatch.setattr(Embedder, "load", lambda: ColorEmbedder())
    st.cache_resource.clear()
    yield shown
    st.cache_resource.clear()


@pytest.fixture
def app(browser, tmp_path):
    """The page with a photo of a red and a green facing."""
    picture = np.full((100, 140, 3), 90, np.uint8)
    picture[:, :65], picture[:, 65:] = (250, 20, 20), (20, 250, 20)
    write_image(tmp_path / "shelf.png", picture)
    page = AppTest.from_file(str(ROOT / "streamlit_app.py"))
    page.switch_page("pages/teach.py").run()
    page.file_uploader[0].set_value(("shelf.png", (tmp_path / "shelf.png").read_bytes(), "image/png")).run()
    assert not page.exception
    return page


def act(app, browser, **action):
    app.session_state.visit_lesson.act(action)
    app.run()
    assert not app.exception


def texts(elements):
    return " ".join(element.value for element in elements)


def test_what_of_a_photo_is_not_taught_goes_along_to_another_gallery(app, browser):
    for name in ("Shop A", "Shop B"):
        save_gallery(replace(color_gallery(ColorEmbedder()), name=name))
    choose(app.run(), "Gallery", "Shop A")
    act(app, browser, kind="teach", pile=0, brand="Cola", product="")
    assert open_gallery("Shop A").brands == ("Rot", "Blau", "Cola")
    choose(app, "Gallery", "Shop B")  # what was taught elsewhere stays there, the rest goes along
    assert app.session_state.gallery_name == "Shop A" and app.session_state.visit_lesson.taught == 1
    act(
        app,
        browser,
        kind="teach",
        pile=app.session_state.visit_lesson.piles.numbers[0],
        brand="Mint",
        product="",
    )
    assert app.session_state.gallery_name == "Shop B" and open_gallery("Shop B").brands[2:] == ("Mint",)
    assert open_gallery("Shop A").brands[2:] == ("Cola",)
    choose(app, "Gallery", "Shop A")
    assert app.session_state.visit_lesson is None  # all is taught


def test_a_photo_that_another_page_sent_is_taught_to_the_gallery_in_use_there(browser, tmp_path):
    for name in ("Shop A", "Shop B"):
        save_gallery(replace(color_gallery(ColorEmbedder()), name=name))
    page = AppTest.from_file(str(ROOT / "streamlit_app.py"))
    page.switch_page("pages/teach.py").run()
    opened = page.session_state.teaching.gallery.name
    other = "Shop A" if opened == "Shop B" else "Shop B"
    page.session_state.gallery_name = other
    page.session_state.teach_frame = ("shelf.jpg", encode_jpeg(np.full((100, 140, 3), 90, np.uint8)))
    page.run()
    assert not page.exception and page.session_state.teaching.gallery.name == other
    assert page.session_state.visit_lesson.name == "shelf.jpg" and page.session_state.teach_frame is None


def test_a_photo_that_another_page_sent_is_kept_by_a_run_that_is_cut_short(browser, monkeypatch):
    page = AppTest.from_file(str(ROOT / "streamlit_app.py"))
    page.session_state.teach_frame = ("shelf.jpg", encode_jpeg(np.full((100, 140, 3), 90, np.uint8)))
    with monkeypatch.context() as cut:
        cut.setattr(Lesson, "begin", lambda *_: st.stop())
        page.switch_page("pages/teach.py").run()
    assert page.session_state.visit_lesson is None
    assert page.run().session_state.visit_lesson.name == "shelf.jpg"


def reloaded(token):
    """A visit that begins at the address of the page with ``token``."""
    page = AppTest.from_file(str(ROOT / "streamlit_app.py"))
    page.query_params["lesson"] = token
    page.switch_page("pages/teach.py").run()
    assert not page.exception
    return page


def test_a_reloaded_page_goes_on_with_its_photo_and_gallery(app, browser):
    for name in ("Shop A", "Shop B"):
        save_gallery(replace(color_gallery(ColorEmbedder()).without("b"), name=name))
    choose(app.run(), "Gallery", "Shop A")
    act(app, browser, kind="teach", pile=0, brand="Cola", product="")
    again, other = reloaded(app.query_params["lesson"]), reloaded("guessed")
    assert "1 of 2 facings taught" in again.get("progress")[0].proto.text and not again.warning
    assert again.session_state.teaching.gallery.name == "Shop A"
    assert "The photo of this address is no longer" in other.warning[0].value and not other.get("progress")
    (pile,) = again.session_state.visit_lesson.piles.numbers
    act(again, browser, kind="teach", pile=pile, brand="Mint", product="")
    assert open_gallery("Shop A").brands[2:] == ("Cola", "Mint")
    assert app.run().session_state.visit_lesson.taught == 1  # another visit's, for all that is known


def test_facings_that_another_page_taught_are_known_and_lie_in_piles_again_when_forgotten():
    image, boxes = (
        np.concatenate([picture("red"), picture("green")], axis=1),
        [(0, 0, 24, 24), (24, 0, 48, 24)],
    )
    embedder, found = ColorEmbedder(), Detections(boxes, [0.9] * 2, [0] * 2)
    vectors = np.float16(embedder.embed(image, boxes[:1]))
    known = Gallery("x").with_examples(Sku("a", "Rot", "Rot"), vectors, [b"out of a preview"], embedder)
    lesson = Lesson.begin("shelf.jpg", image, found, embedder, Teaching(known))
    assert (lesson.known, lesson.taught) == (1, 0)
    lesson.piles, left = lesson.piles.learnt(0, known, "Rot", "", embedder)
    assert left is known and lesson.taught == 1
    lesson.go_on(Teaching(known.without_examples([0])), known)
    assert (lesson.known, lesson.taught) == (0, 0)
    anew = replace(known, pictures=lesson.piles.pictures[:1], embeddings=[[0, 0, 1]])  # by another embedder
    lesson.go_on(Teaching(anew), known)
    assert lesson.known == 1


def test_of_a_visit_the_photo_in_hand_alone_is_kept(app, browser, tmp_path):
    before = app.query_params["lesson"]
    app.file_uploader[0].set_value(("next.png", (tmp_path / "shelf.png").read_bytes(), "image/png")).run()
    assert reloaded(app.query_params["lesson"]).session_state.visit_lesson.name == "next.png"
    assert reloaded(before).session_state.visit_lesson is None


def test_a_lesson_does_not_hold_the_whole_photo():
    image = np.full((100, 140, 3), 90, np.uint8)
    found = Detections([[10, 10, 60, 90], [70, 10, 120, 90]], [0.9, 0.6], [0, 0])
    lesson = Lesson.begin("shelf.jpg", image, found, ColorEmbedder(), Teaching(Gallery("x")))
    held = weakref.ref(image)
    del image
    assert held() is None and lesson.facings == 2 and lesson.taught == 0


def test_a_broken_database_is_told(browser, tmp_path, monkeypatch):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "broken"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "skushare.db").write_bytes(b"x" * 5000)
    page = AppTest.from_file(str(ROOT / "streamlit_app.py"))
    page.switch_page("pages/teach.py").run()
    assert not page.exception and "is not a database" in texts(page.error)


def test_facings_are_piled_by_look(app, browser):
    assert [pile["size"] for pile in browser.data["piles"]] == [1, 1]
    assert "0 of 2 facings taught" in app.get("progress")[0].proto.text


def test_a_named_pile_is_learnt_saved_and_gone(app, browser):
    act(app, browser, kind="teach", pile=0, brand=HOSTILE, product="")
    assert [pile["size"] for pile in browser.data["piles"]] == [1]
    assert open_gallery("My brands").brands == (HOSTILE,)
    act(app, browser, kind="teach", pile=1, brand="Gruen", product="lime")
    assert "All 2 facings are taught" in texts(app.success)
    assert [toast.value for toast in app.toast] == [plain("1 facing taught as Gruen: lime")]
    assert not app.run().toast
    assert open_gallery("My brands").brands == (HOSTILE, "Gruen")
    assert len(gallery_versions("My brands")) == 2


def test_a_name_that_cannot_be_is_told_and_nothing_is_lost(app, browser):
    act(app, browser, kind="teach", pile=0, brand="x" * 10_000, product="")
    assert "longer than" in texts(app.error) and len(browser.data["piles"]) == 2
    assert gallery_names() == []


@pytest.mark.parametrize(
    "action",
    [
        {"kind": "split", "pile": 99},
        {"kind": "move", "facings": [0, 55, -3], "to": 99},
        {"kind": "move", "facings": [77], "to": None},
        {"kind": "teach", "pile": 99, "brand": "x", "product": ""},
    ],
)
def test_actions_on_what_is_gone_do_nothing(app, browser, action):
    act(app, browser, **action)
    assert [pile["size"] for pile in browser.data["piles"]] == [1, 1] and gallery_names() == []


def test_a_double_click_leaves_what_is_told_of_the_first(workspace):
    image, found = np.full((9, 9, 3), 90, np.uint8), Detections([[0, 0, 9, 9]], [0.9], [0])
    lesson = Lesson.begin("shelf.jpg", image, found, ColorEmbedder(), Teaching.of("x"))
    for _ in range(2):
        lesson.act({"kind": "teach", "pile": 0, "brand": "Rot", "product": ""})
        assert lesson.done == "1 facing taught as Rot"


def teach_red(lesson):
    lesson.act({"kind": "teach", "pile": 0, "brand": "Rot", "product": ""})


def teach_green(lesson):
    lesson.act({"kind": "teach", "pile": 1, "brand": "Gruen", "product": ""})


def move_blue(lesson):
    lesson.act({"kind": "move", "facings": [2], "to": 1})


def keep_another(lesson):
    lesson.keep(lesson.teaching, replace(color_gallery(ColorEmbedder()), name="x"))


@pytest.mark.parametrize(
    ("first", "second", "piles", "brands"),
    [
        (teach_red, move_blue, [-1, 1, 1], {"Rot"}),
        (teach_red, teach_green, [-1, -1, 2], {"Rot", "Gruen"}),
        (keep_another, teach_green, [0, -1, 2], {"Rot", "Blau", "Gruen"}),
    ],
)
def test_what_is_done_while_a_gallery_is_being_saved_comes_after_it(
    workspace, held_save, first, second, piles, brands
):
    saving, go_on = held_save
    image = np.concatenate([picture(color) for color in ("red", "green", "blue")], axis=1)
    found = Detections([(left, 0, left + 24, 24) for left in (0, 24, 48)], [0.9] * 3, [0] * 3)
    lesson = Lesson.begin("shelf.jpg", image, found, ColorEmbedder(), Teaching.of("x"))
    runs = [threading.Thread(target=act, args=(lesson,)) for act in (first, second)]
    runs[0].start()
    saving.wait(PATIENCE)
    runs[1].start()
    runs[1].join(0.5)
    go_on.set()
    for run in runs:
        run.join()
    assert lesson.piles.piles.tolist() == piles and not lesson.problem
    assert set(open_gallery("x").brands) == set(lesson.teaching.gallery.brands) == brands


def test_what_is_being_saved_is_not_taken_for_what_others_taught(workspace, monkeypatch):
    saving, go_on = threading.Event(), threading.Event()

    def held(*args):
        version = save_gallery(*args)
        saving.set(), go_on.wait(20)
        return version

    monkeypatch.setattr(galleries, "save_gallery", held)
    teaching, told = Teaching.of("x"), []
    gallery = replace(color_gallery(ColorEmbedder()), name="x")
    runs = [
        threading.Thread(target=act)
        for act in (lambda: teaching.save(gallery), lambda: told.append((teaching.catch_up(), teaching.seen)))
    ]
    runs[0].start()
    saving.wait(20)
    runs[1].start()
    runs[1].join(0.5)
    go_on.set()
    for run in runs:
        run.join()
    assert told == [(False, gallery.digest)]


def test_who_opens_a_lesson_by_its_address_does_not_wait_for_whom_it_is_from(workspace):
    image, found = np.full((9, 9, 3), 90, np.uint8), Detections([[0, 0, 9, 9]], [0.9], [0])
    lesson = Lesson.begin("shelf.jpg", image, found, ColorEmbedder(), Teaching.of("x"))
    other = lesson.copy()
    action = {"kind": "teach", "pile": 0, "brand": "Rot", "product": ""}
    run = threading.Thread(target=other.act, args=(action,), daemon=True)
    with lesson.lock:
        run.start()
        run.join(PATIENCE)
        assert (other.taught, lesson.taught) == (1, 0)


def test_facings_can_be_put_together_and_apart(app, browser):
    act(app, browser, kind="move", facings=[1], to=0)
    assert [pile["size"] for pile in browser.data["piles"]] == [2]
    act(app, browser, kind="split", pile=0)
    assert [pile["size"] for pile in browser.data["piles"]] == [1, 1]


def test_facings_that_were_taught_before_are_not_taught_once_more_and_it_is_said(app, browser, tmp_path):
    for brand in ("Rot", "rot", "Gelb"):
        act(app, browser, kind="teach", pile=0, brand=brand, product="")
        told = "these facings are already examples of Rot"
        assert (told in texts(app.info)) is (brand == "rot")
        assert len(gallery_versions("My brands")) == 1 + (brand == "Gelb")
        shelf = (f"{brand}.png", (tmp_path / "shelf.png").read_bytes(), "image/png")
        app.file_uploader[0].set_value(shelf).run()
        assert not app.info and "1 of 2 facings taught" in app.get("progress")[0].proto.text
    assert len(open_gallery("My brands").pictures) == 1


def test_a_known_brand_is_suggested_and_comes_last(app, browser, tmp_path):
    act(app, browser, kind="teach", pile=0, brand="Rot", product="")
    app.file_uploader[0].set_value(("again.png", (tmp_path / "shelf.png").read_bytes(), "image/png")).run()
    assert [pile["brand"] for pile in browser.data["piles"]] == ["", "Rot"]


def test_what_may_be_something_else_is_shown_first_in_a_known_pile_and_marked(app, browser, tmp_path):
    act(app, browser, kind="teach", pile=0, brand="Rot", product="")
    app.file_uploader[0].set_value(("again.png", (tmp_path / "shelf.png").read_bytes(), "image/png")).run()
    (strange,) = (pile["facings"] for pile in browser.data["piles"] if not pile["brand"])
    assert not strange[0]["doubtful"]  # nothing of it is known
    lesson = app.session_state.visit_lesson
    red = next(pile for pile in browser.data["piles"] if pile["brand"])["id"]
    # Two more facings of that pile, or the strange one would weigh as much as the known one.
    piles = lesson.piles.moved([strange[0]["id"]], red)
    lesson.piles = replace(
        piles,
        pictures=piles.pictures * 2,
        embeddings=np.concatenate([piles.embeddings, piles.embeddings[[0, 0]]]),
        piles=np.full(4, red, np.int32),
    )
    app.run()
    (pile,) = browser.data["piles"]
    assert [facing["doubtful"] for facing in pile["facings"]] == [True, False, False, False]
    assert pile["facings"][0]["id"] == strange[0]["id"] and pile["note"].endswith("sure, 1 to check")


def teach_elsewhere(name, *brands):
    """Have another page teach ``brands`` to the gallery ``name``."""
    teaching = Teaching.of(name)
    gallery = teaching.gallery
    for brand in brands:
        vector, sku = np.float32([[0.6, 0.8, 0]]), Sku(gallery.new_id(), brand, brand)
        gallery = gallery.with_examples(sku, vector, [encode_jpeg(picture("blue"))], ColorEmbedder())
    return teaching.save(gallery)


def test_what_other_pages_taught_stays_and_a_lesson_goes_on_with_it(app, browser):
    teach_elsewhere("My brands", "Elsewhere")
    app.run()
    assert app.dataframe[0].value["brand"].tolist() == ["Elsewhere"]
    teach_elsewhere("My brands", "Again")  # while the page is shown
    act(app, browser, kind="teach", pile=0, brand="Rot", product="")
    assert open_gallery("My brands").brands == ("Elsewhere", "Again", "Rot")
    assert "1 of 2 facings taught" in app.get("progress")[0].proto.text and not app.error


@pytest.mark.parametrize("acts", [False, True])
def test_what_another_page_forgot_lies_in_piles_again(app, browser, acts):
    act(app, browser, kind="teach", pile=0, brand="Rot", product="")
    other = Teaching.of("My brands")
    other.save(other.gallery.without(other.gallery.skus[0].id))
    if acts:
        act(app, browser, kind="teach", pile=1, brand="Mint", product="")
    else:
        app.run()
    assert [pile["size"] for pile in browser.data["piles"]] == ([1] if acts else [1, 1])
    assert f"{int(acts)} of 2 facings taught" in app.get("progress")[0].proto.text
    assert open_gallery("My brands").brands == ("Mint",) * acts


def test_what_is_taught_at_the_same_moment_is_refused_and_can_be_taught_again(app, browser, monkeypatch):
    learnt = Piles.learnt

    def meanwhile(self, *args):
        monkeypatch.setattr(Piles, "learnt", learnt)
        teach_elsewhere("My brands", "Elsewhere")
        return learnt(self, *args)

    monkeypatch.setattr(Piles, "learnt", meanwhile)
    act(app, browser, kind="teach", pile=0, brand="Rot", product="")
    assert "taught elsewhere" in texts(app.error) and len(browser.data["piles"]) == 2
    act(app, browser, kind="teach", pile=0, brand="Rot", product="")
    assert open_gallery("My brands").brands == ("Elsewhere", "Rot") and not app.error


def bring_colors(app):
    """Import the colour gallery, which is called "shelf"."""
    app.file_uploader[1].set_value(("g.zip", gallery_zip(color_gallery(ColorEmbedder())), "application/zip"))
    app.run()
    assert not app.exception


def test_an_import_of_a_name_that_is_taken_gets_a_free_one(app):
    teach_elsewhere("shelf", "Elsewhere")
    bring_colors(app)
    assert open_gallery("shelf").brands == ("Elsewhere",)
    assert open_gallery("shelf 2").brands == ("Rot", "Blau") and app.session_state.gallery_name == "shelf 2"
    assert "There was a gallery **shelf** already" in texts(app.info)
    teach_elsewhere("shelf 2", "Elsewhere")
    bring_colors(app)
    assert open_gallery("shelf 3").brands == ("Rot", "Blau") and "**shelf 3**" in texts(app.info)
    choose(app, "Gallery", "shelf")
    assert not app.info


def test_a_taken_name_as_long_as_names_can_be_is_cut_for_its_number(workspace):
    gallery = replace(color_gallery(ColorEmbedder()), name="x" * LONGEST_NAME)
    save_gallery(gallery)
    other = with_free_name(gallery.without("a"))
    assert with_free_name(gallery) is gallery and other.name == "x" * 194
    save_gallery(other)
    assert with_free_name(other.without("b")).name == f"{other.name} 2"


def test_an_import_can_be_the_next_version_of_the_gallery_of_its_name(app):
    teach_elsewhere("shelf", "Elsewhere")
    app.toggle[0].set_value(True).run()
    bring_colors(app)
    assert gallery_names() == ["shelf"] and open_gallery("shelf").brands == ("Rot", "Blau")
    assert len(gallery_versions("shelf")) == 2 and not app.info


def test_what_is_imported_once_more_is_there_already(app):
    for _ in range(2):
        bring_colors(app)
        assert gallery_names() == ["shelf"] and len(gallery_versions("shelf")) == 1 and not app.info


def test_an_imported_gallery_is_saved_and_can_be_deleted(app):
    data = gallery_zip(color_gallery(ColorEmbedder()))
    app.file_uploader[1].set_value(("g.zip", data, "application/zip")).run()
    assert not app.exception and gallery_names() == ["shelf"]
    assert not any(
        b.label.startswith("Delete this gallery") for b in app.button
    )  # it only opens the question
    press(app, "Delete for good")
    assert gallery_names() == [] and [t.value for t in app.toast] == ["The gallery shelf is deleted"]


@pytest.mark.parametrize("saved", [False, True])
def test_a_brand_map_is_refused_and_it_is_said_where_it_goes(app, saved):
    brand_map = Gallery("drinks (brand map)", [Sku("a", "cola can", "Cola")])
    if saved:
        save_gallery(replace(brand_map, skus=[Sku("a", "water", "Aqua")]))
    app.file_uploader[1].set_value(("map.zip", gallery_zip(brand_map), "application/zip")).run()
    assert not app.exception and "under Brand map" in texts(app.error)
    assert "skushare gallery import" in texts(app.error)
    assert brand_map_names() == ["drinks (brand map)"] * saved
    assert len(gallery_versions("drinks (brand map)")) == saved


def bring_pictures(app, paths, **broken):
    """Import a zip called "mine" of pictures at ``paths``; those of ``broken`` are bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path in paths:
            archive.writestr(path, encode_jpeg(picture("red")))
        for path, data in broken.items():
            archive.writestr(path, data)
    app.file_uploader[1].set_value(("mine.zip", file.getvalue(), "application/zip")).run()
    assert not app.exception


def test_what_cannot_be_read_is_named_and_the_rest_imported(app):
    bring_pictures(app, ["Rot/a.jpg", "Blau/b.jpg"], **{"Blau/x_y.jpg": b"no picture", "Grün/z.jpg": b""})
    assert open_gallery("mine").brands == ("Blau", "Rot") and len(open_gallery("mine").pictures) == 2
    (told,) = app.warning
    assert r"mine/Blau/x\_y\.jpg" in told.value and r"mine/Grün/z\.jpg" in told.value
    assert "Imported **mine**: 2 products of 2 brands, 2 examples" in texts(app.success)
    choose(app, "Gallery", "My brands")
    assert not app.warning and not app.success


@pytest.mark.parametrize(
    "answer, products",
    [(BRANDS, [("Light", "Light"), ("Zero", "Zero")]), (PRODUCTS, [("Cola", "Light"), ("Cola", "Zero")])],
)
def test_it_is_asked_what_a_folder_around_all_others_is(app, answer, products):
    bring_pictures(app, ["Cola/Zero/a.jpg", "Cola/Light/b.jpg"])
    (question,) = app.radio
    assert "**Cola**" in question.label and gallery_names() == []
    question.set_value(answer).run()
    assert not app.exception and not app.radio
    assert [(sku.brand, sku.name) for sku in open_gallery("mine").skus] == products


def test_it_is_asked_anew_of_another_zip(app):
    bring_pictures(app, [], **{"Cola/Zero/a.jpg": b"no picture"})
    app.radio[0].set_value(PRODUCTS).run()
    assert "none of its pictures can be read" in texts(app.error)
    bring_pictures(app, ["Cola/Zero/a.jpg"])
    assert app.radio[0].value is None and gallery_names() == []


def test_faults_beyond_a_number_are_counted(app, monkeypatch):
    monkeypatch.setattr("skushare.app.gallery_intake.MOST_NAMED", 1)
    bring_pictures(app, ["Rot/a.jpg"], **{"Rot/b.jpg": b"", "Rot/c.jpg": b""})
    assert "b\\.jpg" in texts(app.warning) and texts(app.warning).endswith("and 1 more")


@pytest.fixture
def taught(app):
    """The page with the colour gallery, saved."""
    bring_colors(app)
    return app


def choose(app, label, value):
    next(each for each in app.selectbox if each.label == label).set_value(value).run()
    assert not app.exception


def press(app, label):
    next(each for each in app.button if each.label == label).click().run()
    assert not app.exception


def test_the_colour_of_a_brand_is_shown_beside_its_name(taught):
    table = taught.dataframe[0].value
    for color, swatch in zip(table["colour"], table["swatch"], strict=True):
        assert f'fill="{color}"' in unquote(swatch)


def test_a_single_wrong_example_can_be_taken_out(taught):
    choose(taught, "Look at a product", "b")
    assert len(taught.checkbox) == 2
    taught.checkbox[1].check().run()
    press(taught, "Take out the wrong ones")
    assert np.bincount(open_gallery("shelf").example_skus).tolist() == [1, 1, 1]
    assert len(taught.checkbox) == 1 and not taught.checkbox[0].value


def test_many_examples_are_shown_a_few_at_a_time(taught, monkeypatch):
    monkeypatch.setattr("skushare.app.taught.MOST_EXAMPLES", 1)
    choose(taught, "Look at a product", "b")
    first = taught.checkbox[0].key
    taught.number_input[0].set_value(2).run()
    assert len(taught.checkbox) == 1 and taught.checkbox[0].key != first


def test_marks_of_wrong_examples_hold_over_the_pages_and_go_with_the_product(taught, monkeypatch):
    monkeypatch.setattr("skushare.app.taught.MOST_EXAMPLES", 1)
    choose(taught, "Look at a product", "b")
    taught.checkbox[0].check().run()
    choose(taught, "Look at a product", "a")
    choose(taught, "Look at a product", "b")
    assert not taught.checkbox[0].value
    for page in (1, 2):
        taught.number_input[0].set_value(page).run()
        taught.checkbox[0].check().run()
    taught.number_input[0].set_value(1).run()
    assert taught.checkbox[0].value
    press(taught, "Take out the wrong ones")
    assert np.bincount(open_gallery("shelf").example_skus, minlength=3).tolist() == [1, 0, 1]


def test_a_product_without_a_name_of_its_own_is_told_once():
    def page():
        import streamlit as st

        from skushare.app.taught import show_product

        show_product(st.session_state.gallery, None)

    app = AppTest.from_function(page)
    app.session_state.gallery = Gallery("x", [Sku("a", "Cola", "Cola"), Sku("b", "can", "Cola")])
    assert app.run().selectbox[0].options == ["Cola", "Cola: can"]


def test_two_products_can_be_merged_and_one_forgotten(taught):
    choose(taught, "Look at a product", "a")
    choose(taught, "It is the same as", "b")
    press(taught, "Merge them")
    gallery = open_gallery("shelf")
    assert [sku.id for sku in gallery.skus] == ["b", "c"] and gallery.example_skus.tolist() == [0, 0, 0, 1]
    choose(taught, "Look at a product", "c")
    press(taught, "Forget it")
    assert open_gallery("shelf").brands == ("Rot",)


def test_facings_whose_product_is_forgotten_come_back_to_the_board(app, browser):
    for pile, brand in enumerate(("Rot", "Grün")):
        act(app, browser, kind="teach", pile=pile, brand=brand, product="")
    assert "All 2 facings are taught" in texts(app.success)
    choose(app, "Look at a product", open_gallery("My brands").find("Grün", "Grün").id)
    press(app, "Forget it")
    assert [pile["size"] for pile in browser.data["piles"]] == [1]
    assert "1 of 2 facings taught" in app.get("progress")[0].proto.text
    act(app, browser, kind="teach", pile=browser.data["piles"][0]["id"], brand="Lime", product="")
    assert open_gallery("My brands").brands == ("Rot", "Lime")


def test_an_old_version_can_be_brought_back(taught, monkeypatch):
    monkeypatch.setattr("skushare.app.clock._zone", lambda: timezone(timedelta(hours=13)))  # of the visitor
    choose(taught, "Look at a product", "c")
    press(taught, "Forget it")
    assert len(taught.dataframe) == 1  # that of the products: versions are read when they are asked for
    taught.session_state.versions_open = True
    taught.run()
    table = taught.dataframe[1].value
    assert table["version"].tolist() == [2, 1] and table["examples"].tolist() == [3, 4]
    there = datetime.now(timezone.utc).replace(tzinfo=None) + timedelta(hours=13)
    assert (there - table["saved"]).between(timedelta(0), timedelta(minutes=10)).all()
    assert table["what changed"].tolist() == ["gone: Blau blue; -1 example", ""]
    choose(taught, "Bring back", 1)
    press(taught, "Bring it back")
    assert open_gallery("shelf").brands == ("Rot", "Blau") and len(gallery_versions("shelf")) == 3


def test_no_field_is_there_without_anything_to_choose(taught):
    taught.session_state.versions_open = True
    labels = [field.label for field in taught.run().selectbox]
    assert "Bring back" not in labels and len(taught.dataframe) == 2
    for product in "ab":
        choose(taught, "Look at a product", product)
        press(taught, "Forget it")
    choose(taught, "Look at a product", "c")
    labels = [field.label for field in taught.selectbox]
    assert "Bring back" in labels and "It is the same as" not in labels


def test_a_gallery_whose_last_product_was_forgotten_can_be_brought_back_or_deleted(taught):
    for product in "abc":
        choose(taught, "Look at a product", product)
        press(taught, "Forget it")
    assert open_gallery("shelf").skus == ()
    taught.session_state.versions_open = True
    taught.run()
    choose(taught, "Bring back", 1)
    press(taught, "Bring it back")
    assert open_gallery("shelf").brands == ("Rot", "Blau")
    save_gallery(Gallery("shelf"))
    press(taught.run(), "Delete for good")
    assert gallery_names() == []


def test_where_there_are_more_versions_than_are_shown_it_is_told_how_to_reach_them(taught, monkeypatch):
    monkeypatch.setattr("skushare.app.taught.MOST_VERSIONS", 2)
    taught.session_state.versions_open = True
    for brand, told in (("One", False), ("Two", True)):
        teach_elsewhere("shelf", brand)
        assert ("gallery restore shelf VERSION" in texts(taught.run().caption)) is told


def test_a_zip_that_is_none_is_told(app):
    app.file_uploader[1].set_value(("g.zip", b"no zip", "application/zip")).run()
    assert not app.exception and "damaged" in texts(app.error)


@pytest.mark.parametrize("brand, saves", [("Rot ", 0), ("Pink", 1)])
def test_an_edit_is_kept_once_and_only_where_it_changes_something(monkeypatch, brand, saves):
    kept = [color_gallery(ColorEmbedder())]
    monkeypatch.setattr(taught_module, "edited_rows", lambda *_, **__: {"a": {"brand": brand}})
    monkeypatch.setattr(taught_module.st, "rerun", lambda: None)
    for _ in range(2):
        taught_module.show_products(kept[-1], kept.append)
    assert len(kept) == 1 + saves


def test_the_table_of_products_can_be_edited():
    gallery = color_gallery(ColorEmbedder())
    table = products(gallery)
    assert table["examples"].tolist() == [1, 2, 1] and table.index.tolist() == ["a", "b", "c"]
    after = edited(
        gallery, {"a": {"product": "rouge", "own": True, "colour": "#123456"}, "c": {"brand": "Rot"}}
    )
    assert after.brands == ("Rot",) and after.own_brands == ("Rot",) and after.sku("a").name == "rouge"
    assert after.colors == {"Rot": "#123456"}
    named = gallery.with_sku("c", name="Blau")  # as what is taught without a product
    assert edited(named, {"c": {"brand": "Azur"}}).sku("c").name == "Azur"
    assert edited(named, {"c": {"brand": "Azur", "product": "Blau"}}).sku("c").name == "Blau"
    assert edited(gallery, {"c": {"brand": "Azur"}}).sku("c").name == "blue"
    assert edited(gallery, {"c": {"brand": " rot"}}).brands == ("Rot",)
    assert edited(gallery, {"b": {"brand": "ROT"}}).brands == ("ROT", "Blau")
    assert edited(named, {"c": {"brand": "blau"}}).skus[2:] == (Sku("c", "blau", "blau"),)
    both = edited(gallery.with_sku("a", name="Rot"), {"b": {"brand": "ROT"}})
    assert [(sku.brand, sku.name) for sku in both.skus[:2]] == [("ROT", "ROT"), ("ROT", "green")]
    for wrong in ({"brand": None}, {"colour": "red"}):
        with pytest.raises(GalleryError):
            edited(gallery, {"a": wrong})
