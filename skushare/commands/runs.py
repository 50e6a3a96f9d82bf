"""`skushare runs`: training runs in the background."""

import json
import sys
import time

from skushare.commands.common import command, positive
from skushare.commands.train import add_plan, read_columns, read_plan, warn
from skushare.errors import ConfigError
from skushare.text import counted


def add(commands):
    parser = command(
        commands,
        "runs",
        None,
        "Start, watch and control training runs in the background.\n\n"
        "One run trains at a time, the others wait in a queue; they go on when the terminal is closed. The\n"
        "Training page shows the same runs.",
        "example:\n"
        "  skushare runs start first --train mine/train.json --val mine/val.json\n"
        "  skushare runs show first\n",
    )
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    listing = command(actions, "list", show_list, "List all runs.", "")
    listing.add_argument("--json", action="store_true", help="for programs")
    start = command(
        actions,
        "start",
        start_run,
        "Make a run and queue it.",
        "example:\n  skushare runs start first --train mine/train.json --val mine/val.json\n",
    )
    start.add_argument("name", metavar="NAME", help="of the new run")
    add_plan(start)
    export = command(
        actions,
        "export-config",
        export_config,
        "Write the settings of a run as a pipeline.config of the TF2 Object Detection API.\n\n"
        "Only for an SSD MobileNet v2. Settings that the format has no place for are listed in a comment.",
        "example:\n  skushare runs export-config first --out pipeline.config\n",
    )
    export.add_argument("name", metavar="NAME", help="of the run, or its folder")
    export.add_argument("--out", metavar="FILE", help="default: print it")
    rough = command(
        actions,
        "estimate",
        tell_estimate,
        "Measure what a run would take here, by a few real steps.",
        "example:\n  skushare runs estimate --train mine/train.json --val mine/val.json\n",
    )
    rough.add_argument("--again", action="store_true", help="measure even if it is known")
    add_plan(rough)
    for name, action, description in (
        ("show", show, "Show how a run is doing."),
        ("stop", stop, "Stop a run after its step; it validates if that is due, and saves."),
        ("resume", resume, "Resume a run that ended early, through the queue."),
        ("delete", delete, "Remove a run with its model."),
        ("log", log, "Print the end of a run's log."),
    ):
        parser = command(actions, name, action, description, "")
        parser.add_argument("name", metavar="NAME", help="of the run, or its folder")
        if name == "stop":
            parser.add_argument("--force", action="store_true", help="kill it; what is not saved is lost")
        if name == "log":
            parser.add_argument("--lines", type=positive, default=40, help="how many (default: 40)")


def show_list(args):
    from skushare.training import runs

    runs.wake()
    rows = [_summary(run) for run in runs.list_runs()]
    if args.json:
        print(json.dumps(rows, indent=2))
        return 0
    if not rows:
        print("no runs yet; skushare runs start makes one")
    for row in rows:
        steps = f"{row['step']}/{row['steps']}"
        best = "" if row["AP"] is None else f"AP {row['AP']:.3f}"
        print(f"{row['name']:24} {row['status']:12} {steps:>13}  {best:9} {row['reason']}".rstrip())
    return 0


def start_run(args):
    from skushare.training import runs

    indexes = read_columns(plan := read_plan(args))  # what is not there is told here, not in the queue
    run = runs.create_run(args.name, plan)
    warn(plan, indexes)
    print(f"{run.name}: queued; skushare runs show {run.name} shows how it is doing")
    return 0


def tell_estimate(args):
    from skushare.training.estimate import estimate

    indexes = read_columns(plan := read_plan(args))
    warn(plan, indexes)
    print("Measuring a few real steps, unless they were measured before", file=sys.stderr)
    found = estimate(plan, args.again)
    print(f"{'time':12} {found.seconds / 60:.0f} min, packaging left out")
    print(f"{'a step':12} {found.seconds_per_step:.2f} s")
    print(f"{'validation':12} {counted(found.photos, 'photo')}, {found.seconds_per_photo:.2f} s each")
    print(f"{'memory':12} {found.memory / 2**30:.1f} GB")
    if found.busy:
        print("Other programs kept the machine busy meanwhile; alone, it goes faster.")
    return 0


def show(args):
    from skushare.detector.models import DESCRIPTION
    from skushare.training import runs

    run = runs.open_run(args.name)
    runs.wake(run.folder.parent)
    for name, value in _summary(run).items():
        if value not in (None, ""):
            print(f"{name:12} {value:.4f}" if isinstance(value, float) else f"{name:12} {value}")
    if (progress := run.progress()) and run.status == runs.RUNNING:
        pace = f", {progress.seconds_per_step:.2f} s a step, {progress.seconds_left / 60:.0f} min left"
        memory = f"{progress.memory / 2**30:.1f} of {progress.memory_total / 2**30:.1f} GB"
        print(f"{'phase':12} {progress.phase}{pace if progress.seconds_per_step else ''}")
        print(f"{'uses':12} {progress.cores:.1f} cores, {memory}")
        print(f"{'last sign':12} {time.time() - progress.updated:.0f} s ago")
    if (run.model_folder / DESCRIPTION).exists():
        print(f"{'model':12} {run.model_folder}")
    return 0


def stop(args):
    from skushare.training import runs

    run = runs.open_run(args.name)
    killed = args.force and run.status == runs.RUNNING
    run.stop(force=args.force)
    if killed:  # which takes the system a moment
        print(f"{run.name}: killed; skushare runs resume {run.name} goes on from the last saving")
    else:
        print(f"{run.name}: {run.status}{': ' * bool(run.reason)}{run.reason}")
    return 0


def resume(args):
    from skushare.training import runs

    run = runs.open_run(args.name)
    run.resume()
    print(f"{run.name}: queued")
    return 0


def delete(args):
    from skushare.training import runs

    run = runs.open_run(args.name)
    run.delete()
    print(f"{run.name}: deleted")
    return 0


def export_config(args):
    from skushare.files import write_file
    from skushare.training import runs
    from skushare.training.pipeline_writing import write_pipeline

    run = runs.open_run(args.name)
    text = write_pipeline(run.detector, run.plan.training, run.plan.weights)
    if args.out:
        write_file(args.out, text)
        print(args.out)
    else:
        print(text, end="")
    return 0


def log(args):
    from skushare.training import runs

    print(runs.open_run(args.name).log_tail(args.lines))
    return 0


def _summary(run):
    from skushare.training.comparison import best_figures

    progress = run.progress()
    status, reason = run.condition()
    try:
        steps = run.plan.training.steps
    except ConfigError as error:  # of another version, or damaged: the others are to be seen all the same
        steps, reason = progress.steps if progress else 0, reason or str(error)
    return {
        "name": run.name,
        "status": status,
        "reason": reason,
        "step": progress.step if progress else 0,
        "steps": steps,
        "AP": best_figures(run.metrics()).get("AP"),
    }
