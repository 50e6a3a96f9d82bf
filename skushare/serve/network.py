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
LINK_LOCAL = ip_network("169.254.0.0/16")  # given to itself by a device that found no network
EVERYWHERE = ("0.0.0.0", "::", "")
TRIES = 20  # ports after the wanted one


def is_loopback(host):
    """Whether only this machine reaches a server that listens at ``host``."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def lan_addresses():
    """IPv4 addresses by which the network reaches this machine, the likeliest first, as text."""
    state = psutil.net_if_stats()
    found = []
    for name, addresses in psutil.net_if_addrs().items():
        if name in state and state[name].isup and not name.startswith(VIRTUAL):
            found += [a.address for a in addresses if a.family == socket.AF_INET]
    usable = [a for a in found if not ip_address(a).is_loopback and ip_address(a) not in LINK_LOCAL]
    first = _address_of_the_route()
    return sorted(dict.fromkeys(usable), key=lambda address: address != first)


def _address_of_the_route():
    """The address that packets to elsewhere leave from; ``None`` without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of nobody; connecting UDP sends nothing
        except OSError:
            return None
        return probe.getsockname()[0]


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
