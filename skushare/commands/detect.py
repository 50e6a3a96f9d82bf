"""`skushare detect`: find the facings in photos."""

import sys
from pathlib import Path

from skushare.commands.common import add_model, command, fraction, positive, progress, write


def add(commands):
    parser = command(
        commands,
        "detect",
        run,
        "Find the facings in photos.\n\n"
        "PATHs are photos or folders, which are searched for photos with their subfolders. A photo that\n"
        "cannot be read is named, the rest goes on, and the exit status is 1.",
        "examples:\n"
        "  skushare detect shelf.jpg                            count, as a table\n"
        "  skushare detect photos/ --draw out/                  and pictures with the boxes drawn\n"
        "  skushare detect photos/ --format coco --out all.json every box, for other tools\n",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="photo or folder of photos")
    add_model(parser)
    parser.add_argument(
        "--min-score", type=fraction, help="count boxes from this score on (default: the model's)"
    )
    parser.add_argument(
        "--max-detections", type=positive, help="boxes a photo at most (default: the model's)"
    )
    parser.add_argument("--format", choices=("table", "json", "csv", "coco"), default="table")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write there instead of to the terminal")
    parser.add_argument(
        "--draw", type=Path, metavar="DIR", help="also write each photo there with its boxes drawn"
    )


def run(args):
    from skushare.dataset import results
    from skushare.detector.batch import detect_files
    from skushare.detector.runtime import Detector
    from skushare.images import find_images

    paths = find_images(args.paths)
    detector = Detector.load(args.model)
    draw = _drawer(args.draw, detector.labels) if args.draw else None
    found = []
    with progress(len(paths), "photos") as advance:
        for photo in detect_files(
            detector,
            paths,
            on_image=draw,
            mode=args.mode,
            min_score=args.min_score,
            max_detections=args.max_detections,
        ):
            if photo.error:
                print(f"skushare: {photo.error}", file=sys.stderr)
            found.append(photo)
            advance()
    text = {
        "table": lambda: results.to_table(found),
        "json": lambda: results.to_json(found, detector.labels),
        "csv": lambda: results.to_csv_text(found, detector.labels),
        "coco": lambda: results.to_coco(found, detector.labels),
    }[args.format]()
    if args.out:
        write(args.out, text)
    else:
        print(text)
    if not found:
        print("skushare: no photos found; give photo files or a folder with some", file=sys.stderr)
        return 2
    return 1 if any(photo.error for photo in found) else 0


def _drawer(folder, labels):
    from skushare.draw import annotate
    from skushare.images import write_image

    folder.mkdir(parents=True, exist_ok=True)
    used = set()

    def draw(path, image, detections):
        # Photos of the same name in two folders must not overwrite each other.
        name, number = path.stem, 1
        while name in used:
            number += 1
            name = f"{path.stem}_{number}"
        used.add(name)
        write_image(folder / f"{name}.jpg", annotate(image, detections, labels))

    return draw
