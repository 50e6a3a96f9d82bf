"""Text of others on a page."""

import re


def plain(text):
    """``text`` such that Streamlit shows it as it is, whatever Markdown a file name contains."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|$~:&])", r"\\\1", text)


def sentence(text):
    """``text`` of an error with a capital, unless a name begins it, as in "mine: is empty"."""
    return text[:1].upper() + text[1:] if re.match("[a-z]+ [^:;]*(;|$)", text) else text


def duration(seconds):
    """``seconds`` for people: "20 s", "12 min", "3 h 5 min", "2 d 4 h"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
