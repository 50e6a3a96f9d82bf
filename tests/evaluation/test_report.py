import io
import json

import pandas as pd
import pytest

from skushare.evaluation.evaluate import make_row
from skushare.evaluation.evaluation import Evaluation
from skushare.evaluation.report import files


@pytest.fixture
def written(knowing, model, dataset):
    evaluation = Evaluation(model, dataset)
    result, saved = evaluation.run(resamples=0)
    return files(make_row(evaluation.about, result, saved, 0.5), result, saved, 0.5, ["x.jpg: is gone"])


def test_every_table_opens_as_csv(written):
    names = {"figures", "photos", "sizes", "densities", "precision_recall", "calibration", "counting"}
    tables = {name[:-4] for name in written if name.endswith(".csv")}
    assert tables == names
    for name in names:
        assert len(pd.read_csv(io.BytesIO(written[f"{name}.csv"]))) > 0
    photos = pd.read_csv(io.BytesIO(written["photos.csv"]))
    assert photos["missed"].tolist() == [1, 2, 3]


def test_figures_are_strict_json_with_what_was_left_out(written):
    def refuse(constant):
        raise AssertionError(constant)

    figures = json.loads(written["figures.json"], parse_constant=refuse)
    assert figures["recall"] == 0.5 and figures["not_evaluated"] == ["x.jpg: is gone"]
    assert figures["AP_small"] is None


def test_predictions_are_coco(written):
    content = json.loads(written["predictions.json"])
    assert [image["file_name"] for image in content["images"]] == ["2.png", "4.png", "6.png"]
    assert len(content["annotations"]) == 12 and content["categories"] == [{"id": 1, "name": "facing"}]
