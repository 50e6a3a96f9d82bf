from dataclasses import replace

import pytest

from skushare.errors import DatasetError
from skushare.evaluation.evaluate import evaluate


def test_figures_of_a_perfect_but_doubtful_detector(knowing, model, dataset):
    row = evaluate(knowing(model), dataset, resamples=10)
    assert row["AP"] == pytest.approx(1.0)
    assert (row["count_mae"], row["count_bias"], row["best_mae"]) == (2, -2, 0)
    assert (row["precision"], row["recall"]) == (1, 0.5)
    assert row["best_score"] <= 0.4 and row["photos"] == 3 and row["boxes"] == 12


def test_old_columns_come_first_in_their_old_order(knowing, model, dataset):
    row = evaluate(knowing(model), dataset, resamples=10)
    old = "model,dataset,mode,size,photos,boxes,AP,AP50,AP75,AR300,AP_low,AP_high,min_score,"
    old += "count_mae,count_rmse,count_bias,count_mape,best_score,best_mae"
    assert ",".join(row).startswith(old + ",precision,recall,f1,ece,")


def test_labels_for_another_size_of_photo_are_refused(knowing, model, dataset):
    halved = replace(dataset.samples[0], width=65, height=20)
    with pytest.raises(DatasetError, match=r"2\.png: has 130 x 40 pixels, but its labels are for 65 x 20"):
        evaluate(knowing(model), replace(dataset, samples=(halved,)))
