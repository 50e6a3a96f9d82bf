"""The networks of an export, converted to graph models of TensorFlow.js, written and checked."""

from dataclasses import asdict
from typing import NamedTuple

from skushare import __version__
from skushare.export import golden, proof
from skushare.export.javascript import Task
from skushare.export.sources import detector_network, embedder_network
from skushare.export.tfjs import GraphModel, convert


class Graph(NamedTuple):
    """A network that was converted and written.

    Attributes:
        network: of ``sources``; converted: as a ``GraphModel``.
        task: the folder with the ``GraphModel`` that is stored, and inputs to prove it on.
    """

    network: object
    converted: GraphModel
    task: Task


def write_detector(folder, source, precision, shard_bytes, report):
    """Write the network of the ``Model`` ``source`` to ``folder`` and check it; gives the :class:`Graph`.

    Args:
        precision, shard_bytes: as of ``export_bundle``.
        report: the ``ExportReport`` that notes the checks.

    Raises:
        ExportError: it cannot be converted, or its weights do not fit into the precision.
        ModelError: its weights are missing or damaged.
    """
    config = source.config
    metadata = {
        "skushare": __version__,
        "name": source.name,
        "preset": config.preset,
        "labels": list(config.labels),
        "thresholds": {mode: config.threshold(mode) for mode in ("photo", "live")},
        "precision": precision,
        "sha256": source.files,
        "licence": source.about.get("licence", ""),
        "config": asdict(config),
    }
    batches = proof.inputs(source, list(golden.pictures().values()))
    network = detector_network(source)
    return _write("detector", folder, network, batches, precision, shard_bytes, metadata, report)


def write_embedder(folder, embedder, precision, shard_bytes, report):
    """Write the network of the ``Embedder`` likewise; as :func:`write_detector`."""
    metadata = {"skushare": __version__, "name": embedder.name, "digest": embedder.digest}
    images = list(golden.pictures().values())
    batches = [proof.crops(embedder, images)] if images else []
    network = embedder_network(embedder)
    return _write("embedder", folder, network, batches, precision, shard_bytes, metadata, report)


def _write(name, folder, network, batches, precision, shard_bytes, metadata, report):
    folder.mkdir(parents=True, exist_ok=True)
    converted = convert(network)
    stored = converted.write(folder, precision, shard_bytes, metadata)
    proof.check_operations(report, name, stored)
    proof.check_shards(report, name, stored, shard_bytes)
    proof.check_weights(report, name, network, converted, stored)
    proof.check_graph(report, name, network, converted, batches[:1])
    return Graph(network, converted, Task(name, folder, stored, batches))
