"""An audit of many photos at once, from a folder on the visitor's device."""

import hashlib
import threading
import time

import streamlit as st

from skushare.app.audit_words import word_fields
from skushare.app.audits import go_to
from skushare.app.clock import now
from skushare.app.galleries import shared_embedder
from skushare.app.model import shared_detector
from skushare.app.naming import NO_BRANDS, OWN_LABELS, choose_gallery
from skushare.app.notes import note
from skushare.audits.batch import Finder, open_batch, run_batch
from skushare.errors import SkushareError
from skushare.image_files import SUFFIXES

SECONDS_A_RUN = 2.0  # of counting, before the page shows how far it is


def show_batch():
    """A form that takes a folder, and how far the batch is."""
    state = st.session_state
    if "batch" in state:
        _go_on(state.batch)
        return
    st.markdown(
        "All photos of a folder become one audit. If it is interrupted, choose the same folder with "
        "the same details again: it continues, and no photo is counted twice."
    )
    detector, embedder = shared_detector(), shared_embedder()
    without = OWN_LABELS if len(detector.labels) > 1 else NO_BRANDS
    gallery = choose_gallery("batch_gallery", detector.labels, without) if embedder else None
    with st.form("batch_form", border=False):
        files = st.file_uploader(
            "Folder of photos",
            type=sorted(SUFFIXES),
            accept_multiple_files="directory",
            key="batch_files",
        )
        words = word_fields("batch")
        if st.form_submit_button("Count", type="primary"):
            if not files:
                st.info("Choose a folder first.")
                return
            state.audit_words = words
            state.batch = Batch(files, words, detector, gallery, embedder)
            st.rerun()
    st.caption("On the command line: `skushare audit FOLDER --store NAME`")


class Batch:
    """A batch that a page advances bit by bit."""

    def __init__(self, files, words, detector, gallery, embedder):
        names = hashlib.sha256(repr(sorted((file.name, file.size) for file in files)).encode())
        finder = Finder(detector, gallery=gallery, embedder=embedder)
        source = ["upload", names.hexdigest()]  # other photos are another audit, whatever the words
        time = words.get("time")
        self.number = open_batch(finder, words | {"time": time or now()}, len(files), source, time)
        self.planned, self.done, self.problems = len(files), 0, []
        self._died, self._turn = None, threading.Lock()  # of which error
        self._work = run_batch(self.number, [(file.name, file.getvalue) for file in files], finder)

    def advance(self, seconds):
        """Count photos for about ``seconds``, at least one; whether the audit is finished then.

        Calls at the same time, as of a run that was cut short and of the next one, follow one another.
        An error is raised again by each further call: what is left of the work would look finished.
        """
        with self._turn:
            if self._died:
                raise self._died
            end = time.monotonic() + seconds
            try:
                for taken in self._work:
                    self.done += 1
                    if taken.error:
                        self.problems.append(str(taken.error))
                    if time.monotonic() >= end:
                        return False
            except Exception as error:
                self._died = error
                raise
            return True


def _go_on(batch):
    st.progress(batch.done / batch.planned, text=f"Counted {batch.done} of {batch.planned} photos")
    if st.button("Stop", help="What was counted is kept; choose the same folder again to continue."):
        del st.session_state.batch
        st.rerun()
    try:
        finished = batch.advance(SECONDS_A_RUN)
    except Exception as error:
        del st.session_state.batch
        if not isinstance(error, SkushareError):
            raise
        note(str(error), failed=True)  # for the next run: without the bar, with the way to go on
        st.rerun()
    if finished:
        del st.session_state.batch
        for problem in batch.problems:
            note(problem, failed=True)
        note(f"Audit {batch.number} is saved")
        go_to(batch.number)
    st.rerun()
