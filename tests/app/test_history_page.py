"""Saving audits on the pages, and the History page; what the annotator does in a browser is not run here."""

import re
import threading
from base64 import b64decode
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from skushare.app import (
    audit_batch,
    audit_comparison,
    audit_list,
    audit_trend,
    audit_view,
    clock,
    galleries,
    shares,
)
from skushare.app.galleries import MY_BRANDS
from skushare.app.work import Work
from skushare.audits import listing, store
from skushare.audits.audit import Audit, AuditPhoto
from skushare.audits.batch import Taken
from skushare.audits.corrections import Facing
from skushare.audits.listing import list_audits
from skushare.brands.gallery import Gallery, Sku
from skushare.brands.library import gallery_names, open_gallery, save_gallery
from skushare.database import engine, pictures
from skushare.detections import Detections
from skushare.errors import AuditError
from skushare.images import read_image
from skushare.jpeg import encode_jpeg
from skushare.text import tidy_name
from tests.app.elements import button, field, metrics, press, score_slider, texts

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"
HOSTILE = "<b>x</b> [a](b) $y$ :red[z] =1+1 مرحبا \u202e🥫 '; DROP TABLE audits; --"


@pytest.fixture(autouse=True)
def workspace(sqlite, detector):
    st.cache_data.clear()


@pytest.fixture
def annotator(monkeypatch):
    """What the page sends to the annotator, and the ``changes`` that it sends back at the next run."""
    sent = {}

    def mount(key, data, on_edits_change):
        sent["data"] = data
        if changes := sent.pop("changes", None):
            edits = {"batch": "b", "saved": 0, "changes": changes}
            edits |= {name: data[name] for name in ("session", "picture")}
            st.session_state[key] = {"edits": edits}
            on_edits_change()

    monkeypatch.setattr("skushare.app.annotator.component", lambda *_: mount)
    return sent


def photo(shade):
    return encode_jpeg(np.full((120, 160, 3), shade, np.uint8))


def save(store_name="North", day=0, ids=(0, 0, 1), brands=("Astra", "Bello"), picture=b"", **words):
    left = 30 * np.arange(len(ids), dtype=np.float32)
    boxes = np.stack([left, left * 0 + 10, left + 20, left * 0 + 60], 1)
    found = Detections(boxes, np.full(len(ids), 0.9), np.zeros(len(ids)), brand_ids=list(ids))
    kept = AuditPhoto(f"{store_name}.jpg", pictures.put(picture or photo(40 + day)), 160, 120, found)
    time = datetime(2026, 3, 2, 12, tzinfo=timezone.utc) + timedelta(days=day)
    return store.save_audit(Audit([kept], brands, time, store=store_name, **words))


def open_page(page="history", tab=None, **query):
    app = AppTest.from_file(APP).switch_page(f"pages/{page}.py")
    for key, value in query.items():
        app.query_params[key] = str(value)
    if tab:
        app.session_state["history_tab"] = tab
    app.run()
    assert not app.exception
    return app


def test_without_audits_the_page_tells_what_to_do():
    app = open_page()
    assert "Save one on the Photos or Live page" in " ".join(texts(app.markdown))
    assert app.file_uploader


def give_exports(app, *files):
    files = [(name, data, "application/json") for name, data in files]
    field(app.file_uploader, "JSON files from the phone").set_value(files).run()
    return press(app, "Import")


def test_audits_of_a_phone_are_imported_once_and_shown_without_their_picture(annotator):
    export = (Path(__file__).parents[1] / "audits" / "phone_audits.json").read_bytes()
    app = open_page()
    give_exports(app, ("good.json", export), ("<b>bad</b>.json", b"{}"))
    assert "bad" in app.error[0].value and not len(list_audits())
    give_exports(app, ("good.json", export))
    assert texts(app.toast) == ["3 audits are imported"] and len(list_audits()) == 3
    app = give_exports(open_page(tab="Import audits from a phone"), ("again.json", export))
    assert texts(app.toast) == ["Nothing new, 3 were imported before"] and len(list_audits()) == 3

    app = open_page(audit=1)
    assert not app.error and any("The phone kept the picture" in text for text in texts(app.info))
    drawn = read_image(b64decode(annotator["data"]["src"].partition(",")[2]))
    assert drawn.shape == (460, 1000, 3) and drawn.std() == 0
    assert metrics(app)["Facings"] == "6" and "Teach" not in [each.label for each in app.button]
    assert "The phone kept the picture" in " ".join(texts(open_page(audit=1, other=2).caption))


def test_more_facings_than_a_browser_would_wait_for_are_left_to_the_command_line(monkeypatch):
    monkeypatch.setattr(audit_list, "MOST_EXPORTED", 5)
    save("North"), save("South", day=1)
    app = open_page()
    assert not app.get("download_button") and "more than 5 facings" in " ".join(texts(app.markdown))
    field(app.multiselect, "Store").set_value(["South"]).run()
    assert [button.label for button in app.get("download_button")] == ["CSV", "Parquet", "JSON"]


def test_the_page_does_not_wait_for_work_on_datasets():
    number, gate = save(), threading.Event()
    app = open_page(audit=number)
    app.session_state.work = Work(lambda shown: gate.wait(), None)
    try:
        assert not app.run().exception and "audit" in app.query_params
        assert not app.session_state.work.future.done()
    finally:
        gate.set()


@pytest.mark.parametrize("words", ["North", HOSTILE, "x" * 10_000, ""])
def test_counted_photos_are_saved_as_they_were_uploaded(words):
    app = open_page("photos")
    files = [("a.jpg", photo(40), "image/jpeg"), ("b.jpg", photo(80), "image/jpeg")]
    app.file_uploader[0].set_value(files).run()
    press(app, "Save as audit")
    field(app.text_area, "Note").set_value(words)
    press(app, "Save")
    saved = store.open_audit(int(list_audits()["audit"][0]))
    assert saved.note == words and saved.facings == 4
    assert [pictures.get(each.picture) for each in saved.photos] == [photo(40), photo(80)]
    assert (saved.model, saved.thresholds) == ("stub", {"mode": "photo", "score": 0.4})
    assert "Save" not in [b.label for b in app.button]


def test_what_was_begun_or_saved_of_a_list_goes_with_it():
    app = open_page("photos")
    for shade, label in ((40, "Save"), (80, None), (120, None)):
        app.file_uploader[0].set_value([("a.jpg", photo(shade), "image/jpeg")]).run()
        shown = [b.label for b in app.button] + [link.label for link in app.get("page_link")]
        assert "Save" not in shown and not any("Saved as" in label for label in shown)
        press(app, "Save as audit")
        if label:
            press(app, label)
            assert "Saved as audit 1, without a store" in [link.label for link in app.get("page_link")]
        press(app, "Clear the list")
    assert len(list_audits()) == 1


def test_a_list_that_has_changed_since_it_was_saved_says_so():
    save("North_1")  # which the field knows then
    app = open_page("photos")
    app.file_uploader[0].set_value([("a.jpg", photo(40), "image/jpeg")]).run()
    press(app, "Save as audit")
    field(app.selectbox, "Store").set_value("North_1")
    press(app, "Save")
    links = []
    for score in (0.7, 0.4):
        links += [link.label for link in app.get("page_link") if "audit" in link.label]
        score_slider(app).set_value(score).run()
    links += [link.label for link in app.get("page_link") if "audit" in link.label]
    label = r"Saved as audit 2, North\_1"
    assert links == [label, "Changed here since audit 2: save it again", label]


def test_the_newest_frame_is_saved_and_the_store_is_remembered(detector, camera):
    save("North")
    app = open_page("live")
    press(app, "Save as audit")
    assert any("Start the camera or add a video, then save" in text for text in texts(app.info))
    session = app.session_state["visit_sweep"]
    session.process(np.full((120, 160, 3), 90, np.uint8))
    for _ in range(2):
        app.segmented_control(key="live_size").set_value(416)
        score_slider(app).set_value(0.4).run()
        press(app, "Save as audit")
        app.segmented_control(key="live_size").set_value(640)  # for later frames
        score_slider(app).set_value(0.7).run()
        field(app.selectbox, "Store").set_value("North")
        press(app, "Save")
    press(app, "Save as audit")
    assert field(app.selectbox, "Store").value == "North"
    saved = store.open_audit(int(list_audits()["audit"][0]))
    assert (saved.source, saved.store, saved.facings) == ("live", "North", 2)
    assert saved.thresholds == {"mode": "live", "score": 0.4, "size": 416}


def test_a_sweep_is_saved_with_each_facing_once(camera):
    camera.state.playing = True
    app = open_page("live")
    picture = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    for _ in range(5):
        app.session_state["visit_sweep"].process(picture)
    press(app, "Save as audit")
    press(app, "Save")
    saved = store.open_audit(int(list_audits()["audit"][0]))
    assert saved.source == "sweep" and saved.facings == 2 and len(saved.photos) == 1
    assert read_image(pictures.get(saved.photos[0].picture)).shape == picture.shape
    press(app, "Save as audit")
    app.radio(key="live_way").set_value("The newest frame alone")
    press(app, "Save")
    assert store.open_audit(int(list_audits()["audit"].max())).source == "live"


def test_a_database_that_cannot_be_used_is_said_and_the_page_goes_on(monkeypatch, tmp_path):
    app = open_page("photos")
    app.file_uploader[0].set_value([("a.jpg", photo(40), "image/jpeg")]).run()
    engine.close()
    monkeypatch.setenv("SKUSHARE_DATABASE", f"sqlite:///{tmp_path}")
    press(app, "Save as audit")
    assert str(tmp_path) in app.error[0].value.replace("\\", "") and metrics(app)["Photos"] == "1"
    assert str(tmp_path) in open_page().error[0].value.replace("\\", "")


def test_the_list_narrows_and_shows_the_newest_first():
    numbers = [save("North", shelf="left"), save("South", 1, ids=(1, 1), shelf="left"), save("North", 2)]
    app = open_page()
    assert app.dataframe[0].value["audit"].tolist() == numbers[::-1]
    assert app.expander[0].label == "Filter" and "3 audits" in texts(app.caption)
    assert app.dataframe[0].value.columns[:4].tolist() == ["audit", "time", "facings", "store"]  # on a phone
    field(app.multiselect, "Shelf").set_value(["left"]).run()
    assert app.dataframe[0].value["audit"].tolist() == numbers[1::-1]
    field(app.multiselect, "Shelf").set_value([]).run()
    field(app.multiselect, "Store").set_value(["North"]).run()
    assert app.dataframe[0].value["audit"].tolist() == [numbers[2], numbers[0]]
    app.run()
    assert app.expander[0].label == "Filter: North"
    assert "2 of 3 audits" in texts(app.caption)
    field(app.multiselect, "Brand").set_value(["Astra"]).run()
    field(app.date_input, "To").set_value(datetime(2026, 3, 2).date()).run()
    assert not app.exception and app.dataframe[0].value["audit"].tolist() == [numbers[0]]
    field(app.date_input, "From").set_value(datetime(2026, 4, 2).date()).run()
    assert not app.exception and not app.dataframe


def test_the_list_has_the_times_of_the_clocks_at_the_shelves():
    for hours in (2, -8):
        late = datetime(2026, 3, 2, 23, 30, tzinfo=timezone(timedelta(hours=hours)))
        store.save_audit(Audit((), (), late))
    app = open_page()
    for day in (None, datetime(2026, 3, 2).date()):
        for end in ("From", "To"):
            field(app.date_input, end).set_value(day)
        assert app.run().dataframe[0].value["time"].tolist() == [pd.Timestamp(2026, 3, 2, 23, 30)] * 2


def test_back_from_an_audit_none_is_chosen(annotator):
    save()
    app = open_page()
    key = re.search("history_table_.*", app.dataframe[0].proto.id).group()
    app.session_state[key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    assert not button(app, "Open").disabled
    press(app, "Open")
    press(app, "All audits")
    assert button(app, "Open").disabled and button(app, "Compare").disabled


@pytest.fixture
def trends(monkeypatch):
    """The tables that are drawn as shares over time, as they come."""
    drawn, chart = [], audit_trend.trend_chart
    monkeypatch.setattr(
        audit_trend, "trend_chart", lambda table, *rest: drawn.append(table) or chart(table, *rest)
    )
    return drawn


@pytest.mark.parametrize(
    "charts, shares",
    [
        (None, [("Corner", []), ("Coffee", [1 / 3]), ("Tobacco", [])]),
        ("one for each store", [("East", []), ("North", [1 / 5])]),
        ("all in one", [(None, [1 / 6])]),
    ],
)
def test_shares_over_time_are_those_of_a_shelf_unless_another_is_wanted(trends, charts, shares):
    save("North", shelf="Coffee"), save("North", shelf="Tobacco", ids=(0, 0), brands=("Corva",))
    save("East", shelf="Corner", ids=(0,), brands=("Corva",))
    app = open_page(tab="Shares over time")
    if charts:
        trends.clear()
        field(app.selectbox, "Charts").set_value(charts).run()
    assert not app.exception and len(app.get("vega_lite_chart")) == len(trends) == len(shares)
    for table, (name, share) in zip(trends, shares, strict=True):
        assert name is None or name in table.to_numpy()
        assert table[table["brand"] == "Bello"]["share"].tolist() == pytest.approx(share)


def test_each_shelf_begins_with_its_own_largest_brands(trends):
    tobacco = tuple(f"T{n}" for n in range(6))
    save("North", shelf="Tobacco", ids=(0, 0, 0, *range(6)), brands=tobacco)
    save("North", shelf="Coffee", ids=(1, 1, 0), brands=("Astra", "Bello"))
    app = open_page(tab="Shares over time")
    assert not app.exception
    assert [set(table["brand"]) for table in trends] == [{"Astra", "Bello"}, {"T0", "T1", "T2"}]
    trends.clear()
    field(app.multiselect, "Brands").set_value(["T1"]).run()
    assert not app.exception and [set(table["brand"]) for table in trends] == [{"T1"}]
    assert "None of these brands" in texts(app.caption)


@pytest.mark.parametrize("named", [True, False])
def test_an_audit_of_no_store_and_no_shelf_is_in_no_shelfs_chart(trends, named):
    save("", ids=(1, 1), category="coffee")
    if named:
        save("North")
    app = open_page(tab="Shares over time")
    assert [table["facings"].sum() for table in trends] == [3] * named
    assert "neither store nor shelf: 1 audit." in " ".join(texts(app.info))
    field(app.selectbox, "Charts").set_value("all in one").run()
    assert not app.exception and trends[-1]["facings"].sum() == 2 + 3 * named


def test_of_many_stores_the_first_by_name_have_a_chart(trends, monkeypatch):
    for day, name in enumerate(["South", "East", "North", ""]):
        save(name, day)
    monkeypatch.setattr(audit_trend, "MOST_CHARTS", 3)
    app = open_page(tab="Shares over time")
    trends.clear()
    field(app.selectbox, "Charts").set_value("one for each store").run()
    assert not app.exception and [set(table["store"]) for table in trends] == [{""}, {"East"}, {"North"}]
    assert any("The first 3 of 4 stores" in text for text in texts(app.caption))


def test_of_many_shelves_the_first_by_name_have_a_chart(trends, monkeypatch):
    for shelf in ("c", "a", "b"):
        save("North", shelf=shelf)
    monkeypatch.setattr(audit_trend, "MOST_CHARTS", 2)
    app = open_page(tab="Shares over time")
    assert [set(table["shelf"]) for table in trends] == [{"a"}, {"b"}]
    assert any("The first 2 of 3 shelves" in text for text in texts(app.caption))


def test_no_more_brands_are_drawn_over_time_than_can_be_told_apart(monkeypatch):
    save(), save(brands=("Corva", "Dorado"))
    monkeypatch.setattr(audit_trend, "MOST_BRANDS", 2)
    app = open_page()
    field(app.multiselect, "Brand").set_value(["Astra", "Bello", "Corva"]).run()
    app.session_state["history_tab"] = "Shares over time"
    app.run()
    brands = field(app.multiselect, "Brands")
    assert not app.exception and len(brands.value) == brands.proto.max_selections == 2


def test_a_filter_that_leaves_other_brands_leaves_a_trend(annotator):
    save("North"), save("South", 1, ids=(0,), brands=("Corva",))
    app = open_page(tab="Shares over time")
    field(app.multiselect, "Store").set_value(["South"]).run()
    assert not app.exception and set(field(app.multiselect, "Brands").options) == {"Corva"}
    field(app.date_input, "From").set_value(datetime(2027, 1, 1).date()).run()
    assert not app.exception and any("Widen the filter" in text for text in texts(app.info))


def test_a_filter_of_brands_that_the_audits_lack_leaves_a_trend(annotator):
    save("North"), save("South", 1, ids=(0,), brands=("Corva",))
    app = open_page()
    field(app.multiselect, "Store").set_value(["South"])
    field(app.multiselect, "Brand").set_value(["Corva", "Astra"]).run()
    app.session_state["history_tab"] = "Shares over time"
    app.run()
    assert not app.exception and field(app.multiselect, "Brands").value == ["Corva"]


def test_an_audit_opens_with_its_photo_and_shares(annotator):
    number = save(HOSTILE, brands=(HOSTILE, "Bello"), note=HOSTILE)
    app = open_page(audit=number)
    assert metrics(app) == {"Facings": "3", "Photos": "1", "Gaps": "0", "Corrections": "0"}
    data = annotator["data"]
    assert data["labels"] == [HOSTILE, "Bello", "unknown"] and len(data["boxes"]) == 3
    assert any(text.startswith(HOSTILE) for text in texts(app.text))  # as text, not as Markdown
    assert not any("<b>" in text or text == "`None`" for text in texts(app.markdown) + texts(app.title))


def test_brands_of_all_audits_are_summed_up_once_as_long_as_none_changes(annotator, monkeypatch):
    asked, totals = [], listing.brand_totals
    monkeypatch.setattr(listing, "brand_totals", lambda *args: asked.append(args) or totals(*args))
    save("South", brands=("Corva", "Dalva"))
    app = open_page(audit=save())
    app.run()
    assert len(asked) == 1
    assert field(app.multiselect, "Further brands to choose from").options == ["Corva", "Dalva"]


def test_the_chart_and_the_targets_of_an_audit_share_one_table(annotator, monkeypatch):
    made, share = [], shares.share_of_shelves
    monkeypatch.setattr(shares, "share_of_shelves", lambda *args: made.append(1) or share(*args))
    open_page(audit=save())
    assert len(made) == 1


def test_what_a_gallery_tells_is_known_once_it_is_here(annotator):
    """An audit of a phone may come before the gallery that it was made with."""
    gallery = Gallery("tea", [Sku("a", "Astra", "Astra", "tea"), Sku("b", "Bello", "Bello", "coffee")])
    save(gallery="tea", gallery_digest=gallery.digest)
    app = open_page(audit=1)
    assert "Category" not in [each.label for each in app.selectbox]
    save_gallery(gallery)
    app.run()
    assert "tea" in field(app.selectbox, "Category").options


def test_gaps_are_counted_and_drawn_on_request(annotator):
    app = open_page(audit=save(ids=(0, 0, 1)))
    plain = annotator["data"]["src"]
    left, middle, right = annotator["data"]["boxes"]
    annotator["changes"] = [{"before": middle, "after": None}]
    app.run().run()
    assert metrics(app)["Gaps"] == "1" and annotator["data"]["src"] == plain
    field(app.toggle, "Show gaps").set_value(True).run()
    assert not app.exception and annotator["data"]["src"] != plain


def test_a_correction_costs_its_own_photo_alone(annotator, monkeypatch):
    audit_view._found_gaps.cache_clear()
    looked_at, find = [], audit_view.find_gaps
    monkeypatch.setattr(
        audit_view, "find_gaps", lambda found, doubtful: looked_at.append(len(found)) or find(found, doubtful)
    )
    one = store.open_audit(save())
    (first,) = one.photos
    wide = first.detections.scaled(np.float32([1.5, 1, 1.5, 1]))
    second = replace(first, picture=pictures.put(photo(90)), detections=wide)
    number = store.save_audit(replace(one, photos=[first, second]))
    app = open_page(audit=number)
    assert looked_at == [3, 3]
    box = tuple(first.detections.boxes[1].tolist())
    saved = store.open_audit(number).photos[0].id
    store.save_correction(number, saved, Facing(box, "Astra"), Facing(box, "Bello"))
    app.run()
    assert looked_at == [3, 3] and metrics(app)["Gaps"] == "0"  # brands leave no gaps
    store.save_correction(number, saved, Facing(box, "Bello"), None)
    app.run()
    assert looked_at == [3, 3, 2] and metrics(app)["Gaps"] == "1"


def test_a_sweep_over_several_pictures_tells_no_gaps(annotator):
    one = store.open_audit(save())
    photos = [replace(one.photos[0], picture=pictures.put(photo(shade))) for shade in (40, 90)]
    app = open_page(audit=store.save_audit(replace(one, photos=photos, source="sweep")))
    assert "Gaps" not in metrics(app) and "Show gaps" not in [toggle.label for toggle in app.toggle]


def test_corrections_in_the_browser_are_kept_with_who_and_what(annotator):
    app = open_page(audit=save())
    field(app.text_input, "Your name, for the corrections").set_value("Mia")
    field(app.multiselect, "Further brands to choose from").set_value(["Corva"]).run()
    assert annotator["data"]["labels"] == ["Astra", "Bello", "unknown", "Corva"]
    first, _, last = annotator["data"]["boxes"]
    annotator["changes"] = [
        {"before": last, "after": None},
        {"before": first, "after": [*first[:4], 3, 1]},
        {"before": None, "after": [100, 10, 120, 50, 2, 1]},
    ]
    app.run().run()
    assert not app.exception and not app.error
    (number,) = list_audits()["audit"]
    saved = store.open_audit(number)
    assert [each.what for each in saved.corrections] == ["removed Bello", "Astra is Corva", "added unknown"]
    assert {each.who for each in saved.corrections} == {"Mia"}
    assert sorted(saved.corrected().table()["brand"]) == ["Astra", "Corva", "unknown"]
    assert metrics(app) == {"Facings": "3", "Photos": "1", "Gaps": "1", "Corrections": "3"}


def test_a_brand_that_is_written_in_another_case_is_the_same_one(annotator):
    save("South", brands=("Corva", "Dalva"))
    app = open_page(audit=save())
    further = field(app.multiselect, "Further brands to choose from")
    further.set_value(["BELLO", "Unknown", "corva", "Neo"]).run()
    assert annotator["data"]["labels"] == ["Astra", "Bello", "unknown", "Corva", "Neo"]


def test_brands_keep_their_places_while_an_audit_is_corrected(annotator):
    app = open_page(audit=save())
    further = field(app.multiselect, "Further brands to choose from")
    for chosen in (["Yoyo"], ["Yoyo", "Zeta"], ["Zeta"]):
        further.set_value(chosen).run()
    labels, changes = ["Astra", "Bello", "unknown", "Yoyo", "Zeta"], []
    for left, place in ((100, 4), (101, 4), (102, 3)):
        assert annotator["data"]["labels"] == labels
        changes.append({"before": None, "after": [left, 10, 120, 50, place, 1]})
        annotator["changes"] = list(changes)
        app.run().run()
    assert annotator["data"]["labels"] == labels and not app.error
    (number,) = list_audits()["audit"]
    told = [each.what for each in store.open_audit(number).corrections]
    assert told == ["added Zeta", "added Zeta", "added Yoyo"]


def test_a_correction_of_what_changed_meanwhile_is_refused(annotator):
    app = open_page(audit=save())
    annotator["changes"] = [{"before": [1, 2, 3, 4, 0, 1], "after": None}]
    app.run().run()
    assert any("corrected elsewhere" in text for text in texts(app.error))


def test_taking_back_a_correction_is_a_correction(annotator):
    number = save()
    saved = store.open_audit(number)
    box = tuple(saved.photos[0].detections.boxes[2].tolist())
    store.save_correction(number, saved.photos[0].id, Facing(box, "Bello"), None, HOSTILE)
    app = open_page(audit=number)
    assert metrics(app)["Facings"] == "2" and any(HOSTILE in text for text in texts(app.text))
    press(app, "Undo")
    assert metrics(app) == {"Facings": "3", "Photos": "1", "Gaps": "0", "Corrections": "2"}


def test_corrections_become_examples_of_a_gallery_on_request(annotator):
    noise = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    number = save(picture=encode_jpeg(noise))  # on which no facing looks like another
    saved = store.open_audit(number)
    boxes = [tuple(box) for box in saved.photos[0].detections.boxes.tolist()]
    for box, before, after in ((boxes[0], "Astra", "Corva"), (boxes[2], "Bello", HOSTILE)):
        store.save_correction(number, saved.photos[0].id, Facing(box, before), Facing(box, after))
    app = open_page(audit=number)
    press(app, "Teach")  # into a gallery of its own, as there is none
    assert "Version 1 is saved." in texts(app.success)
    press(app, "Teach")
    assert not app.success and "This gallery has all of them." in texts(app.info)
    store.save_correction(number, saved.photos[0].id, Facing(boxes[1], "Astra"), Facing(boxes[1], "Dalva"))
    press(app, "Teach")
    assert "Version 2 is saved." in texts(app.success) and len(open_gallery(MY_BRANDS).pictures) == 3
    assert gallery_names() == [MY_BRANDS]
    assert [sku.brand for sku in open_gallery(MY_BRANDS).skus] == ["Corva", tidy_name(HOSTILE), "Dalva"]


def test_without_the_embedder_corrections_teach_nothing_and_the_page_says_why(annotator, monkeypatch):
    def missing():
        raise AuditError("no embedder")

    number = save()
    photo = store.open_audit(number).photos[0]
    box = tuple(photo.detections.boxes[0].tolist())
    store.save_correction(number, photo.id, Facing(box, "Astra"), Facing(box, "Corva"))
    app = open_page(audit=number)
    monkeypatch.setattr(galleries, "_load", missing)
    press(app, "Teach")
    assert "no embedder" in texts(app.warning) and gallery_names() == []


def test_corrections_of_a_lost_photo_teach_nothing_and_say_so(annotator):
    number = save()
    photo = store.open_audit(number).photos[0]
    box = tuple(photo.detections.boxes[0].tolist())
    store.save_correction(number, photo.id, Facing(box, "Astra"), Facing(box, "Corva"))
    pictures.picture_path(photo.picture).unlink()
    app = open_page(audit=number)
    press(app, "Teach")
    assert gallery_names() == [] and not app.success
    assert len([text for text in texts(app.error) if "restore it from a copy" in text.replace("\\", "")]) == 2


def test_two_audits_are_compared_older_first(annotator):
    newer, older = save(day=1, ids=(1, 1)), save()
    app = open_page(audit=newer, other=older)
    assert app.title[0].value == f"Audits {older} and {newer}"
    assert app.dataframe[0].value.columns[:3].tolist() == ["brand", "points", "margin"]  # a phone shows these
    assert dict(zip(app.dataframe[0].value["brand"], app.dataframe[0].value["change"], strict=True)) == {
        "Astra": -2,
        "Bello": 1,
    }


def test_photos_of_compared_audits_are_drawn_by_pages(monkeypatch):
    one, drawn, small = store.open_audit(save()), [], audit_comparison._small
    monkeypatch.setattr(
        audit_comparison, "_small", lambda photo, *args: drawn.append(photo.name) or small(photo, *args)
    )
    many = [replace(one.photos[0], name=f"{n}.jpg", picture=pictures.put(photo(n))) for n in range(7)]
    app = open_page(audit=one.id, other=store.save_audit(replace(one, photos=many)))
    assert drawn == ["North.jpg", "0.jpg", "1.jpg", "2.jpg"]
    drawn.clear()
    app.session_state["audit_beside_2_after"] = 3
    app.run()
    assert not app.exception and drawn == ["North.jpg", "6.jpg"]


@pytest.mark.parametrize("query", [{"audit": 99}, {"audit": 1, "other": 99}])
def test_an_audit_that_is_gone_is_said(query, annotator):
    number = save()
    app = open_page(**query)
    assert [text for text in texts(app.error) if "There is no audit 99" in text] == texts(app.error)
    press(app, "All audits")
    assert not app.error and app.dataframe[0].value["audit"].tolist() == [number]


def test_a_correction_of_an_audit_deleted_meanwhile_is_refused_once(annotator):
    save(day=1)
    app = open_page(audit=save())
    (box, *_) = annotator["data"]["boxes"]
    store.delete_audit(2)
    annotator["changes"] = [{"before": box, "after": None}]
    app.run().run()
    (error,) = texts(app.error)
    assert "There is no audit 2" in error
    press(app, "All audits")
    assert not app.error and app.dataframe[0].value["audit"].tolist() == [1]


@pytest.mark.parametrize("value", ["x", "-1", "1e9", "9" * 400, "٣"])
def test_a_wrong_address_never_crashes_the_page(value, annotator):
    save()
    open_page(audit=value)


def test_a_lost_photo_is_said_and_the_shares_stay(annotator):
    number = save()
    pictures.picture_path(store.open_audit(number).photos[0].picture).unlink()
    app = open_page(audit=number)
    assert "restore it from a copy" in app.error[0].value.replace("\\", "") and metrics(app)["Facings"] == "3"


def test_an_audit_is_deleted_on_request(annotator):
    first, second = save(), save(day=1)
    app = open_page(audit=first)
    press(app, "Delete for good")
    assert app.dataframe[0].value["audit"].tolist() == [second]


def edit(app, number, edits=0):
    """Open the form for the words of an audit, as a click does; ``edits``: how often it was saved before."""
    set_open(app, number, edits, True)


def set_open(app, number, edits, opened):
    app.session_state[f"audit_edit_{number}_{edits}"] = opened
    app.run()
    assert not app.exception


def test_the_words_of_an_audit_are_changed_on_request(annotator):
    number, other = save("Nrth", shelf="left", note="first"), save("South", 1)
    app = open_page()
    field(app.multiselect, "Store").set_value(["Nrth"]).run()
    app.query_params["audit"] = str(number)
    app.run()
    assert "Save" not in [each.label for each in app.button]
    edit(app, number)
    assert [each.value for each in app.selectbox][:3] == ["Nrth", "left", None]
    assert field(app.text_area, "Note").value == "first"
    field(app.selectbox, "Store").set_value("South")
    field(app.text_area, "Note").set_value(HOSTILE)
    press(app, "Save")
    saved = store.open_audit(number)
    assert (saved.store, saved.shelf, saved.category, saved.note) == ("South", "left", "", HOSTILE)
    assert not app.error and any(text.startswith("South · left") for text in texts(app.text))
    assert "Save" not in [each.label for each in app.button]  # it is closed
    press(app, "All audits")  # whose filter names a store that is no more
    assert field(app.multiselect, "Store").options == ["South"]
    field(app.multiselect, "Store").set_value(["South"]).run()
    assert app.dataframe[0].value["audit"].tolist() == [other, number]


def test_the_time_of_an_audit_is_changed_by_the_clock_at_the_shelf(annotator):
    kept = datetime(2026, 3, 2, 23, 30, 12, tzinfo=timezone(timedelta(hours=-8)))
    number = store.save_audit(Audit((), (), kept))
    app = open_page(audit=number)
    for edits, (changed, saved) in enumerate(((None, kept), (1, kept.replace(minute=1, second=0)))):
        edit(app, number, edits)
        time = field(app.datetime_input, "Time")
        assert time.value == datetime(2026, 3, 2, 23, 30)
        field(app.text_area, "Note").set_value(f"{changed}")
        if changed:
            time.set_value(time.value.replace(minute=changed))
        press(app, "Save")
        opened = store.open_audit(number)
        assert (opened.time, opened.note) == (saved, f"{changed}")
        assert opened.time.utcoffset() == kept.utcoffset()


def test_what_is_typed_stays_while_others_change_the_audit_and_only_that_is_saved(annotator):
    number = save("Nrth", note="first")
    app = open_page(audit=number)
    edit(app, number)
    fields = [each.id for each in (*app.selectbox[:3], *app.datetime_input, *app.text_area)]
    store.change_words(number, "North", "left", "", "other")
    app.run()
    # The browser keeps what is typed into a field as long as the field is the same one.
    assert [each.id for each in (*app.selectbox[:3], *app.datetime_input, *app.text_area)] == fields
    field(app.text_area, "Note").set_value("second")
    press(app, "Save")
    saved = store.open_audit(number)
    assert (saved.store, saved.shelf, saved.note) == ("North", "left", "second")
    (told,) = texts(app.toast)
    assert told.replace("\\", "").endswith("changed elsewhere as well: store, shelf, note")
    edit(app, number, 1)  # it begins with what holds now
    assert [each.value for each in app.selectbox][:2] == ["North", "left"]


def test_a_form_that_is_opened_again_begins_with_what_holds_now(annotator):
    number = save("Nrth", category="tea")
    app = open_page(audit=number)
    edit(app, number)
    set_open(app, number, 0, False)
    store.change_words(number, "North", "left", "", "other")
    edit(app, number)
    assert [each.value for each in app.selectbox][:3] == ["North", "left", None]
    press(app, "Save")
    saved = store.open_audit(number)
    assert (saved.store, saved.shelf, saved.category, saved.note) == ("North", "left", "", "other")


@pytest.mark.parametrize(
    "offset, saved",
    [
        (2, "2026-01-15T12:00:00+01:00"),  # Berlin in summer, as the visitor's own clock: now its winter
        (-8, "2026-01-15T12:00:00-08:00"),
    ],
)
def test_a_time_beyond_a_change_of_the_clocks_is_that_of_the_clock_then(
    annotator, monkeypatch, offset, saved
):
    monkeypatch.setattr(clock, "_zone", lambda: ZoneInfo("Europe/Berlin"))
    number = store.save_audit(
        Audit((), (), datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=offset))))
    )
    app = open_page(audit=number)
    edit(app, number)
    field(app.datetime_input, "Time").set_value(datetime(2026, 1, 15, 12))
    press(app, "Save")
    assert store.open_audit(number).time.isoformat() == saved


def test_counted_photos_are_saved_with_the_time_that_is_given():
    app = open_page("photos")
    app.file_uploader[0].set_value([("a.jpg", photo(40), "image/jpeg")]).run()
    for time in (datetime(2026, 3, 2, 14, 30), None):
        press(app, "Save as audit")
        assert field(app.datetime_input, "Time, if not now").value is None
        field(app.datetime_input, "Time, if not now").set_value(time)
        press(app, "Save")
    given, now = (store.open_audit(number).time for number in (1, 2))
    assert given == datetime(2026, 3, 2, 14, 30).astimezone()
    assert abs(now - datetime.now(timezone.utc)) < timedelta(minutes=5)


def test_a_folder_becomes_one_audit_and_goes_on_after_a_stop(monkeypatch, annotator, detector):
    advance = audit_batch.Batch.advance

    def stop(batch, seconds):
        advance(batch, 0)
        raise AuditError("the disk is full")

    def count():
        files = [(f"{shade}.jpg", photo(shade), "image/jpeg") for shade in (40, 60, 80)]
        app = open_page()
        app.file_uploader[0].set_value([*files, ("bad.jpg", b"text", "image/jpeg")])
        press(app, "Count")
        return app

    with monkeypatch.context() as patch:
        patch.setattr(audit_batch.Batch, "advance", stop)
        app = count()
    assert texts(app.error) == ["The disk is full"]
    # Nothing looks as if it still counted: it is told how to go on, and there are the fields for it.
    assert any("1 of 4 photos" in text for text in texts(app.markdown)), texts(app.markdown)
    button(app, "Count")
    assert "Stop" not in [each.label for each in app.button]
    (begun,) = store.unfinished_audits()
    assert (begun["photos"], begun["planned"]) == (1, 4)
    calls = detector.calls
    monkeypatch.setattr(audit_batch, "SECONDS_A_RUN", 0)
    app = count()
    assert metrics(app)["Photos"] == "3" and detector.calls == calls + 2
    assert any("bad" in text for text in texts(app.error))
    assert store.open_audit(begun["audit"]).facings == 6 and store.unfinished_audits() == []


def test_a_batch_that_dies_is_not_called_saved(monkeypatch, annotator, detector):
    def deny(data):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("skushare.audits.batch.pictures.put", deny)
    app = open_page()
    app.file_uploader[0].set_value([("40.jpg", photo(40), "image/jpeg")])
    button(app, "Count").click().run()
    assert len(app.exception) == 1
    app.run()
    assert not app.exception and "batch" not in app.session_state
    assert [begun["photos"] for begun in store.unfinished_audits()] == [0]


def test_a_batch_that_died_stays_so(monkeypatch, detector):
    def work(*_):
        yield Taken("one.jpg", 3)
        raise OSError("gone")

    monkeypatch.setattr(audit_batch, "run_batch", work)
    batch = audit_batch.Batch([], {}, detector, None, None)
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            batch.advance(60)


def test_an_unfinished_batch_is_told_and_can_be_deleted(make_unfinished):
    app = open_page()
    assert any("is not finished**: 0 of 5 photos" in text for text in texts(app.markdown))
    press(app, "Delete")
    assert store.unfinished_audits() == []


def test_an_unfinished_audit_that_is_opened_says_so(make_unfinished, annotator):
    app = open_page(audit=make_unfinished)
    assert any("Not finished" in text for text in texts(app.warning))
    edit(app, make_unfinished)
    assert "Save" not in [each.label for each in app.button]  # its words are how it is gone on with
    assert not open_page(audit=save()).warning


@pytest.fixture
def make_unfinished():
    return store.begin_audit(Audit((), ("a",), datetime.now(), store=HOSTILE), 5, {})
