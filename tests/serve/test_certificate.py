"""The certificate: made once, good where it should be, and for nothing else."""

import socket
import ssl
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone

import pytest

from skushare.errors import SkushareError
from skushare.serve import certificate as module
from skushare.serve.certificate import AUTHORITY, AUTHORITY_KEY, KEY, certificate
from skushare.workspace import certificates_folder


@pytest.fixture(autouse=True)
def network(monkeypatch):
    """This machine's addresses, which a test may change."""
    addresses = ["192.168.1.20"]
    monkeypatch.setattr(module, "lan_addresses", lambda: addresses)
    return addresses


def shake_hands(made, name):
    """Have a client that trusts the authority alone connect to ``name``; raises as the client does."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(made.chain, made.key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(cadata=made.authority)
    near, far = socket.socketpair()
    with near, far:
        near.settimeout(10)
        far.settimeout(10)

        def answer():
            try:
                server.wrap_socket(far, server_side=True).close()
            except (ssl.SSLError, OSError):
                far.close()

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            client.wrap_socket(near, server_hostname=name).close()
        finally:
            near.close()
            thread.join()


def clock_at(time):
    """A ``datetime`` by which it is always ``time``."""
    return type("Clock", (datetime,), {"now": staticmethod(lambda tz: time)})


def test_a_client_that_trusts_the_authority_takes_it_by_every_name_and_address():
    made = certificate(["shelf.example"])
    assert {"localhost", "127.0.0.1", "192.168.1.20", "shelf.example"} < set(made.names)
    for name in made.names:
        shake_hands(made, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(made, "192.168.1.21")


def test_the_authority_cannot_vouch_for_the_internet():
    """Even its own key makes no certificate that a phone takes for somebody else's address."""
    made = certificate()
    authority, key = module._pair(certificates_folder() / AUTHORITY, certificates_folder() / AUTHORITY_KEY)
    _, server_key = module._pair(made.chain, made.key)
    for name in ("bank.example", "8.8.8.8"):
        forged = module._make_server((name,), server_key, authority, key)
        module._write(made.chain, forged.public_bytes(module_encoding()))
        with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
            shake_hands(made, name)


def module_encoding():
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.PEM


def test_it_stays_the_same_and_is_found_again_when_the_computer_comes_back(network):
    first = certificate()
    content = first.chain.read_bytes()
    network[:] = ["10.0.0.7"]
    elsewhere = certificate()
    assert elsewhere.chain != first.chain and elsewhere.fingerprint == first.fingerprint
    network[:] = ["192.168.1.20"]
    assert certificate() == first and first.chain.read_bytes() == content


def test_an_address_outside_local_networks_needs_an_authority_for_it(network):
    first = certificate()
    network[:] = ["203.0.113.9"]
    second = certificate()
    assert second.fingerprint != first.fingerprint
    shake_hands(second, "203.0.113.9")


def test_phones_take_its_dates():
    from cryptography import x509

    chain = x509.load_pem_x509_certificates(certificate().chain.read_bytes())
    now = datetime.now(timezone.utc)
    for found in chain:
        assert found.not_valid_before_utc < now - timedelta(days=1)
    assert now + timedelta(days=700) < chain[0].not_valid_after_utc
    assert chain[0].not_valid_after_utc - chain[0].not_valid_before_utc < timedelta(days=825)


@pytest.mark.parametrize("name", [AUTHORITY, AUTHORITY_KEY, KEY, "chain"])
@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_what_is_lost_or_damaged_is_made_anew(name, content):
    made = certificate()
    path = made.chain if name == "chain" else certificates_folder() / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    again = certificate()
    shake_hands(again, "192.168.1.20")
    assert (again.fingerprint == made.fingerprint) == (name in (KEY, "chain"))


def test_one_made_while_the_clock_was_ahead_is_made_anew(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(module, "datetime", clock_at(datetime.now(timezone.utc) + timedelta(days=400)))
        made = certificate()
    again = certificate()
    assert again.fingerprint != made.fingerprint
    shake_hands(again, "192.168.1.20")


def test_it_stays_the_same_while_the_clock_is_not_set(monkeypatch):
    made = certificate()
    content = made.chain.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(module, "datetime", clock_at(datetime(1970, 1, 1, tzinfo=timezone.utc)))
        assert certificate() == made and made.chain.read_bytes() == content


def test_near_its_end_it_is_made_anew_under_the_same_authority(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(module, "SERVER_DAYS", 20)
        old = certificate()
        before = old.chain.read_bytes()
    assert certificate().fingerprint == old.fingerprint and old.chain.read_bytes() != before


def test_keys_are_for_the_owner_alone():
    made = certificate()
    assert certificates_folder().stat().st_mode & 0o077 == 0
    for path in (made.key, certificates_folder() / AUTHORITY_KEY):
        assert path.stat().st_mode & 0o077 == 0


def test_odd_host_names_are_left_out(monkeypatch):
    for name in ("Léa's shelf", "", "-", "a" * 80):
        monkeypatch.setattr(socket, "gethostname", lambda name=name: name)
        shake_hands(certificate(), "192.168.1.20")


def test_processes_that_start_at_once_agree():
    code = "from skushare.serve.certificate import certificate; print(certificate().fingerprint)"
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert len({process.communicate(timeout=300)[0] for process in started}) == 1


def test_a_workspace_that_cannot_be_written_is_told(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SKUSHARE_WORKSPACE", str(tmp_path / "file"))
    with pytest.raises(SkushareError, match="cannot be written"):
        certificate()
