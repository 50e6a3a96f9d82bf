"""Work goes on whatever the visitor clicks, and its end is told once."""

import time

from streamlit.testing.v1 import AppTest

from skushare.errors import SkushareError
from tests.app.conftest import PATIENCE


def page():
    """Begins work at a press; ``gate`` holds it up, ``broken`` has it fail."""
    import threading

    import streamlit as st

    from skushare.app.work import Work, watch_work
    from skushare.errors import SkushareError

    state = st.session_state
    if "begun" not in state:
        state.begun, state.gate, state.ends = True, threading.Event(), []

        gate, broken = state.gate, state.get("broken")

        def act(shown):
            for number in shown("Pictures")(range(3)):
                if number == 2:
                    gate.wait()
            if broken:
                raise SkushareError("shelf.zip: broken")
            return "done"

        state.work = Work(act, state.ends.append)
    try:
        if state.get("watching"):
            watch_work()
    except SkushareError as error:
        st.error(str(error))
    st.write(f"ends: {state.ends}")


def ends(app):
    assert not app.exception
    return app.markdown[0].value, [error.value for error in app.error]


def test_work_that_a_run_does_not_wait_for_is_found_by_a_later_one():
    app = AppTest.from_function(page).run()
    work = app.session_state.work
    assert ends(app) == ("ends: []", [])
    end = time.monotonic() + PATIENCE
    while work.text != "Pictures: 2 of 3" and time.monotonic() < end:
        time.sleep(0.01)
    assert work.share == 2 / 3
    app.session_state.gate.set()
    app.session_state.watching = True
    assert ends(app.run()) == ("ends: ['done']", [])
    assert "work" not in app.session_state
    assert ends(app.run()) == ("ends: ['done']", [])


def test_why_work_failed_is_told_and_nothing_follows():
    app = AppTest.from_function(page)
    app.session_state.broken = True
    app.run()
    app.session_state.gate.set()
    app.session_state.watching = True
    assert ends(app.run()) == ("ends: []", ["shelf.zip: broken"])
    assert ends(app.run()) == ("ends: []", [])


def test_what_follows_the_work_may_fail_and_is_told_once():
    app = AppTest.from_function(page).run()
    app.session_state.gate.set()
    app.session_state.watching = True

    def fail(_):
        raise SkushareError("shop: deleted meanwhile")

    app.session_state.work.then = fail
    assert ends(app.run()) == ("ends: []", ["shop: deleted meanwhile"])
    assert ends(app.run()) == ("ends: []", [])
