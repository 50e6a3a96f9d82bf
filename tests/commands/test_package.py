"""`skushare package`: what is told before Keras is loaded; tests/training has the packaging."""

import pytest

from skushare.cli import main


@pytest.mark.parametrize(
    ("weights", "words"), [(False, "run: has no trained weights"), (True, "no-such.json")]
)
def test_a_mistake_is_told_before_keras_is_loaded(tmp_path, monkeypatch, capsys, weights, words):
    monkeypatch.setattr("skushare.quiet.load_keras", lambda: pytest.fail("too late"))
    (tmp_path / "run").mkdir()
    if weights:
        (tmp_path / "run" / "best.npz").touch()
    assert main(["package", str(tmp_path / "run"), "--val", "no-such.json"]) == 2
    assert words in capsys.readouterr().err
