"""What the pages of the browser app share; the only part of skushare that needs Streamlit."""

from pathlib import Path

ICON = str(Path(__file__).with_name("icon.svg"))
