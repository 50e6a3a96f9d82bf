"""A detector of several classes on the pages: its labels as brands, and a map of them to brands."""

import av
import numpy as np
import pytest
import streamlit as st

from skushare.app.naming import BY_LOOK, NO_BRANDS, OWN_LABELS
from skushare.audits import store
from skushare.audits.listing import list_audits
from skushare.brands.embedder import Embedder
from skushare.brands.gallery import Gallery, Sku
from skushare.brands.library import brand_map_names, save_gallery
from skushare.brands.notes import brand_notes
from skushare.detections import Detections
from skushare.errors import DatabaseError
from skushare.jpeg import encode_jpeg
from tests.app.elements import button, field, metrics, open_tab, press, texts
from tests.app.test_pages import open_page, upload
from tests.brands.conftest import ColorEmbedder, color_gallery

MAP = b"label,brand,own\ncola can,Cola,yes\ncola bottle,Cola,\nwater,Aqua,no\n"
SHELF = np.random.default_rng(0).integers(0, 250, (120, 320, 3), np.uint8)


@pytest.fixture
def detector(detector, monkeypatch):
    """The stub, of several classes: two facings of a brand, one of another and one of no brand."""
    boxes = [[10 + 75 * i, 10, 70 + 75 * i, 110] for i in range(4)]
    found = Detections(boxes, np.full(4, 0.9), [0, 1, 2, 3])
    monkeypatch.setattr(detector, "labels", ("cola can", "cola bottle", "water", "shelf edge"), raising=False)
    monkeypatch.setattr(detector, "detect", lambda *args, **options: found)
    monkeypatch.setattr(Embedder, "load", lambda: ColorEmbedder())
    st.cache_resource.clear()
    return detector


@pytest.fixture
def photos(detector):
    """The Photos page with one photo."""
    return count(open_page("photos"))


def count(app):
    app.file_uploader[0].set_value([upload("a.jpg", encode_jpeg(SHELF))]).run()
    assert not app.exception
    return app


@pytest.fixture
def live(detector, camera):
    """The Live page that has seen a few frames, and a function that shows it some more."""
    camera.state.playing = True
    app = open_page("live")

    def look(frames=5):
        for _ in range(frames):
            camera.frame(av.VideoFrame.from_ndarray(SHELF, format="rgb24"))
        app.run()
        assert not app.exception

    look()
    return app, look


def give_map(app, page, content=MAP, name="drinks.csv"):
    field(app.file_uploader, "CSV or JSON file").set_value((name, content, "text/csv")).run()
    assert not app.exception and app.selectbox(key=f"{page}_gallery").value == "drinks (brand map)"


def shown(app):
    """The brands on the Photos page, by its table of facings."""
    table = open_tab(app, "Every facing").dataframe[0].value
    return sorted(table["brand"] if "brand" in table else table["class"])


def saved(app):
    """The brands of the facings of the audit that is saved now."""
    press(app, "Save as audit")
    press(app, "Save")
    audit = store.open_audit(int(list_audits()["audit"].max()))
    return sorted(audit.table()["brand"]), audit


LABELS = ["cola bottle", "cola can", "shelf edge", "water"]
MAPPED = ["Aqua", "Cola", "Cola", "unknown"]


def test_the_labels_are_the_brands_unless_otherwise_chosen(photos):
    assert photos.selectbox(key="photos_gallery").value == OWN_LABELS
    assert shown(photos) == LABELS and not photos.text_input
    brands, audit = saved(photos)
    assert brands == LABELS and (audit.gallery, audit.brands) == (
        "",
        ("cola can", "cola bottle", *audit.brands[2:]),
    )


def test_a_brand_map_names_the_photos_and_their_audit(photos):
    give_map(photos, "photos")
    assert shown(photos) == MAPPED
    assert metrics(open_tab(photos, "Share of shelf"))["Own brands"].startswith("50 % ±")
    photos.segmented_control(key="share_sides").set_value("Own against competitors").run()
    assert not photos.exception and "photos_looks" not in [toggle.key for toggle in photos.toggle]
    brands, audit = saved(photos)
    assert brands == MAPPED and audit.gallery == "drinks (brand map)"
    assert brand_notes(audit.gallery).own == {"Cola"}  # what History and the report ask for


def test_an_audit_by_a_brand_map_has_its_own_brands_in_the_history(photos, monkeypatch):
    monkeypatch.setattr("skushare.app.annotator.component", lambda *_: lambda **options: None)
    give_map(photos, "photos")
    _, audit = saved(photos)
    st.cache_data.clear()
    photos.switch_page("pages/history.py")
    photos.query_params["audit"] = str(audit.id)
    photos.run()
    assert not photos.exception and metrics(photos)["Own brands"].startswith("50 % ±")


def test_an_audit_of_photos_has_the_brands_of_the_time_it_was_begun(photos):
    give_map(photos, "photos")
    press(photos, "Save as audit")
    photos.selectbox(key="photos_gallery").set_value(OWN_LABELS).run()
    press(photos, "Save")
    audit = store.open_audit(1)
    assert sorted(audit.table()["brand"]) == MAPPED and audit.gallery == "drinks (brand map)"


def test_looks_are_saved_as_unknown_as_they_are_no_brands(photos):
    photos.selectbox(key="photos_gallery").set_value(BY_LOOK).run()
    table = open_tab(photos, "Every facing").dataframe[0].value
    assert shown(photos) == ["unknown"] * 4 and all(name.startswith("look") for name in table["look"])
    assert saved(photos)[0] == ["unknown"] * 4


def test_a_map_that_was_given_is_there_on_other_pages_and_can_be_deleted(photos, camera):
    give_map(photos, "photos")
    photos.switch_page("pages/live.py").run()
    assert photos.selectbox(key="live_gallery").value == "drinks (brand map)"
    press(photos, "Delete the chosen map")
    assert photos.selectbox(key="live_gallery").value == OWN_LABELS and brand_map_names() == []


def test_a_map_that_cannot_be_deleted_stays_and_the_page_says_why(photos, monkeypatch):
    def refuse(name):
        raise DatabaseError("the database cannot be written")

    give_map(photos, "photos")
    monkeypatch.setattr("skushare.app.naming.delete_gallery", refuse)
    press(photos, "Delete the chosen map")
    assert [error.value for error in photos.error] == ["The database cannot be written"]
    assert photos.selectbox(key="photos_gallery").value == "drinks (brand map)"


@pytest.mark.parametrize(
    "content, message",
    [(b"label,brand\nbox,Cola\n", "none of the model's labels"), (b"label\n", "lacks the column")],
)
def test_a_map_that_does_not_fit_is_refused(photos, content, message):
    field(photos.file_uploader, "CSV or JSON file").set_value(("drinks.csv", content, "text/csv")).run()
    assert not photos.exception and message in photos.error[0].value
    assert brand_map_names() == [] and shown(photos) == LABELS


def test_a_map_of_another_model_is_told_and_the_page_goes_on(detector):
    save_gallery(Gallery("other (brand map)", [Sku("a", "box", "Cola")]))
    app = count(open_page("photos"))
    app.selectbox(key="photos_gallery").set_value("other (brand map)").run()
    assert not app.exception and "none of the model's labels" in app.error[0].value


def test_galleries_are_still_there_to_choose(photos):
    save_gallery(color_gallery(ColorEmbedder()))
    photos.run()
    photos.selectbox(key="photos_gallery").set_value("shelf").run()
    assert not photos.exception and photos.toggle(key="photos_looks").value is False


def test_live_the_labels_are_the_brands(live):
    app, _ = live
    session = app.session_state["visit_sweep"]
    assert app.selectbox(key="live_gallery").value == OWN_LABELS
    assert session.brands == () and not app.text_input and metrics(app)["Unique so far"] == "4"
    assert saved(app)[0] == LABELS


def test_live_a_brand_map_names_the_brands_and_the_audit(live):
    app, look = live
    give_map(app, "live")
    look()
    session = app.session_state["visit_sweep"]
    assert session.brands == ("Cola", "Aqua")
    assert sorted(session.unique_facings().brand_ids.tolist()) == [-1, 0, 0, 1]
    app.segmented_control(key="live_sides").set_value("Own against competitors").run()
    assert not app.exception
    brands, audit = saved(app)
    assert brands == MAPPED and (audit.source, audit.gallery) == ("sweep", "drinks (brand map)")


def test_a_folder_is_audited_by_the_chosen_map(detector, camera):
    app = open_page("live")
    give_map(app, "live")
    app.switch_page("pages/history.py").run()
    assert app.selectbox(key="batch_gallery").value == "drinks (brand map)"
    assert not {NO_BRANDS, BY_LOOK} & set(app.selectbox(key="batch_gallery").options)
    field(app.file_uploader, "Folder of photos").set_value([upload("a.jpg", encode_jpeg(SHELF))])
    button(app, "Count").click().run()
    audit = store.open_audit(int(list_audits()["audit"].max()))
    assert sorted(audit.table()["brand"]) == MAPPED and audit.gallery == "drinks (brand map)"


def test_a_folder_is_audited_by_the_labels_without_a_map(detector):
    app = open_page("history")
    assert app.selectbox(key="batch_gallery").value == OWN_LABELS
    field(app.file_uploader, "Folder of photos").set_value([upload("a.jpg", encode_jpeg(SHELF))])
    button(app, "Count").click().run()
    assert sorted(store.open_audit(1).table()["brand"]) == LABELS


@pytest.mark.parametrize("page, without", [("photos", BY_LOOK), ("live", BY_LOOK), ("batch", NO_BRANDS)])
def test_a_model_of_one_class_offers_neither_labels_nor_maps(detector, camera, monkeypatch, page, without):
    monkeypatch.setattr(detector, "labels", ("facing",))
    save_gallery(Gallery("drinks (brand map)", [Sku("a", "cola can", "Cola")]))
    app = open_page("history" if page == "batch" else page)
    if page == "photos":
        count(app)
    chosen = app.selectbox(key=f"{page}_gallery")
    assert chosen.options == ["Demo: the sample shelves", without] and chosen.value == without
    assert "CSV or JSON file" not in [each.label for each in app.file_uploader]
    assert not any("Brand map" in text for text in texts(app.markdown))
