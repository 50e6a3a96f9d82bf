"""How a visitor's camera reaches the server, and what to tell the visitor when it does not."""

import time
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from skushare.errors import ConfigError

SLOW_AFTER = 8.0  # seconds; on a route that works the first frame is there in under two

ADVICE = {
    "insecure": (
        "Browsers give the camera only to pages on **https://** or on **localhost**, and this page came over "
        "plain http. Open the app on the computer it runs on, or start it with a certificate "
        "(README, “On a phone”)."
    ),
    "unsupported": "This browser has no camera access. Use a current Chrome, Edge, Firefox or Safari.",
    "missing": "No camera was found on this device. Connect one, or give photos or a video taken before.",
    "denied": (
        "This browser blocks the camera for this page. Click the camera or lock sign beside the address, "
        "allow the camera, then reload the page. On a phone, check too that the system lets the browser "
        "use the camera."
    ),
}

HOPELESS = ("insecure", "unsupported")  # a start button would only fail
MISSING = "missing"  # as it would until a camera is connected, which the page then hears of

NO_ROUTE = (
    "The camera is on, but its video does not reach the server: a firewall or mobile network lies between. "
    "Try another network. Whoever runs the server can add a TURN relay under `[webrtc]` in "
    "`.streamlit/secrets.toml` (README, “Live through firewalls”)."
)


def is_insecure(url):
    """Whether browsers refuse the camera to a page at ``url``: plain http, not on this computer."""
    parts = urlsplit(url or "")
    if parts.scheme != "http" or parts.hostname is None:
        return False
    if parts.hostname == "localhost" or parts.hostname.endswith(".localhost"):
        return False
    try:
        return not ip_address(parts.hostname).is_loopback
    except ValueError:
        return True


def ice_servers(secrets):
    """STUN and TURN servers from the ``[webrtc]`` part of the secrets, as WebRTC takes them.

    Without that part the list is empty: no outside server is asked, and the camera
    reaches the server on the same computer or local network.

    Args:
        secrets: a mapping such as ``st.secrets``; ``webrtc.ice_servers`` is a list of
            tables with ``urls`` and, for TURN, ``username`` and ``credential``.

    Raises:
        ConfigError: an entry is not such a table.
    """
    section = secrets.get("webrtc", {})
    servers = section.get("ice_servers", []) if isinstance(section, Mapping) else None
    if not isinstance(servers, (list, tuple)):
        raise ConfigError(
            "secrets: webrtc.ice_servers must be a list of tables with urls, username and credential"
        )
    result = []
    for number, server in enumerate(servers, 1):
        urls = server.get("urls") if isinstance(server, Mapping) else None
        urls = [urls] if isinstance(urls, str) else urls
        if not urls or not all(
            isinstance(u, str) and u.startswith(("stun:", "stuns:", "turn:", "turns:")) for u in urls
        ):
            raise ConfigError(
                f"secrets: webrtc.ice_servers entry {number}: urls must begin with stun: or turn:"
            )
        if any(u.startswith("turn") for u in urls) and not (
            server.get("username") and server.get("credential")
        ):
            raise ConfigError(
                f"secrets: webrtc.ice_servers entry {number}: a turn server needs username and credential"
            )
        result.append(
            {"urls": list(urls), **{k: server[k] for k in ("username", "credential") if k in server}}
        )
    return result


class Connection:
    """Follows one camera's connection, to tell waiting from failing.

    ``state`` is ``idle``, ``connecting``, ``slow`` (connecting for too long), ``playing`` or
    ``failed`` (ended without ever playing, after a long wait).
    """

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._since = None
        self.state = "idle"

    def update(self, playing, signalling):
        """Take in what the browser reports now; returns the new state."""
        if playing:
            self._since, self.state = None, "playing"
        elif signalling:
            self._since = self._since if self._since is not None else self._clock()
            self.state = "slow" if self._clock() - self._since >= SLOW_AFTER else "connecting"
        else:
            waited = self.state == "slow" or (
                self._since is not None and self._clock() - self._since >= SLOW_AFTER
            )
            self.state = "failed" if waited or self.state == "failed" else "idle"
            self._since = None
        return self.state
