"""What a page has to tell after its next run: that something was done, or why not."""

import streamlit as st

from skushare.app.text import plain, sentence
from skushare.errors import SkushareError


def note(text, failed=False):
    """Have ``text`` shown at the top of the next run."""
    st.session_state.setdefault("notes", []).append((text, failed))


def attempt(act, *args, **options):
    """Do what a button says and return whether it went well; if not, the next run tells why."""
    try:
        act(*args, **options)
    except SkushareError as error:
        note(str(error), failed=True)
        return False
    return True


def show_error(problem):
    """Show an error, or the text of one."""
    st.error(plain(sentence(str(problem))), icon=":material/error:")


def show_notes(scrolled=False):
    """Show what was noted, once, and each text only once.

    Args:
        scrolled: whether the visitor may be further down, where only a toast is seen.
    """
    # A place of their own: what follows would move up when they are gone, and a file that is given to a field
    # at that moment is lost.
    with st.container():
        for text, failed in dict.fromkeys(st.session_state.pop("notes", [])):
            if failed:
                show_error(text)
                if scrolled:
                    st.toast(plain(sentence(text)), icon=":material/error:", duration="long")
            else:
                st.toast(plain(text), icon=":material/check:")
