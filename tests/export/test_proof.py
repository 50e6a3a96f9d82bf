"""What a proof says of an export that is out of the ordinary."""

from dataclasses import replace

import pytest

from skushare.detector.models import read_model
from skushare.export import golden, proof


@pytest.mark.parametrize(
    "largest, precisions", [(1.0, ["float32", "float16", "uint8"]), (1e5, ["float32", "uint8"])]
)
def test_a_precision_that_cannot_hold_the_weights_is_left_out(converted, monkeypatch, largest, precisions):
    monkeypatch.setattr(golden, "pictures", dict)
    name = next(iter(converted.stored("float16")))
    weights = {**converted.weights, name: converted.weights[name] * 0 + largest}
    table, _ = proof.measure(read_model(), replace(converted, weights=weights), None)
    assert [precision.split()[0] for precision in table["precision"]] == precisions
