"""`skushare bench`: milliseconds a frame."""

from skushare.commands.common import add_model, command, input_size, positive
from skushare.errors import SkushareError


def add(commands):
    parser = command(
        commands,
        "bench",
        run,
        "Milliseconds a frame, stage by stage, against the same network in Keras.\n\n"
        "The Keras network is run by model.predict with the same resizing and post-processing, in the\n"
        "same process, turn by turn. Needs TensorFlow.",
        "example:\n  skushare bench data/\n",
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="photos used as frames (default: the bundled ones)"
    )
    add_model(parser, "live")
    parser.add_argument("--size", type=input_size, help="longest input side in pixels (default: the model's)")
    parser.add_argument("--frames", type=positive, default=60, help="timed, after a few that are not (60)")
    parser.add_argument("--no-keras", action="store_true", help="leave out the comparison")


def run(args):
    from skushare.detector.benchmark import benchmark
    from skushare.detector.runtime import Detector
    from skushare.image_files import find_images
    from skushare.images import read_image
    from skushare.samples import sample_pictures

    paths = find_images(args.paths) if args.paths else sample_pictures()
    images = [read_image(path) for path in paths[:8]]
    if not images:
        raise SkushareError("no photos to run on; name some as PATH")
    if not args.no_keras:
        from skushare.quiet import load_keras

        load_keras()
    detector = Detector.load(args.model)
    table = benchmark(detector, images, args.mode, args.frames, keras=not args.no_keras, size=args.size)
    print(table.to_string(index=False, float_format=lambda v: f"{v:.2f}"))
    return 0
