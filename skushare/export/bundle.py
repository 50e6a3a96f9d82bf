"""Exports: the whole browser bundle, or the model alone in one of several formats."""

import json
import re
import time
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from skushare import __version__
from skushare.brands.gallery_files import INDEX as GALLERY_INDEX
from skushare.brands.gallery_files import write_gallery
from skushare.detector.models import LABEL_MAP, LITERT, read_model
from skushare.detector.runtime import Detector
from skushare.export import golden, proof, webapp
from skushare.export.errors import ExportError
from skushare.export.folder import copy_into, export_folder
from skushare.export.graphs import write_detector, write_embedder
from skushare.export.manifest import CARD, EMBEDDER_CARD, FORMAT, PROJECT, finish
from skushare.export.report import ExportReport
from skushare.export.sources import detector_network, open_embedder
from skushare.export.tfjs import SHARD_BYTES

DEFAULT_PRECISION = "float16"
DETECTOR_LITERT, EMBEDDER_LITERT = "model/detector.tflite", "model/embedder.tflite"
GALLERY = "gallery"
_LINK = re.compile(rb"!?\[([^\]]*)\]\((?!https?:)[^)]*\)")  # to a place that is no web address


def export_bundle(
    out,
    model=None,
    gallery=None,
    precision=DEFAULT_PRECISION,
    shard_bytes=SHARD_BYTES,
    validation=None,
    progress=None,
):
    """Write the browser app with a model, and perhaps a gallery, to the folder ``out``, and prove it.

    The folder is a static site that runs without a network, and a project that Node can rebuild. It
    appears when all is done; an earlier export that nobody changed is replaced.

    Args:
        out: the folder.
        model: name of a model, ``runs/NAME``, or the folder of a model or run; default the shipped one.
        gallery: a ``Gallery`` of brands, or ``None``: then brands can be taught in the app.
        precision: of the weights, one of ``PRECISIONS``.
        shard_bytes: size of a weight file.
        validation: ``Dataset`` to measure on what each precision costs.
        progress: called with (what is being done, part of the whole that is done).

    Returns:
        an :class:`ExportReport`.

    Raises:
        ExportError: the network cannot be converted, a proof failed, or ``out`` is taken; nothing is
            written then.
        ModelError: the model is missing or damaged.
    """
    steps = _Steps(progress)
    with export_folder(out) as folder:
        with steps.step("Reading the model", 0.0):
            source = read_model(model)
            embedder = open_embedder()
            if gallery is not None:
                if embedder is None:
                    raise ExportError(
                        "a gallery needs the embedder, and models/ has none; install skushare again"
                    )
                gallery = gallery.embedded_by(embedder)
        report = _report(source, "bundle", precision)
        with steps.step("Unpacking the app", 0.05):
            webapp.unpack_webapp(folder)
        settings = precision, shard_bytes, report
        with steps.step("Converting the detector", 0.1):
            graphs = [write_detector(folder / "model/detector", source, *settings)]
        if embedder is not None:
            with steps.step("Converting the embedder", 0.3):
                graphs.append(write_embedder(folder / "model/embedder", embedder, *settings))
        detector = Detector.load(source.folder)
        expected = _prove(graphs, source, detector, validation, report, steps)
        with steps.step("Writing the bundle", 0.9):
            images = golden.pictures()
            index = None
            if images:
                by_detector = golden.find(detector, images.values())
                index = golden.write_golden(folder, source, images, expected, by_detector)
            if gallery is not None:
                write_gallery(gallery, folder / GALLERY)
            litert = _uses_litert(folder)
            if litert:
                copy_into(folder, DETECTOR_LITERT, source.path(LITERT))
                if embedder is not None:
                    copy_into(folder, EMBEDDER_LITERT, embedder.path)
            _write_papers(folder, source, embedder)
            _write_project(folder)
            description = _describe(source, precision, graphs[0].task.model, litert)
            description["embedder"] = None
            if embedder is not None:
                graph = graphs[1].task.model
                description["embedder"] = _describe_embedder(embedder, precision, graph, litert)
            description["gallery"] = f"{GALLERY}/{GALLERY_INDEX}" if gallery is not None else None
            description["golden"] = index
            report.check("service worker", *finish(folder, description))
            report.about["version"] = description["version"]
            report.about["gallery"] = gallery.name if gallery is not None else "none"
            _conclude(report, folder, steps)
    report.folder = Path(out)
    steps.done()
    return report


def export_model(
    out,
    model=None,
    format="tfjs",
    precision=None,
    shard_bytes=SHARD_BYTES,
    names="skushare",
    validation=None,
    progress=None,
):
    """Write a model alone to the folder ``out``, and prove it.

    Args:
        format: ``"tfjs"``: the TensorFlow.js graph model with raw heads. ``"savedmodel"``: TensorFlow's,
            with the signature ``serving_default``. ``"litert"``: a ``model.tflite`` with raw heads.
        precision: of the weights. ``"tfjs"``: one of ``PRECISIONS``, default float16. ``"litert"``:
            float32 or float16; default, and for uint8, the model's own file. ``"savedmodel"``: float32.
        names: of a SavedModel's inputs and outputs; see :func:`~skushare.export.savedmodel.write_savedmodel`.
        out, model, shard_bytes, validation, progress: as in :func:`export_bundle`, with the same errors.

    Returns:
        an :class:`ExportReport`.
    """
    if format == "savedmodel" and precision not in (None, "float32"):
        raise ExportError("a SavedModel keeps its weights as float32; leave out the precision")
    if format != "savedmodel" and names != "skushare":
        raise ExportError("only a SavedModel can have the names of the Object Detection API")
    if format == "tfjs":
        precision = precision or DEFAULT_PRECISION
    steps = _Steps(progress)
    with export_folder(out) as folder:
        with steps.step("Reading the model", 0.0):
            source = read_model(model)
        report = _report(source, format, precision or "float32")
        if format == "tfjs":
            _write_tfjs(folder, source, precision, shard_bytes, validation, report, steps)
        elif format == "savedmodel":
            _write_savedmodel(folder, source, names, report, steps)
        else:
            _write_litert(folder, source, precision, report, steps)
        with steps.step("Writing the report", 0.95):
            copy_into(folder, LABEL_MAP, source.path(LABEL_MAP))
            _write_papers(folder, source)
            _conclude(report, folder, steps)
    report.folder = Path(out)
    steps.done()
    return report


class _Steps:
    """Tells what is being done, and remembers how long it took."""

    def __init__(self, progress):
        self._progress, self.seconds = progress or (lambda *_: None), {}

    @contextmanager
    def step(self, text, fraction):
        self._progress(text, fraction)
        started = time.perf_counter()
        yield
        self.seconds[f"{text}, s"] = time.perf_counter() - started

    def done(self):
        self._progress("Finishing", 1.0)  # the process takes a while to end


def _write_tfjs(folder, source, precision, shard_bytes, validation, report, steps):
    with steps.step("Converting the detector", 0.1):
        graph = write_detector(folder, source, precision, shard_bytes, report)
    _prove([graph], source, Detector.load(source.folder), validation, report, steps)


def _prove(graphs, source, detector, validation, report, steps):
    """Measure and run what was written, the detector first; what the detector's network finds in float32."""
    with steps.step("Measuring what the precision costs", 0.5):
        network, converted, _ = graphs[0]
        report.accuracy, expected = proof.measure(source, converted, network, detector, validation)
    with steps.step("Running it in JavaScript", 0.75):
        proof.check_javascript(report, source, [graph.task for graph in graphs])
    return expected


def _write_savedmodel(folder, source, names, report, steps):
    from skushare.export.savedmodel import write_savedmodel

    with steps.step("Building the network", 0.1):
        network = detector_network(source)
    with steps.step("Writing the SavedModel", 0.3):
        write_savedmodel(network, folder, source.config, names)
    with steps.step("Comparing it with Python", 0.7):
        proof.check_savedmodel(report, source, network, folder, names)


def _write_litert(folder, source, precision, report, steps):
    own = source.about.get("precision", "its own")
    if precision in (None, "uint8", own):
        if precision == "uint8" and own != "int8":
            raise ExportError(
                f"{source.name}: its LiteRT file is of {own}; make one of 8 bits with "
                "skushare package RUN --val DATA --precision int8, which measures ranges on photos"
            )
        report.about["precision"] = own
        copy_into(folder, LITERT, source.path(LITERT))
        report.check("file", True, f"the model's own, {own}, as Python runs it")
        return
    from skushare.export.litert import export_litert

    with steps.step("Building the network", 0.1):
        network = detector_network(source)
    with steps.step("Converting to LiteRT", 0.3):
        content = export_litert(network, precision)
        (folder / LITERT).write_bytes(content)
    with steps.step("Comparing it with Python", 0.7):
        proof.check_litert(report, source, network, content)


def _report(source, format, precision):
    report = ExportReport(Path())
    report.about = {
        "model": source.name,
        "kind": format,
        "precision": precision,
        "skushare": __version__,
        "created": _now(),
    }
    return report


def _conclude(report, folder, steps):
    """Write the report, unless a proof failed."""
    report.timings = {**steps.seconds, **report.timings}
    failed = [f"{name} ({text})" for name, passed, text in report.checks if passed is False]
    failed = [text for text in failed if not text.startswith("service worker")]
    if failed:
        raise ExportError("not exported, because a proof failed: " + "; ".join(failed))
    report.write(folder)


def _describe(source, precision, graph, litert):
    """The head of ``bundle.json`` and the detector's part."""
    return {
        "format": FORMAT,
        "version": "",
        "created": _now(),
        "skushare": __version__,
        "name": source.name,
        "licence": source.about.get("licence", ""),
        "detector": {
            "tfjs": "model/detector/model.json",
            **({"litert": DETECTOR_LITERT} if litert else {}),
            "precision": precision,
            "digest": source.files[LITERT],
            "inputs": graph.inputs,
            "outputs": graph.outputs,
            "config": asdict(source.config),
        },
    }


def _describe_embedder(embedder, precision, graph, litert):
    return {
        "tfjs": "model/embedder/model.json",
        **({"litert": EMBEDDER_LITERT} if litert else {}),
        "precision": precision,
        "digest": embedder.digest,
        "size": embedder.size,
        "dimensions": embedder.dimensions,
        "scale": embedder.scale,
        "middle": embedder.middle,
        "likeness": embedder.likeness,
        "input": graph.inputs["image"],
        "output": graph.outputs["embedding"],
    }


def _uses_litert(folder):
    """Whether the app in ``folder`` has the LiteRT engine."""
    return any(folder.rglob("*litert*.wasm"))


def _write_papers(folder, source, embedder=None):
    """Licence, notice and the cards of the models."""
    root = Path(__file__).resolve().parents[2]
    for name in ("LICENSE", "NOTICE"):
        if (root / name).is_file():
            copy_into(folder, name, root / name)
    _write_card(folder / CARD, source.folder / CARD)
    if embedder is not None:
        _write_card(folder / EMBEDDER_CARD, embedder.path.parent / CARD)


def _write_card(target, card):
    """Copy ``card``, if there is one; of links to files beside it, which stay behind, only the text."""
    if card.is_file():
        target.write_bytes(_LINK.sub(rb"\1", card.read_bytes()))


def _write_project(folder):
    """Make the bundle a project: ``npm start`` shows it, ``npm run build`` builds the app anew."""
    project = folder / PROJECT
    if not (project / "package.json").is_file():
        raise ExportError("the browser app comes without its sources; build it again: tools/build_webapp.py")
    package = json.loads((project / "package.json").read_text(encoding="utf-8"))
    package["name"] = "skushare-bundle"
    package["scripts"] = {
        "start": "cd project && vite preview --outDir .. --port 8080",
        "dev": "cd project && vite",
        "build": "cd project && tsc --noEmit && vite build && node bundle.mjs",
    }
    (folder / "package.json").write_text(json.dumps(package, indent=2) + "\n", encoding="utf-8")
    (project / "package.json").unlink()
    (project / "package-lock.json").replace(folder / "package-lock.json")
    copy_into(folder, "README.md", Path(__file__).with_name("bundle_readme.md"))
    (folder / ".gitignore").write_text("/node_modules/\n/project/dist/\n")
    # Files are checked by their bytes, so Git must not change the ends of lines.
    (folder / ".gitattributes").write_text("* -text\n")
    (folder / ".nojekyll").write_text("")  # GitHub Pages is to leave everything as it is


def _now():
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
