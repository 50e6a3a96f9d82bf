import json
import os
from dataclasses import replace

import pytest

from skushare.cli import build_parser, main
from skushare.commands.train import read_columns, read_plan, warn
from skushare.dataset.synthetic import write_dataset
from skushare.lock import hold
from skushare.training.checkpoint import LAST
from skushare.training.config import TrainingConfig
from skushare.training.pipeline import read_pipeline
from skushare.training.pipeline_writing import write_pipeline
from skushare.training.plan import PLAN, Plan, licence_of
from skushare.training.recipes import FEWEST, FEWEST_APART, TUNING_RATE, recipe
from skushare.training.runs import FINISHED, LOCK, LOG, STOP, STOPPED, prepare
from skushare.workspace import runs_folder

ARTICLE = recipe("article")


def plan(*options):
    """The plan of ``skushare train`` with these options."""
    args = ["train", "--train", "a:3", "b", "--val", "c", "--run", "r", *map(str, options)]
    return read_plan(build_parser().parse_args(args))


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "pipeline.config"
    path.write_text(write_pipeline(ARTICLE.detector, ARTICLE.training, ARTICLE.weights))
    return path


def test_a_preset_brings_network_and_settings():
    dense = recipe("shelf_dense")
    assert plan("--steps", 6000) == Plan((("a", 3.0), ("b", 1.0)), "c", dense.detector, dense.training)
    assert plan("--preset", "article").training == ARTICLE.training
    assert plan("--preset", "article", "--steps", 7).training == replace(ARTICLE.training, steps=7)


def test_what_is_no_number_behind_a_colon_is_of_the_name():
    trained = plan("--steps", 9, "--train", "a:2.5", "b:²", "c:", "d:x").train
    assert trained == (("a", 2.5), ("b:²", 1.0), ("c:", 1.0), ("d:x", 1.0))


def test_traps_are_told_before_the_start(capsys):
    warn(plan("--preset", "article"))
    assert "warning: learning_rate 0.8 is 10 times that of the model zoo" in capsys.readouterr().err
    warn(plan("--steps", 6000))
    assert "begins at random values" in capsys.readouterr().err
    warn(plan("--weights", "imagenet", "--steps", 20))
    assert capsys.readouterr().err == ""


def test_traps_of_the_data_are_told(tmp_path, capsys):
    write_dataset(tmp_path, 1, seed=0, size=(160, 120), rows=1)
    path = tmp_path / "annotations.json"
    content = json.loads(path.read_text())
    content["categories"].append({"id": 99, "name": "never seen"})
    path.write_text(json.dumps(content))
    chosen = replace(plan("--weights", "imagenet", "--steps", 20), train=((str(path), 1.0),))
    chosen = replace(chosen, validation=str(path))
    warn(chosen, read_columns(chosen))
    assert "cannot be learnt: never seen." in capsys.readouterr().err


@pytest.mark.parametrize("steps", [20, 600, 9000])
def test_what_hangs_on_the_number_of_steps_goes_with_it_unless_given(steps):
    assert plan("--steps", steps).training == recipe("shelf_dense").lasting(steps)
    given = plan("--steps", steps, "--ema", 0.999, "--warmup-steps", 7, "--validate-every", 5).training
    assert (given.ema, given.warmup_steps, given.validate_every) == (0.999, 7, 5)


@pytest.mark.parametrize(
    ("options", "frozen"),
    [(["--weights", "shelf_dense"], True), (["--weights", "shelf_dense", "--no-freeze-batch-norm"], False)]
    + [([], False), (["--freeze-batch-norm"], True)],
)
def test_batch_norms_of_a_detector_stay_as_they_are_unless_told(options, frozen, tmp_path):
    options = ("--steps", 9, "--one-class", *options, "--run", tmp_path)
    assert plan(*options).training.freeze_batch_norm == frozen
    assert plan(*options, "--learning-rate", 0.01).training.learning_rate == 0.01
    (tmp_path / LAST).touch()
    (tmp_path / PLAN).write_text(Plan((("a", 1.0),), "c").to_json())  # begun by a version that froze none
    assert plan(*options).training.freeze_batch_norm == ("--freeze-batch-norm" in options)
    assert plan(*options).training.learning_rate == TrainingConfig().learning_rate


def test_without_steps_a_run_is_as_long_as_its_photos_need_and_goes_on_so(tmp_path):
    args = ["train", "--val", "c", "--run", str(tmp_path / "run"), "--train"]
    for number, photos in enumerate((30, 10)):
        path = tmp_path / f"{number}.json"
        images = [{"id": i, "file_name": f"{i}.jpg", "width": 9, "height": 9} for i in range(photos)]
        path.write_text(json.dumps({"images": images, "annotations": [], "categories": []}))
        args.append(f"{path}:{number + 1}")

    def read():
        return read_plan(build_parser().parse_args(args)).training

    assert read() == recipe("shelf_dense").training_for(40)
    begun = Plan((("a", 1.0),), "c", training=recipe("shelf_dense").lasting(6000))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / PLAN).write_text(begun.to_json())
    assert read() == recipe("shelf_dense").training_for(40)  # it may still become another run
    (tmp_path / "run" / LAST).touch()
    assert read() == begun.training


def test_classes_that_are_kept_take_longer_without_steps_and_a_higher_rate(tmp_path):
    names = ("tea", "milk")
    options = []
    for name in names:
        content = {"images": [], "annotations": [], "categories": [{"id": 1, "name": name}]}
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
        options += ["--train", str(tmp_path / f"{name}.json")]
    assert plan(*options[:2]).training.steps == FEWEST
    options = ["--train", *options[1::2]]
    assert plan(*options).training.steps == FEWEST_APART
    assert plan(*options, "--one-class").training.steps == FEWEST
    rates = [plan(*options, "--weights", "shelf_dense", *more).training for more in ((), ("--steps", 9))]
    assert [training.learning_rate for training in rates] == [TrainingConfig().learning_rate] * 2
    assert all(training.freeze_batch_norm for training in rates)
    tuned = plan(*options, "--weights", "shelf_dense", "--one-class").training
    assert tuned.learning_rate == TUNING_RATE


def test_a_run_that_goes_on_keeps_its_licence_unless_one_is_given(tmp_path):
    options = ("--steps", 100, "--one-class", "--weights", "shelf_dense", "--run", tmp_path / "run")
    assert plan(*options).licence == licence_of("shelf_dense")
    (tmp_path / "run").mkdir()
    begun = replace(plan(*options), licence="as a former version told it")
    (tmp_path / "run" / PLAN).write_text(begun.to_json())
    assert plan(*options).licence == licence_of("shelf_dense")  # it may still become another run
    (tmp_path / "run" / LAST).touch()
    assert plan(*options) == begun
    assert plan(*options, "--licence", "mine").licence == "mine"


def test_a_run_may_have_no_warm_up(capsys):
    assert plan("--steps", 20, "--warmup-steps", 0).training.warmup_steps == 0
    args = ["train", "--train", "a", "--val", "b", "--run", "r", "--steps", "20"]
    assert main([*args, "--warmup-steps", "-1"]) == 2
    assert "warmup_steps: at least 0 (no warm-up)" in capsys.readouterr().err


def test_labels_by_a_model_may_teach_from_another_score_on(config):
    for options in ((), ("--pipeline", config)):
        assert plan("--steps", 20, "--min-label-score", 0.2, *options).training.min_label_score == 0.2


def test_a_pipeline_brings_network_settings_and_weights(config, capsys):
    config.write_text(f"warp: 9\n{config.read_text()}")
    read = plan("--pipeline", config, "--batch-size", 8)
    assert read.detector == ARTICLE.detector and read.weights == "imagenet"
    assert read.training == replace(ARTICLE.training, batch_size=8)
    assert f"{config}, line 1: warp: unknown to skushare" in capsys.readouterr().err
    assert plan("--pipeline", config, "--weights", "").weights == ""


@pytest.mark.parametrize("content", [None, b"model {", b"\xff"])
def test_a_pipeline_that_cannot_be_read_is_named(tmp_path, capsys, content):
    path = tmp_path / "broken.config"
    if content is not None:
        path.write_bytes(content)
    args = ["train", "--train", "a", "--val", "b", "--run", str(tmp_path / "run"), "--pipeline", str(path)]
    assert main(args) == 2
    error = capsys.readouterr().err
    assert "broken.config: " in error and "Errno" not in error
    assert not (tmp_path / "run").exists()


def test_a_run_at_work_keeps_its_request_to_stop(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("skushare.training.backends.environment", lambda plan: {})
    images = [{"id": 1, "file_name": "1.jpg", "width": 9, "height": 9}]
    source = tmp_path / "labels.json"
    source.write_text(json.dumps({"images": images, "annotations": [], "categories": []}))
    args = ["train", "--train", str(source), "--val", str(source), "--run", str(tmp_path / "run")]
    run = prepare(tmp_path / "run", read_plan(build_parser().parse_args(args)))
    with hold(run.folder / LOCK):
        run.stop()
        assert main(args) == 2
    assert "another process trains this run" in capsys.readouterr().err
    assert (run.folder / STOP).exists()


def test_a_run_is_written_as_the_config_it_came_from(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path))
    (tmp_path / "labels.json").write_text("{}")
    source = str(tmp_path / "labels.json")
    prepare(runs_folder() / "mine", Plan(((source, 1.0),), source, ARTICLE.detector, ARTICLE.training))
    assert main(["runs", "export-config", "mine"]) == 0
    assert read_pipeline(capsys.readouterr().out)[:2] == (ARTICLE.detector, ARTICLE.training)
    out = tmp_path / "out.config"
    assert main(["runs", "export-config", "mine", "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    assert read_pipeline(out.read_text())[:2] == (ARTICLE.detector, ARTICLE.training)
    read = replace(ARTICLE.detector, labels=("milk", "tea", "soap"))  # once it has begun
    (runs_folder() / "mine" / "detector.json").write_text(read.to_json())
    assert main(["runs", "export-config", "mine"]) == 0
    assert "num_classes: 3" in capsys.readouterr().out
    prepare(runs_folder() / "dense", Plan(((source, 1.0),), source))
    assert main(["runs", "export-config", "dense", "--out", str(tmp_path / "no.config")]) == 2
    assert "shelf_dense" in capsys.readouterr().err and not (tmp_path / "no.config").exists()


@pytest.mark.parametrize(("status", "expected"), [(STOPPED, 1), (FINISHED, 0)])
def test_training_goes_on_where_nobody_reads_its_output_any_more(tmp_path, monkeypatch, status, expected):
    def carry_out(run, observers, say, anew):
        say("step 1")
        run.model_folder.mkdir()
        return status

    write_dataset(tmp_path / "data", 1, seed=0, size=(160, 120), rows=1)
    data = str(tmp_path / "data" / "annotations.json")
    monkeypatch.setattr("skushare.training.job.run_job", carry_out)
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as output:
        monkeypatch.setattr("sys.stdout", output)
        assert main(["train", "--train", data, "--val", data, "--run", str(tmp_path / "run")]) == expected
    assert "step 1" in (tmp_path / "run" / LOG).read_text()
