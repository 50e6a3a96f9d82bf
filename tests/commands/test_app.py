"""`skushare app`: bound to this machine, or open to the network by https."""

import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from streamlit.url_util import get_hostname

from skushare.cli import main
from skushare.commands import app
from skushare.database.pictures import pictures_folder
from skushare.detector.models import models_folder
from skushare.serve import network
from skushare.serve.certificate import certificate
from skushare.serve.network import everywhere, listen


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "workspace"))


@pytest.fixture
def started(monkeypatch):
    """What Streamlit would be started with: (options, what the user adds), and a test's look meanwhile."""

    class Started:
        def look(self):
            pass

        def __call__(self, options, more):
            self.options, self.more = options, more
            self.look()
            return 0

    started = Started()
    monkeypatch.setattr(app, "_streamlit", started)
    return started


def test_it_binds_to_this_machine_alone(started, capsys):
    assert main(["app"]) == 0
    assert started.options["server.address"] == "127.0.0.1"
    assert not any("ssl" in name for name in started.options) and capsys.readouterr().out == ""


def test_for_a_phone_it_is_open_by_https_and_tells_the_address(started, capsys, monkeypatch):
    monkeypatch.setattr("skushare.serve.server.lan_addresses", lambda: ["127.0.0.1"])
    monkeypatch.setattr(network, "lan_addresses", lambda: ["127.0.0.1"])

    def look():
        page = re.search(r"http://127.0.0.1:\d+/trust", capsys.readouterr().out)[0]
        with urllib.request.urlopen(page, timeout=10) as answer:
            assert certificate().fingerprint.encode() in answer.read()
        started.page = page

    started.look = look
    assert main(["app", "--lan"]) == 0
    assert started.options["server.address"] == everywhere()
    assert started.options["server.sslCertFile"] == certificate().chain
    assert started.options["server.sslKeyFile"] == certificate().key
    port = started.options["server.port"]
    assert f"https://localhost:{port}" in started.options["server.corsAllowedOrigins"]
    with pytest.raises(OSError):
        urllib.request.urlopen(started.page, timeout=10)  # it ends with the app


def test_by_ipv6_alone_each_address_that_is_told_is_a_url(started, capsys, monkeypatch):
    for module in ("skushare.serve.server", "skushare.serve.network", "skushare.serve.certificate"):
        monkeypatch.setattr(f"{module}.lan_addresses", lambda: ["fd00::5"])
    assert main(["app", "--lan"]) == 0
    told, port = capsys.readouterr().out, started.options["server.port"]
    assert f"https://[fd00::5]:{port}" in told and re.search(r"http://\[fd00::5\]:\d+/trust", told)
    assert f"https://[fd00::5]:{port}" in started.options["server.corsAllowedOrigins"]
    assert get_hostname(started.options["browser.serverAddress"]) == "fd00::5"  # as Streamlit reads it


def test_the_app_counts_with_the_model_that_is_told_wherever_it_runs(started, capsys, monkeypatch):
    monkeypatch.setenv("SKUSHARE_MODEL", "")
    assert main(["app", "--model", "shelf_dense"]) == 0
    assert Path(os.environ["SKUSHARE_MODEL"]) == (models_folder() / "shelf_dense").resolve()
    assert main(["app", "--model", "runs/none"]) == 2
    assert "no model called 'runs/none'" in capsys.readouterr().err


def test_folders_in_variables_are_meant_from_where_it_is_started(monkeypatch, tmp_path):
    (tmp_path / "shop").symlink_to("disk")  # by which photos are known on the command line
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setattr("streamlit.web.cli.main", lambda *arguments, **options: 0)
    monkeypatch.setenv("SKUSHARE_WORKSPACE", "shop")
    monkeypatch.setenv("SKUSHARE_PICTURES", "shop/pictures")
    assert app._streamlit({}, []) == 0
    assert Path(os.environ["SKUSHARE_WORKSPACE"]) == tmp_path / "shop"
    assert pictures_folder() == tmp_path / "shop" / "pictures"


def test_the_next_free_port_is_taken_unless_one_is_asked_for(started, capsys, monkeypatch):
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert main(["app", "--port", str(port)]) == 2
        assert "is in use" in capsys.readouterr().err
        monkeypatch.setattr(app, "PORT", port)
        assert main(["app"]) == 0 and started.options["server.port"] > port


@pytest.mark.parametrize("before", [[], ["--port", "0"]])
def test_the_rest_goes_to_streamlit(started, before):
    assert main(["app", *before, "--", "--theme.base", "dark"]) == 0
    assert started.more == ["--theme.base", "dark"]


@pytest.mark.parametrize("option", [["--server.port", "8600"], ["--server.address=0.0.0.0"]])
def test_an_address_other_than_the_one_that_is_told_is_refused(started, capsys, option):
    assert main(["app", "--lan", "--", *option]) == 2
    told = capsys.readouterr()
    assert "before the --" in told.err and not told.out


def test_a_word_that_streamlit_would_pass_over_is_refused(started, capsys):
    assert main(["app", "runs/first"]) == 2
    assert "runs/first: the app takes options alone" in capsys.readouterr().err
    assert not hasattr(started, "options")


def test_an_unknown_option_is_told(started, capsys):
    with pytest.raises(SystemExit):
        main(["app", "--lna"])
    assert "--lna; Streamlit's own options go after --" in capsys.readouterr().err


def test_without_the_pages_it_says_where_to_start_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(app, "ROOT", tmp_path)
    assert main(["app"]) == 2
    assert "streamlit_app.py" in capsys.readouterr().err


def test_a_phone_that_trusts_the_certificate_opens_the_real_app(tmp_path):
    port = network.free_port("0.0.0.0", 18500)
    command = [sys.executable, "-m", "skushare", "app", "--lan", "--port", str(port)]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
    try:
        end = time.monotonic() + 300
        while True:
            try:
                trusting = ssl.create_default_context(cadata=certificate().authority)
                with urllib.request.urlopen(
                    f"https://localhost:{port}/_stcore/health", context=trusting
                ) as answer:
                    assert answer.read() == b"ok"
                break
            except OSError as error:
                assert time.monotonic() < end and process.poll() is None, (error, Path(log.name).read_text())
                time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
    assert "Traceback" not in Path(log.name).read_text()
