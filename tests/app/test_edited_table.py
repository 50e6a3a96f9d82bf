from types import SimpleNamespace

import pandas as pd
import pytest

from skushare.app import edited_table
from skushare.app.edited_table import edited_rows


@pytest.fixture
def browser(monkeypatch):
    """Tables as a browser has them: ``run(table)`` draws one, ``write`` writes into the one that is shown."""
    state, keys = {}, []

    def run(table):
        return edited_rows("place", table)

    def write(row, column, value):
        rows = state.setdefault(keys[-1], {"edited_rows": {}})["edited_rows"]
        rows.setdefault(str(row), {})[column] = value

    monkeypatch.setattr(edited_table.st, "session_state", state)
    monkeypatch.setattr(edited_table.st, "data_editor", lambda table, key: keys.append(key))
    return SimpleNamespace(run=run, write=write, keys=keys)


def table(**targets):
    return pd.DataFrame({"target": targets.values()}, index=list(targets))


def test_what_is_written_while_the_first_is_saved_is_given_in_the_same_table(browser):
    before = table(a=1.0, b=2.0)
    assert browser.run(before) == {}
    browser.write(0, "target", 7)
    assert browser.run(before) == {"a": {"target": 7}}
    browser.write(1, "target", 8)
    assert browser.run(before) == {"a": {"target": 7}, "b": {"target": 8}}  # a run beside the one that saves
    assert browser.run(table(a=7.0, b=2.0)) == {"b": {"target": 8}}
    assert browser.run(table(a=7.0, b=8.0)) == {} and len(set(browser.keys)) == 1


def test_what_somebody_else_changed_since_is_not_overwritten_and_is_seen(browser):
    browser.run(table(a=1.0, b=2.0))
    browser.write(0, "target", 7)
    browser.run(table(a=1.0, b=2.0))
    browser.run(table(a=7.0, b=2.0))
    browser.write(1, "target", 8)
    assert browser.run(table(a=1.0, b=2.0)) == {"b": {"target": 8}}  # as where an old version came back
    assert browser.run(table(a=1.0, b=8.0)) == {} and len(set(browser.keys)) == 2


def test_what_is_written_is_of_its_row_wherever_that_is_now(browser):
    browser.run(table(a=1.0, b=2.0, c=3.0))
    browser.write(0, "target", 7)
    browser.write(1, "target", 8)
    browser.write(2, "target", None)
    assert browser.run(table(c=3.0, b=2.0)) == {"b": {"target": 8}, "c": {"target": None}}
    assert browser.run(table(c=None, b=8.0)) == {} and len(set(browser.keys)) == 2


def test_a_value_that_is_taken_out_is_saved_once(browser):
    browser.run(table(a=1.0))
    browser.write(0, "target", None)
    assert browser.run(table(a=1.0)) == {"a": {"target": None}}
    assert browser.run(table(a=float("nan"))) == {} == browser.run(table(a=float("nan")))
