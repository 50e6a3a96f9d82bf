"""`skushare package`: write a run as a model folder."""

from pathlib import Path

from skushare.commands.common import command
from skushare.errors import ConfigError, ModelError


def add(commands):
    parser = command(
        commands,
        "package",
        run,
        "Write a run's best weights as a model folder.\n\n"
        "`train` does it at its end; this is for a run that goes on, was stopped, or was made where there\n"
        "is no TensorFlow. Thresholds are those that count best on the validation data.",
        "examples:\n"
        "  skushare package first --val mine@val\n"
        "  skushare package runs/first --val mine/val.json --out models/mine\n",
    )
    parser.add_argument("name", metavar="RUN", help="name of the run (first or runs/first), or its folder")
    parser.add_argument("--val", required=True, metavar="DATA", help="dataset to choose thresholds on")
    parser.add_argument("--out", type=Path, metavar="DIR", help="model folder (default: RUN/model)")
    parser.add_argument(
        "--precision",
        choices=("auto", "float16", "int8"),
        default="auto",
        help="of the file that runs; int8 takes about half the time (default: auto, int8 where it costs\n"
        "at most .005 of live AP on the validation data)",
    )
    parser.add_argument("--licence", default="", help="what may be done with the weights; kept in model.json")


def run(args):
    from skushare.dataset.formats import read_dataset
    from skushare.quiet import load_keras
    from skushare.training.material import check_validation
    from skushare.training.plan import BEST, licence_of

    run_folder = _find(args.name)
    if not (run_folder / BEST).is_file():  # before Keras, which takes its time
        raise ModelError(
            f"{run_folder}: has no trained weights ({BEST}); a run has them from its first validation "
            "on; skushare runs list names the runs"
        )
    validation = read_dataset(args.val)
    check_validation(validation)
    load_keras()
    from skushare.training.package import package_run

    licence = args.licence or licence_of(run_folder)
    about = {"licence": licence} if licence else None
    folder = package_run(run_folder, validation, args.out, about, args.precision)
    print(f"{folder}: use it with --model {folder}")
    return 0


def _find(name):
    """Folder of the run ``name``, also of one that was made by hand and has no plan."""
    from skushare.training.runs import open_run

    try:
        return open_run(name).folder
    except ConfigError:
        if Path(name).is_dir():
            return Path(name)
        raise
