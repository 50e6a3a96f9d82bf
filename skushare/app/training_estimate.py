"""What a run will take on this machine, measured in the background when asked for."""

import threading
import time
from concurrent.futures import Future

import psutil
import streamlit as st

from skushare.app.notes import show_error
from skushare.app.polling import poll
from skushare.app.text import duration
from skushare.errors import SkushareError
from skushare.training.estimate import cost_key, estimate, known_estimate

REFRESH = 2.0  # seconds
TIGHT = 0.8  # of the machine's memory


def show_estimate(plan):
    """Time and memory of ``plan`` if they were measured, else a button that measures them."""
    try:
        key, measuring = cost_key(plan), st.session_state.get("training_measuring")
        if measuring and measuring.key == key:
            poll(_wait_for, REFRESH, plan)
            return
        known = known_estimate(plan)
    except SkushareError as error:
        show_error(error)
        return
    if known:
        _show(known)
    st.button(
        "Measure again" if known else "Measure time and memory here",
        icon=":material/timer:",
        type="tertiary" if known else "secondary",
        width="content" if known else "stretch",
        help="Takes a few real steps on this machine, for half a minute or more.",
        on_click=_measure,
        args=(plan, key),
    )


def _show(known):
    total = psutil.virtual_memory().total
    with st.container(horizontal=True):
        st.metric("Takes about", duration(known.seconds), border=True)
        of_all = f"At the most, of the {total / 2**30:.0f} GB of this machine."
        st.metric("Memory", f"{known.memory / 2**30:.1f} GB", border=True, help=of_all)
    ago = duration(max(0.0, time.time() - known.measured))
    st.caption(
        f"Measured here {ago} ago: {known.seconds_per_step:.2f} s a step, {known.seconds_per_photo:.2f} s a "
        f"photo to validate." + " Other programs were busy meanwhile; without them it is faster." * known.busy
    )
    if known.memory > TIGHT * total:
        st.warning(
            "Memory will be tight. Take fewer crops a step, or close other programs.",
            icon=":material/memory:",
        )


class _Measuring:
    """A measurement of a plan, its ``cost_key`` being ``key``; a thread, as it only waits for a process."""

    def __init__(self, plan, key):
        self.key, self.future, self.stop = key, Future(), threading.Event()
        threading.Thread(target=self._measure, args=(plan,), daemon=True).start()

    def _measure(self, plan):
        try:
            self.future.set_result(estimate(plan, again=True, stop=self.stop))
        except Exception as error:  # told on the page, and a lost thread would be waited for in vain
            self.future.set_exception(error)


def stop_measuring():
    """End the visitor's measurement, if one is on its way: it would take time from what comes next."""
    if measuring := st.session_state.pop("training_measuring", None):
        measuring.stop.set()


def _measure(plan, key):
    stop_measuring()
    st.session_state.training_measuring = _Measuring(plan, key)


def _wait_for(plan):
    measuring = st.session_state.get("training_measuring")
    if measuring and not measuring.future.done():
        st.info("Taking a few steps to see how long they take ...", icon=":material/timer:")
        st.button("Stop measuring", icon=":material/stop:", type="tertiary", on_click=stop_measuring)
        return
    error = measuring and measuring.future.exception()
    if error is None:
        stop_measuring()
        st.rerun()
    show_error(error)
    st.button("Measure again", on_click=_measure, args=(plan, measuring.key), key="training_measure_again")
