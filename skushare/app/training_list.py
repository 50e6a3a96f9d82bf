"""The training runs as a list, one of which the user chooses."""

from functools import lru_cache

import pandas as pd
import streamlit as st

from skushare.app.choice_list import choice_list
from skushare.training import runs
from skushare.training.comparison import best_figures


def show_list(names, chosen):
    """The runs ``names``, ``chosen`` marked; the page reruns if others exist by now, or one was clicked."""
    known = runs.list_runs()
    if [run.name for run in known] != names or st.session_state.training_run != chosen:
        st.rerun()  # somebody else made or deleted one, or a click on the list chose another
    columns = {
        "done": st.column_config.ProgressColumn(min_value=0, max_value=100, format="%d %%"),
        "best AP": st.column_config.NumberColumn(format="%.3f"),
    }
    choice_list([_row(run) for run in known], names, "training_list", "training_run", columns)


def _row(run):
    progress, (status, reason) = run.progress(), run.condition()
    return {
        "run": run.name,
        "status": status,
        "done": 100 * progress.step / max(1, progress.steps) if progress else 0.0,
        "best AP": _best_ap(run),
        "made": pd.Timestamp(run.created, unit="s", tz="UTC"),
        "why": reason,
    }


def _best_ap(run):
    try:
        status = (run.folder / runs.METRICS).stat()
    except OSError:  # no validation yet
        return None
    return _read_best_ap(run, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1024)  # of what is read again every few seconds, a validation changes one run
def _read_best_ap(run, written, size):
    return best_figures(run.metrics()).get("AP")
