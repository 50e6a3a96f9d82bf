"""A network of two layers and a dataset of three small pictures: what is tested is not what is learnt."""

import keras
import pytest
from keras import layers

from skushare.dataset.coco import read_coco
from skushare.dataset.synthetic import write_dataset
from skushare.detector.config import AnchorConfig
from skushare.detector.presets import preset

TINY = preset(
    "shelf_dense",
    input_size=64,
    photo_size=64,
    live_size=64,
    taps=("block_6_expand_relu",),
    anchors=AnchorConfig(sizes=(((3.0, 4.2),),), unit="cell"),
)


def tiny_network(config, input_size=None):
    """Stands in for ``network.build_network`` with a configuration like ``TINY``."""
    image = keras.Input((*(input_size or (config.input_size,) * 2), 3))
    x = layers.Conv2D(4, 8, strides=8, use_bias=False, name="stem")(layers.Rescaling(1 / 255)(image))
    x = layers.ReLU()(layers.BatchNormalization(name="stem_bn")(x))
    outputs = {
        name: layers.Reshape((-1, columns), name=name)(
            # No logit is 0, where backends differ in the slope of the loss.
            layers.Conv2D(columns, 1, bias_initializer="random_normal", name=f"{name}_head")(x)
        )
        for name, columns in (("class_logits", len(config.labels)), ("box_codes", 4))
    }
    return keras.Model(image, outputs)


@pytest.fixture(scope="module")
def tiny():
    """The configuration ``TINY``, trained as the tiny network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skushare.training.trainer.build_network", tiny_network)
        yield TINY


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shelves")
    write_dataset(folder, 3, seed=1, size=(320, 240), rows=3)
    return read_coco(folder / "annotations.json")
