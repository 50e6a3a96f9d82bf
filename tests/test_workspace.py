import pytest

from skushare.errors import ConfigError
from skushare.workspace import checked_name, datasets_folder


def test_the_environment_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path))
    assert datasets_folder() == tmp_path / "datasets"


@pytest.mark.parametrize("name", ["shop", "shop_2-a.b", "1", "a" * 64])
def test_plain_names_pass(name):
    assert checked_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", ".git", "a b", "a\n", "a" * 65, "-x", "é"])
def test_names_that_could_leave_the_folder_do_not(name):
    with pytest.raises(ConfigError):
        checked_name(name)
