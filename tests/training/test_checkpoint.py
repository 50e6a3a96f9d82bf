import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.errors import ModelError
from skushare.training.checkpoint import Checkpoints, load_checkpoint, save_checkpoint


def model(units=2):
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(units), keras.layers.BatchNormalization()]
    )
    model.compile(keras.optimizers.AdamW(0.1, use_ema=True), "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def state(model):
    return [v.numpy() for v in (*model.variables, *model.optimizer.variables)]


@pytest.fixture(scope="module")
def trained():
    trained = model()
    trained.train_on_batch(np.ones((4, 3)), np.zeros((4, 2)))
    return trained


def assert_same(a, b):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


def test_all_state_comes_back(trained, tmp_path):
    save_checkpoint(tmp_path / "c.npz", trained, {"step": 7, "best": -1})
    other = model()
    assert load_checkpoint(tmp_path / "c.npz", other) == {"step": 7, "best": -1}
    assert_same(state(other), state(trained))


def test_a_checkpoint_of_another_network_changes_nothing(trained, tmp_path):
    save_checkpoint(tmp_path / "c.npz", trained, {})
    other = model(units=3)
    before = state(other)
    with pytest.raises(ModelError, match="another network"):
        load_checkpoint(tmp_path / "c.npz", other)
    assert_same(state(other), before)


def test_a_damaged_byte_is_noticed_or_harmless(trained, tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpoints") / "c.npz"
    save_checkpoint(path, trained, {"step": 3})
    content, other, expected = path.read_bytes(), model(), state(trained)

    @given(at=st.integers(0, len(content) - 1), flip=st.integers(1, 255), cut=st.booleans())
    def check(at, flip, cut):
        damaged = bytearray(content)
        damaged[at] ^= flip
        path.write_bytes(content[:at] if cut else damaged)
        try:
            counters = load_checkpoint(path, other)
        except ModelError:
            return
        assert counters == {"step": 3}
        assert_same(state(other), expected)

    check()


def test_the_last_two_are_kept_and_a_failed_writing_costs_none(trained, tmp_path):
    checkpoints = Checkpoints(tmp_path)
    for step in (1, 2, 3):
        checkpoints.save(trained, {"step": step})
    (tmp_path / "next.npz").mkdir()  # nothing can be written there
    with pytest.raises(Exception, match=r"next\.npz"):
        checkpoints.save(trained, {"step": 4})
    assert checkpoints.restore(model()) == {"step": 3}
    (tmp_path / "last.npz").write_bytes(b"")
    told = []
    assert checkpoints.restore(model(), told.append) == {"step": 2} and "last.npz" in told[0]


def test_a_new_run_has_no_checkpoint(tmp_path):
    assert Checkpoints(tmp_path).restore(model()) == {}
