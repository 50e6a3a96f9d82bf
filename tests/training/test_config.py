import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.errors import ConfigError
from skushare.training.config import TrainingConfig


@given(
    st.builds(
        TrainingConfig,
        steps=st.integers(1, 10**6),
        optimizer=st.sampled_from(["adamw", "momentum"]),
        learning_rate=st.floats(1e-6, 1.0),
        weight_decay=st.floats(0, 1),
        freeze_before=st.text(),
        photometric=st.booleans(),
    )
)
def test_json_round_trip(config):
    assert TrainingConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "steps: at least 1, got 0"),
        ({"steps": 1.5}, "steps"),
        ({"batch_size": True}, "batch_size"),
        ({"learning_rate": 0}, "nothing is learnt, got 0"),
        ({"learning_rate": float("nan")}, "learning_rate: a finite number"),
        ({"learning_rate": "1e-3"}, "learning_rate: a value of type float"),
        ({"optimizer": "lion"}, "optimizer: one of adamw, momentum"),
        ({"momentum": 1.0}, "momentum"),
        ({"ema": 1.0}, "ema"),
        ({"min_scale": 0.0}, "min_scale"),
        ({"min_scale": 0.8, "max_scale": 0.5}, "max_scale 0.5 is below min_scale 0.8"),
        ({"schedule_steps": 300, "warmup_steps": 300}, "schedule_steps"),
        ({"validation_photos": -1}, "validation_photos"),
        ({"seed": -1}, "seed"),
        ({"steps": 2**53 + 2}, "steps: whole numbers to 4,294,967,295"),
        ({"learning_rate": 10**400}, "learning_rate: whole numbers to"),
        ({"speed": 1}, "unknown setting speed"),
    ],
)
def test_a_wrong_setting_is_named_with_the_rule(changes, message):
    with pytest.raises(ConfigError, match=message):
        TrainingConfig.from_json(json.dumps(changes))
