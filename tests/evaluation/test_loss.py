"""The loss of a photo, from raw outputs that are exactly right or know nothing."""

from dataclasses import replace

import numpy as np
import pytest

from skushare.dataset.dataset import Sample
from skushare.detector.anchors import detector_anchors
from skushare.detector.box_coder import encode
from skushare.detector.matcher import assign_targets
from skushare.detector.preprocess import input_size
from skushare.detector.presets import PRESETS, preset
from skushare.evaluation.loss import photo_loss
from skushare.images import write_image

SHAPE = (384, 512)


class Answering:
    """A detector whose raw outputs are given."""

    def __init__(self, config, outputs):
        self.config, self.outputs = config, outputs

    def run(self, batch):
        return self.outputs


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_the_right_answer_costs_next_to_nothing_and_the_wrong_one_more(tmp_path, shelves, name):
    config = replace(preset(name), photo_size=SHAPE[1])
    truths = shelves(0, photos=1, side=384)[0][0]
    write_image(tmp_path / "a.png", np.zeros((*SHAPE, 3), np.uint8))
    sample = Sample(tmp_path / "a.png", SHAPE[1], SHAPE[0], truths)
    size = config.photo_size
    shape = input_size(config, SHAPE[1], SHAPE[0], size)
    scale = np.array(shape[::-1]) / SHAPE[::-1]
    anchors, levels = detector_anchors(config, shape)
    boxes, labels = assign_targets(
        config, anchors, levels, truths * np.tile(scale, 2), np.zeros(len(truths), int)
    )
    sure = np.where(labels > 0, 20.0, -20.0).astype(np.float32)
    logits = np.stack([np.full_like(sure, -20), sure], axis=1) if config.background else sure[:, None]
    codes = encode(np.where(labels[:, None] > 0, boxes, anchors), anchors, config.coder).astype(np.float32)
    right = photo_loss(Answering(config, (logits, codes)), sample, sample.class_ids)
    wrong = photo_loss(Answering(config, (-logits, codes + 1)), sample, sample.class_ids)
    assert max(right) < 1e-3 and wrong[0] > 1 and wrong[1] > 0.1
    ignored = replace(sample, scores=np.append(np.ones(len(truths) - 1), 0))
    assert photo_loss(Answering(config, (logits, codes)), ignored, sample.class_ids)[0] < 1e-3
