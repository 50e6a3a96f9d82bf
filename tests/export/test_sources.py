"""What an export is made of fits what runs."""

import numpy as np

from skushare.export.sources import embedder_network, open_embedder


def test_the_embedders_network_gives_the_vectors_of_its_file(keras):
    embedder = open_embedder()
    pictures = np.random.default_rng(0).integers(0, 256, (3, embedder.size, embedder.size, 3), np.uint8)
    found = embedder_network(embedder)(pictures.astype(np.float32), training=False)["embedding"]
    np.testing.assert_allclose(found, embedder.embed_pictures(list(pictures)), atol=0.02)
