"""Connection of a camera: servers from the secrets, secure pages, waiting and failing."""

import pytest

from skushare.errors import ConfigError
from skushare.live.connection import SLOW_AFTER, Connection, ice_servers, is_insecure

STUN = {"urls": "stun:stun.example.org:3478"}
TURN = {"urls": ["turn:turn.example.org:3478"], "username": "shop", "credential": "secret"}


@pytest.mark.parametrize(
    "secrets, expected",
    [
        ({}, []),
        ({"webrtc": {}}, []),
        ({"webrtc": {"ice_servers": []}}, []),
        ({"webrtc": {"ice_servers": [STUN, TURN]}}, [{"urls": ["stun:stun.example.org:3478"]}, TURN]),
    ],
)
def test_ice_servers(secrets, expected):
    assert ice_servers(secrets) == expected


@pytest.mark.parametrize(
    "section",
    [
        "turn:turn.example.org",
        {"ice_servers": "turn:turn.example.org"},
        {"ice_servers": ["turn:turn.example.org"]},
        {"ice_servers": [{"urls": []}]},
        {"ice_servers": [{"urls": "https://turn.example.org"}]},
        {"ice_servers": [{"urls": "turn:turn.example.org"}]},
    ],
)
def test_wrong_servers_name_the_setting(section):
    with pytest.raises(ConfigError, match="webrtc.ice_servers"):
        ice_servers({"webrtc": section})


@pytest.mark.parametrize(
    "url, insecure",
    [
        (None, False),
        ("", False),
        ("http://localhost:8501/live", False),
        ("http://app.localhost:8501", False),
        ("http://127.0.0.1:8501", False),
        ("http://[::1]:8501", False),
        ("https://192.168.1.20:8501", False),
        ("http://192.168.1.20:8501", True),
        ("http://shop-laptop:8501", True),
    ],
)
def test_is_insecure(url, insecure):
    assert is_insecure(url) is insecure


@pytest.mark.parametrize(
    "events, state",
    [
        ([], "idle"),
        ([(0, False, False)], "idle"),
        ([(0, False, True)], "connecting"),
        ([(0, False, True), (SLOW_AFTER, False, True)], "slow"),
        ([(0, False, True), (1, True, True)], "playing"),
        ([(0, False, True), (1, True, True), (99, False, False)], "idle"),  # stopped by the visitor
        ([(0, False, True), (2, False, False)], "idle"),  # thought better of it
        ([(0, False, True), (SLOW_AFTER + 1, False, False)], "failed"),
        ([(0, False, True), (SLOW_AFTER, False, True), (20, False, False), (30, False, False)], "failed"),
        ([(0, False, True), (20, False, False), (30, False, True)], "connecting"),  # a new try
        (
            [(0, False, True), (20, False, False), (30, False, True), (31, True, True), (40, False, False)],
            "idle",
        ),
    ],
)
def test_connection(events, state):
    clock = [0.0]
    connection = Connection(clock=lambda: clock[0])
    for clock[0], playing, signalling in events:
        assert connection.update(playing, signalling) == connection.state
    assert connection.state == state
