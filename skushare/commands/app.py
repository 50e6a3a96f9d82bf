"""`skushare app`: the Streamlit app, for this machine or for the phones of its network."""

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from skushare.commands.common import command, named, tell
from skushare.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "streamlit_app.py"
PORT = 8501
OURS = {"--server.port": "--port", "--server.address": "--lan"}  # of Streamlit's options, those that we set


def add(commands):
    parser = command(
        commands,
        "app",
        run,
        "Start the app in the browser.\n\n"
        "Without --lan, only this computer reaches it. With it, phones on the same network do: by https,\n"
        "which a phone's camera needs, with a certificate made here and a QR code to scan.",
        "examples:\n"
        "  skushare app --lan\n"
        "  skushare app -- --theme.base dark    # what follows -- goes to Streamlit\n",
    )
    parser.add_argument("--lan", action="store_true", help="open the app to the network, by https")
    parser.add_argument(
        "--model",
        type=named,
        metavar="NAME|DIR",
        help="model to count with: a name in models/, runs/NAME of the workspace, or a model or run folder "
        "(default: the one chosen on the Training page, at first the shipped one)",
    )
    parser.add_argument("--port", type=int, help=f"(default: {PORT}, or the next that is free)")
    parser.add_argument(
        "streamlit", nargs="*", metavar="-- OPTION", help="options that are passed on to Streamlit"
    )
    parser.set_defaults(
        of_unknown="; Streamlit's own options go after --, as in: skushare app -- --theme.base dark"
    )


def run(args):
    from skushare.detector.models import model_folder, read_model
    from skushare.serve.network import everywhere, free_port, listen

    if not (ROOT / SCRIPT).is_file():
        raise ConfigError(f"{ROOT / SCRIPT}: missing; start the app from the folder that has it (see README)")
    if args.streamlit and not args.streamlit[0].startswith("-"):  # a model, say, which would be passed over
        raise ConfigError(
            f"{args.streamlit[0]}: the app takes options alone, as --model; see skushare app --help"
        )
    for word in args.streamlit:
        if ours := OURS.get(word.partition("=")[0]):
            raise ConfigError(f"{word}: the address that is told would be wrong; use {ours}, before the --")
    if args.model:
        read_model(args.model)
        place = model_folder(args.model)
        os.environ["SKUSHARE_MODEL"] = str(place.resolve())  # as the app runs in another folder
    host = everywhere() if args.lan else "127.0.0.1"
    if args.port is None:
        port = free_port(host, PORT)
    else:
        port = args.port
        listen(host, port).close()  # says what is wrong better than Streamlit does
    options = {"server.address": host, "server.port": port}
    with ExitStack() as stack:
        if args.lan:
            options |= _open_to_network(host, port, stack)
        return _streamlit(options, args.streamlit)


def _open_to_network(host, port, stack):
    """Streamlit's options for phones; tells how they get here, and serves the page on trust meanwhile."""
    from starlette.applications import Starlette

    from skushare.serve.certificate import certificate
    from skushare.serve.network import free_port, in_url, lan_addresses, listen
    from skushare.serve.server import BackgroundServer, announce
    from skushare.serve.trust import PAGE, trust_routes

    secured = certificate()
    # A page of its own and over plain http: an iPhone that does not trust the certificate opens no app.
    socket = stack.enter_context(listen(host, free_port(host, port + 1)))
    stack.enter_context(BackgroundServer(Starlette(routes=trust_routes(secured)), socket))
    addresses = [in_url(address) for address in lan_addresses()]
    trust = f"http://{addresses[0]}:{socket.getsockname()[1]}{PAGE}" if addresses else None
    tell("Starting the app")
    announce(host, port, secured, tell, trust)
    options = {
        "server.sslCertFile": secured.chain,
        "server.sslKeyFile": secured.key,
        "server.headless": "true",
    }
    if addresses:
        # Named, or Streamlit asks a server on the internet for its address, and refuses the others.
        options["browser.serverAddress"] = addresses[0]
    options["server.corsAllowedOrigins"] = [f"https://{in_url(name)}:{port}" for name in secured.names]
    return options


def _streamlit(options, more):
    """Run Streamlit in this process until it ends; returns its exit status."""
    from streamlit.web.cli import main

    for variable in ("SKUSHARE_WORKSPACE", "SKUSHARE_PICTURES"):
        if folder := os.environ.get(variable):  # a relative path is meant from here
            os.environ[variable] = os.path.abspath(folder)  # links stay: photos are known by their path
    os.chdir(ROOT)  # where Streamlit finds its settings
    pairs = [(n, v) for n, given in options.items() for v in (given if isinstance(given, list) else [given])]
    arguments = [f"--{name}={value}" for name, value in pairs]
    sys.argv = ["streamlit", "run", SCRIPT, *arguments, *more]
    return main(sys.argv[1:], standalone_mode=False) or 0
