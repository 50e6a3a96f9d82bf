"""Train the shipped model on with photos seen at an angle: are oblique views what it lacks?

    python benchmarks/oblique_views.py DATA RUN --steps 2400 --csv results/oblique_views.csv

``DATA`` holds the labelled photos of the model card, ``RUN`` takes the run, which goes on where it was
killed. Half of the crops are of a photo that is warped as if its shelf, a plane, were seen from the side,
from above or below, or by a camera held askew; a box becomes the one around its four corners. Rows: figures
of the shipped weights and of those at the end, which no validation has chosen, both in float16, in photo mode
and in live mode, on the validation photos as they are and on the same from aside, and milliseconds a live
frame on all cores.
"""

from dataclasses import replace

import numpy as np
from wider_heads import VALIDATION, log, option_parser, train_on

CHANCE = 0.5  # of a crop's photo to be warped
YAW, PITCH, ROLL = 40.0, 15.0, 4.0  # degrees, at most
LEAST_YAW = 20.0  # degrees, of the validation photos from aside


def main():
    args = option_parser(__doc__).parse_args()

    from skushare.dataset.coco import read_coco
    from skushare.detector.models import WEIGHTS, read_model
    from skushare.detector.network import build_network
    from skushare.detector.weights import load_weights
    from skushare.training import batches
    from skushare.training.checkpoint import Checkpoints
    from skushare.training.config import TrainingConfig
    from skushare.training.trainer import averaged_weights, make_learner

    model = read_model()
    crop = batches.random_crop

    def oblique_crop(image, sample, size, resize, config, rng):
        if rng.random() < CHANCE:
            image, sample = warped(image, sample, rng.uniform(-1, 1, 3) * [YAW, PITCH, ROLL])
        return crop(image, sample, size, resize, config, rng)

    batches.random_crop = oblique_crop
    start = args.start or model.path(WEIGHTS)
    train_on(args, model.config, lambda network: load_weights(network, start))
    validation = read_coco(args.data / VALIDATION).as_one_class()
    views = {"as they are": validation, "from aside": from_aside(validation, args.run / "from_aside")}

    def measure(network, steps):
        for view, photos in views.items():
            log(args, args.run / f"{steps}_steps", network, model.config, steps, photos, view=view)

    shipped = build_network(model.config, (None, None))
    load_weights(shipped, model.path(WEIGHTS))
    measure(shipped, 0)
    settings = TrainingConfig.from_json((args.run / "training.json").read_text())
    learner = make_learner(model.config, settings, None)
    Checkpoints(args.run).restore(learner)
    trained = build_network(model.config, (None, None))
    with averaged_weights(learner):
        trained.set_weights(learner.network.get_weights())
    measure(trained, args.steps)


def warped(image, sample, angles):
    """A photo and its sample as seen with the shelf turned by ``angles``, (3,) degrees: yaw, pitch, roll.

    Args:
        image: (h, w, 3) uint8 RGB of any size; boxes of ``sample`` are in its own pixels.
    """
    import cv2

    from skushare.detector.preprocess import PADDING

    height, width = image.shape[:2]
    matrix, (out_width, out_height) = _homography(width, height, np.radians(angles))
    out = cv2.warpPerspective(
        image, matrix, (out_width, out_height), flags=cv2.INTER_LINEAR, borderValue=(PADDING,) * 3
    )
    to_image = np.array([width / sample.width, height / sample.height])
    corners = sample.boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]] * to_image  # (n, 4, 2)
    corners = _apply(matrix, corners.reshape(-1, 2)).reshape(-1, 4, 2)
    boxes = np.concatenate([corners.min(1), corners.max(1)], 1) if len(corners) else sample.boxes
    return out, replace(sample, boxes=boxes, width=out_width, height=out_height)


def _homography(width, height, angles):
    """(3, 3) float64 and (width, height) of the picture, whose shelf keeps its area."""
    yaw, pitch, roll = angles
    focal = max(width, height)  # a phone's, of about 53 degrees along the longer side
    cos, sin = np.cos, np.sin
    about_y = np.array([[cos(yaw), 0, sin(yaw)], [0, 1, 0], [-sin(yaw), 0, cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, cos(pitch), -sin(pitch)], [0, sin(pitch), cos(pitch)]])
    about_z = np.array([[cos(roll), -sin(roll), 0], [sin(roll), cos(roll), 0], [0, 0, 1]])
    turned = about_z @ about_x @ about_y
    plane = np.column_stack([turned[:, 0], turned[:, 1], [0, 0, 1]])
    middle = np.array([[1 / focal, 0, -width / 2 / focal], [0, 1 / focal, -height / 2 / focal], [0, 0, 1]])
    matrix = np.diag([focal, focal, 1.0]) @ plane @ middle
    corners = _apply(matrix, np.array([[0, 0], [width, 0], [width, height], [0, height]], float))
    x, y = corners.T
    scale = np.sqrt(width * height / (0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))))
    low = corners.min(0) * scale
    shift = np.array([[scale, 0, -low[0]], [0, scale, -low[1]], [0, 0, 1]])
    size = np.ceil(np.ptp(corners, axis=0) * scale).astype(int)
    return shift @ matrix, (int(size[0]), int(size[1]))


def _apply(matrix, points):
    projected = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return projected[:, :2] / projected[:, 2:]


def from_aside(dataset, folder):
    """``dataset`` with its photos, written to ``folder``, seen from aside; the same angles each time."""
    from skushare.images import read_image, write_image

    folder.mkdir(parents=True, exist_ok=True)
    rng, samples = np.random.default_rng(0), []
    for sample in dataset.samples:
        yaw = rng.choice([-1, 1]) * rng.uniform(LEAST_YAW, YAW)
        image, sample = warped(read_image(sample.path), sample, [yaw, *rng.uniform(-1, 1, 2) * [PITCH, ROLL]])
        path = folder / f"{sample.path.stem}.png"
        write_image(path, image)
        samples.append(replace(sample, path=path))
    return replace(dataset, name=f"{dataset.name}-aside", samples=tuple(samples))


if __name__ == "__main__":
    main()
