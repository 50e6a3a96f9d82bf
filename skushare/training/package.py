"""From a finished run to a model folder."""

import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from skushare.dataset.dataset import evenly_spaced, read_photo
from skushare.detector.config import DetectorConfig
from skushare.detector.models import (
    DESCRIPTION,
    LABEL_MAP,
    LITERT,
    RUN_CONFIG,
    WEIGHTS,
    changing,
    write_description,
)
from skushare.detector.network import build_network
from skushare.detector.preprocess import input_size, prepare
from skushare.detector.runtime import Detector
from skushare.detector.weights import load_weights, save_weights
from skushare.errors import ModelError
from skushare.evaluation.coco import average_precision
from skushare.evaluation.counting import best_threshold
from skushare.evaluation.curves import facing_curve
from skushare.evaluation.evaluate import find_all
from skushare.evaluation.result import Result
from skushare.export.litert import largest_difference, litert_exporter
from skushare.files import make_folder, write_file, writing
from skushare.lock import hold, is_held
from skushare.training.comparison import best_figures
from skushare.training.plan import BEST
from skushare.training.runs import DATA, Run

AUTO = "auto"
AFFORDABLE = 0.005  # AP in live mode that a file of 8 bits may cost on the validation photos
CALIBRATION = 100  # photos
UNFINISHED, LOCK = ".unfinished.", "lock"  # in the model's folder, while its next files are made
LEARNT_NOTHING = "the run has learnt nothing; begin another with a lower learning_rate"
LARGEST_DIFFERENCE = 0.25  # of raw outputs; rounding folded batch norm to float16 gives about .05


def package_run(run, validation, out=None, about=None, precision=AUTO):
    """Write the best weights of ``run`` as a model folder, thresholds chosen on ``validation``.

    A model that is there stays as it was until the new one is whole; other files in its folder stay.

    The kept weights are rounded to float16. Those of the LiteRT file are not the same numbers,
    since batch norm is folded in before; raw outputs of float16 agree to about .05 on a picture of noise.
    On photos those of single anchors differ by 1 and more, the boxes that are found by a pixel or two.

    Args:
        run: folder of a run; validation: ``Dataset``.
        out: folder of the model; default ``run/model``.
        about: further keys of ``model.json``.
        precision: of the LiteRT file: ``"float16"``, ``"int8"`` (ranges measured on photos of
            ``validation``), or ``"auto"``: int8 if it costs at most ``AFFORDABLE`` there.

    Returns:
        the folder.

    Raises:
        ModelError: the run has no usable weights or settings yet, its weights have grown without bounds, or
            the exported model does not give what the network gives.
        SkushareError: the folder is not writable, or a threshold is being written into its model.
    """
    run = Path(run)
    try:
        config = DetectorConfig.from_json((run / RUN_CONFIG).read_text())
        about = {
            **(about or {}),
            "data": json.loads((run / DATA).read_text()),
            "validation": validation.name,
            "training": json.loads((run / "training.json").read_text()),
        }
    except (OSError, ValueError) as error:
        raise ModelError(f"{run}: not the folder of a run ({error}); skushare runs list names them") from None
    out = make_folder(out or run / "model")
    with _whole(out) as folder:
        _make_model(folder, run, config, validation, about, precision)
    return out


@contextmanager
def _whole(out):
    """A temporary folder for the files of a model; they take their places in ``out`` at the end."""
    for left in out.glob(f"{UNFINISHED}*"):
        if not is_held(left / LOCK):  # its process was killed
            shutil.rmtree(left, ignore_errors=True)
    with (
        writing(out),
        tempfile.TemporaryDirectory(dir=out, prefix=UNFINISHED, ignore_cleanup_errors=True) as folder,
        hold(Path(folder, LOCK)),
    ):
        yield Path(folder)
        # The description comes last: it makes the folder a model, and fits no file but its own.
        with changing(out):  # else a threshold found for the model before may be written meanwhile
            for name in (WEIGHTS, LABEL_MAP, LITERT, DESCRIPTION):
                os.replace(Path(folder, name), out / name)


def _make_model(out, run, config, validation, about, precision):
    """The files of :func:`package_run` in the folder ``out``."""
    network = build_network(config, (None, None) if config.resize == "fit" else None)
    load_weights(network, run / BEST)
    with np.errstate(over="ignore"):  # told below
        save_weights(network, out / WEIGHTS, np.float16)
    load_weights(network, out / WEIGHTS)
    if not all(np.isfinite(values).all() for values in network.get_weights()):
        raise ModelError(f"{run}: best weights are no numbers, or too large for float16; {LEARNT_NOTHING}")
    shape = (96, 160) if config.resize == "fit" else (config.input_size, config.input_size)
    with litert_exporter(network) as export:
        contents = {"float16": export("float16")}
        # A converter that drops or mangles weights says nothing; the numbers do.
        difference = max(largest_difference(network, contents["float16"], shape).values())
        if not difference < LARGEST_DIFFERENCE:
            useless = best_figures(Run(run).metrics()).get("AP") == 0
            why = f"its best AP is 0; {LEARNT_NOTHING}" if useless else "not written"
            raise ModelError(f"{run}: its {LITERT} differs from the Keras network by {difference:.3g}; {why}")
        if precision != "float16":
            contents["int8"] = export("int8", calibration_pictures(config, validation))

    def measured(mode, name):
        write_file(out / LITERT, contents[name])
        write_description(out, config, {**about, "precision": name})
        return measure(Detector.load(out), validation, mode)

    live = {name: measured("live", name) for name in contents}
    precisions = {name: ap for name, (ap, *_) in live.items()}
    if precision == AUTO:
        cheap = precisions["int8"] >= precisions["float16"] - AFFORDABLE
        precision = "int8" if cheap else "float16"
    about["live AP by precision"] = {name: round(ap, 4) for name, ap in precisions.items()}
    # Live first: photos are sized by a glance in the live size, at the live threshold.
    config = replace(config, live_min_score=live[precision][1])
    photo = measured("photo", precision)
    config = replace(config, min_score=photo[1])
    curves = {"photo": photo[2], "live": live[precision][2]}
    about["calibration"] = {mode: curve for mode, curve in curves.items() if curve}
    write_description(out, config, {**about, "precision": precision})


def measure(detector, dataset, mode):
    """(AP, best counting threshold, ``facing_curve``) of ``detector`` on ``dataset``, all classes as one."""
    result = Result.of(dataset, detector.labels, find_all(detector, dataset, mode))
    return (
        average_precision(result.truths, result.found)["AP"],
        best_threshold(result.counts, result.found)[0],
        facing_curve(result.scores, result.hits),
    )


def calibration_pictures(config, validation):
    """Inputs (1, h, w, 3) to calibrate 8 bits on: photos of ``validation`` in several sizes."""
    for number, sample in enumerate(evenly_spaced(validation.samples, CALIBRATION)):
        longest = round(config.live_size * (0.75, 1, 1.25, 1.5)[number % 4])
        size = input_size(config, sample.width, sample.height, longest)
        yield prepare(read_photo(sample), longest, size, config.resize)[0]
