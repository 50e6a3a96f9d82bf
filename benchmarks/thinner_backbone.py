"""Take channels out of the shipped model's backbone and go on with its training: does a thinner one pay?

    python benchmarks/thinner_backbone.py DATA RUN --steps 2400 --csv results/thinner_backbone.csv

``DATA`` holds the labelled photos of the model card, ``RUN`` takes the run, which goes on where it was
killed. Of the hidden channels of each inverted residual block, and of the last layer, those stay that what
reads them would miss most: a channel's variance on training photos times the squared weights upon it. The
means of the others go into the batch norm behind them. What blocks hand on to each other is as wide as before
(Li et al. 2017, arXiv:1608.08710, sec. 3.3). So the network begins with what is left of the shipped weights,
or, with ``--start``, as an earlier such run ended. Rows: figures of the shipped, of the thinned and of the
trained weights on validation, all in float16, in photo mode and in live mode, and milliseconds a live frame
on all cores. ``--frontier CSV`` sets the shipped network against the trained one in live mode at several
input sizes, both in 8 bits, as they would ship; further rows go to its end.
"""

from functools import partial
from pathlib import Path
from typing import NamedTuple

from wider_heads import VALIDATION, log, option_parser, train_on

PHOTOS = 24  # of the training split, by which channels are chosen
SIDE = 640  # pixels of these
SIZES = (416, 512, 576, 640)  # of live frames
TAUGHT_FROM = "block_1_expand"


class Group(NamedTuple):
    """Channels that come and go together."""

    name: str  # of the layer that makes them
    also: tuple[str, ...]  # layers of as many channels behind it
    readers: tuple[tuple[str, str, str], ...]  # activation, convolution that reads it, its batch norm


def main():
    parser = option_parser(__doc__)
    parser.add_argument("--hidden", type=float, default=0.75, help="part of the channels that stays")
    parser.add_argument("--frontier", type=Path, metavar="CSV")
    args = parser.parse_args()

    from skushare.detector.models import WEIGHTS, read_model
    from skushare.detector.network import build_network
    from skushare.detector.weights import load_weights
    from skushare.training import trainer

    model = read_model()
    whole = build_network(model.config, (None, None))
    load_weights(whole, model.path(WEIGHTS))
    statistics = measure_channels(whole, args.data)

    def build(config, input_size=None):
        return thin(build_network(config, input_size), args.hidden)

    def begin(network):
        fill(network, whole, statistics)
        if args.start:
            load_weights(network, args.start)

    trainer.build_network = build
    network = build(model.config, (None, None))
    begin(network)
    print(f"{whole.count_params():,} weights, {network.count_params():,} of the thin network")
    row = partial(log, args, config=model.config)
    row(args.run / "whole", whole, steps=0, hidden=1.0)
    row(args.run / "begun", network, steps=0, hidden=args.hidden)
    if args.steps:
        train_on(args, model.config, begin, TAUGHT_FROM)
        load_weights(network, args.run / "best.npz")
        row(args.run / f"{args.steps}_steps", network, steps=args.steps, hidden=args.hidden)
    if args.frontier:
        compare_sizes(args, {1.0: whole, args.hidden: network}, model.config)


def compare_sizes(args, networks, config):
    """Write time and accuracy of live frames of several sizes by each of ``networks``, {hidden: network}."""
    from frontier import compare, in_precision

    from skushare.dataset.coco import read_coco

    dataset = read_coco(args.data / VALIDATION).as_one_class()
    detectors = {
        hidden: in_precision("int8", network, config, dataset, args.run / f"{hidden}_int8")
        for hidden, network in networks.items()
    }
    table = compare("hidden", detectors, dataset, SIZES)
    print(table.to_string(index=False))
    table.to_csv(args.frontier, index=False, mode="a", header=not args.frontier.exists())


def groups():
    """The hidden channels of the backbone; the neck reads those of two blocks as well."""
    tapped = {"block_6": "lateral_0", "block_13": "lateral_1"}
    for block in (f"block_{number}" for number in range(1, 17)):
        readers = [(f"{block}_depthwise_relu", f"{block}_project", f"{block}_project_BN")]
        if block in tapped:
            readers.append((f"{block}_expand_relu", tapped[block], f"{tapped[block]}_bn"))
        also = (f"{block}_expand_BN", f"{block}_depthwise", f"{block}_depthwise_BN")
        yield Group(f"{block}_expand", also, tuple(readers))
    yield Group("Conv_1", ("Conv_1_bn",), (("out_relu", "lateral_2", "lateral_2_bn"),))


def measure_channels(network, data):
    """{activation: (means, variances)} of its channels on some training photos."""
    import keras
    import numpy as np

    from skushare.dataset.coco import read_coco
    from skushare.images import read_image

    names = [activation for group in groups() for activation, _, _ in group.readers]
    inner = keras.Model(network.inputs, [network.get_layer(name).output for name in names])
    sums, squares = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    samples = read_coco(data / "sku110k/train.json").samples
    for sample in samples[:: len(samples) // PHOTOS][:PHOTOS]:
        photo = resized(read_image(sample.path))
        for name, values in zip(names, inner.predict_on_batch(photo[None]), strict=True):
            sums[name] += values.mean((0, 1, 2), dtype=np.float64) / PHOTOS
            squares[name] += (values.astype(np.float64) ** 2).mean((0, 1, 2)) / PHOTOS
    return {name: (sums[name], squares[name] - sums[name] ** 2) for name in names}


def resized(photo):
    """RGB float32 whose longer side is ``SIDE``, both multiples of 32."""
    import cv2

    height, width = photo.shape[:2]
    scale = SIDE / max(height, width)
    size = [max(round(side * scale / 32), 1) * 32 for side in (width, height)]
    return cv2.resize(photo, size, interpolation=cv2.INTER_AREA).astype("float32")


def choose(network, group, statistics, number):
    """Sorted indices of the ``number`` channels of ``group`` that stay."""
    import numpy as np

    worth = 0.0
    for activation, convolution, norm in group.readers:
        (kernel,) = network.get_layer(convolution).get_weights()
        gamma, _, _, variance = network.get_layer(norm).get_weights()
        read = kernel[0, 0] * gamma / np.sqrt(variance + network.get_layer(norm).epsilon)
        lost = statistics[activation][1] * (read**2).sum(1)
        worth += lost / lost.sum()
    return np.sort(np.argsort(-worth)[:number])


def thin(network, part):
    """A fresh network as ``network`` with ``part`` of the hidden channels, in multiples of 8."""
    import keras

    names = {group.name for group in groups()}

    def copied(layer):
        settings = layer.get_config()
        if layer.name in names:
            settings["filters"] = max(round(layer.filters * part / 8), 1) * 8
        return type(layer).from_config(settings)

    return keras.models.clone_model(network, clone_function=copied)


def fill(network, whole, statistics):
    """Give ``network``, a thin one, the weights of ``whole`` at the channels that stay."""
    import numpy as np

    filled = {layer.name: layer.get_weights() for layer in whole.layers}
    for group in groups():
        stay = choose(whole, group, statistics, network.get_layer(group.name).filters)
        (kernel,) = filled[group.name]
        filled[group.name] = [kernel[..., stay]]
        for name in group.also:
            filled[name] = [w[:, :, stay] if w.ndim == 4 else w[stay] for w in filled[name]]
        for activation, convolution, norm in group.readers:
            (kernel,) = filled[convolution]
            gone = np.setdiff1d(np.arange(kernel.shape[2]), stay)
            gamma, beta, mean, variance = filled[norm]
            mean = mean - statistics[activation][0][gone] @ kernel[0, 0, gone]
            filled[convolution], filled[norm] = [kernel[:, :, stay]], [gamma, beta, mean, variance]
    for layer in network.layers:
        layer.set_weights(filled[layer.name])


if __name__ == "__main__":
    main()
