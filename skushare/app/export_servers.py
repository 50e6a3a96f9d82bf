"""Servers of exported bundles that run in the app's process: for the page's own preview, and for phones."""

import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

import streamlit as st

from skushare.errors import ConfigError, SkushareError
from skushare.serve.certificate import certificate
from skushare.serve.network import TRIES, everywhere, free_port, in_url, is_loopback, lan_addresses, listen
from skushare.serve.server import PORT, BackgroundServer, check_folder, make_app
from skushare.serve.trust import PAGE

HERE = "127.0.0.1"
PREVIEW_PORT = PORT + 100
PHONES, PREVIEW, SECURE_PREVIEW = "phones", "preview", "secure preview"
PREVIEWS = 3  # at once; each holds a thread, a port, and files in memory
OTHER_NETWORK = "this computer changed its network; stop and serve again"


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
        return f"{'https' if self.certificate else 'http'}://{in_url(host)}:{self.server.port}/"


class Servers:
    """The servers of this process by (folder, purpose)."""

    def __init__(self):
        self._served = {}  # the one asked for last at the end
        # Held also while one starts or ends: two tabs may ask at once.
        self._lock = threading.RLock()

    def get(self, folder, purpose):
        """The :class:`Served` of a folder for ``PHONES`` or for a preview; ``None`` where there is none."""
        with self._lock:
            found = self._served.get((str(folder), purpose))
            return found if found and found.server.alive else None

    def for_phones(self, folder):
        """Serve ``folder`` to the network by https; another that is so served makes room for it.

        One at a time and at one port, so that a phone finds a newer bundle at the same address.

        Raises:
            SkushareError: it is no bundle, no port is free, or no certificate can be made.
        """
        with self._lock:
            self.stop(purpose=PHONES)
            return self._start(folder, PHONES, everywhere(), PORT, secure=True, cached=True)

    def preview(self, folder, secure):
        """Serve ``folder`` to browsers of this computer, who keep nothing; raises as :meth:`for_phones`.

        No more than ``PREVIEWS`` run; the one that was looked at longest ago makes room.
        """
        purpose = SECURE_PREVIEW if secure else PREVIEW
        with self._lock:
            found = self.get(folder, purpose)
            if found is None:
                found = self._start(folder, purpose, HERE, PREVIEW_PORT, secure, cached=False)
            key = str(folder), purpose
            self._served[key] = self._served.pop(key)
            previews = [key for key in self._served if key[1] in (PREVIEW, SECURE_PREVIEW)]
            ended = [self._served.pop(key) for key in previews[:-PREVIEWS]]
        for served in ended:  # without the lock: a download on its way delays the end
            served.server.close()
        return found

    def _start(self, folder, purpose, host, port, secure, cached):
        check_folder(folder)
        made = certificate() if secure else None
        app = make_app(folder, cached=cached, certificate=made)
        self.stop(str(folder), purpose)  # one that ended by itself
        try:
            socket = listen(host, free_port(host, port))
        except ConfigError as error:  # which names an option that the page does not have
            last = port + TRIES - 1
            raise SkushareError(f"no port from {port} to {last} is free; close what uses them") from error
        served = Served(BackgroundServer(app, socket, made), made)
        self._served[str(folder), purpose] = served
        return served

    def stop(self, folder=None, purpose=None):
        """End the servers of ``folder``, or of all, for ``purpose``, or for any."""
        with self._lock:  # until their ports are free
            keys = [k for k in self._served if folder in (None, k[0]) and purpose in (None, k[1])]
            for key in keys:
                self._served.pop(key).server.close()

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
    if host == "::1":  # where no preview listens; browsers try 127.0.0.1 too for the name
        host = "localhost"
    if is_loopback(host):
        served = servers().preview(folder, secure=page.scheme == "https")
        port = served.server.port
        note = f"It runs in this browser, from port {port} of the app's computer. If it stays empty, "
        if served.certificate:  # Firefox asks for consent at each port
            note += "open it once in a tab of its own and accept the certificate; "
            note += f"through a tunnel, forward port {port} too."
        else:
            note += f"you see the app through a tunnel: forward port {port} too."
        return Preview(served.address(host), True, note)
    served = servers().get(folder, PHONES)
    if host not in certificate().names:
        return Preview(
            note=f"You see this page by way of {host}, which leads to no other port of the app's computer. "
            "Open the page there, or download the bundle and put it on a host of your own."
        )
    if served is None:
        return Preview(
            note="You see this page from another device. Press **Serve to phones** first; then the bundle "
            "runs here too."
        )
    if host not in served.certificate.names:
        return Preview(note=f"It is not served at {host}: {OTHER_NETWORK}.")
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
        SkushareError: this computer is on no network, or in another than when serving began.
    """
    hosts = lan_addresses()
    if not hosts:
        raise SkushareError("this computer is on no network; connect it, then stop and serve again")
    if hosts[0] not in served.certificate.names:
        raise SkushareError(OTHER_NETWORK)
    addresses = [served.address(host) for host in hosts if host in served.certificate.names]
    return addresses, addresses[0].rstrip("/") + PAGE
