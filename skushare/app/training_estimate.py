"""What a run will take on this machine, measured in the background when asked for."""

import threading
import time
from concurrent.futures import Future

import psutil
import streamlit as st

from skushare.app.polling import poll
from skushare.app.text import duration, plain
from skushare.errors import SkushareError
from skushare.training.estimate import estimate, known_estimate
from skushare.training.plan import Plan

REFRESH = 2.0  # seconds
TIGHT = 0.8  # of the machine's memory


def show_estimate(plan):
    """Time and memory of ``plan`` if they were measured, else a button that measures them."""
    asked = plan.to_json()
    if st.session_state.get("training_measured") == asked:
        poll(_wait_for, REFRESH, asked)
        return
    try:
        known = known_estimate(plan)
    except SkushareError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    if known:
        _show(known)
    st.button(
        "Measure again" if known else "Measure time and memory here",
        icon=":material/timer:",
        type="tertiary" if known else "secondary",
        width="content" if known else "stretch",
        help="Takes a few real steps on this machine, which lasts half a minute or more.",
        on_click=_measure,
        args=(asked,),
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
        f"photo to validate." + " Other programs were at work meanwhile; alone it goes faster." * known.busy
    )
    if known.memory > TIGHT * total:
        st.warning(
            "Memory will be tight. Take fewer crops a step, or end other programs.", icon=":material/memory:"
        )


def _measure(asked):
    _measurement.clear(asked)
    st.session_state.training_measured = asked
    _measurement(asked)


@st.cache_resource(max_entries=20, show_spinner=False)
def _measurement(asked):
    """The future ``Estimate`` of a plan, shared by all visitors; a thread, as it only waits for a process."""
    future = Future()

    def work():
        try:
            future.set_result(estimate(Plan.from_json(asked), again=True))
        except Exception as error:  # told on the page, and a lost thread would be waited for in vain
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future


def _wait_for(asked):
    future = _measurement(asked)
    if not future.done():
        st.info("Taking a few steps to see how long they take ...", icon=":material/timer:")
        return
    error = future.exception()
    if error is None:
        st.session_state.training_measured = None
        st.rerun()
    st.error(plain(str(error)), icon=":material/error:")
    st.button("Measure again", on_click=_measure, args=(asked,), key="training_measure_again")
