import pytest
from hypothesis import given
from hypothesis import strategies as st

from skushare.errors import ConfigError
from skushare.workspace import checked_name, datasets_folder, free_name, plain_name


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


@given(st.text())
def test_any_text_gives_a_name_that_passes_or_none(text):
    name = plain_name(text)
    assert not name or checked_name(name) == name


def test_a_plain_name_is_as_like_the_text_as_can_be():
    assert plain_name("shelves.v2") == "shelves.v2"
    assert plain_name(" Café, north (2).") == "Caf-north-2"
    assert plain_name("é") == "" and len(plain_name("a" * 99)) == 64


def test_a_taken_name_gets_the_first_free_number():
    assert free_name("a", ()) == "a"
    assert free_name("a", {"a", "a-2", "a-4"}) == "a-3"
    assert free_name("My brands", {"My brands", "My brands-2"}, between=" ") == "My brands 2"
