"""What is exported: a model of the models' folder or of a run, and the embedder, as networks to run."""

import numpy as np

from skushare.brands.embedder import DEFAULT_EMBEDDER, Embedder
from skushare.detector.models import WEIGHTS, models_folder
from skushare.export.errors import ExportError
from skushare.export.freeze import load_tensorflow

SAME_DIRECTION = 0.995  # cosine of the embeddings of a LiteRT file and of the weights beside it


def detector_network(model):
    """The network of a :class:`Model` with its weights, ready to be exported.

    Raises:
        ModelError: its weights are missing or damaged.
    """
    path = model.path(WEIGHTS)
    load_tensorflow()
    from skushare.detector.network import build_network
    from skushare.detector.weights import load_weights
    from skushare.export.inference import inference_network

    network = build_network(model.config, (None, None) if model.config.resize == "fit" else None)
    load_weights(network, path)
    return inference_network(network)


def open_embedder():
    """The shipped :class:`Embedder`, or ``None`` where there is none."""
    return Embedder.load() if (models_folder() / DEFAULT_EMBEDDER).is_dir() else None


def embedder_network(embedder):
    """The network of ``embedder``, for any number of facings at once, ready to be exported.

    Raises:
        ModelError: its weights are missing or damaged.
        ExportError: they are not those of its LiteRT file.
    """
    load_tensorflow()
    from skushare.brands.network import build_embedder
    from skushare.detector.weights import load_weights
    from skushare.export.inference import inference_network

    path = models_folder() / embedder.name / WEIGHTS
    network = build_embedder()
    load_weights(network, path)
    network = inference_network(network, batch=None)
    crops = np.random.default_rng(0).integers(0, 256, (4, embedder.size, embedder.size, 3), np.uint8)
    vectors = network(crops.astype(np.float32), training=False)["embedding"].numpy()
    if (vectors * embedder.embed_pictures(list(crops))).sum(axis=1).min() < SAME_DIRECTION:
        raise ExportError(
            f"{path}: other weights than those of the LiteRT file beside it; package them again"
        )
    return network
