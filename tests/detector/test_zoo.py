"""A checkpoint is written here by TensorFlow itself, on objects with the attributes of the API's classes."""

import io
import re
import tarfile
import zlib

import numpy as np
import pytest

from skushare.detector.network import build_network
from skushare.detector.presets import preset
from skushare.detector.weights import load_matching
from skushare.detector.zoo import check_archive, find_checkpoint
from skushare.errors import ModelError
from skushare.training.plan import find_weights

BACKBONE = r"(Conv1|bn_Conv1|expanded_conv_|block_|Conv_1)"
ARCHIVE = "ssd_mobilenet_v2_320x320_coco17_tpu-8"


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    """(a network, the checkpoint that the API would write of it, in the zoo's layout)."""
    import tensorflow as tf

    network = build_network(preset("ssd_mobilenet_v2_320", labels=tuple(map(str, range(90)))))
    rng = np.random.default_rng(0)
    network.set_weights([rng.random(w.shape, np.float32) for w in network.get_weights()])

    class Node(tf.Module):
        pass

    def node(layer, kernel="kernel"):
        made = Node()
        names = [weight.name for weight in layer.weights]
        for name, value in zip(names, layer.get_weights(), strict=True):
            setattr(made, kernel if name == "kernel" else name, tf.Variable(value))
        return made

    model = Node()
    model._feature_extractor, model._box_predictor = Node(), Node()
    extractor = model._feature_extractor
    extractor.classification_backbone, extractor.feature_map_generator = Node(), Node()
    layers = [layer for layer in network.layers if layer.weights]
    backbone = [layer for layer in layers if re.match(BACKBONE, layer.name)]
    for number, layer in enumerate(backbone):
        kernel = "depthwise_kernel" if layer.name.endswith("depthwise") else "kernel"
        setattr(extractor.classification_backbone, f"layer_with_weights-{number}", node(layer, kernel))
    extractor.feature_map_generator.convolutions = [[], []] + [
        [
            node(network.get_layer(f"extra_{level}_1x1")),
            node(network.get_layer(f"extra_{level}_1x1_bn")),
            Node(),
            node(network.get_layer(f"extra_{level}_3x3")),
            node(network.get_layer(f"extra_{level}_3x3_bn")),
            Node(),
        ]
        for level in range(2, 6)
    ]

    def heads(attribute, name):
        made = []
        for level in range(6):
            head = Node()
            setattr(head, attribute, [node(network.get_layer(f"{name}_{level}_predictor"))])
            made.append(head)
        return made

    model._box_predictor._prediction_heads = {
        "box_encodings": heads("_box_encoder_layers", "box"),
        "class_predictions_with_background": heads("_class_predictor_layers", "class"),
    }
    folder = tmp_path_factory.mktemp("zoo") / ARCHIVE
    tf.train.Checkpoint(model=model, step=tf.Variable(1)).write(str(folder / "checkpoint" / "ckpt-0"))
    return network, folder


@pytest.fixture(scope="module")
def packed(zoo, tmp_path_factory):
    path = tmp_path_factory.mktemp("packed") / f"{ARCHIVE}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(zoo[1], ARCHIVE)
    return path


@pytest.fixture(scope="module")
def dense():
    return build_network(preset("shelf_dense"))


def test_all_weights_come_to_where_they_were(zoo):
    network, folder = zoo
    written = network.get_weights()
    network.set_weights([np.zeros_like(value) for value in written])
    load_matching(network, find_checkpoint(folder))
    for weight, value in zip(network.weights, written, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value, err_msg=weight.path)


def test_of_other_classes_all_but_the_class_heads_are_taken(zoo):
    network, folder = zoo
    other = build_network(preset("ssd_mobilenet_v2_320"))
    fresh = {layer.name: layer.get_weights() for layer in other.layers}
    load_matching(other, find_checkpoint(folder))
    for layer in other.layers:
        source = (
            fresh[layer.name]
            if layer.name.startswith("class_")
            else network.get_layer(layer.name).get_weights()
        )
        for a, b in zip(source, layer.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b, err_msg=layer.name)


def test_the_dense_preset_takes_the_backbone_from_the_archive_as_downloaded(zoo, packed, dense):
    head = dense.get_layer("box_0_predictor").get_weights()
    load_matching(dense, find_weights(packed))
    for layer in dense.layers:
        if re.match(BACKBONE, layer.name):
            for a, b in zip(zoo[0].get_layer(layer.name).get_weights(), layer.get_weights(), strict=True):
                np.testing.assert_array_equal(a, b, err_msg=layer.name)
    np.testing.assert_array_equal(head[0], dense.get_layer("box_0_predictor").get_weights()[0])


@pytest.mark.parametrize("place", ["", "checkpoint", "checkpoint/ckpt-0", "checkpoint/ckpt-0.index"])
def test_a_checkpoint_is_found_however_it_is_named(zoo, place):
    assert find_weights(zoo[1] / place) == (zoo[1] / "checkpoint" / "ckpt-0.index").resolve()


def test_the_newest_of_several_is_taken(tmp_path):
    for number in (2, 9, 10):
        (tmp_path / f"ckpt-{number}.index").touch()
    assert find_checkpoint(tmp_path).name == "ckpt-10.index"
    assert find_checkpoint(tmp_path / "none") is None


def named(name, content):
    file = io.BytesIO(content)
    file.name = name
    return file


def test_a_whole_archive_passes(packed):
    check_archive(named("zoo.tar.gz", packed.read_bytes()))


@pytest.mark.parametrize("share", [0, 0.3, 0.9, 0.999])
def test_a_cut_archive_is_named(packed, share):
    content = packed.read_bytes()
    with pytest.raises(ModelError, match=r"zoo\.tar\.gz"):
        check_archive(named("zoo.tar.gz", content[: int(share * len(content))]))


def test_an_archive_that_is_damaged_within_is_named():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("net/checkpoint/ckpt-0.index")
        member.size = 1 << 20
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    packer = zlib.compressobj(wbits=31)
    content = packer.compress(out.getvalue()[: 1 << 19]) + packer.flush(zlib.Z_FULL_FLUSH) + b"\x07" * 40
    with pytest.raises(ModelError, match=r"zoo\.tar\.gz: not a whole archive"):
        check_archive(named("zoo.tar.gz", content))


@pytest.mark.parametrize(
    "names", [[], ["../ckpt-0.index"], ["model/ckpt-0.index"], ["a/ckpt-0.data-00000-of-00001"]]
)
def test_an_archive_without_a_whole_checkpoint_is_refused(names):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(ModelError, match="no checkpoint"):
        check_archive(named("other.tar.gz", out.getvalue()))


@pytest.mark.parametrize("damage", ["index", "data", "other"])
def test_a_damaged_checkpoint_is_named(zoo, dense, tmp_path, damage):
    import tensorflow as tf

    prefix = tmp_path / "ckpt-0"
    if damage == "other":
        tf.train.Checkpoint(step=tf.Variable(1)).write(str(prefix))
    else:
        for path in (zoo[1] / "checkpoint").glob("ckpt-0*"):
            content = path.read_bytes()
            cut = ("index" in path.name) == (damage == "index")
            (tmp_path / path.name).write_bytes(content[: len(content) // 2] if cut else content)
    with pytest.raises(ModelError, match=r"ckpt-0\.index"):
        load_matching(dense, tmp_path / "ckpt-0.index")
