"""TensorFlow.js graph models: converting, storing at a precision, reading back and running in Python."""

import json
import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from skushare.export.errors import ExportError
from skushare.export.freeze import frozen, load_tensorflow, traced, writing_by_tensorflow
from skushare.quiet import quiet

PRECISIONS = ("float32", "float16", "uint8")
SHARD_BYTES = 4 << 20
MODEL_JSON = "model.json"
FUSED_DEPTHWISE = "FusedDepthwiseConv2dNative"  # TensorFlow.js' own; TensorFlow has no such operation
SMALL = 16  # numbers; weights of fewer are kept as they are: they are factors and sizes, not kernels
EXECUTE_ASYNC = ("control", "dynamic")  # categories of operations that ``execute()`` cannot run


@dataclass(frozen=True)
class GraphModel:
    """A TensorFlow.js graph model.

    Attributes:
        nodes: its operations, as ``model.json`` has them.
        weights: {node: array} of all constants, as they are calculated with.
        inputs, outputs: {name in the signature: tensor}.
        about: everything else of ``model.json``.
        shards: {file: bytes} of the weight files that were read.
        precision_of: {weight: ``"float16"`` or ``"uint8"``} of those that are not stored as they are.
    """

    nodes: list
    weights: dict
    inputs: dict
    outputs: dict
    about: dict = field(default_factory=dict)
    shards: dict = field(default_factory=dict)
    precision_of: dict = field(default_factory=dict)

    def faults(self):
        """What keeps TensorFlow.js from running it by ``execute()``; empty when nothing does.

        Sentences that name the operation and its node, which begins with the name of the Keras layer.
        """
        known, found = operations(), []
        for node in self.nodes:
            if node["op"] not in known:
                found.append(f"{node['name']}: TensorFlow.js does not know the operation {node['op']}")
            elif known[node["op"]] in EXECUTE_ASYNC:
                found.append(f"{node['name']}: {node['op']} runs by executeAsync() alone")
            elif node["op"] in ("_FusedConv2D", FUSED_DEPTHWISE):
                bias = self.weights.get(node["input"][2]) if len(node["input"]) > 2 else None
                if bias is not None and bias.ndim > 1:
                    found.append(f"{node['name']}: its bias has {bias.ndim} dimensions; one is allowed")
        return found

    def function(self):
        """A function that runs it in TensorFlow: {input: array} to {output: array}.

        It calculates with the stored weights, so it shows what was lost by their precision.
        """
        tf = load_tensorflow()
        graph = self._graph_def()

        def build():
            tf.import_graph_def(graph, name="")

        wrapped = tf.compat.v1.wrap_function(build, [])
        tensor = wrapped.graph.get_tensor_by_name
        names = list(self.inputs)
        run = wrapped.prune(
            [tensor(self.inputs[name]) for name in names],
            {name: tensor(value) for name, value in self.outputs.items()},
        )

        def call(feeds):
            found = run(*(tf.constant(feeds[name]) for name in names))
            return {name: value.numpy() for name, value in found.items()}

        return call

    def _graph_def(self):
        import tensorflow as tf
        from google.protobuf.json_format import ParseDict

        graph = tf.compat.v1.GraphDef()
        for node in self.nodes:
            if node["op"] == "Const":
                made = graph.node.add(name=node["name"], op="Const")
                value = self.weights[node["name"]]
                made.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
                made.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
            elif node["op"] == FUSED_DEPTHWISE:
                _unfuse(ParseDict(node, tf.compat.v1.NodeDef()), graph)
            else:
                ParseDict(node, graph.node.add())
        return graph

    def stored(self, precision):
        """{weight: dtype to store it as} for one of ``PRECISIONS``; what is missing stays as it is.

        At ``"uint8"`` the kernels of ordinary convolutions have 8 bits each, by one linear scale a kernel.
        Biases, and depthwise kernels, in which one such scale would have to serve channels of very
        different size, have 16: they are few.
        """
        if precision == "float32":
            return {}
        floats = {
            name: value
            for name, value in self.weights.items()
            if value.dtype == np.float32 and value.size >= SMALL
        }
        dtypes = dict.fromkeys(floats, "float16")
        if precision == "uint8":
            for node in self.nodes:
                if node["op"] in ("Conv2D", "_FusedConv2D", "MatMul", "_FusedMatMul"):
                    name = node["input"][1]
                    if name in floats:
                        dtypes[name] = "uint8"
        return dtypes

    def write(self, folder, precision="float16", shard_bytes=SHARD_BYTES, metadata=None):
        """Write it to the existing ``folder``, weights at ``precision`` in shards of ``shard_bytes``.

        Returns:
            the :class:`GraphModel` read back, whose weights are the stored ones.

        Raises:
            ExportError: a weight does not fit into the precision.
            OSError: the disk is full.
        """
        from tensorflowjs.write_weights import write_weights

        folder, dtypes = Path(folder), self.stored(precision)
        for name, dtype in dtypes.items():
            if dtype == "float16" and np.abs(self.weights[name]).max() > np.finfo(np.float16).max:
                raise ExportError(f"{name}: its weights do not fit into float16; export as float32")
        groups = [[{"name": name, "data": value} for name, value in self.weights.items()]]
        by_dtype = {kind: [n for n, d in dtypes.items() if d == kind] for kind in set(dtypes.values())}
        options = {"write_manifest": False, "quantization_dtype_map": by_dtype or None}
        with writing_by_tensorflow():
            manifest = write_weights(groups, str(folder), shard_bytes, **options)
        content = {
            **self.about,
            "signature": {"inputs": self._tensors(self.inputs), "outputs": self._tensors(self.outputs)},
            "userDefinedMetadata": metadata or {},
            "modelTopology": {"node": self.nodes, "versions": {"producer": 1}},
            "weightsManifest": manifest,
        }
        (folder / MODEL_JSON).write_text(json.dumps(content, separators=(",", ":"), sort_keys=True))
        return read_graph_model(folder)

    def _tensors(self, names):
        """The entries of the signature for {name: tensor}."""
        shapes = {node["name"]: node["attr"].get("shape", {}) for node in self.nodes if "attr" in node}
        entries = {}
        for name, tensor in names.items():
            entries[name] = {"name": tensor, "dtype": "DT_FLOAT"}
            if shape := shapes.get(tensor.split(":")[0]):
                entries[name]["tensorShape"] = shape["shape"]
        return entries


def _unfuse(node, graph):
    """Add to ``graph`` the operations that a fused depthwise convolution stands for."""
    kinds = [kind.decode() for kind in node.attr["fused_ops"].list.s]
    data, kernel, *others = node.input
    steps = [("DepthwiseConv2dNative", [kernel])]
    steps += [(kind, [others.pop(0)] if kind == "BiasAdd" else []) for kind in kinds if kind != "NoOp"]
    for number, (kind, inputs) in enumerate(steps):
        last = number == len(steps) - 1
        made = graph.node.add(name=node.name if last else f"{node.name}/step{number}", op=kind)
        made.input.extend([data, *inputs])
        made.attr["T"].CopyFrom(node.attr["T"])
        for attribute in {0: ("strides", "padding", "dilations", "data_format")}.get(number, ()):
            if attribute in node.attr:
                made.attr[attribute].CopyFrom(node.attr[attribute])
        data = made.name


def operations():
    """{operation that TensorFlow.js can run: its category}, by the lists of the converter."""
    from tensorflowjs import resource_loader

    found = {}
    for name in sorted(resource_loader.list_dir("op_list")):
        if name.endswith(".json"):
            with resource_loader.open_file(f"op_list/{name}") as handle:
                found |= {entry["tfOpName"]: name.removesuffix(".json") for entry in json.load(handle)}
    return found


def convert(network):
    """``network`` (of ``inference_network``) as a :class:`GraphModel` with float32 weights.

    Raises:
        ExportError: the converter is not installed, or TensorFlow.js cannot run an operation; the
            message names the operation and the Keras layer that needs it.
    """
    load_tensorflow()
    # Else it greets, and where standard output is captured, as in the app, fails for want of a notebook.
    os.environ.setdefault("TFDF_DISABLE_WELCOME_MESSAGE", "1")
    try:
        with quiet():
            from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter
    except ImportError as error:
        raise ExportError(
            f"the converter to TensorFlow.js cannot be used ({error}); it is there on macOS and on Linux on "
            "x86-64: install the requirements again"
        ) from None
    graph, outputs = frozen(traced(network))
    (image,) = [node.name for node in graph.node if node.op == "Placeholder"]
    with tempfile.TemporaryDirectory() as temporary:
        Path(temporary, "frozen.pb").write_bytes(graph.SerializeToString())
        source, target = str(Path(temporary, "frozen.pb")), str(Path(temporary, "js"))
        try:
            with quiet():
                converter.convert_tf_frozen_model(source, ",".join(outputs.values()), target)
        except ValueError as error:
            raise ExportError(_unsupported(network, graph) or f"cannot be converted: {error}") from None
        model = read_graph_model(Path(temporary, "js"), {network.input.name: f"{image}:0"}, outputs)
    if faults := model.faults():
        raise ExportError("TensorFlow.js cannot run this network: " + "; ".join(faults[:3]))
    return model


def _unsupported(network, graph):
    """Which layers of ``network`` use which operations that TensorFlow.js lacks."""
    known = operations()
    nodes = [*graph.node, *(node for part in graph.library.function for node in part.node_def)]
    found = {}
    for node in nodes:
        if node.op not in known:
            found.setdefault(_layer_of(network, node.name), set()).add(node.op)
    return "; ".join(
        f"the layer {layer} needs {', '.join(sorted(ops))}, which TensorFlow.js does not have"
        for layer, ops in found.items()
    )


def _layer_of(network, node):
    """The Keras layer of ``network`` that made ``node``; Keras may have put a number behind its name."""
    names = {layer.name for layer in network.layers}
    for part in node.split("/"):
        for candidate in (part, part.rpartition("_")[0]):
            if candidate in names:
                return candidate
    return node


def read_graph_model(folder, inputs=None, outputs=None):
    """The :class:`GraphModel` in ``folder``.

    Args:
        inputs, outputs: {name: tensor} and {name: node} where the file has no names of its own; the
            nodes of the outputs are renamed.

    Raises:
        ExportError: a file is missing or damaged.
    """
    from tensorflowjs.read_weights import read_weights

    folder = Path(folder)
    try:
        content = json.loads((folder / MODEL_JSON).read_text(encoding="utf-8"))
        nodes, manifest = content.pop("modelTopology")["node"], content.pop("weightsManifest")
        shards = {path: (folder / path).stat().st_size for group in manifest for path in group["paths"]}
        weights = {
            entry["name"]: entry["data"] for entry in read_weights(manifest, str(folder), flatten=True)
        }
        entries = [entry for group in manifest for entry in group["weights"]]
        kinds = {e["name"]: e["quantization"]["dtype"] for e in entries if "quantization" in e}
        signature = content.pop("signature", {})
        if inputs is None:
            inputs, outputs = (
                {name: entry["name"] for name, entry in signature[side].items()}
                for side in ("inputs", "outputs")
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ExportError(
            f"{folder / MODEL_JSON}: not a graph model, or damaged ({error}); export it again"
        ) from None
    model = GraphModel(nodes, weights, inputs, outputs, content, shards, kinds)
    if missing := [n["name"] for n in nodes if n["op"] == "Const" and n["name"] not in weights]:
        raise ExportError(f"{folder / MODEL_JSON}: no weights for {missing[0]}; export it again")
    return _with_names(model) if ":" not in next(iter(outputs.values())) else model


def _with_names(model):
    """``model`` with its last nodes named like its outputs, and their tensors."""
    names = {node: name for name, node in model.outputs.items()}
    nodes = [{**node, "name": names.get(node["name"], node["name"])} for node in model.nodes]
    return replace(model, nodes=nodes, outputs={name: f"{name}:0" for name in model.outputs})
