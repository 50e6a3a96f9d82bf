"""Proving a converted model: the stored weights, the graph in TensorFlow, and in a JavaScript runtime."""

import tempfile

import numpy as np
import pandas as pd

from skushare.detections import Detections
from skushare.export import golden
from skushare.export.errors import ExportError
from skushare.export.javascript import NotRun, run_tasks
from skushare.export.tfjs import PRECISIONS

CONVERTED = 1e-3  # largest difference of a raw output that converting may make
IN_JAVASCRIPT = 0.01  # the same between TensorFlow and TensorFlow.js on the same stored weights
MOVED = 1.0  # pixels that a box may move by that
LITERT_DIFFERENCE = 0.25  # as `skushare package` allows; weights of float16 give about .05


def check_weights(report, name, network, converted, stored):
    """Note whether all weights of ``network`` are in the converted and in the stored ``GraphModel``."""
    arrays = [value for value in converted.weights.values() if value.dtype == np.float32]
    missing = [
        variable.path
        for variable in network.weights
        if variable.numpy().any()  # adding zeros is optimized away
        and not any(
            array.size == variable.shape.num_elements()
            and np.array_equal(array.ravel(), variable.numpy().ravel())
            for array in arrays
        )
    ]
    bounds, worst = {"float16": 2.0**-11, "uint8": 1 / 255}, 0.0
    for key, array in converted.weights.items():
        lost = np.abs(stored.weights[key].astype(np.float64) - array)
        kind = stored.precision_of.get(key)
        span = np.ptp(array) if kind == "uint8" else np.abs(array)
        allowed = bounds[kind] * span + 1e-7 if kind else 0
        missing += [] if (lost <= allowed).all() else [key]
        worst = np.max([worst, (lost / max(np.abs(array).max(), 1e-12)).max()])
    text = f"{len(network.weights)} arrays of Keras, stored to within {worst:.2g} of an array's largest"
    report.check(f"{name}: weights", not missing, f"differ: {', '.join(missing[:3])}" if missing else text)


def check_operations(report, name, stored):
    """Note whether TensorFlow.js knows all operations and can run them by ``execute()``."""
    faults = stored.faults()
    kinds = sorted({node["op"] for node in stored.nodes})
    text = f"{len(stored.nodes)} nodes of {len(kinds)} operations, all known, none needs executeAsync()"
    report.check(f"{name}: operations", not faults, "; ".join(faults[:3]) or text)


def check_shards(report, name, stored, shard_bytes):
    """Note whether the shards are as large as they were to be."""
    sizes = list(stored.shards.values())
    good = bool(sizes) and max(sizes) <= shard_bytes and all(size == shard_bytes for size in sizes[:-1])
    report.check(f"{name}: shards", good, f"{len(sizes)}, together {sum(sizes):,} bytes")


def check_graph(report, name, network, converted, batches):
    """Note whether the converted graph gives in TensorFlow what ``network`` gives."""
    function = converted.function()
    (feed,) = converted.inputs
    worst = 0.0
    for batch in batches:
        expected = network(batch, training=False)
        for output, value in function({feed: batch}).items():
            worst = np.max([worst, np.abs(value - expected[output].numpy()).max()])
    report.check(f"{name}: graph", worst <= CONVERTED, f"raw outputs differ by at most {worst:.2g}")


def check_javascript(report, model, tasks):
    """Run ``tasks`` in a JavaScript runtime and note how its answers compare with TensorFlow's.

    Those of the task ``"detector"`` are made into boxes and compared as such, too.
    """
    images = list(golden.pictures().values())
    if not images:
        report.check("JavaScript", None, "the golden pictures (data/) are not here")
        return
    try:
        outcome = run_tasks(tasks)
    except NotRun as error:
        report.check("JavaScript", None, f"could not be run here: {error}")
        return
    for task in tasks:
        function = task.model.function()
        (feed,) = task.model.inputs
        worst, answers = 0.0, []
        for batch, found in zip(task.batches, outcome.results[task.name], strict=True):
            expected = function({feed: batch})
            answers.append({output: found[output].reshape(value.shape) for output, value in expected.items()})
            worst = np.max([worst, *(np.abs(answers[-1][o] - v).max() for o, v in expected.items())])
        text = f"{outcome.runtime}: raw outputs differ by at most {worst:.2g} on {len(answers)} inputs"
        report.check(f"JavaScript: {task.name}", worst <= IN_JAVASCRIPT, text)
        if task.name == "detector":
            queue = iter(answers)
            ours = golden.HeadsDetector(model, lambda _, queue=queue: golden.heads_of(next(queue)))
            theirs = golden.graph_detector(model, task.model)
            check_boxes(report, "JavaScript: boxes", golden.find(ours, images), golden.find(theirs, images))
    for name, values in outcome.milliseconds.items():
        report.timings[f"{name}, {outcome.runtime}, ms an input"] = float(np.median(values))


def check_boxes(report, name, found, expected):
    """Note whether the [Detections] ``found`` in some pictures are those that Python finds, ``expected``."""
    result = golden.compare(found, expected)
    text = (
        f"{result['facings']} facings on {len(found)} pictures, Python's {result['expected']}; "
        f"{result['renamed']} have another class; boxes differ by at most {result['moved']:.2g} pixels"
    )
    report.check(name, golden.alike(result, MOVED), text)


def inputs(model, images):
    """What the network sees of each picture."""
    return [golden.network_input(model.config, image) for image in images]


def crops(embedder, images):
    """(8, size, size, 3) float32: parts of the pictures, as the embedder sees facings."""
    from skushare.brands.embedder import resized

    parts = []
    for number in range(8):
        image = images[number % len(images)]
        height, width = image.shape[0] // 4, image.shape[1] // 8
        left = width * number
        parts.append(resized(image[height : 2 * height, left : left + width], embedder.size))
    return np.stack(parts).astype(np.float32)


def measure(model, converted, network, detector=None, validation=None):
    """What each precision costs: (DataFrame, [Detections] of the float32 network on the golden pictures).

    One that cannot hold the weights has no row.

    Args:
        model: the ``Model``; network: its inference network, of which ``converted`` was made.
        detector: the ``Detector`` of its LiteRT file, to stand beside.
        validation: ``Dataset`` to measure AP on, in live mode.
    """
    images = list(golden.pictures().values())
    batches = inputs(model, images)
    keras = golden.network_detector(model, network)
    expected = golden.find(keras, images)
    raw = [keras.run(batch) for batch in batches]
    rows = []
    for precision in PRECISIONS:
        try:
            with tempfile.TemporaryDirectory() as folder:
                stored = converted.write(folder, precision)
        except ExportError:  # a weight does not fit: nobody can choose this one
            continue
        rows.append(
            _row(
                f"{precision} (TensorFlow.js)",
                sum(stored.shards.values()),
                golden.graph_detector(model, stored),
                (images, batches, raw, expected),
                validation,
            )
        )
    if detector is not None:
        kind = detector.model.about.get("precision", "its own precision")
        size = (detector.model.folder / "model.tflite").stat().st_size
        rows.append(_row(f"{kind} (LiteRT)", size, detector, (images, batches, raw, expected), validation))
    return pd.DataFrame(rows), expected


def _row(name, size, detector, reference, validation):
    images, batches, raw, expected = reference
    row = {"precision": name, "bytes": size}
    if images:
        heads = [detector.run(batch) for batch in batches]
        for number, output in enumerate(("class_logits", "box_codes")):
            pairs = zip(heads, raw, strict=True)
            row[output] = float(np.max([np.abs(a[number] - b[number]).max() for a, b in pairs]))
        found = golden.compare(golden.find(detector, images), expected)
        row |= {
            "facings": found["facings"],
            "unmatched": found["unmatched"],
            "renamed": found["renamed"],
            "box moved by": found["moved"],
            "95 % moved by": found["typical"],
            "score changed by": found["score"],
        }
    if validation is not None:
        from skushare.evaluation.evaluate import evaluate

        figures = evaluate(detector, validation, golden.MODE, resamples=0)
        row |= {name: figures[name] for name in ("AP", "AP50", "count_mae")}
    return row


def check_savedmodel(report, model, network, folder, names):
    """Note whether the SavedModel in ``folder``, loaded again, gives what Python gives."""
    import tensorflow as tf

    run = tf.saved_model.load(str(folder)).signatures["serving_default"]
    images = list(golden.pictures().values()) or [_noise(model)]
    if names == "skushare":
        worst = 0.0
        for batch in inputs(model, images)[:1]:
            expected, found = network(batch, training=False), run(image=tf.constant(batch))
            worst = np.max([np.abs(found[o].numpy() - v.numpy()).max() for o, v in expected.items()])
        report.check("SavedModel", worst <= CONVERTED, f"raw outputs differ by at most {worst:.2g}")
        return
    found, expected = [], []
    detector = golden.network_detector(model, network)
    for image in images:
        outputs = {name: value.numpy()[0] for name, value in run(input_tensor=image[None]).items()}
        found.append(from_object_detection_api(outputs, image.shape, model.config.live_min_score))
        # Voting hears every candidate there, so here, too.
        seen = detector.detect(image, golden.MODE, min_score=0.0)
        expected.append(seen[seen.scores >= model.config.live_min_score])
    check_boxes(report, "SavedModel", found, expected)


def from_object_detection_api(outputs, shape, min_score):
    """``Detections`` of the outputs of the Object Detection API for a picture of ``shape`` (h, w, 3)."""
    count = int(outputs["num_detections"])
    height, width = shape[:2]
    boxes = outputs["detection_boxes"][:count, [1, 0, 3, 2]] * [width, height, width, height]
    scores, classes = outputs["detection_scores"][:count], outputs["detection_classes"][:count]
    found = Detections(boxes, scores, classes.astype(np.int32) - 1)
    return found[found.scores >= min_score]


def check_litert(report, model, network, content):
    """Note whether the LiteRT file ``content`` gives what ``network`` gives."""
    from skushare.export.litert import largest_difference

    size = model.config.input_size
    shape = (96, 160) if model.config.resize == "fit" else (size, size)
    worst = max(largest_difference(network, content, shape).values())
    report.check("LiteRT", worst < LITERT_DIFFERENCE, f"raw outputs differ by at most {worst:.2g}")


def _noise(model):
    side = model.config.input_size
    return np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
