"""The server of ``skushare serve``: a bundle for the browsers of this machine or its network."""

import json
import logging
import re
import threading
import time
from contextlib import suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount

from skushare.errors import ConfigError, SkushareError
from skushare.export.manifest import DESCRIPTION, read_bundle
from skushare.serve.certificate import certificate
from skushare.serve.files import Folder
from skushare.serve.network import EVERYWHERE, in_url, is_loopback, lan_addresses, listen, qr_terminal
from skushare.serve.trust import PAGE, trust_routes

PORT = 8643
MODEL = "model.json"  # of a model for TensorFlow.js alone
# With these, and only with these, a browser lets WebAssembly use threads.
ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}
ASKED, SHOWN = ("Range", "If-None-Match", "Cache-Control"), ("ETag", "Content-Length", "Content-Range")


def check_folder(folder):
    """Raise ``ConfigError`` unless ``folder`` is a bundle, or a TF.js model for a page elsewhere."""
    folder = Path(folder)
    if folder.is_file():
        raise ConfigError(f"{folder}: is a file; give the folder of a bundle, which skushare export makes")
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no such folder; skushare export --out {folder} makes a bundle")
    for name, wanted in ((DESCRIPTION, "skushare bundle"), (MODEL, "graph-model")):
        try:
            content = json.loads((folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise ConfigError(f"{folder / name}: cannot be read ({error}); export it again") from None
        if isinstance(content, dict) and str(content.get("format", "")).startswith(wanted):
            return
    raise ConfigError(f"{folder}: no bundle (it has no {DESCRIPTION}); skushare export --out DIR makes one")


def find_damage(folder):
    """What is missing or damaged in the bundle ``folder``, which the app would refuse; else ``None``."""
    if not (Path(folder) / DESCRIPTION).is_file():
        return None
    try:
        read_bundle(folder)
    except SkushareError as error:
        return str(error)
    return None


def checked_origin(text):
    """``text`` if it is ``*`` or the origin of a page, such as ``https://example.org``.

    Raises:
        ConfigError: it is neither.
    """
    text = text.rstrip("/") if "://" in text else text
    if text != "*" and not re.fullmatch(r"https?://[^\s/?#@]+", text):
        raise ConfigError(f"--cors {text}: not the origin of a page; write it as https://example.org, or *")
    return text.lower()


def make_app(folder, origins=(), cached=True, certificate=None):
    """The ASGI application that serves ``folder``.

    Args:
        origins: of pages elsewhere that may read the files, see :func:`checked_origin`.
        cached: as of :class:`~skushare.serve.files.Folder`.
        certificate: of the server; adds the page on how to trust it.
    """
    owner = "cross-origin" if origins else "same-origin"
    headers = {**ISOLATION, "Cross-Origin-Resource-Policy": owner, "X-Content-Type-Options": "nosniff"}
    middleware = []
    if origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(origins),
                allow_methods=("GET", "HEAD"),
                allow_headers=ASKED,
                expose_headers=SHOWN,
                allow_private_network=True,
            )
        )
    routes = trust_routes(certificate) if certificate else []
    return Starlette(routes=[*routes, Mount("/", Folder(folder, headers, cached))], middleware=middleware)


def serve(folder, host="127.0.0.1", port=PORT, https=False, origins=(), cached=True, say=print):
    """Serve ``folder`` until the process is told to end, after telling ``say`` where.

    Args:
        host: address to listen at; that of ``network.everywhere`` for the network.
        port: 0 takes any free one.
        https: with this machine's certificate, see ``certificate.py``.
        origins, cached: as of :func:`make_app`.
        say: takes lines of text.

    Raises:
        ConfigError: the folder is no bundle, or the port or host cannot be had.
        SkushareError: there is no certificate and none can be made.
    """
    check_folder(folder)
    origins = [checked_origin(origin) for origin in origins]
    socket = listen(host, port)
    with socket:
        port = socket.getsockname()[1]
        own = () if host in EVERYWHERE else (host,)
        secured = certificate(own) if https else None
        say(f"Serving {folder}")
        if problem := find_damage(folder):
            say(f"  warning: {problem}")
        announce(host, port, secured, say)
        _run(make_app(folder, origins, cached, secured), socket, secured)


def announce(host, port, certificate, say, trust=None):
    """Tell ``say`` by which addresses a server is reached, with a QR code where a phone can reach it.

    Args:
        trust: address of the page on trusting the certificate, if not on this server, as for the app; this
            does not work offline, as bundles do.
    """
    scheme = "https" if certificate else "http"
    everywhere = host in EVERYWHERE
    local = f"{scheme}://localhost:{port}"
    if everywhere or is_loopback(host):
        say(f"  on this computer: {local}")
    if is_loopback(host):
        say("  for a phone in the same network, start it with --lan")
        return
    found = lan_addresses() if everywhere else [host]
    found = [address for address in found if ":" in host or ":" not in address]  # what it listens at
    addresses = [f"{scheme}://{in_url(address)}:{port}" for address in found]
    if not addresses:
        say("  this computer is on no network; connect it and start again")
        return
    for address in addresses:
        say(f"  in this network:  {address}")
    say("")
    say(qr_terminal(addresses[0]))
    say("")
    if certificate:
        say("The phone warns once that it does not know this computer; go on to the page.")
        aims = "Without the warning" if trust else "Without the warning, and to work offline"
        say(f"{aims}: {trust or addresses[0] + PAGE} tells how.")
        say(f"The certificate's SHA-256: {certificate.fingerprint}")
    else:
        say("Without --https a phone gives this page no camera and keeps nothing for offline use.")
    say("Anyone in this network can open it. Ctrl-C ends it.")


def _config(app, certificate):
    import uvicorn

    # Browsers keep connections open; to end with them open is no fault.
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    return uvicorn.Config(
        app,
        # Its own would shut down the handlers of all others in this process; absl's then closes its stream.
        log_config=None,
        log_level="warning",
        access_log=False,
        ws="none",
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=2,
        ssl_certfile=certificate and certificate.chain,
        ssl_keyfile=certificate and certificate.key,
    )


def _is_news(record):
    return "timeout graceful shutdown exceeded" not in record.getMessage()


def _run(app, socket, certificate):
    import uvicorn

    with suppress(KeyboardInterrupt):  # Ctrl-C is how one ends it
        uvicorn.Server(_config(app, certificate)).run(sockets=[socket])


class BackgroundServer:
    """Serves ``app`` in a thread of this process, from its making until :meth:`close`.

    Args:
        socket: listens; closed in the end.
        certificate: for https.
    """

    def __init__(self, app, socket, certificate=None):
        import uvicorn

        self.port = socket.getsockname()[1]
        self._socket = socket
        self._server = uvicorn.Server(_config(app, certificate))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [socket]}, daemon=True)
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.01)

    @property
    def alive(self):
        """Whether it still serves."""
        return self._thread.is_alive()

    def close(self):
        """End it."""
        self._server.should_exit = True
        self._thread.join(5)
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
