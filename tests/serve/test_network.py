import socket
from types import SimpleNamespace
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from skushare.errors import ConfigError
from skushare.serve import network
from skushare.serve.network import (
    everywhere,
    free_port,
    in_url,
    is_loopback,
    lan_addresses,
    listen,
    qr_svg,
    qr_terminal,
)


def card(address, family=socket.AF_INET):
    return SimpleNamespace(address=address, family=family)


@pytest.mark.parametrize(
    ("cards", "route", "expected"),
    [
        ({"lo": [card("127.0.0.1")]}, None, []),
        ({"eth0": [card("192.168.1.5"), card("fe80::1", socket.AF_INET6)]}, None, ["192.168.1.5"]),
        (
            {"eth0": [card("10.0.0.5")], "wlan0": [card("192.168.1.5")]},
            "192.168.1.5",
            ["192.168.1.5", "10.0.0.5"],
        ),
        ({"docker0": [card("172.17.0.1")], "wlan0": [card("192.168.1.5")]}, None, ["192.168.1.5"]),
        ({"wlan0": [card("169.254.3.4")]}, None, []),
        ({"down0": [card("192.168.1.5")]}, None, []),
        ({"a": [card("10.0.0.5")], "b": [card("10.0.0.5")]}, None, ["10.0.0.5"]),
        ({"eth0": [card("10.0.0.5"), card("fd00::5", socket.AF_INET6)]}, None, ["10.0.0.5"]),
        (
            {
                "lo": [card("127.0.0.1"), card("::1", socket.AF_INET6)],
                "en0": [card(a, socket.AF_INET6) for a in ("fe80::1%en0", "2001:db8:1::5", "fd00::5")],
                "clat0": [card("192.0.0.2")],
            },
            "fd00::5",
            ["fd00::5", "2001:db8:1::5"],
        ),
    ],
)
def test_addresses_are_those_that_a_phone_can_reach(monkeypatch, cards, route, expected):
    states = {name: SimpleNamespace(isup=not name.startswith("down")) for name in cards}
    monkeypatch.setattr(network.psutil, "net_if_addrs", lambda: cards)
    monkeypatch.setattr(network.psutil, "net_if_stats", lambda: states)
    monkeypatch.setattr(network, "_address_of_the_route", lambda family: route)
    assert lan_addresses() == expected


@pytest.mark.parametrize(
    ("host", "only_here"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("localhost", True), ("app.localhost", True)]
    + [("0.0.0.0", False), ("192.168.1.5", False), ("example.org", False)],
)
def test_loopback_is_told(host, only_here):
    assert is_loopback(host) == only_here


def test_a_port_in_use_is_told_with_another_and_the_next_is_found():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} is in use.*--port {port + 1}"):
            listen("127.0.0.1", port)
        assert port < free_port("127.0.0.1", port) <= port + network.TRIES


@pytest.mark.parametrize(
    ("told", "expected"),
    [([], "0.0.0.0"), (["10.0.0.5"], "0.0.0.0"), (["fd00::5", "2001:db8:1::5"], "::")],
)
def test_everywhere_is_by_the_addresses_that_are_told(monkeypatch, told, expected):
    monkeypatch.setattr(network, "lan_addresses", lambda: told)
    assert everywhere() == expected


@pytest.mark.parametrize("host", ["shelf.local", "192.168.1.5", "fd00::5"])
def test_what_is_in_a_url_is_read_back_as_the_host(host):
    assert urlsplit(f"https://{in_url(host)}:8643/").hostname == host


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("127.0.0.1", 70000, "65535"),
        ("192.0.2.77", 0, "address of this machine"),
        ("no such host", 0, "address"),
    ],
)
def test_what_cannot_be_listened_at_is_told(host, port, words):
    with pytest.raises(ConfigError, match=words):
        listen(host, port)


def test_the_code_in_the_terminal_leads_to_the_address():
    """Read back by OpenCV: each letter stands for two modules, one above the other."""
    address = "https://192.168.1.20:8643"
    halves = {"█": (255, 255), " ": (0, 0), "▀": (255, 0), "▄": (0, 255)}
    lines = qr_terminal(address).splitlines()
    rows = []
    for line in lines:
        rows += [[halves[letter][half] for letter in line] for half in (0, 1)]
    picture = np.kron(np.pad(np.uint8(rows), 4, constant_values=255), np.ones((8, 8), np.uint8))
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == address


def test_the_code_on_a_page_is_black_on_white_in_any_theme():
    text = qr_svg("https://192.168.1.20:8643")
    assert text.startswith("<?xml") and "#fff" in text and "#000" in text
