"""From a finished run to a model folder."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from skushare.detector.config import DetectorConfig
from skushare.detector.models import LITERT, WEIGHTS, write_description
from skushare.detector.network import build_network
from skushare.detector.runtime import Detector
from skushare.detector.weights import load_weights, save_weights
from skushare.errors import ModelError
from skushare.evaluation.evaluate import evaluate
from skushare.export.litert import export_litert, largest_difference
from skushare.files import atomic_write

LARGEST_DIFFERENCE = 0.25  # of raw outputs; rounding folded batch norm to float16 gives about .05


def package_run(run, validation, out=None, about=None):
    """Write the best weights of ``run`` as a model folder, thresholds chosen on ``validation``.

    Weights are rounded to float16, as in the LiteRT file. They are not the same numbers
    there, since batch norm is folded in before; raw outputs agree to about .05.

    Args:
        run: folder of a run; validation: ``Dataset``.
        out: folder of the model; default ``run/model``.
        about: further keys of ``model.json``.

    Returns:
        the folder.

    Raises:
        ModelError: the run has no usable weights or settings yet, or the exported model
            does not give what the network gives.
    """
    run = Path(run)
    try:
        config = DetectorConfig.from_json((run / "detector.json").read_text())
        about = {
            **(about or {}),
            "data": json.loads((run / "data.json").read_text()),
            "validation": validation.name,
            "training": json.loads((run / "training.json").read_text()),
        }
    except (OSError, ValueError) as error:
        raise ModelError(f"{run}: not the folder of a run ({error}); give --run of skushare train") from None
    out = Path(out or run / "model")
    out.mkdir(parents=True, exist_ok=True)
    network = build_network(config, (None, None) if config.resize == "fit" else None)
    load_weights(network, run / "best.npz")
    save_weights(network, out / WEIGHTS, np.float16)
    load_weights(network, out / WEIGHTS)
    content = export_litert(network)
    # A converter that drops or mangles weights says nothing; the numbers do.
    shape = (96, 160) if config.resize == "fit" else (config.input_size, config.input_size)
    difference = max(largest_difference(network, content, shape).values())
    if not difference < LARGEST_DIFFERENCE:
        raise ModelError(f"{out / LITERT}: differs from the Keras network by {difference:.3g}; not written")
    with atomic_write(out / LITERT) as handle:
        handle.write(content)
    write_description(out, config, about)
    # Live first: photos are sized by a glance in the live size, at the live threshold.
    for mode, name in (("live", "live_min_score"), ("photo", "min_score")):
        best = evaluate(Detector.load(out), validation, mode, resamples=0)["best_score"]
        config = replace(config, **{name: best})
        write_description(out, config, about)
    return out
