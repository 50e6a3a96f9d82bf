"""Work that takes long and that no click may cut short: a thread does it, and the page watches."""

import threading
import time
from concurrent.futures import Future

import streamlit as st

LOOK_SECONDS = 0.2


class Work:
    """Something that is being done, and how far it is.

    Args:
        act: called in a thread with :meth:`shown`; it must not use Streamlit.
        then: called with what that gives, in a run of the page.
    """

    def __init__(self, act, then):
        self.then, self.future = then, Future()
        self.share, self.text = 0.0, "Beginning"
        threading.Thread(target=self._do, args=(act,), daemon=True).start()

    def shown(self, text):
        """A function that wraps a list in an iterator which tells how far it is."""

        def wrap(items):
            items = list(items)
            for done, item in enumerate(items):
                self.share, self.text = done / len(items), f"{text}: {done:,} of {len(items):,}"
                yield item
            self.share, self.text = 1.0, "Writing"

        return wrap

    def _do(self, act):
        try:
            self.future.set_result(act(self.shown))
        except BaseException as error:  # told on the page; nobody else waits for the thread
            self.future.set_exception(error)


def begin_work(act, then):
    """Start ``act`` as a :class:`Work`, which the page shows from its next run on; then comes ``then``."""
    st.session_state.work = Work(act, then)
    st.rerun()


def watch_work():
    """Show how far the visitor's work is until it is done, and do then what follows.

    A run that a click cuts short leaves the rest to the next one, a visit to another page to the return.

    Raises:
        Exception: what the work raised, or what follows it.
    """
    state = st.session_state
    place = st.empty()  # also without work: what follows keeps its place on the page
    if (work := state.get("work")) is None:
        return
    while not work.future.done():
        place.progress(work.share, text=work.text)
        time.sleep(LOOK_SECONDS)
    place.empty()
    try:
        work.then(work.future.result())
    except Exception:  # not what cuts a run short: the next one has to tell it then
        del state.work
        raise
    del state.work
    st.rerun()
