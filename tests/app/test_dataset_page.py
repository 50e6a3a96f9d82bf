"""The Datasets page; what its two components do in the browser is not run here."""

import io
import json
import os
import zipfile
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from skushare.app import dataset_download, dataset_edits, dataset_health, dataset_picture
from skushare.dataset import class_names, formats, intake, store
from skushare.dataset.dataset import Dataset, Sample
from skushare.images import write_image
from tests.app.elements import button, field, metrics, texts

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"
HOSTILE = "a*b*[x](y).png"


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch, detector):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))
    st.cache_data.clear()
    return tmp_path


@pytest.fixture
def shop(workspace):
    """A stored dataset of 60 pictures with 0, 1 or 2 boxes, in two splits; the first has a hostile name."""
    samples = []
    for number in range(60):
        path = workspace / (HOSTILE if number == 0 else f"shelf_{number:02}.png")
        write_image(path, np.random.default_rng(number).integers(0, 255, (40, 60, 3), np.uint8))
        boxes = [[5, 5, 15, 25], [20, 5, 40, 25]][: number % 3]
        split = "val" if number >= 50 else "train"
        samples.append(Sample(path, 60, 40, boxes, range(len(boxes)), split=split))
    store.add_dataset(Dataset("shop", tuple(samples), ("can", "jar")), "shop")
    return store.open_index("shop")


@pytest.fixture
def browser(monkeypatch):
    """What the page sends to its components, and the name of the picture that is clicked next."""
    sent = {"click": None}

    def grid(key, data, on_open_change):
        sent["cards"] = data
        return {"open": sent.pop("click", None)}

    monkeypatch.setattr("skushare.app.picture_grid.component", lambda *_: grid)
    monkeypatch.setattr("skushare.app.annotator.component", lambda *_: lambda **call: sent.update(call))
    return sent


def open_page(tab=None, **query):
    app = AppTest.from_file(APP).switch_page("pages/datasets.py")
    for key, value in query.items():
        app.query_params[key] = value
    if tab:
        app.session_state["dataset_tab"] = tab
    app.run()
    assert not app.exception
    return app


def test_an_empty_store_tells_what_to_do_and_makes_an_example(browser, monkeypatch):
    monkeypatch.setattr(intake, "EXAMPLE_SPLITS", ("train", "val"))
    app = open_page()
    assert any("data import" in text for text in texts(app.caption)) and app.file_uploader
    button(app, "Make an example").click().run()
    assert not app.exception
    assert metrics(app)["Pictures"] == "2" and metrics(app)["Classes"] == "6"
    assert len(browser["cards"]) == 2 and all(card["outlines"] for card in browser["cards"])


def test_the_gallery_sends_one_page_of_all_pictures(shop, browser):
    app = open_page()
    assert metrics(app) == {"Pictures": "60", "Boxes": "60", "Boxes a picture": "1.0", "Classes": "2"}
    assert len(browser["cards"]) == 20 and "1 to 20 of 60 pictures" in texts(app.caption)
    assert {card["name"] for card in browser["cards"]} <= set(shop.names)


def test_pages_are_turned_and_a_filter_begins_at_the_first(shop, browser):
    app = open_page()
    app.session_state["dataset_page"] = (3, 99)
    app.run()
    assert "41 to 60 of 60 pictures" in texts(app.caption)
    field(app.text_input, "File name contains").set_value("shelf_").run()
    assert "1 to 20 of 59 pictures" in texts(app.caption)


def test_filters_narrow_the_gallery_and_the_boxes_drawn(shop, browser):
    app = open_page()
    field(app.multiselect, "Class").set_value(["jar"]).run()
    assert "1 to 20 of 20 pictures" in texts(app.caption)
    assert {card["note"].split(",")[0] for card in browser["cards"]} == {"1 of 2 boxes"}
    assert all(len(card["outlines"]) == 1 for card in browser["cards"])
    field(app.get("button_group"), "Split").set_value(["val"]).run()  # 50, 53, 56 and 59
    assert "1 to 4 of 4 pictures" in texts(app.caption)
    field(app.select_slider, "Box size").set_value((48, 64)).run()
    assert not app.exception and "Widen the filter" in app.info[0].value
    assert "The filter leaves 0 of 60 pictures" in texts(app.markdown)
    button(app, "Clear the filter").click().run()
    assert "1 to 20 of 60 pictures" in texts(app.caption)
    assert "Clear the filter" not in [button.label for button in app.button]


def test_an_edit_of_the_fullest_picture_leaves_the_filter_by_the_number_of_boxes(shop, browser):
    def slider():
        return field(app.slider, "Boxes of these on a picture")

    app = open_page()
    slider().set_value((2, 2)).run()
    assert "1 to 20 of 20 pictures" in texts(app.caption)
    store.change_boxes("shop", shop.names[2], [None], [[1, 1, 9, 9, 0, 1]], "added a box")
    assert "1 to 20 of 20 pictures" in texts(app.run().caption) and slider().value == (2, 3)
    slider().set_value((1, 3)).run()
    browser["click"] = shop.names[2]
    app.run()
    store.undo("shop", store.history("shop").done[-1])
    app.run()
    button(app, "All pictures").click().run()
    assert "1 to 20 of 40 pictures" in texts(app.caption) and slider().value == (1, 2)


def test_what_undo_cuts_off_the_filter_by_the_number_of_boxes_comes_back_by_redo(shop, browser):
    def slider():
        return field(app.slider, "Boxes of these on a picture")

    def after(change):
        past = store.history("shop")
        change("shop", (past.done or past.undone)[-1])
        return app.run() and slider().value

    app = open_page()
    slider().set_value((0, 1)).run()
    store.change_boxes("shop", shop.names[2], [None], [[1, 1, 9, 9, 0, 1]], "added a box")
    app.run()
    slider().set_value((0, 2)).run()  # all but the picture with three
    assert [after(store.undo), after(store.redo)] == [(0, 2), (0, 2)]
    assert "The filter leaves 59 of 60 pictures" in texts(app.markdown)
    after(store.undo)
    field(app.text_input, "File name contains").set_value("1").run()
    button(app, "Clear the filter").click().run()
    assert after(store.redo) == (0, 3)


def test_a_click_opens_the_picture_large_and_the_neighbours_are_at_hand(shop, browser):
    app = open_page()
    browser["click"] = shop.names[1]
    app.run()
    app.run()
    assert app.query_params["picture"] == shop.names[1]
    assert browser["data"]["boxes"] == [[5, 5, 15, 25, 0, 1]] and browser["data"]["labels"] == ["can", "jar"]
    button(app, "Next").click().run()
    assert len(browser["data"]["boxes"]) == 2
    button(app, "Previous").click().run()
    button(app, "Previous").click().run()
    assert r"a\*b\*\[x\]\(y\)\.png" in app.markdown[0].value and button(app, "Previous").disabled
    button(app, "All pictures").click().run()
    assert "1 to 20 of 60 pictures" in texts(app.caption) and not app.exception


def test_an_edit_is_undone_and_redone_from_the_picture(shop, browser):
    store.change_boxes("shop", shop.names[1], [None], [[1, 1, 9, 9, 1, 1]], "added a box")
    app = open_page(dataset="shop", picture=shop.names[1])
    assert len(browser["data"]["boxes"]) == 2
    button(app, "Undo").click().run()
    assert len(browser["data"]["boxes"]) == 1
    button(app, "Redo").click().run()
    assert len(browser["data"]["boxes"]) == 2
    store.undo("shop", store.history("shop").done[-1])  # in another tab
    button(app, "Undo").click().run()
    assert "in the meantime" in app.error[0].value and len(browser["data"]["boxes"]) == 1
    assert app.toast[0].value == app.error[0].value  # seen from the picture as well


def test_undo_and_redo_stay_the_same_buttons_after_an_edit(shop, browser):
    """Another button would hear the keys beside the old one until that is gone, and undo twice."""
    app = open_page(dataset="shop", picture=shop.names[1])
    before = [button(app, label).proto.id for label in ("Undo", "Redo")]
    store.change_boxes("shop", shop.names[1], [None], [[1, 1, 9, 9, 1, 1]], "added a box")
    app.run()
    assert [button(app, label).proto.id for label in ("Undo", "Redo")] == before


def test_undo_right_after_an_edit_undoes_it_and_tells_what_is_not_seen(shop, monkeypatch):
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(st, "query_params", {"picture": shop.names[2]})
    dataset_edits.undo_buttons(SimpleNamespace(name="shop", history=store.history("shop")))
    for number in (1, 2):
        picture = ["shop", shop.names[number], class_names.stamp(shop.labels)]
        dataset_picture._save(picture, None, [1, 1, 9, 9, 0, 1])
    for step in ("undo", "undo", "undo", "redo"):  # before the buttons are drawn anew
        dataset_edits.undo_or_redo("shop", step)
    assert len(store.history("shop").done) == 1
    notes = [text for text, failed in st.session_state["notes"] if not failed]
    assert notes == [f"{told}: added a box on {shop.names[1]}" for told in ("Undone", "Done again")]
    assert len(notes) == len(st.session_state["notes"])


def test_undo_comes_after_the_changes_that_wait(shop, monkeypatch):
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(st, "query_params", {})
    dataset_edits.undo_buttons(SimpleNamespace(name="shop", history=store.history("shop")))
    save = partial(dataset_picture._save, ["shop", shop.names[1], class_names.stamp(shop.labels)], None)
    monkeypatch.setattr(dataset_picture, "go_to", lambda name, picture: None)
    for module in (dataset_edits, dataset_picture):
        monkeypatch.setattr(module, "save_waiting", lambda: save([1, 1, 9, 9, 0, 1]))
    dataset_edits._press("shop", "undo")
    assert len(store.history("shop").undone) == 1 and not store.history("shop").done
    dataset_picture._drop(SimpleNamespace(name="shop"), shop.names[1], None)
    assert [edit.dropped for edit in store.history("shop").done] == [False, True]


def test_the_way_through_the_pictures_stays_though_a_correction_takes_one_out_of_the_filter(shop, browser):
    app = open_page()
    field(app.multiselect, "Class").set_value(["jar"]).run()
    names = [card["name"] for card in browser["cards"]]
    browser["click"] = names[1]
    app.run()
    app.run()
    assert "2 of 20" in app.markdown[0].value
    store.change_boxes("shop", names[1], [[20, 5, 40, 25, 1, 1]], [None], "deleted a box")
    store.drop_image("shop", names[2])
    app.run()
    button(app, "Next").click().run()
    assert app.query_params["picture"] == names[3] and "4 of 20" in app.markdown[0].value
    button(app, "Previous").click().run()
    assert app.query_params["picture"] == names[1] and not app.exception


def test_an_edit_of_classes_that_were_renamed_meanwhile_is_not_saved(shop, browser, monkeypatch):
    app = open_page(dataset="shop", picture=shop.names[1])
    picture, box = browser["data"]["picture"], [1, 1, 9, 9, 0, 1]
    store.replace_dataset("shop", store.open_dataset("shop").renamed({"can": ""}), "renamed")
    changes = [{"before": None, "after": box}]

    def mount(key, data, on_edits_change):
        edits = {"session": data["session"], "picture": picture, "batch": "b", "saved": 0, "changes": changes}
        st.session_state[key] = {"edits": edits}
        on_edits_change()

    with monkeypatch.context() as patch:
        patch.setattr("skushare.app.annotator.component", lambda *_: mount)
        app.run()
    assert not app.exception and "classes of shop were changed" in app.run().error[0].value
    assert store.history("shop").done[-1].reason == "renamed"


def test_a_picture_is_taken_out_and_the_next_one_shown(shop, browser):
    app = open_page(dataset="shop", picture=shop.names[1])
    button(app, "Take this picture out").click().run()
    assert app.query_params["picture"] == shop.names[2] and len(store.open_index("shop")) == 59
    button(app, "Undo").click().run()
    assert len(store.open_index("shop")) == 60 and not app.exception and not app.error


def test_pictures_that_cannot_be_read_say_why(shop, browser, workspace):
    images = store.dataset_folder("shop") / "images"
    (images / shop.names[1]).write_bytes(b"text")
    (images / shop.names[2]).unlink()
    app = open_page()
    problems = {card["name"]: card["problem"] for card in browser["cards"] if "problem" in card}
    assert "not a picture" in problems[shop.names[1]] and "no such file" in problems[shop.names[2]]
    app.query_params["picture"] = shop.names[2]
    app.run()
    assert not app.exception and "no such file" in app.error[0].value


def test_an_unknown_name_in_the_address_shows_what_there_is(shop, browser):
    app = open_page(dataset="mall", picture="../../etc/passwd")
    assert metrics(app)["Pictures"] == "60" and not app.exception
    assert texts(app.error) == [r"mall\: there is no such dataset; this is shop"]
    app.query_params["dataset"], app.query_params["picture"] = "shop", "gone"
    assert "gone" in app.run().error[0].value and "picture" not in app.query_params
    assert not app.run().error


def test_a_choice_of_pictures_ends_with_the_dataset_that_it_was_of(shop, browser):
    store.add_dataset(store.open_dataset("shop"), "bazaar")
    app = open_page(dataset="shop")
    app.session_state.dataset_only = ({"shelf_01.png"}, "boxes drawn twice")
    assert len(app.run() and browser["cards"]) == 1
    store.delete_dataset("shop")
    app.query_params.clear()
    assert not app.run().exception and len(browser["cards"]) > 1


@pytest.mark.parametrize("here", [True, False])
def test_a_choice_of_pictures_is_not_taken_over_by_a_dataset_of_the_same_name(browser, monkeypatch, here):
    monkeypatch.setattr(intake, "EXAMPLE_SPLITS", ("train", "val"))
    intake.add_example("example")
    app = open_page("History")
    app.session_state.dataset_only = ({"shelf_01.jpg"}, "boxes drawn twice")
    if here:
        field(app.text_input, "Type the dataset's name to delete it").set_value("example").run()
        button(app, "Delete for good").click().run()
        intake.add_example("example")
    else:
        store.delete_dataset("example")
        button(app.run(), "Make an example").click().run()
    app.session_state["dataset_tab"] = "Pictures"
    assert not app.run().exception and len(browser["cards"]) == 2


def test_damaged_labels_are_named_and_can_be_deleted(shop, browser):
    folder = store.dataset_folder("shop")
    (folder / "train.json").write_text("{")
    app = open_page()
    assert "train" in app.error[0].value and not app.metric
    field(app.text_input, "Type the dataset's name to delete it").set_value("shop").run()
    button(app, "Delete for good").click().run()
    assert not app.exception and store.dataset_names() == []


def test_a_half_written_edit_is_told_of(shop, browser):
    store.change_boxes("shop", shop.names[1], [None], [[1, 1, 9, 9, 1, 1]], "added a box")
    with open(store.dataset_folder("shop") / "edits.jsonl", "ab") as file:
        file.write(b'{"number": 2')
    app = open_page()
    assert "cut off" in app.warning[0].value and metrics(app)["Boxes"] == "61"


def test_the_charts_warn_of_a_preset_that_keeps_too_few_boxes(workspace, browser):
    write_image(workspace / "a.png", np.zeros((300, 300, 3), np.uint8))
    corners = np.float32([[10 * x, 20 * y] for x in range(25) for y in range(10)])
    sample = Sample(workspace / "a.png", 300, 300, np.hstack([corners, corners + [8, 15]]))
    store.add_dataset(Dataset("dense", (sample,), ("can",)), "dense")
    app = open_page("Charts")
    assert not app.warning and len(app.get("vega_lite_chart")) == 6
    assert "enough for the number of boxes here. How well its anchors fit" in app.success[0].value
    assert app.dataframe[1].value["used for"].tolist() == ["photos", "live frames"]
    field(app.selectbox, "Preset").set_value("ssd_mobilenet_v2_320").run()
    assert app.dataframe[1].value["used for"].tolist() == ["photos and live frames"]
    assert r"40\.0%" in app.warning[0].value


def test_classes_that_the_chart_adds_up_are_in_a_table(workspace, browser):
    write_image(workspace / "a.png", np.zeros((300, 300, 3), np.uint8))
    boxes = [[10 * x, 10, 10 * x + 8, 20] for x in range(25)]
    sample = Sample(workspace / "a.png", 300, 300, boxes, range(25))
    store.add_dataset(Dataset("many", (sample,), tuple(f"brand {i}" for i in range(25))), "many")
    assert len(open_page("Charts").dataframe[1].value) == 25


def test_a_dataset_without_boxes_has_no_charts(workspace, browser):
    write_image(workspace / "a.png", np.zeros((30, 30, 3), np.uint8))
    store.add_dataset(Dataset("bare", (Sample(workspace / "a.png", 30, 30),), ("can",)), "bare")
    assert "no boxes" in open_page("Charts").info[0].value


def test_faults_are_found_shown_repaired_and_the_repair_undone(shop, browser):
    box = shop.table(1)[0].tolist()
    store.change_boxes("shop", shop.names[1], [None], [[*box[:4], 1, 1]], "added a box")
    (store.dataset_folder("shop") / "images" / shop.names[2]).unlink()
    app = open_page("Health")
    button(app, "Check the dataset").click().run()
    labels = [expander.label for expander in app.expander]
    assert any("1 picture is missing" in label for label in labels)
    assert any("1 box is drawn twice" in label for label in labels)
    app.button(key="show_damaged").click().run()
    assert [card["name"] for card in browser["cards"]] == [shop.names[2]]
    app.session_state["dataset_tab"] = "Health"
    app.run()
    app.button(key="repair_damaged").click().run()
    assert not app.exception and metrics(app)["Pictures"] == "59"
    assert not any("missing" in expander.label for expander in app.expander)
    app.session_state["dataset_tab"] = "History"
    app.run()
    assert "damaged" in app.dataframe[0].value["what"][0]
    button(app, "Undo").click().run()
    assert metrics(app)["Pictures"] == "60"


def test_the_file_of_each_place_is_looked_up_once_and_a_class_name_has_none(workspace, browser, monkeypatch):
    write_image(workspace / "a.png", np.zeros((40, 60, 3), np.uint8))
    sample = Sample(workspace / "a.png", 60, 40, [[5, 5, 15, 25]] * 3, [0, 0, 1])
    store.add_dataset(Dataset("soft", (sample,), ("Coca-Cola", "coca cola")), "soft")
    named, image_name = [], dataset_health.image_name
    monkeypatch.setattr(dataset_health, "image_name", lambda *args: named.append(args) or image_name(*args))
    app = open_page("Health")
    button(app, "Check the dataset").click().run()
    files = [frame.value["file"].tolist() for frame in app.dataframe if "detail" in frame.value]
    assert sorted(files) == [[""], ["a.png", "a.png"]] and len(named) == 1 and not app.exception


def test_the_dataset_is_split_anew(shop, browser):
    app = open_page("Health")
    field(app.number_input, "train, %").set_value(90)
    field(app.number_input, "test, %").set_value(0)
    button(app, "Split").click().run()
    assert not app.exception and not app.error
    assert set(store.open_dataset("shop").splits) == {"train", "val"}
    assert "train 54, val 6" in app.toast[0].value


def test_a_set_whose_names_are_one_series_is_not_split_by_them(shop, browser):
    app = open_page("Health")
    field(app.checkbox, "Keep photos of one series together").check()
    button(app, "Split").click().run()
    assert "split without regard to names" in app.error[0].value and not app.exception


def test_a_dataset_without_pictures_says_so(workspace, browser):
    store.add_dataset(Dataset("bare", (), ("can",)), "bare")
    app = open_page()
    assert "has no pictures" in app.info[0].value and not app.text_input
    app.session_state["dataset_tab"] = "Health"
    button(app.run(), "Split").click().run()
    assert "nothing to split" in app.error[0].value and not app.exception


def test_shares_that_are_not_all_of_it_are_not_split(shop, browser):
    app = open_page("Health")
    assert not button(app, "Split").disabled
    field(app.number_input, "val, %").set_value(50)
    field(app.number_input, "test, %").set_value(0)
    button(app, "Split").click().run()  # in the same moment, while it can still be pressed
    assert button(app, "Split").disabled and not app.toast and not app.exception
    assert "The shares add up to 130 %. Make it 100 % to split." in texts(app.caption)
    assert [len(store.open_dataset("shop").only(split)) for split in ("train", "val")] == [50, 10]


def write_names(written, table, **options):
    """The table as a visitor leaves it, who writes other names as long as there are as many classes."""
    return table.assign(name=written) if len(table) == len(written) else table


def test_classes_are_renamed_joined_and_taken_out(shop, browser, monkeypatch):
    app = open_page("Health")
    assert button(app, "Rename").disabled
    cases = (["can", " Glass jar"], ("can", "Glass jar")), (["Glass jar", None], ("Glass jar",))
    for written, labels in cases:
        with monkeypatch.context() as patch:
            patch.setattr(st, "data_editor", partial(write_names, written))
            app = open_page("Health")
            button(app, "Rename").click().run()
        assert not app.exception and not app.error and "Renamed" in app.toast[0].value
        assert store.open_dataset("shop").labels == labels
    assert {len(sample.boxes) for sample in store.open_dataset("shop").samples} == {0, 1}
    store.undo("shop", store.history("shop").done[-1])
    assert store.open_dataset("shop").labels == ("can", "Glass jar")


def test_a_class_is_added_for_the_first_box(workspace, browser):
    write_image(workspace / "a.png", np.zeros((30, 30, 3), np.uint8))
    store.add_dataset(Dataset("bare", (Sample(workspace / "a.png", 30, 30),), ()), "bare")
    app = open_page(dataset="bare", picture="a.png")
    assert "needs a class" in app.info[0].value and "data" not in browser
    assert field(app.text_input, "New class").value == "facing"
    button(app, "Add the class").click().run()
    assert not app.exception and "Added the class facing" in app.toast[0].value
    assert browser["data"]["labels"] == ["facing"]


def test_a_class_is_added_on_the_health_tab_unless_it_is_there(shop, browser):
    app = open_page("Health")
    assert button(app, "Add the class").disabled
    field(app.text_input, "New class").set_value("jar ").run()
    assert button(app, "Add the class").disabled and "There is a class of this name." in texts(app.caption)
    field(app.text_input, "New class").set_value(" lid").run()
    button(app, "Add the class").click().run()
    assert not app.exception and store.open_index("shop").labels == ("can", "jar", "lid")
    assert field(app.text_input, "New class").value == ""
    store.undo("shop", store.history("shop").done[-1])
    assert store.open_index("shop").labels == ("can", "jar")


def test_edits_are_written_into_the_files(shop, browser):
    store.change_boxes("shop", shop.names[0], [None], [[1, 1, 9, 9, 1, 1]], "added a box")
    app = open_page("History")
    assert not button(app, "Undo").proto.shortcut  # its keys are those of the text field below
    button(app, "Write into the files").click().run()
    assert "No edits yet" in app.info[0].value and metrics(app)["Boxes"] == "61"


def archive(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return data.getvalue()


def test_an_uploaded_zip_becomes_the_dataset_shown(shop, browser, workspace):
    labels = {
        "images": [{"id": 1, "file_name": "a.png", "width": 60, "height": 40}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 20]}],
        "categories": [{"id": 1, "name": "can"}],
    }
    picture = (workspace / "shelf_01.png").read_bytes()
    data = archive({"my shop/images/a.png": picture, "my shop/all.json": json.dumps(labels)})
    app = open_page()
    app.file_uploader[0].set_value(("my shop (1).zip", data, "application/zip")).run()
    assert field(app.text_input, "Name").value == "my-shop-1"
    button(app, "Store it").click().run()
    assert not app.exception and metrics(app)["Pictures"] == "1"
    assert app.file_uploader[0].value is None  # the server's copy is let go


def test_an_uploaded_zip_without_class_names_is_told_to_be_so(shop, browser, workspace):
    data = archive({"a.png": (workspace / "shelf_01.png").read_bytes(), "a.txt": "0 .5 .5 .2 .2"})
    app = open_page()
    app.file_uploader[0].set_value(("numbered.zip", data, "application/zip")).run()
    button(app, "Store it").click().run()
    assert "Stored as numbered; class names are numbers, because no data" in app.toast[0].value


@pytest.mark.parametrize(
    "name, data, message",
    [
        ("x.zip", b"no zip", "damaged"),
        ("x.zip", archive({"a.txt": "1"}), "no labels"),
        ("x.zip", b"", "damaged"),
    ],
)
def test_a_wrong_zip_is_explained(shop, browser, name, data, message):
    app = open_page()
    app.file_uploader[0].set_value((name, data, "application/zip")).run()
    button(app, "Store it").click().run()
    assert not app.exception and message in app.error[0].value
    assert app.error[0].value.startswith(r"x\.zip\: ") and "incoming" not in app.error[0].value
    assert store.dataset_names() == ["shop"]


def downloads(app):
    return [element.label for element in app.get("download_button")]


def test_a_dataset_is_downloaded_as_a_zip_that_is_let_go_after_an_edit(shop, browser):
    app = open_page()
    assert "dataset_zip" not in app.session_state and not downloads(app)  # only when it is asked for
    field(app.selectbox, "Format").set_value("yolo")
    button(app, "Make a zip").click().run()
    assert not app.exception and "zip is ready" in app.toast[0].value
    assert downloads(app) == ["shop-yolo.zip (0.5 MB)"]
    made = app.session_state.dataset_zip
    made.file.seek(0, os.SEEK_END)  # where another download is as it ends
    with zipfile.ZipFile(io.BytesIO(made.content())) as archive:
        assert len(archive.namelist()) == 121 and made.file.tell() == made.size
    store.change_boxes("shop", shop.names[0], [None], [[1, 1, 9, 9, 1, 1]], "added a box")
    assert not downloads(app.run()) and made.file.closed
    button(app, "Make a zip").click().run()
    app.session_state.dataset_zip.file.close()  # as Streamlit has it done after a broken connection
    assert not downloads(app.run()) and not app.exception


def test_a_zip_waits_while_another_dataset_is_looked_at(shop, browser):
    store.add_dataset(store.open_dataset("shop"), "bazaar")
    app = open_page(dataset="shop")
    button(app, "Make a zip").click().run()
    field(app.selectbox, "Dataset").set_value("bazaar").run()
    assert not downloads(app)
    field(app.selectbox, "Dataset").set_value("shop").run()
    assert downloads(app)[0].startswith("shop-coco.zip") and not app.exception
    made = app.session_state.dataset_zip
    field(app.selectbox, "Dataset").set_value("bazaar").run()
    store.change_boxes("shop", shop.names[0], [None], [[1, 1, 9, 9, 1, 1]], "added a box")
    field(app.selectbox, "Dataset").set_value("shop").run()
    assert not downloads(app) and made.file.closed


@pytest.mark.parametrize("others", [("bazaar",), ()])
def test_the_zip_of_a_deleted_dataset_is_let_go(shop, browser, others):
    for other in others:
        store.add_dataset(store.open_dataset("shop"), other)
    app = open_page(dataset="shop")
    button(app, "Make a zip").click().run()
    made = app.session_state.dataset_zip
    store.delete_dataset("shop")
    app.query_params.clear()
    assert not downloads(app.run()) and made.file.closed and not app.exception


def test_why_a_zip_cannot_be_made_is_told(shop, browser, monkeypatch):
    monkeypatch.setattr("skushare.dataset.outgoing.LARGEST", 1000)
    app = open_page()
    button(app, "Make a zip").click().run()
    assert not app.exception and not downloads(app)
    assert "skushare data convert shop FOLDER" in app.error[0].value


def test_every_format_can_be_downloaded():
    assert set(dataset_download.FORMATS) == set(formats.FORMATS)
