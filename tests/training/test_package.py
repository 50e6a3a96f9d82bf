import numpy as np
import pytest
import tensorflow as tf

from skushare.detector.presets import preset
from skushare.detector.runtime import Detector
from skushare.training.config import TrainingConfig
from skushare.training.package import package_run
from skushare.training.trainer import train

CONFIG = preset("shelf_dense", input_size=64, photo_size=64, live_size=64, channels=8, tower=1)


@pytest.fixture
def finished(tmp_path, dataset):
    training = TrainingConfig(steps=1, batch_size=2, validation_photos=1)
    tf.config.run_functions_eagerly(True)  # one step is done long before TensorFlow would have traced it
    train(tmp_path / "run", CONFIG, training, [(dataset, 1.0)], dataset)
    tf.config.run_functions_eagerly(False)
    return tmp_path / "run"


def test_a_packaged_run_detects(finished, dataset, tmp_path):
    folder = package_run(finished, dataset, tmp_path / "model", {"licence": "test"})
    detector = Detector.load(folder)
    assert detector.model.about["licence"] == "test" and detector.model.about["training"]["steps"] == 1
    assert detector.model.about["data"][0]["photos"] == 3
    assert len(detector.detect(np.full((128, 128, 3), 90, np.uint8), "live", min_score=0.0)) > 0
