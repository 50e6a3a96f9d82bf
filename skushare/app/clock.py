"""The clock at the visitor's place, which may be another than the server's."""

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import streamlit as st


def now():
    """The present time there, with the offset that holds there now."""
    return there(datetime.now(timezone.utc))


def there(moment):
    """``moment``, a datetime with a zone, as the clock there shows it."""
    return _fixed(moment.astimezone(_zone()))


def local(moment):
    """The time when the clock there shows ``moment``, a datetime without a zone."""
    zone = _zone()
    return _fixed(moment.replace(tzinfo=zone) if zone else moment.astimezone())


def _fixed(moment):
    return moment.replace(tzinfo=timezone(moment.utcoffset()))


def _zone():
    """The visitor's zone; ``None``, which stands for the server's, where it is not known."""
    try:
        return ZoneInfo(st.context.timezone or "")
    except (ValueError, OSError, KeyError):
        return None
