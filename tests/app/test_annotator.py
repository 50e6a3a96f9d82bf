"""What the server does with the changes that the annotator sends."""

from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from skushare.app import annotator as module
from skushare.dataset.dataset import Sample

SAMPLE = Sample(Path("a.jpg"), 60, 40, np.float32([[1, 2, 3, 4]]), np.int32([1]), np.float32([0.5]))


@pytest.fixture
def browser(monkeypatch):
    """A browser: ``send`` has it send changes, ``data`` is what it was given, ``saved`` what was saved."""

    class Browser:
        def __init__(self):
            self.saved = []
            self.show()

        def show(self):
            module.annotator("key", ["shop", "a.jpg"], b"jpeg", SAMPLE, ("can", "jar"), self.save)

        def save(self, picture, before, after):
            self.saved.append((picture, before, after))

        def mount(self, key, data, on_edits_change):
            self.data, self.deliver = data, on_edits_change

        def send(self, batch, saved, *changes):
            edits = {"picture": ["shop", "a.jpg"], "batch": batch, "saved": saved}
            edits["changes"] = [{"before": None, "after": change} for change in changes]
            state["key"] = {"edits": edits}
            self.deliver()
            self.show()

    state, browser = {}, Browser.__new__(Browser)
    monkeypatch.setattr(st, "session_state", state)
    monkeypatch.setattr(module, "_component", lambda: browser.mount)
    browser.__init__()
    return browser


def test_the_browser_gets_what_it_draws(browser):
    assert browser.data["boxes"] == [[1, 2, 3, 4, 1, 0.5]]
    assert (browser.data["width"], browser.data["height"]) == (60, 40)
    assert browser.data["src"] == "data:image/jpeg;base64,anBlZw=="
    assert len(browser.data["colors"]) == 2 and browser.data["saved"] == {"batch": "", "count": 0}


@pytest.mark.parametrize(
    "messages, saved",
    [
        ([("a", 0, 1)], [1]),
        ([("a", 0, 1), ("a", 1, 2)], [1, 2]),
        ([("a", 0, 1), ("a", 0, 1, 2)], [1, 2]),  # the first was not yet known to be saved
        ([("a", 0, 1, 2, 3)], [1, 2, 3]),  # two messages became one
        ([("a", 0, 1, 2), ("a", 0, 1, 2)], [1, 2]),  # the same once more
        ([("a", 1, 2, 3, 4)], [2, 3, 4]),  # the server was started anew since the first was saved
        ([("a", 0, 1), ("b", 0, 1)], [1, 1]),  # another picture, or the page was loaded again
    ],
)
def test_each_change_is_saved_once_whatever_is_sent_twice(browser, messages, saved):
    for batch, first, *changes in messages:
        browser.send(batch, first, *changes)
    assert [after for _, _, after in browser.saved] == saved
    assert {tuple(picture) for picture, _, _ in browser.saved} == {("shop", "a.jpg")}
    last = messages[-1]
    assert browser.data["saved"] == {"batch": last[0], "count": last[1] + len(last) - 2}
