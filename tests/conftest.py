"""What holds for every test: quiet TensorFlow, and random numbers that are the same each time."""

import os
import random
import sys

import numpy as np
import pytest
from hypothesis import settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before the first import of TensorFlow

# No deadline: a busy machine is no fault of the code.
settings.register_profile("skushare", deadline=None, derandomize=True)
settings.load_profile("skushare")


@pytest.fixture(autouse=True)
def _seeds():
    random.seed(0)
    np.random.seed(0)
    if "keras" in sys.modules:  # imported for its own seed, it would slow down the tests that do without
        sys.modules["keras"].utils.set_random_seed(0)
