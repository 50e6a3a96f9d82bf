"""Own brands, categories, targets, blocks and neighbours on the pages that show shares."""

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from skushare.app import shares
from skushare.app.naming import BY_LOOK
from skushare.audits import store
from skushare.audits.corrections import Facing
from skushare.audits.targets import save_target, targets
from skushare.brands.embedder import Embedder
from skushare.brands.library import open_gallery, save_gallery
from skushare.colors import shown_colors
from skushare.detections import Detections
from skushare.errors import DatabaseError
from skushare.jpeg import encode_jpeg
from tests.app.elements import metrics, open_tab, press, texts
from tests.app.test_pages import open_page, upload
from tests.brands.conftest import COLORS, ColorEmbedder, color_gallery


@pytest.fixture
def app(monkeypatch, detector, workspace):
    """The Photos page with a red and a blue facing; red is competitors' tea, blue the own coffee."""
    monkeypatch.setattr(Embedder, "load", lambda: ColorEmbedder())
    st.cache_resource.clear()
    gallery = color_gallery(ColorEmbedder()).with_brand("Rot", category="tea")
    save_gallery(gallery.with_brand("Blau", category="coffee", own=True))
    save_target("own brands", 0.6)
    save_target("Rot", 0.3)
    picture = np.full((120, 160, 3), 90, np.uint8)
    picture[:, :65], picture[:, 65:] = COLORS["red"], COLORS["blue"]
    page = open_page("photos")
    page.file_uploader[0].set_value([upload("shelf.jpg", encode_jpeg(picture))]).run()
    yield open_tab(page, "Share of shelf")
    st.cache_resource.clear()


def test_what_is_largest_on_one_photo_has_its_colour_before_what_is_small_on_all():
    names = [f"look {chr(65 + i)}" for i in range(26)] + [f"look A{chr(65 + i)}" for i in range(14)]
    large, small = (np.repeat(np.arange(n), n)[::-1] for n in (29, 11))
    photos = [
        Detections(np.zeros((len(ids), 4)), np.ones(len(ids)), np.zeros(len(ids)), brand_ids=ids)
        for ids in (large, small + 29)
    ]
    colors = shown_colors(names, shares.seen_names(photos, (), names))
    assert len({colors[name] for name in names[29:]}) == 11
    assert shares.seen_names([]) == []
    brand = [Detections(np.zeros((3, 4)), np.ones(3), np.zeros(3), brand_ids=[0, 0, 1])]
    assert shares.seen_names(brand, (), ["look A", "Oats"]) == ["Oats", "look A"]


def table(app, *columns):
    return next(each.value for each in app.dataframe if set(columns) <= set(each.value.columns))


def test_own_brands_are_set_against_their_target(app):
    assert metrics(app)["Own brands"].startswith("50 % ±")
    (own,) = [metric for metric in app.metric if metric.label == "Own brands"]
    assert own.delta == "10.0 points below the target of 60 %"
    targets = table(app, "target").set_index("name")
    assert targets.index[0] == "own brands"
    assert targets.loc["Rot", "difference"] == pytest.approx(20)
    assert np.isnan(targets.loc["Blau", "target"])


def test_a_brand_called_other_can_have_a_target(app):
    save_gallery(open_gallery("shelf").with_brand("Blau", brand="other"))
    save_target("other", 0.2)
    assert table(app.run(), "target").set_index("name").loc["other", "target"] == pytest.approx(20)


@pytest.mark.parametrize(
    "share, target, told, color, arrow",
    [
        (0.217, 0.2, "1.7 points above the target of 20 %", "GRAY", "NONE"),
        (0.3, 0.2, "10.0 points above the target of 20 %", "GREEN", "UP"),
        (0.1, 0.125, "2.5 points below the target of 12.5 %", "RED", "DOWN"),
        (0.2, 0.2, "at the target of 20 %", "GRAY", "NONE"),
        (0.2, None, "", None, None),
    ],
)
def test_a_difference_within_the_margin_has_no_colour(share, target, told, color, arrow):
    def page(share, target):
        import pandas as pd

        from skushare.app.shares import show_own

        table = pd.DataFrame({"name": ["own brands"], "share": [share], "margin": [0.02]})
        show_own(table, "share", target)

    (metric,) = AppTest.from_function(page, args=(share, target)).run().metric
    shown = metric.proto
    assert metric.delta == told
    if target is not None:
        assert shown.MetricColor.Name(shown.color) == color
        assert shown.MetricDirection.Name(shown.direction) == arrow


def test_own_brands_are_shown_against_competitors(app):
    app.segmented_control(key="share_sides").set_value("Own against competitors").run()
    assert not app.exception and "Own brands" not in metrics(app)


def test_a_category_is_shown_alone_with_targets_of_its_own(app):
    save_target("own brands", 0.9, "coffee")
    app.selectbox(key="share_category").set_value("coffee").run()
    assert not app.exception and metrics(app)["Own brands"].startswith("100 %")
    assert table(app, "target").set_index("name").loc["own brands", "target"] == pytest.approx(90)
    app.selectbox(key="share_category").set_value("tea").run()
    assert metrics(app)["Own brands"].startswith("0 %")


def test_a_brand_that_is_not_on_the_shelf_is_held_against_its_target(app):
    save_target("Rot", 0.4, "coffee")  # which this shelf has of Blau alone
    app.selectbox(key="share_category").set_value("coffee").run()
    line = table(app, "target").set_index("name").loc["Rot"]
    assert not app.exception and line[["share", "target", "difference"]].tolist() == [0, 40, -40]
    assert np.isnan(line["margin"]) and not isinstance(line["sure"], str)


@pytest.mark.parametrize("without, known", [("Blau", ["Rot"]), (None, [])])
def test_looks_have_no_targets(app, monkeypatch, without, known):
    """Each shelf has another look A; targets for it are left from older versions."""
    monkeypatch.setattr("skushare.app.shares.targets", lambda category: {"look A": 0.25, "Rot": 0.3})
    drawn, draw = [], shares.share_chart
    monkeypatch.setattr(shares, "share_chart", lambda *args: drawn.append(args[3]) or draw(*args))
    if without:
        gallery = open_gallery("shelf")
        save_gallery(gallery.without(next(sku.id for sku in gallery.skus if sku.brand == without)))
        app.run()
        app.toggle(key="photos_looks").set_value(True).run()
    else:
        app.selectbox(key="photos_gallery").set_value(BY_LOOK).run()
    assert not app.exception and drawn[-1] == {"Rot": 0.3}
    names = [each.value["name"].tolist() for each in app.dataframe if "target" in each.value]
    assert names == ([known] if known else [])
    assert ("Target shares" in [each.label for each in app.expander]) == bool(known)


def test_each_target_is_saved_once(app, monkeypatch):
    """Also where two were written before the first was saved."""
    written, saved = {"own brands": {"target": 7}, "Blau": {"target": None}}, []

    def edited(place, table, **_):
        return {name: written[name] for name in written if saved.count(name) == 0}

    def save(name, target, _):
        saved.append(name)
        save_target(name, target)

    save_target("Blau", 0.2)
    monkeypatch.setattr(shares, "edited_rows", edited)
    monkeypatch.setattr(shares, "save_target", save)
    app.run()
    assert not app.exception and saved == ["own brands", "Blau"]
    assert targets() == {"own brands": 0.07, "Rot": 0.3}


def test_a_target_that_could_not_be_saved_is_told(app, monkeypatch):
    def save(*_):
        raise DatabaseError("another program has been writing")

    monkeypatch.setattr(shares, "edited_rows", lambda *_, **__: {"Blau": {"target": 20}})
    monkeypatch.setattr(shares, "save_target", save)
    assert "Another program" in app.run().error[0].value and not app.exception


def test_blocks_and_neighbours_are_told(app):
    app.segmented_control(key="share_way").set_value("Neighbours").run()
    assert table(app, "beside").iloc[0].tolist() == ["Blau", "Rot", 1]
    app.segmented_control(key="share_way").set_value("Blocks").run()
    assert table(app, "name", "facings", "rows").columns.tolist() == ["name", "facings", "rows"]
    assert any("stand alone: 2." in text for text in texts(app.caption))
    app.selectbox(key="share_category").set_value("tea").run()
    assert any("stand alone: 1." in text for text in texts(app.caption))
    open_tab(app, "Pictures").toggle(key="photos_blocks").set_value(True).run()
    assert not app.exception


def test_a_saved_audit_shows_the_same_widgets(app):
    next(b for b in app.button if b.label == "Save as audit").click().run()
    next(b for b in app.button if b.label == "Save").click().run()
    assert not app.exception
    app.query_params["audit"] = "1"
    app.switch_page("pages/history.py").run()
    assert not app.exception and metrics(app)["Own brands"].startswith("50 % ±")
    app.selectbox(key="audit_share_category").set_value("tea").run()
    assert not app.exception and metrics(app)["Own brands"].startswith("0 %")


def test_a_corrected_facing_is_in_the_category_of_its_brand(app):
    next(b for b in app.button if b.label == "Save as audit").click().run()
    next(b for b in app.button if b.label == "Save").click().run()
    (photo,) = (audit := store.open_audit(1)).photos
    for box, brand in zip(photo.detections.boxes.tolist(), photo.detections.brand_ids, strict=True):
        before = Facing(tuple(box), audit.brands[brand])
        after = (
            before._replace(brand="Blau") if before.brand == "Rot" else before._replace(box=(*box[:3], 99.0))
        )
        store.save_correction(1, photo.id, before, after)
    app.query_params["audit"] = "1"
    app.switch_page("pages/history.py").run()
    app.selectbox(key="audit_share_category").set_value("coffee").run()
    assert not app.exception
    assert table(app, "target").set_index("name").loc["Blau", "share"] == pytest.approx(100)
    (rows,) = [each.value for each in app.dataframe if {"row", "facings"} <= set(each.value.columns)]
    assert rows["facings"].sum() == 2
    app.selectbox(key="audit_share_category").set_value("tea").run()
    assert not app.exception and "Own brands" not in metrics(app)


def test_the_live_page_has_categories_and_sides(app, camera):
    app.switch_page("pages/live.py").run()
    session = app.session_state["visit_sweep"]
    picture = np.full((120, 160, 3), 90, np.uint8)
    picture[:, :65], picture[:, 65:] = COLORS["red"], COLORS["blue"]
    session.process(picture)
    app.run()
    app.segmented_control(key="share_of").set_value("In view").run()
    assert not app.exception
    assert session.colors(["Rot", "Blau"]) == session.gallery.colors
    app.selectbox(key="live_category").set_value("tea").run()
    app.segmented_control(key="live_sides").set_value("Own against competitors").run()
    assert not app.exception
    press(app, "Save as audit")  # its form has a field for the category too
    assert {"tea", None} <= {each.value for each in app.selectbox if each.label == "Category"}


def test_an_audit_by_the_demo_gallery_has_its_own_brands(detector, workspace):
    app = open_page("photos")
    next(b for b in app.button if b.label == "Try a sample picture").click().run()
    next(b for b in app.button if b.label == "Save as audit").click().run()
    next(b for b in app.button if b.label == "Save").click().run()
    app.query_params["audit"] = "1"
    app.switch_page("pages/history.py").run()
    assert not app.exception and app.selectbox(key="audit_share_category").options[1:] == [
        "cereal",
        "drinks",
        "pantry",
    ]


def test_products_are_listed_with_those_that_are_missing(app):
    products = table(app, "product")
    assert products[["brand", "product", "facings", "share"]].values.tolist() == [
        ["Blau", "blue", 1, 50],
        ["Rot", "red", 1, 50],
        ["Rot", "green", 0, 0],
    ]
    assert any(text.startswith("1 of the gallery's products") for text in texts(app.caption))
    app.selectbox(key="share_category").set_value("coffee").run()
    assert table(app, "product")["product"].tolist() == ["blue"]
    assert not any("of the gallery's products" in text for text in texts(app.caption))
