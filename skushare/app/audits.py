"""Which audits a visitor looks at."""

import streamlit as st

from skushare.app.notes import attempt, note
from skushare.audits import store


def go_to(audit=None, other=None):
    """Have the list shown in the next run, or an audit, or two of them side by side."""
    st.query_params.from_dict(
        {name: str(number) for name, number in (("audit", audit), ("other", other)) if number is not None}
    )


def opened():
    """The numbers of the audits that the address names: none, one or two."""
    numbers = (st.query_params.get(name, "") for name in ("audit", "other"))
    return [int(number) for number in numbers if number.isdecimal() and len(number) < 16]


def offer_list():
    """A button that has the list shown."""
    st.button("All audits", icon=":material/list:", on_click=go_to)


def delete(audit):
    """Remove an audit for good and have the list shown; where it cannot be, the next run tells why."""
    if attempt(store.delete_audit, audit):
        note(f"Audit {audit} is deleted")
        go_to()
