"""The Training page on runs made by hand: no process is started and no network is loaded."""

import json
import os
import shutil
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from skushare.app import training_list, training_watch
from skushare.app.text import plain
from skushare.dataset.dataset import Dataset, Sample
from skushare.dataset.store import add_dataset, delete_dataset
from skushare.detector.models import DEFAULT_MODEL, LITERT, counting_model, models_folder
from skushare.errors import SkushareError
from skushare.files import atomic_write
from skushare.images import write_image
from skushare.settings import MOST
from skushare.training import runs
from skushare.training.estimate import Estimate
from skushare.training.pipeline_writing import write_pipeline
from skushare.training.plan import Plan, licence_of
from skushare.training.recipes import FEWEST, FEWEST_APART, recipe
from skushare.workspace import runs_folder
from tests.app.conftest import PATIENCE
from tests.app.elements import button, metrics, open_tab, press, texts

APP = Path(__file__).resolve().parents[2] / "streamlit_app.py"


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch, detector):
    """An empty workspace whose queue nobody works off."""
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path))
    monkeypatch.setattr(runs, "wake", lambda folder=None: None)
    st.cache_data.clear()


def store(tmp_path, name="shop", splits=("train", "train", "val"), labels=("facing",), boxes=3):
    samples = []
    for number, split in enumerate(splits):
        path = tmp_path / f"{name}-{number}.jpg"
        write_image(path, np.full((40, 60, 3), 90, np.uint8))
        found = [[i % 50, 0, i % 50 + 8, 9] for i in range(boxes)]
        samples.append(Sample(path, 60, 40, found, np.arange(boxes) % len(labels), split=split))
    add_dataset(Dataset(name, tuple(samples), labels), name)


def make_run(name, status=runs.FINISHED, reason="", steps=100, metrics=True, **changes):
    """A run of this ``status`` on the dataset "shop", with figures."""
    chosen = recipe("shelf_dense")
    training = replace(chosen.training, steps=steps, **changes)
    plan = Plan((("shop@train", 1.0),), "shop@val", chosen.detector, training, weights="imagenet")
    run = runs.prepare(runs_folder() / name, plan)
    run.write_state(status, reason)
    if metrics:
        progress = {"step": 50, "steps": steps, "phase": "training", "seconds_per_step": 2.0, "loss": 0.5}
        files = {
            runs.PROGRESS: json.dumps(progress | {"seconds_left": 100.0}),
            runs.DATA: json.dumps([{"name": "shop@train", "photos": 40, "boxes": 9, "weight": 1.0}]),
            runs.LOSSES: "step,loss\n10,1.0\n20,0.8\n",
            runs.METRICS: "step,loss,AP,AP50,AP75,AR300,count_mae,minutes\n"
            "25,0.9,0.2,0.4,0.1,0.3,7.5,1\n50,0.5,0.3,0.5,0.2,0.4,5.5,2\n",
            runs.LOG: "2026-11-24 training from step 0\n",
        }
        for file, text in files.items():
            with atomic_write(run.folder / file) as handle:
                handle.write(text.encode())
        for step in (25, 50):
            folder = run.folder / runs.SAMPLES / f"step-{step:06d}"
            folder.mkdir(parents=True)
            write_image(folder / "1.jpg", np.full((40, 60, 3), 90, np.uint8))
    return run


def open_page():
    app = AppTest.from_file(APP).switch_page("pages/training.py").run()
    assert not app.exception
    return app


def field(app, label):
    return next(w for w in [*app.number_input, *app.selectbox, *app.text_input] if w.label == label)


def test_a_queue_that_cannot_be_worked_off_is_told(tmp_path, monkeypatch):
    def deny(folder=None):
        raise SkushareError("worker.log: cannot be written")

    monkeypatch.setattr(runs, "wake", deny)
    store(tmp_path)
    app = open_page()
    assert "cannot be written" in app.error[0].value and button(app, "Start training")


def test_without_datasets_the_page_leads_to_them():
    app = open_page()
    assert not app.tabs
    press(app, "Add a dataset")
    assert app.title[0].value == "Datasets"


def test_the_page_needs_no_tensorflow(tmp_path):
    store(tmp_path)
    make_run("one")
    loaded = {"keras", "tensorflow"} & set(sys.modules)
    open_page()
    assert {"keras", "tensorflow"} & set(sys.modules) == loaded


# A new run


def test_a_run_starts_with_good_defaults(tmp_path):
    store(tmp_path)
    app = open_page()
    assert not app.warning and not app.error
    assert any("16.7 epochs" in text or "epochs" in text for text in texts(app.caption))
    press(app, "Start training")
    (run,) = runs.list_runs()
    usual = recipe("shelf_dense")
    assert (run.name, run.status) == ("shop-shelf_dense", runs.QUEUED)
    assert run.plan.train == (("shop@train", 1.0),) and run.plan.validation == "shop@val"
    assert run.plan.detector == usual.detector and run.plan.training == usual.training_for(2, "shelf_dense")
    assert run.plan.weights.endswith("shelf_dense/weights.npz") and run.plan.licence
    assert app.session_state.training_tab == "Runs" and app.session_state.training_run == run.name


def test_steps_are_told_as_epochs(tmp_path):
    store(tmp_path, splits=("train",) * 4 + ("val",))
    app = open_page()
    field(app, "Steps").set_value(10).run()
    field(app, "Crops a step").set_value(6).run()
    assert any("10 steps of 6 crops are **15.0 epochs**" in text for text in texts(app.caption))


def test_settings_changed_on_the_page_reach_the_run(tmp_path):
    store(tmp_path)
    app = open_page()
    field(app, "Learning rate").set_value(0.003).run()
    field(app, "Boxes found a photo, at most").set_value(250).run()
    field(app, "Name of the run").set_value("mine").run()
    press(app, "Start training")
    plan = runs.open_run("mine").plan
    assert plan.training.learning_rate == 0.003 and plan.detector.max_detections == 250


def test_the_traps_of_the_articles_settings_are_told_where_they_apply(tmp_path):
    store(tmp_path, boxes=150)
    app = open_page()
    app.radio[0].set_value("article").run()
    warnings = texts(app.warning)
    for words in (
        "10 times that of the model zoo",
        "never settle",
        "max\\_detections is 100",
        "count as background",
    ):
        assert any(words in text for text in warnings), (words, warnings)
    press(app, "Start training")
    article = recipe("article")
    plan = runs.list_runs()[0].plan
    assert (plan.detector, plan.training, plan.weights) == (article.detector, article.training, "imagenet")


def test_few_boxes_need_no_warning_about_many(tmp_path):
    store(tmp_path, boxes=3)
    app = open_page()
    app.radio[0].set_value("article").run()
    assert not any("max\\_detections" in text for text in texts(app.warning))


def test_a_pipeline_config_is_read_and_its_rest_named(tmp_path):
    store(tmp_path)
    article = recipe("article")
    text = "warp_drive: 9\n" + write_pipeline(article.detector, article.training, article.weights)
    app = open_page()
    app.radio[0].set_value("file").run()
    assert not any(b.label == "Start training" for b in app.button)
    app.file_uploader[0].set_value([("my.config", text.encode(), "text/plain")]).run()
    assert not app.exception
    assert any("differ from what the file asks for" in text for text in texts(app.warning))
    assert app.code[0].value == "line 1: warp_drive: unknown to skushare"
    assert "train_input_reader" in app.code[1].value
    press(app, "Start training")
    assert runs.list_runs()[0].plan.training == article.training


@pytest.mark.parametrize("content", [b"model {", b"\xff\xfe", b"model { faster_rcnn { num_classes: 1 } }"])
def test_a_broken_pipeline_config_is_told(tmp_path, content):
    store(tmp_path)
    app = open_page()
    app.radio[0].set_value("file").run()
    app.file_uploader[0].set_value([("my_[x].config", content, "text/plain")]).run()
    assert not app.exception and r"my\_\[x\]\.config" in app.error[0].value


@pytest.mark.parametrize(
    ("label", "value", "words"),
    [("Steps", 0, "steps: at least 1"), ("Largest scale", 0.1, "is below"), ("Devices", "7x", "devices:")],
)
def test_a_setting_that_cannot_work_is_told_and_nothing_starts(tmp_path, label, value, words):
    store(tmp_path)
    app = open_page()
    field(app, label).set_value(value).run()
    assert not app.exception and words in app.error[0].value.replace("\\", "")
    assert not any(b.label == "Start training" for b in app.button)


@pytest.mark.parametrize("name", ["", "../up", "taken"])
def test_a_bad_name_is_told(tmp_path, name):
    store(tmp_path)
    make_run("taken")
    app = open_page()
    field(app, "Name of the run").set_value(name).run()
    press(app, "Start training")
    assert len(app.error) == 1 and len(runs.list_runs()) == 1


def test_validating_on_what_is_trained_on_is_warned_of(tmp_path):
    store(tmp_path, splits=("", ""))
    app = open_page()
    assert any("trained on and validated on" in text for text in texts(app.warning))


@pytest.mark.parametrize("one_class", [True, False])
@pytest.mark.parametrize(
    ("other", "known"),
    [(("soap",), "3 classes"), (("tea", "milk"), "2 classes")],
    ids=["others", "another order"],
)
def test_classes_are_taught_as_one_or_told_apart(tmp_path, other, known, one_class):
    store(tmp_path, "a", labels=("milk", "tea"))
    store(tmp_path, "b", labels=other)
    app = open_page()
    app.multiselect[0].set_value(["a@train", "b@train"]).run()
    assert app.toggle[0].value and not app.toggle[0].disabled
    app.toggle[0].set_value(one_class).run()
    assert any(known in text and "milk, tea" in text for text in texts(app.caption))
    press(app, "Start training")
    plan = runs.list_runs()[0].plan
    assert plan.one_class == one_class and plan.training.steps == (FEWEST if one_class else FEWEST_APART)


def test_classes_that_nothing_teaches_are_warned_of_where_they_are_kept(tmp_path):
    store(tmp_path, labels=("milk", "green_tea", "soap"), boxes=2)
    app = open_page()
    assert not app.warning
    app.toggle[0].set_value(False).run()
    assert any("soap" in text and "cannot be learnt" in text for text in texts(app.warning))
    app.toggle[0].set_value(True).run()
    assert not app.warning


def test_a_single_class_leaves_nothing_to_choose(tmp_path):
    store(tmp_path, "a", labels=("soap",))
    store(tmp_path, "b", labels=("milk", "tea"))
    app = open_page()
    choice = app.selectbox(key=next(w.key for w in app.selectbox if w.label == "Validate on"))
    choice.set_value("b@val").run()
    assert "Teach all classes as one, facing" not in [toggle.label for toggle in app.toggle]


def test_a_dataset_that_cannot_be_read_is_named(tmp_path):
    store(tmp_path)
    (tmp_path / "datasets" / "broken").mkdir()
    (tmp_path / "datasets" / "broken" / "dataset.json").write_text("{")
    app = open_page()
    assert any("broken" in text for text in texts(app.error))
    press(app, "Start training")
    assert len(runs.list_runs()) == 1


# Before the start


@pytest.fixture
def measured(monkeypatch):
    """What a measurement gives, which a test sets; nothing is really measured."""
    found = SimpleNamespace(known=None, result=None, stopped=False)

    def measure(plan, again=False, stop=None):
        if found.result is None:  # lasts until it is stopped
            assert stop.wait(PATIENCE)
            found.stopped = True
        if isinstance(found.result, Exception):
            raise found.result
        found.known = found.result

    monkeypatch.setattr("skushare.app.training_estimate.known_estimate", lambda plan: found.known)
    monkeypatch.setattr("skushare.app.training_estimate.estimate", measure)
    yield found
    st.cache_resource.clear()


def wait(app, ready):
    end = time.monotonic() + PATIENCE
    while not ready() and time.monotonic() < end:
        time.sleep(0.05)
        app.run()
    assert ready() and not app.exception


def test_time_and_memory_are_measured_when_asked_for(tmp_path, measured):
    store(tmp_path)
    measured.result = Estimate(3900.0, 1.25, 0.5, 20.0, 3 << 30, 1, False, time.time(), busy=True)
    app = open_page()
    assert "Takes about" not in metrics(app)
    press(app, "Measure time and memory here")
    wait(app, lambda: "Takes about" in metrics(app))
    assert metrics(app)["Takes about"] == "1 h 5 min" and metrics(app)["Memory"] == "3.0 GB"
    assert any("1.25 s a step" in text and "without them it is faster" in text for text in texts(app.caption))
    measured.result = replace(measured.result, seconds=60.0)
    press(app, "Measure again")
    wait(app, lambda: metrics(app).get("Takes about") == "60 s")


def test_too_little_memory_is_warned_of(tmp_path, measured):
    store(tmp_path)
    measured.known = Estimate(60.0, 1.0, 1.0, 1.0, 1 << 50, 1, False, time.time(), busy=False)
    assert any("Memory will be tight" in text for text in texts(open_page().warning))


def test_a_plan_that_cannot_be_measured_is_told_why(tmp_path, measured):
    store(tmp_path)
    measured.result = SkushareError("memory ran out while measuring; take a smaller batch")
    app = open_page()
    press(app, "Measure time and memory here")
    wait(app, lambda: app.error)
    assert "Memory ran out" in app.error[0].value
    assert button(app, "Measure again") and button(app, "Start training")


@pytest.mark.parametrize("by", ["Stop measuring", "Start training"])
def test_a_measurement_goes_on_with_another_length_until_it_is_stopped(tmp_path, measured, by):
    store(tmp_path)
    app = open_page()
    press(app, "Measure time and memory here")
    steps = next(each for each in app.number_input if each.label == "Steps")
    steps.set_value(steps.value + 100).run()
    assert any("Taking a few steps" in text for text in texts(app.info)) and not measured.stopped
    press(app, by)
    wait(app, lambda: measured.stopped)
    assert not any("Taking a few steps" in text for text in texts(app.info))


# Watching


def test_a_finished_run_shows_its_figures(tmp_path):
    store(tmp_path)
    run = make_run("one")
    app = open_page()
    assert metrics(app) == {"Best AP": "0.300", "Count off by": "5.5", "Loss": "0.500"}
    (run.folder / runs.METRICS).write_text("step,AP,AP50,AP75,class_AP,count_mae\n50,0.3,0.5,0.2,0.1,5.5\n")
    assert metrics(app.run())["AP by class"] == "0.100" and not app.metric[0].delta
    (run.folder / runs.METRICS).write_text(
        "step,AP,AP50,AP75,count_mae\n0,0.25,0.4,0.1,6\n50,0.3,0.5,0.2,5.5\n"
    )
    assert app.run().metric[0].delta == "+0.050 since the start"
    (run.folder / runs.METRICS).write_text("step,AP,AP50,AP75,count_mae\n0,0.3,0.4,0.1,6\n50,0.2,0.4,0.1,6\n")
    assert not app.run().metric[0].delta  # no step was better
    assert any("finished" in text for text in texts(app.markdown))
    assert "training from step 0" in app.code[0].value
    box = next(expander for expander in app.expander if expander.label == "Log")
    while box.children[0].type != "code":
        box = box.children[0]
    assert box.proto.autoscroll  # to its end, which is what is read
    labels = [b.label for b in app.button]
    assert "Stop" not in labels and "Resume" not in labels


def test_a_model_is_evaluated_on_what_its_run_was_validated_on(tmp_path):
    def choices():
        links = open_page().get("page_link")
        link = next(link for link in links if link.proto.label == "Evaluate the model")
        return parse_qs(link.proto.query_string)

    store(tmp_path)
    make_run("one")
    model = {"evaluate_model": ["runs/one"]}
    assert choices() == model | {"evaluate_dataset": ["shop"], "evaluate_split_shop": ["val"]}
    delete_dataset("shop")
    assert choices() == model


@pytest.mark.parametrize(
    ("status", "reason", "kind", "told"),
    [
        (runs.INTERRUPTED, "the disk is full", "warning", "The disk is full"),
        (runs.FAILED, "shop@train: no such file or folder", "error", "shop@train: no such file or folder"),
        (runs.STOPPED, "as asked to; resume", "info", "As asked to; resume"),
    ],
)
def test_a_run_that_ended_early_tells_why_and_resumes(tmp_path, status, reason, kind, told):
    store(tmp_path)
    run = make_run("one", status, reason)
    app = open_page()
    assert getattr(app, kind)[0].value.replace("\\", "") == told
    press(app, "Resume")
    assert run.status == runs.QUEUED
    press(app, "Take from the queue")
    assert run.status == runs.STOPPED


def test_a_run_whose_process_is_gone_is_interrupted(tmp_path):
    store(tmp_path)
    make_run("one", runs.RUNNING)
    app = open_page()
    assert "Its process is gone" in app.warning[0].value


def test_a_run_that_goes_on_shows_how(tmp_path):
    from skushare.lock import hold

    store(tmp_path)
    run = make_run("one", runs.RUNNING)
    with hold(run.folder / runs.LOCK) as mine:
        assert mine
        app = open_page()
        shown = metrics(app)
        assert shown["Time left"] == "2 min" and shown["Memory"] == "0.0 GB"
        assert any("No sign of life" in text for text in texts(app.warning))  # its file tells no time
        press(app, "Stop")
        assert "validates if that is due" in app.info[0].value and button(app, "Stop").disabled


def test_a_silent_run_is_called_dead_only_where_its_process_does_nothing(tmp_path, monkeypatch):
    from skushare.lock import hold

    store(tmp_path)
    run = make_run("one", runs.RUNNING)
    run.write_state(runs.RUNNING, pid=os.getpid())
    assert run.processor() > 0
    progress = json.loads((run.folder / runs.PROGRESS).read_text())
    with atomic_write(run.folder / runs.PROGRESS) as handle:
        handle.write(json.dumps(progress | {"updated": time.time() - 200, "processor": 40.0}).encode())
    monkeypatch.setattr(runs.Run, "processor", lambda self: 50.0)
    with hold(run.folder / runs.LOCK):
        app = open_page()
        assert any(
            text.startswith("The last step was 3 min ago, but the process is at work")
            for text in texts(app.info)
        )
        assert not app.warning
        assert "Cores in use" not in metrics(app)  # an old figure
        monkeypatch.setattr("skushare.app.training_watch.SILENT", 0.0)  # as if it had been looked at long ago
        app.run()
        assert any("the process does nothing" in text for text in texts(app.warning))


def test_before_the_first_step_the_page_tells_of_no_last_one(tmp_path, monkeypatch):
    from skushare.lock import hold

    store(tmp_path)
    run = make_run("one", runs.RUNNING, metrics=False)
    monkeypatch.setattr(runs.Run, "processor", lambda self: 50.0)

    def tell(phase, ago):
        progress = runs.Progress(0, 100, phase, processor=40.0, updated=time.time() - ago)
        (run.folder / runs.PROGRESS).write_text(json.dumps(asdict(progress)))

    with hold(run.folder / runs.LOCK):
        tell("training", 200)
        app = open_page()
        (text,) = texts(app.info)
        assert text.startswith("The first step, which takes longest, has taken 3 min so far")
        assert list(metrics(app)) == ["Memory"]
        tell("preparing", 2)
        assert not metrics(app.run())


def test_sample_pictures_follow_the_newest_until_the_user_looks_at_others(tmp_path):
    store(tmp_path)
    run = make_run("one")
    app = open_page()
    assert app.select_slider[0].value == 50
    app.select_slider[0].set_value(25).run()
    folder = run.folder / runs.SAMPLES / "step-000075"
    folder.mkdir()
    write_image(folder / "1.jpg", np.full((40, 60, 3), 90, np.uint8))
    app.run()
    assert app.select_slider[0].value == 25
    app.select_slider[0].set_value(75).run()
    assert app.select_slider[0].value == 75


def test_no_field_takes_a_larger_number_than_its_setting_can_be(tmp_path):
    store(tmp_path)
    app = open_page()
    for label in ("Steps", "Crops a step", "Seed"):
        assert field(app, label).max == MOST


def test_a_run_is_deleted_after_a_question(tmp_path):
    store(tmp_path)
    make_run("one")
    make_run("two")
    app = open_page()
    chosen = app.session_state.training_run
    clicked = button(app, "Delete for good").proto.id
    press(app, "Delete for good")
    assert [run.name for run in runs.list_runs()] == [{"one": "two", "two": "one"}[chosen]]
    assert button(app, "Delete for good").proto.id != clicked  # which a second click would reach


def test_a_clone_opens_the_form_with_the_runs_settings(tmp_path):
    store(tmp_path)
    make_run("one", steps=77, learning_rate=0.002, freeze_before="block_9_expand")
    app = open_page()
    press(app, "Clone with changes")
    assert app.session_state.training_tab == "New run"
    assert field(app, "Steps").value == 77 and field(app, "Name of the run").value == "one-2"
    field(app, "Steps").set_value(78).run()
    press(app, "Start training")
    clone = runs.open_run("one-2").plan
    original = runs.open_run("one").plan
    assert clone == replace(original, training=replace(original.training, steps=78))


SHIPPED = licence_of("shelf_dense")


@pytest.mark.parametrize(
    ("weights", "licence", "others", "joined"),
    [
        ("imagenet", "CC-BY 4.0", "shelf_dense", f"CC-BY 4.0; {SHIPPED}"),
        ("imagenet", SHIPPED, "shelf_dense", SHIPPED),
        ("shelf_dense", SHIPPED, "imagenet", ""),
        ("shelf_dense", "CC-BY 4.0", "imagenet", "CC-BY 4.0"),
    ],
)
def test_the_licence_of_a_clone_goes_with_that_of_other_weights(tmp_path, weights, licence, others, joined):
    store(tmp_path)
    run = make_run("one")
    plan = replace(run.plan, weights=weights, licence=licence).located()
    (run.folder / runs.PLAN).write_text(plan.to_json())
    app = press(open_page(), "Clone with changes")
    assert field(app, "What may be done with the model").value == licence
    field(app, "Weights").set_value(others).run()
    assert field(app, "What may be done with the model").value == joined


def test_a_run_that_is_called_as_a_recipe_is_cloned(tmp_path):
    store(tmp_path)
    make_run("article", steps=77)
    app = press(open_page(), "Clone with changes")
    assert [option for option in app.radio[0].options if "article" in option][0] == "As the run article"
    assert field(app, "Steps").value == 77 and field(app, "Name of the run").value == "article-2"
    app.radio[0].set_value("article").run()
    assert field(app, "Steps").value == recipe("article").training.steps
    assert field(app, "Name of the run").value == "shop-article"


def test_a_clone_outlives_its_run(tmp_path):
    store(tmp_path)
    run = make_run("one", steps=77)
    make_run("two")
    app = open_page()
    app.session_state.training_run = "one"
    app.run()
    press(app, "Clone with changes")
    run.delete()
    app.run()
    assert not app.exception and field(app, "Steps").value == 77
    press(app, "Start training")
    assert runs.open_run("one").plan.training.steps == 77


def test_figures_that_a_full_disk_cut_do_not_hide_the_page(tmp_path):
    store(tmp_path)
    run = make_run("one", runs.INTERRUPTED)
    figures = run.folder / runs.METRICS
    head = figures.read_text().partition("\n")[0]
    for rows in ("25,0.9,0.", "25,0.9\n"):
        figures.write_text(f"{head}\n{rows}")
        assert "Best AP" not in metrics(open_page())


def test_a_damaged_run_is_told_and_can_be_deleted(tmp_path):
    store(tmp_path)
    run = make_run("one")
    (run.folder / runs.PLAN).write_text("{")
    app = open_page()
    assert app.error
    press(app, "Clone with changes")
    assert app.error
    press(app, "Delete for good")
    assert not runs.list_runs()


def test_the_model_of_a_run_is_what_the_app_counts_with_once_it_is_chosen(tmp_path, monkeypatch):
    store(tmp_path)
    run = make_run("one")
    assert "Count with this model" not in [button.label for button in open_page().button]  # it has none
    shutil.copytree(models_folder() / DEFAULT_MODEL, run.folder / "model")
    app = press(open_page(), "Count with this model")
    assert counting_model() == "runs/one" and "runs/one" in app.toast[0].value
    press(app, f"Count with {DEFAULT_MODEL} again")
    assert counting_model() == DEFAULT_MODEL
    (run.folder / "model" / LITERT).write_bytes(b"half a file")
    press(app, "Count with this model")
    assert counting_model() == DEFAULT_MODEL and "damaged" in app.error[0].value
    monkeypatch.setenv("SKUSHARE_MODEL", "runs/one")
    assert button(open_page(), f"Count with {DEFAULT_MODEL} again").disabled


# Comparing


def test_runs_are_compared_by_figures_and_by_what_differs(tmp_path):
    store(tmp_path)
    make_run("one", learning_rate=0.001)
    make_run("two", learning_rate=0.002)
    app = open_tab(open_page(), "Compare", "training_tab")
    assert sorted(app.multiselect(key="training_compared").value) == ["one", "two"]
    tables = [frame.value for frame in app.dataframe]
    assert any(
        set(table.columns) == {"one", "two"} and list(table.index) == ["learning_rate"] for table in tables
    )
    for measure in ("count_mae", "loss", "AR300"):
        app.selectbox(key="training_measure").set_value(measure).run()
        assert not app.exception
    app.multiselect(key="training_compared").set_value(["two"]).run()
    assert not app.exception
    assert "training_compared" not in [
        field.key for field in open_tab(app, "Runs", "training_tab").multiselect
    ]
    open_tab(app, "Compare", "training_tab")
    assert app.multiselect(key="training_compared").value == ["two"]
    assert app.selectbox(key="training_measure").value == "AR300"
    app.multiselect(key="training_compared").set_value([]).run()
    assert not app.exception


def test_ap_by_class_is_offered_where_every_chosen_run_has_it(tmp_path):
    store(tmp_path)
    for name in ("one", "two", "three"):
        path = make_run(name).folder / runs.METRICS
        if name != "three":
            pd.read_csv(path).assign(class_AP=0.1).to_csv(path, index=False)
    app = open_tab(open_page(), "Compare", "training_tab")
    chosen, by_class = app.multiselect(key="training_compared"), "AP by class"
    assert by_class not in app.selectbox(key="training_measure").options
    assert any(by_class in frame.value for frame in app.dataframe)  # with a dash for the run without it
    chosen.set_value(["one", "two"]).run()
    app.selectbox(key="training_measure").set_value("class_AP").run()
    assert not app.exception and app.selectbox(key="training_measure").value == "class_AP"
    app.multiselect(key="training_compared").set_value(["one", "three"]).run()
    assert not app.exception and app.selectbox(key="training_measure").value == "AP"


def test_only_the_figures_of_the_chosen_runs_are_read(tmp_path, monkeypatch):
    store(tmp_path)
    for number in range(14):
        make_run(f"run {number:02d}").write_state(runs.FINISHED)
    app = open_page()
    read, metrics = [], runs.Run.metrics
    monkeypatch.setattr(runs.Run, "metrics", lambda run: read.append(run.name) or metrics(run))
    open_tab(app, "Compare", "training_tab")
    field = app.multiselect(key="training_compared")
    assert len(field.options) == 14 and field.proto.max_selections == 12
    watched = app.selectbox(key="training_run").value
    assert set(read) - {watched} == set(field.value) - {watched} and len(field.value) == 4


def test_a_chosen_run_that_cannot_be_read_is_named(tmp_path):
    store(tmp_path)
    one, two, _ = (make_run(name) for name in ("one", "two", "three"))
    (one.folder / runs.PLAN).write_text("{")
    (two.folder / runs.METRICS).write_text("step,loss")
    app = open_tab(open_page(), "Compare", "training_tab")
    assert "##### At the best AP" in texts(app.markdown)
    told = " ".join(texts(app.warning))
    assert plain(str(one.folder / runs.PLAN)) in told and plain(str(two.folder / runs.METRICS)) in told
    app.multiselect(key="training_compared").set_value(["one", "two"]).run()
    assert not app.exception and "##### At the best AP" not in texts(app.markdown)


def test_what_is_clicked_in_what_polls_has_the_whole_page_run(tmp_path, monkeypatch):
    class Rerun(Exception):
        pass

    def rerun():
        raise Rerun

    monkeypatch.setattr(st, "rerun", rerun)
    store(tmp_path)
    run, _ = make_run("one"), make_run("two")
    monkeypatch.setitem(st.session_state, "training_run", "one")  # as the list does when "one" is clicked
    with pytest.raises(Rerun):
        training_list.show_list(["two", "one"], "two")
    monkeypatch.setitem(st.session_state, "notes", [("The disk is full", True)])  # as Stop and Resume do
    with pytest.raises(Rerun):
        training_watch._watch(run, False)


def test_the_list_reads_figures_again_only_where_they_changed(tmp_path, monkeypatch):
    store(tmp_path)
    run, _ = make_run("one"), make_run("two")
    app = open_page()
    read, metrics = [], runs.Run.metrics
    monkeypatch.setattr(runs.Run, "metrics", lambda run: read.append(run.name) or metrics(run))
    app.run()
    assert "one" not in read
    with (run.folder / runs.METRICS).open("a") as file:
        file.write("75,0.4,0.6,0.8,0.3,0.5,4.5,3\n")
    app.run()
    assert read.count("one") == 1
    assert app.dataframe[0].value.set_index("run")["best AP"].to_dict() == {"one": 0.6, "two": 0.3}


def test_before_the_first_validation_there_is_nothing_to_compare(tmp_path):
    store(tmp_path)
    make_run("one", runs.QUEUED, metrics=False)
    app = open_tab(open_page(), "Compare", "training_tab")
    assert any("after the first validation" in text for text in texts(app.info))
