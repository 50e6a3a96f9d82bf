"""`skushare evaluate`: measure a model on a labelled dataset."""

from pathlib import Path

from skushare.commands.common import add_model, command, fraction, positive, progress, read_data


def add(commands):
    parser = command(
        commands,
        "evaluate",
        run,
        "Measure a model on a labelled dataset.\n\n"
        "AP, AP50, AP75 and AR300 by COCO's own evaluation at 300 detections a photo, with a bootstrap\n"
        "interval of AP over photos, and the counting error at the model's threshold.",
        "example:\n  skushare evaluate mine/test.json --csv results/accuracy.csv\n",
    )
    parser.add_argument("data", type=Path, metavar="DATA", help="COCO file")
    add_model(parser)
    parser.add_argument("--size", type=positive, help="longest input side in pixels (default: the model's)")
    parser.add_argument("--min-score", type=fraction, help="count at this threshold (default: the model's)")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="append the figures as a row")


def run(args):
    from skushare.detector.runtime import Detector
    from skushare.evaluation.evaluate import append_row, evaluate

    dataset = read_data(args.data)
    detector = Detector.load(args.model)

    def shown(samples):
        with progress(len(samples), "photos") as advance:
            for sample in samples:
                yield sample
                advance()

    row = evaluate(detector, dataset, args.mode, args.size, args.min_score, progress=shown)
    for name, value in row.items():
        print(f"{name:12} {value:.4f}" if isinstance(value, float) else f"{name:12} {value}")
    if args.csv:
        append_row(args.csv, row)
    return 0
