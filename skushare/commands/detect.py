"""`skushare detect`: find the facings in photos."""

import os
import sys
from functools import partial
from pathlib import Path

from skushare.commands.common import (
    add_model,
    add_naming,
    command,
    complain,
    fraction,
    open_naming,
    positive,
    progress,
)
from skushare.errors import ConfigError
from skushare.files import check_folder, check_target, make_folder, write_file
from skushare.text import counted
from skushare.workspace import free_name

JOINED_SIDE = 2048  # pixels that photos are kept at while they wait to be joined
MOST_JOINED = 100  # photos; they wait in a gigabyte, and each is compared with each


def add(commands):
    parser = command(
        commands,
        "detect",
        run,
        "Find the facings in photos.\n\n"
        "PATHs are photos, videos or folders, which are searched for photos with their subfolders. On a\n"
        "video that moves along a shelf each facing counts once, as on the Live page: --mode,\n"
        "--max-detections and --one-shelf are for photos alone. What cannot be read is reported, the rest\n"
        "is counted, and the exit status is 1. If a path does not exist, the command ends with status 2\n"
        "before anything is counted.",
        "examples:\n"
        "  skushare detect shelf.jpg                            count, as a table\n"
        "  skushare detect photos/ --draw out/                  and pictures with the boxes drawn\n"
        "  skushare detect photos/ --format coco --out all.json the facings that count, for other tools\n"
        "  skushare detect photos/ --format coco --min-score 0.01 --out all.json\n"
        "                                                       and doubtful boxes, as measuring AP needs\n"
        "  skushare detect left.jpg right.jpg --one-shelf       what both show counts once\n"
        "  skushare detect walk.mp4                             a video along a shelf, each facing once\n"
        "  skushare detect shelf.jpg --shares                   share of shelf, overall and by row\n"
        "  skushare detect shelf.jpg --shares --gallery mine    by the brands of a gallery\n"
        "  skushare detect photos/ --shares --format csv --out shares.csv\n"
        "                                                       as a table, shares from 0 to 1\n"
        "  skushare detect shelf.jpg --shares --model packs --brand-map brands.csv\n"
        "                                                       by those of the model's own labels\n",
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="photo, video or folder of photos")
    add_model(parser)
    add_naming(parser)
    parser.add_argument(
        "--min-score", type=fraction, help="least score of a box that counts (default: the model's)"
    )
    parser.add_argument(
        "--max-detections", type=positive, help="at most this many boxes a photo (default: the model's)"
    )
    parser.add_argument(
        "--format",
        choices=("table", "json", "csv", "coco"),
        default="table",
        help="json and csv count shelf rows from 1, the topmost (default: %(default)s)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write there instead of to the terminal")
    parser.add_argument(
        "--draw", type=Path, metavar="DIR", help="also write each photo there with its boxes drawn"
    )
    parser.add_argument(
        "--shares", action="store_true", help="print the share of shelf of all photos together, and by row"
    )
    parser.add_argument(
        "--one-shelf",
        action="store_true",
        help=f"join overlapping photos, {MOST_JOINED} at most, and count the union once",
    )


def run(args):
    from skushare.detector.runtime import Detector
    from skushare.image_files import find_images
    from skushare.live.recording import SUFFIXES
    from skushare.shelf.rows import assign_rows

    if args.shares and args.format == "coco":
        raise ConfigError("--format coco has no place for --shares; choose csv, json or table")
    given = find_images(args.paths)
    if not given:  # an earlier --out stays
        raise ConfigError("no photos found; give photo files or a folder with some")
    videos = [path for path in given if path.suffix.lower() in SUFFIXES]
    photos = [path for path in given if path not in videos]
    if args.one_shelf and len(photos) > MOST_JOINED:
        raise ConfigError(
            f"--one-shelf joins at most {MOST_JOINED} photos, and these are {len(photos):,}; give those of "
            "one shelf at a time"
        )
    _spare(given, args.out, args.draw)
    if args.draw:  # first, as --out may lie in it
        check_folder(make_folder(args.draw))
    if args.out:
        check_target(args.out)
    detector = Detector.load(args.model)
    gallery, embedder = open_naming(args, detector.labels)
    draw = _drawer(args.draw, detector.labels, gallery.brands if gallery else ()) if args.draw else None
    found = _find_in_photos(args, photos, detector, gallery, embedder, draw)
    found += _find_in_videos(args, videos, detector, gallery, embedder, draw)
    found = [photo._replace(detections=assign_rows(photo.detections)) for photo in found]
    facings = sum(len(photo.detections) for photo in found)
    written = f"{counted(facings, 'facing')} of {counted(len(found), 'photo')}"
    text = _text(args, found, detector.labels, gallery)
    if args.out:
        write_file(args.out, text)
        print(f"{args.out}: {written}")
    else:
        print(text.removeprefix("\ufeff").removesuffix("\n"))  # programs read this, no spreadsheet
    if args.draw:
        print(f"{args.draw}: {written}", file=sys.stdout if args.out else sys.stderr)
    return 1 if any(photo.error for photo in found) else 0


def _find_in_photos(args, paths, detector, gallery, embedder, draw):
    """A ``Found`` for each photo, or for each shelf that they show together."""
    from skushare.brands.recognition import recognise
    from skushare.detector.batch import detect_files

    name = None
    if gallery:
        name = partial(recognise, embedder=embedder, gallery=gallery, labels=detector.labels)
    found, pictures = [], {}
    with progress(len(paths), "photos") as advance:
        for photo in detect_files(
            detector,
            paths,
            on_image=_keeper(pictures) if args.one_shelf else draw,
            name=name,
            mode=args.mode,
            min_score=args.min_score,
            max_detections=args.max_detections,
        ):
            _tell_error(photo)
            found.append(photo)
            advance()
    return _joined(found, pictures, draw) if args.one_shelf else found


def _find_in_videos(args, paths, detector, gallery, embedder, draw):
    """A ``Found`` for each picture that shows a part of a video's shelf."""
    from skushare.brands.frames import frame_namer
    from skushare.live.recording import find_in_video

    found = []
    with progress(len(paths), "videos") as advance:
        for path in paths:
            namer = frame_namer(gallery, embedder, detector.labels)
            found += find_in_video(path, detector, namer, args.min_score, on_image=draw)
            _tell_error(found[-1])
            advance()
    return found


def _tell_error(photo):
    if photo.error:
        complain(photo.error)


def _text(args, found, labels, gallery):
    """What was found in the format that is asked for."""
    from skushare import results

    brands, own, products = (), (), ()
    if gallery:
        brands, own, products = gallery.brands, gallery.own_brands, [sku.name for sku in gallery.skus]
    named = (found, labels, brands, own)
    if args.shares:
        return {
            "table": results.to_shares,
            "json": results.shares_to_json,
            "csv": results.shares_to_csv_text,
        }[args.format](*named)
    return {
        "table": lambda: results.to_table(found),
        "json": lambda: results.to_json(*named, products),
        "csv": lambda: results.to_csv_text(*named, products),
        "coco": lambda: results.to_coco(*named),
    }[args.format]()


def _spare(photos, out, draw):
    """Refuse to write over the photos themselves."""
    whole = {place for photo in photos for place in (os.path.abspath(photo), os.path.realpath(photo))}
    if draw and os.path.realpath(draw) in {os.path.realpath(os.path.dirname(place)) for place in whole}:
        raise ConfigError(f"--draw {draw}: holds some of these photos; choose another folder")
    if out and os.path.realpath(out) in whole:
        raise ConfigError(f"--out {out}: is one of the photos; choose another file")


def _drawer(folder, labels, brands):
    from skushare.draw import annotate
    from skushare.images import write_image

    used, color_by = set(), "brand" if brands else "class"

    def draw(path, image, detections):
        # Photos of the same name in two folders must not overwrite each other.
        name = free_name(path.stem, used, "_")
        used.add(name)
        write_image(folder / f"{name}.jpg", annotate(image, detections, brands or labels, color_by))

    return draw


def _keeper(pictures):
    """A function that keeps each photo, small enough for many."""
    from skushare.jpeg import shrink

    def keep(path, image, detections):
        pictures[path] = shrink(image, JOINED_SIDE)

    return keep


def _joined(found, pictures, draw):
    """``found`` with the photos of one shelf in one record each; those that failed stay as they are."""
    from skushare.detector.batch import Found
    from skushare.images import read_image
    from skushare.shelf.mosaic import lay_photos

    good = [photo for photo in found if not photo.error]
    images = [pictures[photo.path] for photo in good]
    scales = [image.shape[1] / photo.width for photo, image in zip(good, images, strict=True)]
    scaled = [photo.detections.scaled(scale) for photo, scale in zip(good, scales, strict=True)]
    doubtful = [photo.doubtful * scale for photo, scale in zip(good, scales, strict=True)]
    records = []
    for laid in lay_photos(images):
        members = sorted(laid.moves)
        paths = [good[member].path for member in members]
        if len(members) == 1:  # by itself, in all its pixels
            records.append(good[members[0]])
            if draw:
                draw(paths[0], read_image(paths[0]), good[members[0]].detections)
            continue
        detections = laid.unite(scaled)
        if draw:
            draw(paths[0], laid.picture(images), detections)
        name = Path(" + ".join([str(paths[0]), *(path.name for path in paths[1:])]))
        records.append(Found(name, *laid.size, detections, doubtful=laid.place(doubtful)))
    return records + [photo for photo in found if photo.error]
