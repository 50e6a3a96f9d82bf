"""What a run writes while it trains."""

import pandas as pd

from skushare.training.record import Record
from skushare.training.runs import METRICS

LOSSES = {"loss": 3.0, "class_loss": 1.0, "box_loss": 2.0, "learning_rate": 0.1}


def test_a_validation_made_up_for_after_the_run_was_ended_keeps_the_columns(tmp_path):
    first = Record(tmp_path)
    first.began(0, 0, 9)
    first.stepped(1, LOSSES)
    first.validated(1, {"AP": 0.1}, ())
    for _ in range(2):  # ended between a step and its validation, twice
        again = Record(tmp_path)
        again.began(2, 1, 9)
        again.validated(2, {"AP": 0.2}, ())
    table = pd.read_csv(tmp_path / METRICS)
    assert table["step"].tolist() == [1, 2] and table["AP"].tolist() == [0.1, 0.2]
    assert table["loss"].isna().tolist() == [False, True] and "learning_rate" not in table


def test_a_run_keeps_the_columns_that_it_began_with(tmp_path):
    (tmp_path / METRICS).write_text("step,AP,minutes\n1,.1,1\n")
    record = Record(tmp_path)
    record.began(1, 1, 9)
    record.validated(2, {"AP": 0.2, "class_AP": 0.1}, ())
    table = pd.read_csv(tmp_path / METRICS)
    assert list(table) == ["step", "AP", "minutes"] and table["AP"].tolist() == [0.1, 0.2]


def test_a_row_of_other_columns_is_dropped(tmp_path):
    (tmp_path / METRICS).write_text("step,AP,minutes\n1,.1,1\n2,.2,1,3,4\n3,.3\n4,.4,2\n")
    Record(tmp_path).began(4, 4, 9)
    assert pd.read_csv(tmp_path / METRICS)["step"].tolist() == [1, 4]
