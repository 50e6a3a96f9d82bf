"""A grid of small pictures that can be clicked."""

import base64

import numpy as np

from skushare.app.component import component
from skushare.colors import label_colors
from skushare.errors import SkushareError


def picture_grid(pictures, labels, key):
    """Show pictures with their boxes side by side; returns the name of the one just clicked, or ``None``.

    Args:
        pictures: (name, note, JPEG bytes, sample) of each; an error in the place of the bytes is
            shown as the reason why there is no picture.
        labels: class names.
    """
    cards = [_card(*picture, labels) for picture in pictures]
    grid = component("picture_grid", '<div class="grid"></div>')
    return grid(key=key, data=cards, on_open_change=lambda: None).get("open")


def data_url(jpeg):
    """JPEG bytes as an address that a browser shows."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def _card(name, note, jpeg, sample, labels):
    card = {"name": name, "note": note}
    if isinstance(jpeg, SkushareError):
        return card | {"problem": str(jpeg)}
    colors = label_colors(labels)
    outlines = [
        (colors[labels[class_id]], _outline(sample.boxes[sample.class_ids == class_id]))
        for class_id in np.unique(sample.class_ids)
    ]
    size = {"width": sample.width, "height": sample.height}
    return card | size | {"src": data_url(jpeg), "outlines": outlines}


def _outline(boxes):
    """An SVG path around ``boxes`` (n, 4)."""
    corners = np.rint(boxes).astype(int).tolist()
    return "".join(f"M{x1} {y1}H{x2}V{y2}H{x1}Z" for x1, y1, x2, y2 in corners)
