import numpy as np
import pytest

from skushare.evaluation.curves import POINTS, calibration, facing_curve, precision_recall

SCORES = np.float32([0.9, 0.8, 0.8, 0.3])
HITS = np.array([True, True, False, True])


def test_precision_and_recall_at_every_threshold():
    table = precision_recall(SCORES, HITS, truths=4)
    assert table["threshold"].tolist() == pytest.approx([0.9, 0.8, 0.3])  # of equal scores all count or none
    assert table["precision"].tolist() == pytest.approx([1, 2 / 3, 3 / 4])
    assert table["recall"].tolist() == pytest.approx([1 / 4, 2 / 4, 3 / 4])
    assert table.columns.tolist() == ["threshold", "precision", "recall"]
    assert precision_recall(SCORES[:1], HITS[:1], truths=1)["recall"].tolist() == [1]


def test_a_long_curve_is_thinned_but_ends_where_it_ended():
    rng = np.random.default_rng(0)
    scores, hits = rng.random(5000), rng.random(5000) < 0.7
    table = precision_recall(scores, hits, truths=4000)
    assert len(table) <= POINTS + 1
    assert table["recall"].is_monotonic_increasing
    assert table["recall"].iloc[-1] == pytest.approx(hits.sum() / 4000)
    for row in table.sample(20, random_state=0).itertuples():
        assert row.precision == pytest.approx(hits[scores >= row.threshold].mean())


def test_calibration_by_hand():
    table, error = calibration(np.array([0.92, 0.94, 0.62, 0.01]), np.array([True, False, True, False]))
    assert table["low"].tolist() == [0.6, 0.9] and table["high"].tolist() == [0.65, 0.95]
    assert table["precision"].tolist() == [1.0, 0.5] and table["detections"].tolist() == [1, 2]
    assert error == pytest.approx((0.38 + 2 * 0.43) / 3)  # what scores .01 is left out
    assert calibration(np.array([0.049, 0.05]), np.array([True, True]))[0]["detections"].tolist() == [1]


def test_scores_that_are_probabilities_have_little_calibration_error():
    rng = np.random.default_rng(0)
    scores = rng.random(20_000)
    hits = rng.random(20_000) < scores
    assert calibration(scores, hits)[1] < 0.02
    assert calibration(scores, ~hits)[1] > 0.3


def test_without_detections_there_is_no_curve_and_no_error():
    empty = np.zeros(0), np.zeros(0, bool)
    assert len(precision_recall(*empty, truths=3)) == 0
    table, error = calibration(*empty)
    assert len(table) == 0 and np.isnan(error)


def test_a_score_of_one_lies_in_the_last_bin():
    table, _ = calibration(np.array([1.0]), np.array([True]))
    assert table["high"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("bins", "expected"),  # (score, detections, how many are right)
    [
        ([(0.12, 20, 2), (0.32, 10, 9)], ([0, 0.12, 0.32, 1], [0, 3 / 22, 10 / 12, 1])),
        (
            [(0.12, 10, 5), (0.32, 30, 9), (0.52, 20, 20)],
            ([0, 0.12, 0.32, 0.52, 1], [0, 23 / 64, 23 / 64, 21 / 22, 1]),
        ),
        ([(0.12, 20, 2), (0.32, 10, 9), (0.92, 9, 0)], ([0, 0.12, 0.32, 1], [0, 3 / 22, 10 / 12, 1])),  # few
        ([(0.32, 17, 0), (0.92, 10, 10)], ([0, 0.32, 0.92, 1], [0, 1 / 19, 11 / 12, 1])),  # none is certain
        ([(0.32, 10, 0), (0.92, 30_000, 30_000)], ([0, 0.32, 0.92, 1], [0, 1 / 12, 30_001 / 30_002, 1])),
        ([(0.12, 20, 2), (0.92, 9, 9)], None),
        ([], None),
    ],
)
def test_a_facing_curve_has_what_was_measured_and_never_falls(bins, expected):
    scores = np.concatenate([np.zeros(0), *(np.full(n, score) for score, n, _ in bins)])
    hits = np.concatenate([np.zeros(0, bool), *(np.arange(n) < right for _, n, right in bins)])
    curve = facing_curve(scores, hits)
    assert curve == (expected and tuple(pytest.approx(values, abs=1e-4) for values in expected))
    assert curve is None or all(0 < likely < 1 for likely in curve[1][1:-1])
