"""Text of others on a page."""

import re


def plain(text):
    """``text`` such that Streamlit shows it as it is, whatever Markdown a file name contains."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|$~:])", r"\\\1", text)
