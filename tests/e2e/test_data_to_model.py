"""From somebody's zip to a model of their own, by the browser alone."""

import json
import re
import time
import zipfile
from contextlib import contextmanager

import cv2
import psutil
import pytest
from playwright.sync_api import expect

from skushare.dataset.synthetic import generate_shelf
from skushare.training.runs import Run

LONG = 300_000  # milliseconds that training may take on a machine that does other work too
SIZE = (320, 240)
SPLITS = {"train": 8, "val": 2}


@pytest.fixture
def archive(tmp_path):
    """A zip as a labelling tool exports it: COCO, two splits, one box that lies outside its picture."""
    path, number = tmp_path / "corner-shop.zip", 0
    with zipfile.ZipFile(path, "w") as file:
        for split, count in SPLITS.items():
            images, annotations = [], []
            for _ in range(count):
                number += 1
                shelf = generate_shelf([3, number], size=SIZE, rows=2)
                name = f"{split}_{number:02}.jpg"
                file.writestr(f"images/{name}", cv2.imencode(".jpg", shelf.image[..., ::-1])[1].tobytes())
                images.append({"id": number, "file_name": name, "width": SIZE[0], "height": SIZE[1]})
                for left, top, right, bottom in shelf.boxes.tolist():
                    box = [left, top, right - left, bottom - top]
                    annotations.append({"image_id": number, "category_id": 1, "bbox": box})
            if split == "train":
                annotations.append({"image_id": 1, "category_id": 1, "bbox": [400, 300, 40, 40]})
            for identity, annotation in enumerate(annotations, 1):
                annotation["id"] = identity
            content = {
                "images": images,
                "annotations": annotations,
                "categories": [{"id": 1, "name": "facing"}],
            }
            file.writestr(f"{split}.json", json.dumps(content))
    return path


def test_import_look_correct_train_stop_resume_evaluate_compare(
    open_browser, fresh_app_url, archive, tmp_path
):
    page = open_browser()
    import_it(page, fresh_app_url, archive)
    repair_the_wrong_box(page)
    add_a_box_and_undo_it(page)
    train_three_epochs_with_a_stop(page, Run(tmp_path / "workspace" / "runs" / "mine"))
    evaluate_and_compare(page)
    assert not page.get_by_text("Traceback").count()


def import_it(page, url, archive):
    page.goto(url)
    page.get_by_role("link", name="Datasets").click()
    page.locator("input[type=file]").first.set_input_files(archive)
    page.get_by_role("button", name="Store it").click()
    expect(page.get_by_text("Stored as corner-shop")).to_be_visible()
    expect(page.get_by_test_id("stMetric").filter(has_text="Pictures")).to_contain_text("10")


def settle(page):
    """Wait until nothing opens or moves any more, and no run goes on: a click meanwhile can be lost."""
    page.wait_for_timeout(1000)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def repair_the_wrong_box(page):
    page.get_by_role("tab", name="Health").click()
    page.get_by_role("button", name="Check the dataset").click()
    found = page.get_by_test_id("stExpander").filter(has_text=re.compile("outside", re.I))
    found.first.click()
    settle(page)
    found.get_by_role("button", name="Repair").click()
    expect(page.get_by_text("Repaired. The History tab can undo it.")).to_be_visible()


def add_a_box_and_undo_it(page):
    page.get_by_role("tab", name="Pictures").click()
    page.get_by_role("button", name=re.compile("train_01.jpg")).click()
    page.get_by_role("button", name="Add a box").click()
    stage = page.get_by_label("Picture with its boxes").bounding_box()
    centre_x, centre_y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
    page.mouse.move(centre_x, centre_y)
    page.mouse.down()
    page.mouse.move(centre_x + 60, centre_y + 40, steps=4)
    page.mouse.up()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_enabled()
    page.get_by_role("button", name="All pictures").click()
    page.get_by_role("tab", name="History").click()
    undo.click()
    expect(page.get_by_text(re.compile("undone: 1"))).to_be_visible()


def train_three_epochs_with_a_stop(page, run):
    page.get_by_role("link", name="Training").click()
    page.get_by_label("Steps", exact=True).fill("12")
    page.get_by_label("Steps", exact=True).press("Enter")
    page.get_by_label("Crops a step", exact=True).fill("2")
    page.get_by_label("Crops a step", exact=True).press("Enter")
    expect(page.get_by_text("3.0 epochs")).to_be_visible()
    page.get_by_text("More settings").click()
    page.get_by_label("Validate every ... steps", exact=True).fill("6")
    page.get_by_label("Validate every ... steps", exact=True).press("Enter")
    layer = page.get_by_role("combobox", name=re.compile("Train from layer"))
    layer.scroll_into_view_if_needed()
    settle(page)  # a list closes when the page still moves under it, or a run ends
    layer.fill("box_0_predictor")  # the fewer weights it teaches, the sooner it starts
    layer.press("Enter")
    name = page.get_by_label("Name of the run", exact=True)
    name.fill("mine")
    name.press("Enter")
    page.get_by_role("button", name="Start training").click()

    with held(run):
        expect(page.get_by_text(re.compile(r"Step [1-9]\d* of 12"))).to_be_visible()
        main = page.get_by_test_id("stMain")  # the header has a Stop as well
        main.get_by_role("button", name="Stop", exact=True).click()
        expect(page.get_by_text("stopping: ends the step")).to_be_visible()
    expect(page.get_by_role("button", name="Resume")).to_be_visible(timeout=LONG)
    assert run.progress().step < 12

    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Step 12 of 12 (epoch")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("Evaluate the model")).to_be_visible(timeout=LONG)
    assert page.get_by_alt_text(re.compile("what was found at step")).count()
    wide = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    chart = page.get_by_test_id("stVegaLiteChart").first
    expect(chart).to_be_visible()
    settle(page)
    figures = page.get_by_test_id("stMetric").all()
    assert figures
    assert max(bottom(figure) for figure in figures) <= chart.bounding_box()["y"]
    page.set_viewport_size(wide)


def bottom(element):
    place = element.bounding_box()
    return place["y"] + place["height"]


@contextmanager
def held(run):
    """Let a run stand still once it has taken a step: a fast machine takes all before a page can stop it."""
    end = time.monotonic() + LONG / 1000
    while not (progress := run.progress()) or not progress.step:
        assert time.monotonic() < end, f"no step was taken: {run.condition()}, {run.log_tail()}"
        time.sleep(0.02)
    process = psutil.Process(run.read_state()["pid"])
    process.suspend()
    try:
        yield
    finally:
        process.resume()


def evaluate_and_compare(page):
    page.get_by_text("Evaluate the model").click()
    expect(page.get_by_role("heading", name="Evaluate a model")).to_be_visible()
    page.get_by_role("combobox", name=re.compile("Compare with")).click()
    page.get_by_role("option", name="shelf_dense").click()
    page.get_by_role("button", name="Evaluate", exact=True).click()
    for model in ("runs/mine", "shelf_dense"):
        expect(page.get_by_text(f"Minimum confidence of {model}")).to_be_visible(timeout=LONG)
    end = time.monotonic() + 60
    while not page.get_by_role("img").count():
        assert time.monotonic() < end, "no picture with its boxes is shown"
        time.sleep(0.3)
