"""Servers of exported bundles that run in the app's process: for the page's own preview, and for phones."""

import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

import streamlit as st

from skushare.errors import SkushareError
from skushare.serve.certificate import certificate
from skushare.serve.network import free_port, is_loopback, lan_addresses, listen
from skushare.serve.server import PORT, BackgroundServer, check_folder, make_app
from skushare.serve.trust import PAGE

EVERYWHERE, HERE = "0.0.0.0", "127.0.0.1"
PREVIEW_PORT = PORT + 100


@dataclass(frozen=True)
class Served:
    """A bundle that is being served.

    Attributes:
        server: the ``BackgroundServer``; certificate: its ``Certificate``, or ``None`` without https.
    """

    server: BackgroundServer
    certificate: object = None

    def address(self, host):
        """The address of the app at ``host``."""
        return f"{'https' if self.certificate else 'http'}://{host}:{self.server.port}/"


class Servers:
    """The servers of this process by (folder, purpose)."""

    def __init__(self):
        self._served = {}
        self._lock = threading.Lock()

    def get(self, folder, purpose):
        """The :class:`Served` of a folder for ``"phones"`` or for a preview; ``None`` where there is none."""
        with self._lock:
            found = self._served.get((str(folder), purpose))
            return found if found and found.server.alive else None

    def for_phones(self, folder):
        """Serve ``folder`` to the network by https; another that is so served makes room for it.

        One at a time and at one port, so that a phone finds a newer bundle at the same address.

        Raises:
            SkushareError: it is no bundle, no port is free, or no certificate can be made.
        """
        self.stop(purpose="phones")
        return self._start(folder, "phones", EVERYWHERE, PORT, secure=True, cached=True)

    def preview(self, folder, secure):
        """Serve ``folder`` to browsers of this computer, who keep nothing; raises as :meth:`for_phones`."""
        purpose = "secure preview" if secure else "preview"
        found = self.get(folder, purpose)
        return found or self._start(folder, purpose, HERE, PREVIEW_PORT, secure, cached=False)

    def _start(self, folder, purpose, host, port, secure, cached):
        check_folder(folder)
        made = certificate() if secure else None
        app = make_app(folder, cached=cached, certificate=made)
        served = Served(BackgroundServer(app, listen(host, free_port(host, port)), made), made)
        with self._lock:
            self._served[str(folder), purpose] = served
        return served

    def stop(self, folder=None, purpose=None):
        """End the servers of ``folder``, or of all, for ``purpose``, or for any."""
        with self._lock:
            keys = [k for k in self._served if folder in (None, k[0]) and purpose in (None, k[1])]
            ended = [self._served.pop(key) for key in keys]
        for served in ended:
            served.server.close()

    def close(self):
        """End all."""
        self.stop()


@st.cache_resource(show_spinner=False, on_release=Servers.close)
def servers():
    """The :class:`Servers` of this process."""
    return Servers()


@dataclass(frozen=True)
class Preview:
    """How a visitor's browser can show a bundle that runs on the app's computer.

    Attributes:
        address: of the running bundle; empty where this browser cannot reach it.
        framed: whether it can be shown in the page itself.
        note: what the visitor should know.
    """

    address: str = ""
    framed: bool = False
    note: str = ""


def preview_of(folder, page_url):
    """The :class:`Preview` of ``folder`` for a visitor whose page has the address ``page_url``.

    Raises:
        SkushareError: the bundle cannot be served.
    """
    page = urlsplit(page_url or "http://localhost")
    host = page.hostname or "localhost"
    if is_loopback(host):
        served = servers().preview(folder, secure=page.scheme == "https")
        port = served.server.port
        return Preview(
            served.address(host),
            True,
            f"It runs in this browser, from port {port} of the app's computer. If it stays empty, you see "
            f"the app through a tunnel: forward port {port} too.",
        )
    served = servers().get(folder, "phones")
    if host not in certificate().names:
        return Preview(
            note=f"You see this page by way of {host}, which leads to no other port of the app's computer. "
            "Open the page there, or download the bundle and put it on a host of yours."
        )
    if served is None:
        return Preview(
            note="You see this page from another device. Press **Serve to phones** first; then the bundle "
            "runs here too."
        )
    if page.scheme != "https":
        return Preview(
            served.address(host),
            note="Open it in a tab of its own: this page came over plain http, in which a browser asks for "
            "no consent to the bundle's certificate.",
        )
    return Preview(
        served.address(host),
        True,
        "If it stays empty, open it once in a tab of its own and accept the certificate.",
    )


def phone_addresses(served):
    """(addresses for a phone, the likeliest first; address of the page on trusting the certificate).

    Raises:
        SkushareError: this computer is in no network.
    """
    addresses = [served.address(host) for host in lan_addresses()]
    if not addresses:
        raise SkushareError("this computer is in no network; connect it, then stop and serve again")
    return addresses, addresses[0].rstrip("/") + PAGE
