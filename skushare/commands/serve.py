"""`skushare serve`: an exported bundle for the browsers of this machine or its network."""

from pathlib import Path

from skushare.commands.common import command, tell

PORT = 8643  # also named in server.py, whose import takes half a second


def add(commands):
    parser = command(
        commands,
        "serve",
        run,
        "Serve an exported bundle to browsers.\n\n"
        "Without --lan or --host, only this computer reaches it. A phone needs https for its camera: --lan\n"
        "serves the network with a certificate made here, and shows the address as a QR code.",
        "examples:\n"
        "  skushare serve shelf --lan\n"
        "  skushare serve shelf --cors https://example.org    # that page may load the model\n",
    )
    parser.add_argument("folder", type=Path, metavar="BUNDLE", help="folder that skushare export wrote")
    parser.add_argument(
        "--lan", action="store_true", help="for a phone: --https, at all addresses of this computer"
    )
    parser.add_argument("--host", help="address to listen at (default: 127.0.0.1, this computer only)")
    parser.add_argument("--port", type=int, default=PORT, help=f"(default: {PORT}; 0 takes any free one)")
    parser.add_argument(
        "--https", action="store_true", help="with a certificate made here, kept in the workspace"
    )
    parser.add_argument(
        "--cors",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let pages of this origin load the files, as https://example.org; * for all; repeatable",
    )
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="have browsers keep nothing, so that each load takes the files as they are now; the app\n"
        "then does not work offline",
    )


def run(args):
    from skushare.serve.network import everywhere
    from skushare.serve.server import serve

    host = args.host or (everywhere() if args.lan else "127.0.0.1")
    serve(args.folder, host, args.port, args.https or args.lan, args.cors, not args.no_cache, tell)
    return 0
