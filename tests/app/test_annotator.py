"""What the server does with the changes that the annotator sends."""

from contextlib import suppress
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import RerunException

from skushare.app import annotator as module
from skushare.dataset.dataset import Sample

SAMPLE = Sample(Path("a.jpg"), 60, 40, np.float32([[1, 2, 3, 4]]), np.int32([1]), np.float32([0.5]))


@pytest.fixture
def browser(monkeypatch):
    """A browser: ``send`` has it send changes, ``data`` is what it was given, ``saved`` what was saved."""

    class Browser:
        waiting = False  # whether a further message waits

        def __init__(self):
            self.saved = []
            self.show()

        def show(self):
            module.annotator(
                "key", ["shop", "a.jpg"], b"jpeg", SAMPLE, ("can", "jar"), self.save, undo=self.undo
            )

        def undo(self, picture, step):
            self.saved.append((picture, step, step))

        def save(self, picture, before, after):
            self.saved.append((picture, before, after))

        def mount(self, key, data, on_edits_change):
            self.data, self.deliver = data, on_edits_change

        def send(self, batch, saved, *changes):
            edits = {name: self.data[name] for name in ("session", "picture")}
            edits |= {"batch": batch, "saved": saved}
            edits["changes"] = [
                {"step": change} if change in ("undo", "redo") else {"before": None, "after": change}
                for change in changes
            ]
            dict.__setitem__(state, "key", {"edits": edits})
            self.deliver()
            self.show()

    class State(dict):
        """Like Streamlit's, it may end the run wherever it is asked."""

        def __getitem__(self, key):
            self.end_run()
            return super().__getitem__(key)

        def __setitem__(self, key, value):
            self.end_run()
            super().__setitem__(key, value)

        def get(self, key, default=None):
            self.end_run()
            return super().get(key, default)

        def setdefault(self, key, default):
            self.end_run()
            return super().setdefault(key, default)

        def end_run(self):
            if browser.waiting:
                raise RerunException(None)

    state, browser = State(), Browser.__new__(Browser)
    monkeypatch.setattr(st, "session_state", state)
    monkeypatch.setattr(module, "component", lambda *_: browser.mount)
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
        ([("a", 0, 1, "undo"), ("a", 0, 1, "undo", "undo", "redo")], [1, "undo", "undo", "redo"]),
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


def test_what_was_sent_to_a_session_before_is_saved_once_it_is_sent_again(browser):
    browser.send("a", 0, 1)
    old = st.session_state["key"]
    dict.clear(st.session_state)  # the server is started anew; the browser does not yet know of it
    st.session_state["key"] = old
    browser.show()
    browser.deliver()
    assert len(browser.saved) == 1 and browser.data["saved"] == {"batch": "", "count": 0}
    browser.send("a", 1, 2)
    assert [after for _, _, after in browser.saved] == [1, 2]


@pytest.mark.parametrize("last", [0, 1])
def test_no_change_is_saved_twice_where_a_further_message_ends_the_run(browser, last):
    def save(picture, before, after):
        browser.saved.append(after)
        browser.waiting = len(browser.saved) == last + 1

    browser.save = save
    browser.show()
    with suppress(RerunException):
        browser.send("a", 0, 1, 2)
    browser.waiting = False
    browser.send("a", 0, 1, 2, 3)
    assert browser.saved == [1, 2, 3]


def test_a_change_whose_run_was_ended_before_it_is_saved_by_the_next(browser):
    browser.waiting = True
    with suppress(RerunException):
        browser.send("a", 0, 1)
    assert not browser.saved
    browser.waiting = False
    module.save_waiting()
    assert [after for _, _, after in browser.saved] == [1]


def test_two_runs_that_overlap_save_a_change_once(browser):
    run = Thread(target=module.save_waiting)

    def save(picture, before, after):
        run.start()
        run.join(0.05)  # it waits for this one
        browser.saved.append(after)

    browser.save = save
    browser.show()
    browser.send("a", 0, 1)
    run.join()
    assert browser.saved == [1]
