import numpy as np
import pytest

from skushare.training.batches import Batches
from skushare.training.config import TrainingConfig


def settings(**changes):
    return TrainingConfig(batch_size=2, **changes)


@pytest.mark.parametrize("changes", [{}, {"mosaic": 0.5, "paste": 0.5}])
def test_batches_depend_on_seed_and_number_alone(dataset, tiny, changes):
    one, two = (Batches([(dataset, 1.0)], tiny, settings(seed=5, **changes)) for _ in range(2))
    two.batch(0)
    for a, b in zip(one.batch(7), two.batch(7), strict=True):
        for x, y in zip(*([v] if isinstance(v, np.ndarray) else v.values() for v in (a, b)), strict=True):
            np.testing.assert_array_equal(x, y)
    assert (one.batch(8)[0] != one.batch(7)[0]).any()
    stream = one.stream(3)
    np.testing.assert_array_equal(next(stream)[0], one.batch(3)[0])
    np.testing.assert_array_equal(next(stream)[0], one.batch(4)[0])
    stream.close()
