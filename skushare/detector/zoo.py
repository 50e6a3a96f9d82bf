"""Checkpoints of the TF2 Object Detection API's model zoo, for SSD and SSD-FPN on MobileNetV2.

The names of what such a checkpoint holds come from the attributes of the API's classes
(``ssd_mobilenet_v2_keras_feature_extractor.py``, ``feature_map_generators.py`` and
``box_predictor.py`` of its ``object_detection``).
"""

import re
import shutil
import tarfile
import tempfile
import zlib
from contextlib import contextmanager
from pathlib import Path

from skushare.errors import ModelError

ARCHIVE, INDEX = (".tar.gz", ".tgz", ".tar"), ".index"
MAX_BYTES = 2 << 30  # of one file of a checkpoint; the zoo's largest MobileNet has 30 MB
_MEMBER = re.compile(r"(?:^|/)(ckpt-\d+)\.(?:index|data-\d{5}-of-\d{5})$")
_TAKE = "take ssd_mobilenet_v2_320x320_coco17_tpu-8 of the TF2 detection model zoo"
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_BACKBONE = re.compile(r"/_feature_extractor/[a-z0-9_]+/layer_with_weights-(\d+)/(\w+)$")
_EXTRA = re.compile(r"/_feature_extractor/feature_map_generator/convolutions/(\d+)/(\d+)/(\w+)$")
_HEAD = re.compile(
    r"/_prediction_heads/(box_encodings|class_predictions_with_background)/(\d+)/"
    r"_(?:box_encoder|class_predictor)_layers/0/(kernel|bias)$"
)
_PARTS = {0: "1x1", 1: "1x1_bn", 3: "3x3", 4: "3x3_bn"}  # places of an extra map's layers that have weights
_ORDER = ("kernel", "depthwise_kernel", "gamma", "beta", "moving_mean", "moving_variance", "bias")


def is_zoo(path):
    """Whether ``path`` is named like a checkpoint's index or like an archive of the zoo."""
    return Path(path).name.lower().endswith((*ARCHIVE, INDEX))


def find_checkpoint(place):
    """The newest checkpoint's index in the folder ``place`` or its ``checkpoint/``, or ``None``.

    ``place`` may also be the index without its suffix, as ``fine_tune_checkpoint`` gives it.
    """
    place = Path(place)
    if place.suffix != INDEX and place.with_name(place.name + INDEX).is_file():
        return place.with_name(place.name + INDEX)
    found = [path for folder in (place, place / "checkpoint") for path in folder.glob(f"ckpt-*{INDEX}")]
    return max(found, key=lambda path: (len(path.stem), path.stem), default=None)


def check_archive(file):
    """Raise ``ModelError`` unless the archive in the binary ``file`` is whole and holds a checkpoint."""
    with _unpacked(file, file.name):
        pass


def read_zoo(path, backbone):
    """Weights of a zoo checkpoint under the names of our layers.

    Args:
        path: a checkpoint's ``.index``, or a ``.tar.gz`` of the zoo with one in it.
        backbone: names of our MobileNetV2's layers that have weights, in the network's order.

    Returns:
        {``layer/index``: array}: the backbone; of a plain SSD also its extra maps and heads.

    Raises:
        ModelError: it cannot be read, or is of another network.
    """
    from tensorflow.train import load_checkpoint

    with _index(path) as index:
        try:
            reader = load_checkpoint(str(index.with_suffix("")))
            shapes = reader.get_variable_to_shape_map()
            keys = [key.removesuffix(_VALUE) for key in shapes if key.endswith(_VALUE)]
            named = _named([key for key in keys if ".OPTIMIZER_SLOT" not in key], backbone)
            arrays = {name: reader.get_tensor(key + _VALUE) for name, key in named.items()}
        except Exception as error:  # TensorFlow's own kinds, by what is wrong with the file
            message = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelError(f"{path}: not a readable checkpoint ({message}); download it again") from None
    if any(f"{layer}/0" not in arrays for layer in backbone):
        raise ModelError(f"{path}: holds no MobileNetV2 of the TF2 Object Detection API; {_TAKE}")
    return arrays


def _named(keys, backbone):
    """{our ``layer/index``: key}."""
    found = {}
    for key in keys:
        if match := _BACKBONE.search(key):
            number = int(match[1])
            layer = backbone[number] if number < len(backbone) else None
        elif match := _EXTRA.search(key):
            part = _PARTS.get(int(match[2]))
            layer = part and f"extra_{match[1]}_{part}"
        elif match := _HEAD.search(key):
            layer = f"{match[1].partition('_')[0]}_{match[2]}_predictor"
        else:
            continue
        if layer and match[3 if match.re is not _BACKBONE else 2] in _ORDER:
            found.setdefault(layer, []).append(key)
    return {
        f"{layer}/{place}": key
        for layer, keys in found.items()
        for place, key in enumerate(sorted(keys, key=lambda key: _ORDER.index(key.rpartition("/")[2])))
    }


@contextmanager
def _index(path):
    """The path of the checkpoint's index, unpacked for the time if it is in an archive."""
    path = Path(path)
    if not path.name.lower().endswith(ARCHIVE):
        yield path
        return
    with open(path, "rb") as file, _unpacked(file, path) as folder:
        yield find_checkpoint(folder)


@contextmanager
def _unpacked(file, path):
    """A temporary folder with the checkpoint files of the archive in ``file``, which is called ``path``."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with tarfile.open(fileobj=file) as archive:
                for member in archive:
                    match = _MEMBER.search(member.name)
                    if not (match and member.isfile()):
                        continue
                    if member.size > MAX_BYTES:
                        raise ModelError(f"{path}: {member.name} is larger than any MobileNet; {_TAKE}")
                    with open(Path(folder) / Path(member.name).name, "wb") as out:
                        shutil.copyfileobj(archive.extractfile(member), out)
        except (tarfile.TarError, zlib.error, EOFError, ValueError, OSError) as error:
            raise ModelError(f"{path}: not a whole archive ({error}); download it again") from None
        index = find_checkpoint(folder)
        if index is None or not any(Path(folder).glob(f"{index.stem}.data-*")):
            raise ModelError(
                f"{path}: no checkpoint (ckpt-0.index and its .data file) in it; "
                "take an archive of the TF2 detection model zoo as it was downloaded"
            )
        yield Path(folder)
