"""`skushare audit`: count shelves for the record."""

from collections import Counter
from datetime import datetime
from pathlib import Path

from skushare.commands.audits import moment, print_audit
from skushare.commands.common import add_model, add_naming, command, complain, fraction, open_naming, progress
from skushare.errors import AuditError, ConfigError
from skushare.text import counted

WORDS = ("store", "shelf", "category", "note")


def add(commands):
    parser = command(
        commands,
        "audit",
        run,
        "Count the facings of photos and keep them as an audit.\n\n"
        "PHOTOS are photos or folders, which are searched for photos with their subfolders; together they\n"
        "make one audit. The same command continues an audit that was interrupted, and counts no photo\n"
        "twice; with another --time, or once the audit is finished, it makes another one. A photo that\n"
        "cannot be read is reported, the others are counted, and the exit status is 1. A video that moves\n"
        "along a shelf makes an audit by itself, in which each facing counts once, as on the Live page:\n"
        "--mode is for photos alone.",
        "examples:\n"
        "  skushare audit monday/ --store 'North Street' --category coffee\n"
        "  skushare audit monday/ --store 'North Street' --gallery coffee   brands by a gallery\n"
        "  skushare audit walk.mp4 --store 'North Street'                   a video along a shelf\n"
        "  skushare audit monday/ --model packs --brand-map brands.csv      by the model's own labels\n",
    )
    parser.add_argument("photos", nargs="+", metavar="PHOTOS", help="photo or folder of photos; or a video")
    for name in WORDS:
        parser.add_argument(f"--{name}", default="", metavar="TEXT", help=f"the audit's {name}")
    parser.add_argument(
        "--time",
        type=moment,
        metavar="TIME",
        help="when the photos were taken, as 2026-03-02T14:30, or elsewhere 2026-03-02T14:30+05:30 (now)",
    )
    add_naming(parser)
    add_model(parser)
    parser.add_argument(
        "--min-score", type=fraction, help="least score of a box that counts (default: the model's)"
    )


def run(args):
    from skushare.audits import store
    from skushare.audits.batch import Finder, open_batch, run_batch
    from skushare.brands.library import save_gallery
    from skushare.detector.runtime import Detector
    from skushare.image_files import find_images
    from skushare.live.recording import SUFFIXES

    paths = find_images(args.photos)
    if not paths:
        raise ConfigError("no photos found; give photo files or a folder with some")
    videos = [path for path in paths if path.suffix.lower() in SUFFIXES]
    if videos and len(paths) > 1:
        raise ConfigError(f"{videos[0]}: a video makes an audit by itself; give it alone")
    detector = Detector.load(args.model)
    gallery, embedder = open_naming(args, detector.labels)
    if args.brand_map:
        save_gallery(gallery)  # so that pages and reports know the own brands
    if videos:
        return _audit_video(videos[0], detector, gallery, embedder, args)
    finder = Finder(detector, args.mode, args.min_score, gallery, embedder)
    words = {name: getattr(args, name) for name in WORDS}
    source = sorted(str(Path(path).resolve()) for path in args.photos)
    files = [(name, _reader(path)) for name, path in zip(_names(paths), paths, strict=True)]
    begun = {batch["audit"]: batch["time"] for batch in store.unfinished_audits()}
    number = open_batch(finder, words, len(paths), source, args.time, files)
    if number in begun:
        print(f"goes on with audit {number} of {begun[number]:%Y-%m-%d %H:%M}, which was interrupted")
    known = failed = 0
    with progress(len(files), "photos") as advance:
        for taken in run_batch(number, files, finder):
            if taken.error:
                complain(taken.error)
            known, failed = known + taken.known, failed + bool(taken.error)
            advance()
    if known:
        were = "was" if known == 1 else "were"
        print(f"{counted(known, 'photo')} {were} in the audit already, and no photo is counted twice")
    print_audit(store.open_audit(number))
    return 1 if failed else 0


def _audit_video(path, detector, gallery, embedder, args):
    from skushare.audits import store
    from skushare.audits.audit import made_with
    from skushare.audits.camera import audit_of_pictures
    from skushare.brands.frames import frame_namer
    from skushare.live.recording import sweep_video

    min_score = detector.threshold("live") if args.min_score is None else args.min_score
    seen, error = sweep_video(path, detector, frame_namer(gallery, embedder, detector.labels), min_score)
    if error:
        complain(error)
    if not seen:
        raise AuditError(f"{path}: no facing was found, so that no audit was saved")
    about = made_with(detector, "live", min_score, gallery, detector.live_sizes[0])
    words = {name: getattr(args, name) for name in WORDS}
    brands = gallery.brands if gallery else ()
    audit = audit_of_pictures(seen, detector.labels, brands, args.time or datetime.now(), **words, **about)
    print_audit(store.open_audit(store.save_audit(audit)))
    return 1 if error else 0


def _names(paths):
    """What each photo is called: its file, with the folders only where two files are called the same."""
    times = Counter(path.name for path in paths)
    return [path.name if times[path.name] == 1 else str(path) for path in paths]


def _reader(path):
    """A function that reads the file, so that one photo at a time is in memory."""
    from skushare.errors import ImageError

    def read():
        try:
            return path.read_bytes()
        except OSError as error:
            raise ImageError(f"{path}: cannot be read ({error.strerror}); check the file") from None

    return read
