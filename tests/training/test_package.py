"""From a run of the tiny network to a model folder; with the real network the browser tests take this way."""

import shutil
from contextlib import nullcontext

import numpy as np
import pytest
import tensorflow as tf

from skushare.detector import models
from skushare.detector.models import LITERT, read_model
from skushare.detector.runtime import Detector
from skushare.errors import ModelError, SkushareError
from skushare.evaluation.evaluate import evaluate
from skushare.training.config import TrainingConfig
from skushare.training.package import measure, package_run
from skushare.training.plan import BEST
from skushare.training.runs import METRICS
from skushare.training.trainer import train
from tests.training.conftest import tiny_network


@pytest.fixture(scope="module")
def finished(tiny, tmp_path_factory, dataset):
    run = tmp_path_factory.mktemp("finished")
    training = TrainingConfig(steps=1, batch_size=2, validation_photos=1)
    tf.config.run_functions_eagerly(True)  # one step is done long before TensorFlow would have traced it
    train(run, tiny, training, [(dataset, 1.0)], dataset)
    tf.config.run_functions_eagerly(False)
    return run


@pytest.fixture(scope="module")
def packaged(finished, dataset, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skushare.training.package.build_network", tiny_network)
        yield package_run(finished, dataset, tmp_path_factory.mktemp("model"), {"licence": "test"})


def test_a_packaged_run_detects(packaged):
    detector = Detector.load(packaged)
    about = detector.model.about
    assert about["licence"] == "test" and about["training"]["steps"] == 1
    assert about["data"][0]["photos"] == 3
    assert set(about["live AP by precision"]) == {"float16", "int8"}
    assert len(detector.detect(np.full((128, 128, 3), 90, np.uint8), "live", min_score=0.0)) > 0


def test_thresholds_are_those_that_an_evaluation_calls_best(packaged, dataset):
    detector, several = Detector.load(packaged), dataset.with_labels((*dataset.labels, "other"))
    row = evaluate(detector, several, "live", resamples=0)
    assert measure(detector, several, "live")[:2] == (row["AP"], row["best_score"])


@pytest.fixture
def export(packaged, monkeypatch):
    """A conversion that takes no time; gives what puts other figures in place of those of the evaluation."""
    content = (packaged / LITERT).read_bytes()
    monkeypatch.setattr(
        "skushare.training.package.litert_exporter", lambda _: nullcontext(lambda *_: content)
    )
    monkeypatch.setattr("skushare.training.package.largest_difference", lambda *_: {"class_logits": 0.0})
    return lambda figures: monkeypatch.setattr("skushare.training.package.measure", figures)


@pytest.mark.parametrize(
    ("asked", "loss", "kept"),
    [("auto", 0.004, "int8"), ("auto", 0.006, "float16"), ("int8", 0.5, "int8"), ("float16", 0, "float16")],
)
def test_eight_bits_are_kept_where_they_cost_little(export, finished, dataset, tmp_path, asked, loss, kept):
    def figures(detector, dataset, mode):
        precision = detector.model.about["precision"]
        likely = 0.5 if precision == kept else 0.1
        score, curve = {"live": (0.3, ([0.0, 0.3, 1.0], [0.0, likely, 1.0])), "photo": (0.4, None)}[mode]
        return 0.5 - loss * (precision == "int8"), score, curve

    export(figures)
    model = Detector.load(package_run(finished, dataset, tmp_path / "model", precision=asked)).model
    assert model.about["precision"] == kept
    assert model.about["calibration"] == {"live": [[0.0, 0.3, 1.0], [0.0, 0.5, 1.0]]}
    assert (model.config.live_min_score, model.config.min_score) == (0.3, 0.4)


@pytest.mark.parametrize(
    ("weight", "difference", "ap", "words"),
    [
        (np.nan, 0, 0.1, "best weights are no numbers.* learnt nothing; .*lower learning_rate"),
        (1e6, 0, 0.1, "too large for float16; .*lower learning_rate"),
        (1.0, np.nan, 0, "by nan; its best AP is 0; .*lower learning_rate"),
        (1.0, 9, 0.1, "by 9; not written"),
    ],
)
def test_of_a_run_that_has_diverged_the_cause_is_told(
    export, finished, dataset, tmp_path, monkeypatch, weight, difference, ap, words
):
    run = shutil.copytree(finished, tmp_path / "run")
    with np.load(finished / BEST) as content:
        weights = dict(content)
    weights["stem/0"][0] = weight
    np.savez(run / BEST, **weights)
    (run / METRICS).write_text(f"step,AP\n1,{ap}\n")
    monkeypatch.setattr("skushare.training.package.largest_difference", lambda *_: {"box_codes": difference})
    with pytest.raises(ModelError, match=words):
        package_run(run, dataset)


def test_a_model_appears_and_changes_as_a_whole(export, finished, dataset, tmp_path):
    out, killed = tmp_path / "model", tmp_path / "model" / ".unfinished.killed"

    def content():
        return {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}

    def package(score, fails=False):
        """What the folder holds at each measurement, and at the end."""
        seen = []

        def figures(*arguments, **options):
            seen.append(content())
            if fails:
                raise KeyboardInterrupt
            return 0.5, score, None

        export(figures)
        with pytest.raises(KeyboardInterrupt) if fails else nullcontext():
            package_run(finished, dataset, out)
        return seen, content()

    seen, first = package(0.3)
    assert seen == [{}] * 3 and read_model(out).config.min_score == 0.3
    (out / "README.md").write_text("mine")
    killed.mkdir()
    (killed / LITERT).touch()
    first["README.md"] = b"mine"
    assert package(0.4, fails=True) == ([first], first)
    seen, second = package(0.4)
    assert seen == [first] * 3 and second.keys() == first.keys()
    assert read_model(out).config.min_score == 0.4
    assert [path.name for path in out.glob(".*")] == [models.LOCK]


def test_a_model_does_not_change_while_a_threshold_is_written_into_it(
    export, finished, dataset, tmp_path, monkeypatch
):
    monkeypatch.setattr(models, "LOCK_SECONDS", 0.05)
    export(lambda *arguments, **options: (0.5, 0.3, None))
    with models.changing(tmp_path), pytest.raises(SkushareError, match="try again"):
        package_run(finished, dataset, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [models.LOCK]
