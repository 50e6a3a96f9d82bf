"""This machine's addresses in its network, ports, and the QR code that brings a phone to them."""

import errno
import io
import socket
from ipaddress import ip_address, ip_network

import psutil
import segno

from skushare.errors import ConfigError

# Networks between containers and virtual machines; no phone is in them.
VIRTUAL = ("docker", "br-", "veth", "virbr", "vmnet", "vboxnet", "cni", "podman", "lxc", "lxd")
# Given by a machine to itself, to reach IPv4 from a network that has IPv6 alone.
TRANSLATED = ip_network("192.0.0.0/29")
EVERYWHERE = ("0.0.0.0", "::", "")
NOBODY = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}  # addresses in examples alone
TRIES = 20  # ports after the wanted one


def is_loopback(host):
    """Whether only this machine reaches a server that listens at ``host``."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def lan_addresses():
    """Addresses by which the network reaches this machine, the likeliest first, as text.

    IPv4 ones; where there is none, IPv6 ones.
    """
    state = psutil.net_if_stats()
    cards = [
        addresses
        for name, addresses in psutil.net_if_addrs().items()
        if name in state and state[name].isup and not name.startswith(VIRTUAL)
    ]
    for family in NOBODY:
        found = [a.address for addresses in cards for a in addresses if a.family == family]
        if usable := [address for address in found if _is_usable(ip_address(address))]:
            first = _address_of_the_route(family)
            return sorted(dict.fromkeys(usable), key=lambda address: address != first)
    return []


def _is_usable(address):
    # A link-local one is of a device that found no network, or means nothing without the name of a card.
    return not (address.is_loopback or address.is_link_local or address in TRANSLATED)


def _address_of_the_route(family):
    """The address that packets to elsewhere leave from; ``None`` without a network."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((NOBODY[family], 9))  # connecting UDP sends nothing
        except OSError:
            return None
        return probe.getsockname()[0]


def in_url(host):
    """``host``, a name or an address, as a URL has it."""
    return f"[{host}]" if ":" in host else host


def everywhere():
    """The address to listen at for the whole network, which reaches this machine by IPv6 or by IPv4."""
    # Not always "::": whether that takes IPv4 as well depends on the system and on who listens there.
    return "::" if any(":" in address for address in lan_addresses()) else "0.0.0.0"


def listen(host, port):
    """A socket that listens at ``host`` and ``port``; 0 takes any free port.

    Raises:
        ConfigError: the port is taken or needs more rights, or ``host`` is no address of this machine.
    """
    if not 0 <= port <= 65535:
        raise ConfigError(f"port {port}: there are only ports up to 65535")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()  # everywhere is by IPv4 too
    try:
        return socket.create_server((host, port), family=family, backlog=128, dualstack_ipv6=both)
    except OSError as error:
        raise ConfigError(_why_not(host, port, error)) from None


def _why_not(host, port, error):
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use, perhaps by another skushare; end that, or take --port {port + 1}"
    if error.errno == errno.EACCES:
        return f"port {port} needs administrator rights; choose one from 1024 on, such as --port 8643"
    return f"cannot listen at {host}, port {port} ({error}); is it an address of this machine?"


def free_port(host, wanted):
    """``wanted``, or the next port after it that is free at ``host``.

    Raises:
        ConfigError: none of the next ``TRIES`` is.
    """
    for port in range(wanted, wanted + TRIES):
        try:
            listen(host, port).close()
            return port
        except ConfigError as error:
            problem = error
    raise problem


def qr_terminal(address):
    """``address`` as a QR code of half blocks, lines of text for a terminal."""
    out = io.StringIO()
    segno.make(address, error="m", micro=False).terminal(out, compact=True, border=2)
    return out.getvalue().rstrip("\n")


def qr_svg(address):
    """``address`` as a QR code, black on white: an SVG document as text."""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        out, kind="svg", scale=8, border=4, dark="#000", light="#fff", title=address
    )
    return out.getvalue().decode()
