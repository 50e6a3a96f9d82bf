"""An embedder that needs no network: the vector of a picture is its mean colour."""

import numpy as np
import pytest

from skushare.brands.gallery import Gallery, Sku
from skushare.jpeg import encode_jpeg

COLORS = {"red": (250, 20, 20), "green": (20, 250, 20), "blue": (20, 20, 250)}


class ColorEmbedder:
    """Like an ``Embedder``; a match is sure from a similarity of 0.9 on."""

    digest, dimensions, likeness, middle = "colors", 3, 0.9, 0.9

    def embed_pictures(self, pictures):
        means = np.float32([np.asarray(p, np.float32).mean((0, 1)) for p in pictures]).reshape(-1, 3)
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def embed(self, image, boxes):
        return self.embed_pictures([image[int(t) : int(b), int(x) : int(r)] for x, t, r, b in boxes])

    def certainty(self, similarity, middle):
        return np.where(np.asarray(similarity) >= middle, 0.95, 0.05)


@pytest.fixture
def embedder():
    return ColorEmbedder()


def picture(color, side=24):
    """A picture of one colour, a name of ``COLORS`` or (red, green, blue)."""
    return np.full((side, side, 3), COLORS.get(color, color), np.uint8)


@pytest.fixture
def gallery(embedder):
    """See :func:`color_gallery`."""
    return color_gallery(embedder)


def color_gallery(embedder):
    """Two products of the brand Rot, of which green has two examples, and one of Blau."""
    made = Gallery("shelf")
    for identity, color, brand, count in (
        ("a", "red", "Rot", 1),
        ("b", "green", "Rot", 2),
        ("c", "blue", "Blau", 1),
    ):
        shown = [picture(color)] * count
        made = made.with_examples(
            Sku(identity, color, brand), embedder.embed_pictures(shown), map(encode_jpeg, shown), embedder
        )
    return made
