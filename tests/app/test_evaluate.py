"""The Evaluate page on a detector that knows the answer, evaluating in the page's own process."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from skushare.dataset import store
from skushare.dataset.dataset import Dataset, Sample
from skushare.dataset.formats import read_dataset
from skushare.detections import Detections
from skushare.detector.models import models_folder, read_model
from skushare.evaluation import evaluation as module
from skushare.evaluation.evaluation import FAILED, RUNNING, Evaluation, Progress
from skushare.evaluation.result import Result
from skushare.images import write_image
from tests.evaluation.conftest import row_of_boxes

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"


class Knowing:
    """Finds as many facings as the first pixel is bright, and doubts every second; weak ones miss one."""

    def __init__(self, model):
        self.misses = "weak" in str(model.folder)

    def detect(self, image, mode, min_score, size):
        boxes = row_of_boxes(int(image[0, 0, 0]))[self.misses :]
        scores = np.where(np.arange(len(boxes)) % 2, 0.2, 0.9)
        return Detections(boxes, scores, np.zeros(len(boxes)))


@pytest.fixture
def workspace(tmp_path, monkeypatch, detector):
    """A workspace with the dataset "shop", and evaluations that are done when they are started."""
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path))
    monkeypatch.setattr(module, "Detector", Knowing)
    monkeypatch.setattr(Evaluation, "start", lambda self, source, loss=False: self.run(resamples=5))
    st.cache_resource.clear()
    st.cache_data.clear()
    samples = []
    for split, counts in {"val": (2, 4, 6), "test": (3,)}.items():
        for facings in counts:
            path = tmp_path / f"{split}_*{facings}*.png"
            write_image(path, np.full((40, 130, 3), facings, np.uint8))
            samples.append(Sample(path, 130, 40, row_of_boxes(facings), split=split))
    store.add_dataset(Dataset("shop", tuple(samples), ("facing",)), "shop")
    return tmp_path


@pytest.fixture
def weak(workspace):
    """A trained model that misses the first facing of each photo."""
    folder = workspace / "runs" / "weak" / "model"
    shutil.copytree(models_folder() / "shelf_dense", folder)
    # Other settings, else the two would share their detections.
    description = json.loads((folder / "model.json").read_text())
    description["config"]["nms_iou"] = 0.45
    (folder / "model.json").write_text(json.dumps(description))
    return folder


def open_page(**choices):
    app = AppTest.from_file(APP).switch_page("pages/evaluate.py").run()
    for label, value in choices.items():
        box(app, label).set_value(value).run()
    assert not app.exception
    return app


def box(app, label):
    return next(b for b in app.selectbox if b.label.split()[0] == label)


def press(app, label):
    next(b for b in app.button if label in b.label).click().run()
    assert not app.exception
    return app


def metrics(app):
    return [(metric.label, metric.value, metric.delta) for metric in app.metric]


def test_photos_without_a_facing_have_no_average_precision(workspace):
    bare = [sample.with_boxes([]) for sample in read_dataset("shop@test").samples]
    store.add_dataset(Dataset("bare", tuple(bare), ("facing",)), "bare")
    app = press(open_page(Dataset="bare"), "Evaluate")
    assert [value for name, value, _ in metrics(app) if name in ("AP", "AP50", "AR300")] == ["–"] * 3
    assert not any("nan" in caption.value for caption in app.caption)


def test_a_count_that_is_right_has_a_bias_of_0(workspace):
    path = workspace / "one.png"
    write_image(path, np.full((40, 130, 3), 1, np.uint8))
    store.add_dataset(Dataset("one", (Sample(path, 130, 40, row_of_boxes(1)),), ("facing",)), "one")
    app = press(open_page(Dataset="one"), "Evaluate")
    assert {name: value for name, value, _ in metrics(app)}["Bias"] == "0"


def go_to_tab(app, label):
    app.session_state["evaluate_tab"] = label
    return app.run()


def test_without_a_dataset_the_page_leads_to_one(workspace, monkeypatch):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(workspace / "empty"))
    app = open_page()
    assert "marked" in app.info[0].value and not app.selectbox


def test_a_dataset_whose_photos_were_all_removed_leads_to_some(workspace):
    store.replace_dataset("shop", replace(read_dataset("shop"), samples=()), "all removed")
    app = open_page()
    assert "shop has no photos" in app.info[0].value and not app.metric


def test_a_new_evaluation_is_started_and_shown(workspace):
    app = open_page()
    assert box(app, "Split").value == "val"  # not the test photos
    assert "3 photos" in app.info[0].value and not app.metric
    press(app, "Evaluate")
    figures = {label: value for label, value, _ in metrics(app)}
    assert figures["AP"] == "1.000" and figures["Precision"] == "100.0%" and figures["Recall"] == "50.0%"
    assert figures["Count off by"] == "2.0" and figures["Bias"] == "-2.0" and "Loss" not in figures
    assert not app.info


def test_what_is_on_its_way_is_shown_and_can_be_stopped(workspace, monkeypatch):
    monkeypatch.setattr(Evaluation, "condition", lambda self: (RUNNING, ""))
    monkeypatch.setattr(Evaluation, "progress", lambda self: Progress("detecting", 1, 3, 240.0))
    stopped = []
    monkeypatch.setattr(Evaluation, "stop", lambda self: stopped.append(self))
    app = open_page()
    assert "1 of 3 photos, about 4 min left" in app.get("progress")[0].proto.text and not app.metric
    press(app, "Stop")
    assert len(stopped) == 1


def test_a_stopped_evaluation_tells_how_far_it_is(workspace):
    Evaluation(read_model(), read_dataset("shop@val")).predictions.add(
        read_dataset("shop@val").samples[0], Knowing(read_model())
    )
    assert "1 of 3 photos are done" in open_page().info[0].value


def test_an_address_that_names_nothing_known_opens_the_page(workspace):
    app = AppTest.from_file(APP)
    app.query_params["evaluate_model"] = "runs/gone"
    app.query_params["evaluate_dataset"] = "gone"
    app.run().switch_page("pages/evaluate.py").run()
    assert not app.exception and box(app, "Dataset").value == "shop"


def test_an_address_names_the_split(workspace):
    app = AppTest.from_file(APP)
    app.query_params["evaluate_split_shop"] = "test"
    app.run().switch_page("pages/evaluate.py").run()
    assert not app.exception and box(app, "Split").value == "test"


@pytest.mark.parametrize(("score", "told"), [(0.5, True), (0, False)], ids=["machine", "to be ignored"])
def test_labels_made_by_a_machine_are_called_so(workspace, score, told):
    dataset = read_dataset("shop")
    scores = [np.full(len(s.scores), score, np.float32) for s in dataset.samples]
    for each in scores:
        each[0] = 1
    samples = tuple(replace(s, scores=each) for s, each in zip(dataset.samples, scores, strict=True))
    store.add_dataset(replace(dataset, samples=samples), "marked")
    app = press(open_page(Dataset="marked"), "Evaluate")
    assert any("made by a machine" in caption.value for caption in app.caption) == told


def test_photos_without_a_split_beside_others_are_evaluated_alone(workspace):
    dataset = read_dataset("shop")
    samples = tuple(replace(s, split="" if s.split == "test" else s.split) for s in dataset.samples)
    store.add_dataset(replace(dataset, samples=samples), "mixed")
    app = open_page(Dataset="mixed")
    assert box(app, "Split").options == ["val", "without a split"]
    box(app, "Split").set_value("").run()
    assert "(1 photo)" in app.info[0].value and not app.exception
    store.add_dataset(replace(dataset, samples=tuple(replace(s, split="") for s in samples)), "whole")
    assert box(open_page(Dataset="whole"), "Split").options == ["all"]


def test_photos_without_labels_are_told_and_give_no_threshold(workspace):
    dataset = read_dataset("shop")
    none = {"boxes": np.zeros((0, 4), np.float32), "class_ids": np.zeros(0, np.int32), "scores": np.zeros(0)}
    store.add_dataset(replace(dataset, samples=tuple(replace(s, **none) for s in dataset.samples)), "bare")
    app = press(open_page(Dataset="bare"), "Evaluate")
    assert not app.exception and any("labelled box" in caption.value for caption in app.caption)
    assert not any("from now on" in button.label for button in app.button)


def test_the_slider_moves_the_figures_without_detecting_again(workspace, monkeypatch):
    app = press(open_page(), "Evaluate")
    monkeypatch.setattr(Knowing, "detect", None)
    app.slider[0].set_value(0.1).run()
    figures = {label: value for label, value, _ in metrics(app)}
    assert figures["Recall"] == "100.0%" and figures["Count off by"] == "0.0"


def test_each_photo_is_looked_at_once_a_run_and_compared_once_a_threshold(workspace, monkeypatch):
    app = press(open_page(), "Evaluate")
    calls = []
    for owner, name in ((Result, "photos"), (Evaluation, "is_whole")):
        real = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *args, n=name, f=real: calls.append(n) or f(*args))
    app.run()
    assert calls == ["is_whole"]
    app.slider[0].set_value(0.1).run()
    assert sorted(calls) == ["is_whole", "is_whole", "photos"]


def test_the_worst_photos_come_first_and_can_be_searched(workspace):
    app = press(open_page(), "Evaluate")
    names = [t.value for t in app.text]
    assert names == ["val_*6*.png", "val_*4*.png", "val_*2*.png"]
    assert any("**3** counted, **6** labelled, 0 false, 3 missed" in m.value for m in app.markdown)
    box(app, "Show").set_value("Name").run()
    assert app.text[0].value == "val_*2*.png"
    app.text_input[0].set_value("*4*").run()
    assert [t.value for t in app.text] == ["val_*4*.png"]
    app.text_input[0].set_value("[").run()
    assert not app.exception and "No photo" in app.caption[-1].value


def test_what_is_found_but_called_otherwise_is_told_of_a_model_of_several_classes(workspace, weak):
    """All that it finds it calls tea; figures of place alone would say that it knows the milk."""
    description = json.loads((weak / "model.json").read_text())
    description["config"]["labels"] = ["tea", "milk"]
    (weak / "model.json").write_text(json.dumps(description))
    shop = read_dataset("shop")
    samples = tuple(
        replace(s, class_ids=(np.arange(len(s.boxes)) % 2).astype(np.int32)) for s in shop.samples
    )
    store.replace_dataset("shop", replace(shop, samples=samples, labels=("tea", "milk")), "classes")
    app = press(open_page(Model="runs/weak"), "Evaluate")
    app.slider[0].set_value(0.1).run()
    figures = {label: value for label, value, _ in metrics(app)}
    assert figures["Precision"] == "100.0%" and 0 < float(figures["AP by class"]) < float(figures["AP"])
    assert any("0 false, 1 missed, 3 of a wrong class" in m.value for m in app.markdown)


def test_the_loss_is_offered_only_where_the_model_knows_the_classes(workspace, weak, monkeypatch):
    description = json.loads((weak / "model.json").read_text())
    description["config"]["labels"] = ["tea", "milk"]
    (weak / "model.json").write_text(json.dumps(description))
    asked = {}

    def start(self, source, loss=False):
        asked[self.model.name] = loss

    monkeypatch.setattr(Evaluation, "start", start)
    (loss,) = open_page(Model="runs/weak").checkbox
    assert loss.disabled and "does not know their classes facing" in loss.help
    app = open_page(Compare="runs/weak")
    assert not app.checkbox[0].disabled
    app.checkbox[0].check().run()
    press(app, "Evaluate")
    assert asked == {"shelf_dense": True, "weak": False}


def test_a_picture_is_shown_large_with_a_download(workspace):
    app = press(press(open_page(), "Evaluate"), "Look closer")
    assert any("Download this picture" in b.label for b in app.get("download_button"))


def test_two_models_stand_side_by_side(workspace, weak):
    app = press(open_page(Compare="runs/weak"), "Evaluate")
    shown = metrics(app)
    first, second = shown[:7], shown[7:]
    assert [label for label, _, _ in first] == [label for label, _, _ in second]
    assert all(delta == "" for _, _, delta in first)
    recall = next(m for m in second if m[0] == "Recall")
    assert recall[1] == "50.0%" and recall[2] == "the same"  # neither better nor worse
    assert len(app.slider) == 2 and len(app.image) == 6
    box(app, "Show").set_value("Models differ most").run()
    for tab in ("Curves", "Breakdown", "All figures"):
        go_to_tab(app, tab)
        assert not app.exception


def test_figures_have_the_name_of_their_model_while_the_other_has_none(workspace, weak):
    def names(app):
        return [text.value for text in app.markdown if text.value.startswith("#####")]

    app = press(open_page(), "Evaluate")
    assert not names(app)
    app = open_page(Compare="runs/weak")
    assert metrics(app) and names(app)[0] == "##### shelf\\_dense"


def test_a_model_stands_beside_its_copy(workspace):
    shutil.copytree(models_folder() / "shelf_dense", workspace / "runs" / "copy" / "model")
    app = press(open_page(Compare="runs/copy"), "Evaluate")
    assert len(app.slider) == 2 and len(app.image) == 6
    assert {delta for _, _, delta in metrics(app)} == {"", "the same"}


def test_a_threshold_is_stored_in_a_model_of_ones_own(workspace, weak):
    app = press(open_page(Model="runs/weak"), "Evaluate")
    press(go_to_tab(app, "Curves"), "from now on")
    assert read_model(weak).config.min_score == pytest.approx(0.05)
    assert app.slider[0].value == pytest.approx(0.05)


def test_a_shipped_model_asks_first(workspace, monkeypatch):
    stored = []
    monkeypatch.setattr(
        "skushare.app.evaluation_curves.store_threshold", lambda *args, **kwargs: stored.append(kwargs)
    )
    app = go_to_tab(press(open_page(), "Evaluate"), "Curves")
    button = next(b for b in app.button if "from now on" in b.label)
    assert button.disabled
    next(c for c in app.checkbox if "shipped" in c.label).check().run()
    press(app, "from now on")
    assert stored == [{"force": True}]


@pytest.mark.parametrize("few", [3, 4])
def test_a_threshold_is_called_chosen_on_these_photos_and_doubtful_where_they_are_few(
    workspace, weak, monkeypatch, few
):
    monkeypatch.setattr("skushare.app.evaluation_curves.FEW", few)
    app = go_to_tab(press(open_page(Model="runs/weak"), "Evaluate"), "Curves")
    told = [each.value for each in (app.warning if few > 3 else app.caption)]
    assert any("chosen on these very photos" in text for text in told)


def test_test_photos_give_no_threshold(workspace):
    app = press(open_page(Split="test"), "Evaluate")
    assert any("test photos" in caption.value for caption in app.caption)
    go_to_tab(app, "Curves")
    assert not any("from now on" in b.label for b in app.button)


def test_photos_that_cannot_be_read_are_named(workspace):
    (store.dataset_folder("shop") / "images" / "val_*4*.png").write_bytes(b"no picture")
    app = press(open_page(), "Evaluate")
    assert app.expander[0].label.endswith("left out: 1")
    assert any("not a picture" in t.value for t in app.expander[0].text)


@pytest.mark.parametrize("what", ["detect", "start"])
def test_what_goes_wrong_is_said(workspace, monkeypatch, what):
    if what == "detect":
        monkeypatch.setattr(Evaluation, "condition", lambda self: (FAILED, "disk_*full*"))
        app = open_page()
        assert r"disk\_\*full\*" in app.error[0].value
        assert any(b.label == "Evaluate" for b in app.button)
    else:
        (workspace / "datasets" / "shop" / "dataset.json").write_text("{")
        app = open_page()
        assert "dataset.json" in app.error[0].value.replace("\\", "")


def test_everything_can_be_downloaded(workspace):
    app = go_to_tab(press(open_page(), "Evaluate"), "All figures")
    labels = [b.label for b in app.get("download_button")]
    assert len(labels) == 5 and "Everything (zip)" in labels
