"""The shelf pictures that come with skushare."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "data"
DEMO_GALLERY = FOLDER / "demo_gallery.zip"


def sample_pictures():
    """Paths of the bundled shelf pictures, by name; empty where only the package was installed."""
    return sorted(FOLDER.glob("*.jpg"))
