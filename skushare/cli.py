"""The command line: everything the app does, scriptable."""

import argparse
import io
import sys

from skushare import __version__
from skushare.commands import (
    app,
    audit,
    audits,
    bench,
    cache,
    data,
    detect,
    evaluate,
    export,
    gallery,
    package,
    runs,
    serve,
    train,
)
from skushare.commands.common import drop_output
from skushare.errors import SkushareError


def main(argv=None):
    """Run the command line; returns the exit status (0 fine, 1 some input failed, 2 nothing done)."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # as standard error does with letters that it lacks
        sys.stdout.reconfigure(errors="backslashreplace")
    parser = build_parser()
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}{getattr(args, 'of_unknown', '')}")
    try:
        status = args.run(args)
        print(end="", flush=True)  # not of sys.stdout, which is None where it was closed
        return status
    except SkushareError as error:
        print(f"skushare: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        drop_output()
        return 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"skushare: {place}{error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("skushare: interrupted", file=sys.stderr)
        return 130


def build_parser():
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="skushare",
        description="Find and count every facing on shelf photos; train and measure the detector for it.",
        epilog="Start with: skushare detect data --draw out",
    )
    parser.add_argument("--version", action="version", version=f"skushare {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    offered = [detect, gallery, audit, audits, data, train, runs, package]
    offered += [evaluate, bench, export, serve, app, cache]
    for module in offered:
        module.add(commands)
    return parser
