"""A certificate for this machine, made here, and the authority that a phone may trust for it.

Two certificates: an authority, made once, which a phone can be told to trust, and the server's own,
signed by it. The authority is good for addresses of local networks and for names in them alone
(RFC 5280, name constraints): whoever steals its key cannot pretend to be a bank to that phone.
"""

import hashlib
import re
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from ipaddress import ip_address, ip_network
from pathlib import Path

from skushare.errors import SkushareError
from skushare.files import make_folder, write_file, writing
from skushare.lock import hold
from skushare.serve.network import lan_addresses
from skushare.workspace import certificates_folder

AUTHORITY, AUTHORITY_KEY, KEY, LOCK = "authority.pem", "authority.key", "server.key", ".lock"
AUTHORITY_DAYS = 3650
SERVER_DAYS = 800  # iPhones refuse more than 825
RENEW_DAYS = 30  # so long before its end a certificate is made anew
CLOCKS = timedelta(days=2)  # a phone's clock may be behind
SET = datetime(2026, 1, 1, tzinfo=timezone.utc)  # a clock that shows an earlier time was not set
WAIT = 20.0  # seconds for another process that makes the same
LOCAL_NAMES = ("localhost", "local")  # and what ends in them
LOCAL_NETWORKS = (
    "127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 100.64.0.0/10"
    " ::1/128 fe80::/10 fc00::/7"
)


@dataclass(frozen=True)
class Certificate:
    """A certificate that a server can use.

    Attributes:
        chain: PEM file of the server's certificate and the authority's; key: of its private key.
        authority: the authority's certificate as phones install it, DER.
        names: host names and addresses that it is good for.
    """

    chain: Path
    key: Path
    authority: bytes
    names: tuple[str, ...]

    @cached_property
    def fingerprint(self):
        """SHA-256 of the authority's certificate, as phones and computers show it: ``"AB:12:..."``."""
        digest = hashlib.sha256(self.authority).hexdigest().upper()
        return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def certificate(addresses=()):
    """The :class:`Certificate` of this machine for its present addresses, made where there is none.

    It lies in the workspace, one for each set of addresses: a phone that accepted it once does so
    again when the computer is back in that network.

    Args:
        addresses: more host names and addresses that it is to be good for.

    Raises:
        SkushareError: the workspace cannot be written.
    """
    names = _names(addresses)
    folder = certificates_folder().resolve()
    with writing(folder):
        make_folder(folder).chmod(0o700)
        with hold(folder / LOCK, WAIT) as mine:
            if not mine:
                raise SkushareError(f"{folder}: another process is making a certificate; start again")
            return _made(folder, names)


def _names(addresses):
    """Host names and addresses of this machine, sorted, without those that cannot stand in a certificate."""
    host = socket.gethostname().lower().partition(".")[0]  # the rest may change with the network
    found = {"localhost", f"{host}.local", "127.0.0.1", "::1", *lan_addresses(), *addresses}
    return tuple(sorted(name for name in found if _address(name) or _is_host_name(name)))


def _address(name):
    try:
        return ip_address(name)
    except ValueError:
        return None


def _is_host_name(name):
    label = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    return len(name) <= 253 and re.fullmatch(rf"{label}(\.{label})*", name) is not None


def _made(folder, names):
    """The certificate for ``names`` in ``folder``; makes what is missing, damaged, or near its end."""
    from cryptography.hazmat.primitives.serialization import Encoding

    authority, authority_key = _pair(folder / AUTHORITY, folder / AUTHORITY_KEY)
    if authority is None or not all(_permits(authority, name) for name in names):
        authority, authority_key = _make_authority(names)
        _write(folder / AUTHORITY_KEY, _key_pem(authority_key))
        _write(folder / AUTHORITY, authority.public_bytes(Encoding.PEM))
    chain = folder / f"server-{hashlib.sha256(' '.join(names).encode()).hexdigest()[:16]}.pem"
    server, key = _pair(chain, folder / KEY)
    if server is None or server.issuer != authority.subject or not _signed(server, authority):
        if key is None:
            key = _new_key()
            _write(folder / KEY, _key_pem(key))
        server = _make_server(names, key, authority, authority_key)
        _write(chain, server.public_bytes(Encoding.PEM) + authority.public_bytes(Encoding.PEM))
    return Certificate(chain, folder / KEY, authority.public_bytes(Encoding.DER), names)


def _pair(path, key_path):
    """(certificate, private key) of two files; the certificate ``None`` if unusable, both if the key is."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(key_path.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        return None, None
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None, key
    fits = found.public_key() == key.public_key()
    now = datetime.now(timezone.utc)
    lasts = found.not_valid_after_utc > now + timedelta(days=RENEW_DAYS)
    # Else the clock was ahead when it was made; or is it not set now, which phones do not mind.
    begun = found.not_valid_before_utc <= now or now < SET
    return (found if fits and lasts and begun else None), key


def _signed(server, authority):
    from cryptography.exceptions import InvalidSignature

    try:
        server.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _permits(authority, name):
    """Whether the constraints of ``authority`` let it vouch for ``name``."""
    from cryptography import x509

    permitted = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
    address = _address(name)
    if address is not None:
        return any(isinstance(tree, x509.IPAddress) and address in tree.value for tree in permitted)
    domains = [tree.value for tree in permitted if isinstance(tree, x509.DNSName)]
    return _within(name, domains)


def _within(name, domains):
    return any(name == domain or name.endswith(f".{domain}") for domain in domains)


def _make_authority(names):
    from cryptography import x509

    key = _new_key()
    addresses = filter(None, map(_address, names))
    networks = [ip_network(text) for text in LOCAL_NETWORKS.split()]
    networks += [ip_network(a) for a in addresses if not any(a in network for network in networks)]
    domains = [*LOCAL_NAMES, *(n for n in names if _address(n) is None and not _within(n, LOCAL_NAMES))]
    permitted = [*map(x509.DNSName, domains), *map(x509.IPAddress, networks)]
    name = _subject(f"skushare on {socket.gethostname()}"[:64])
    usage = {name: name in ("key_cert_sign", "crl_sign") for name in _USAGES}
    builder = _builder(name, name, key.public_key(), AUTHORITY_DAYS)
    builder = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _sign(builder, key), key


def _make_server(names, key, authority, authority_key):
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    alternatives = [x509.IPAddress(_address(n)) if _address(n) else x509.DNSName(n) for n in names]
    usage = {name: name == "digital_signature" for name in _USAGES}
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority.public_key())
    builder = _builder(_subject("skushare"), authority.subject, key.public_key(), SERVER_DAYS)
    builder = (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
    )
    return _sign(builder, authority_key)


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _subject(common_name):
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "skushare"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(subject, issuer, public_key, days):
    from cryptography import x509

    now = datetime.now(timezone.utc)
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=public_key,
        serial_number=x509.random_serial_number(),
        not_valid_before=now - CLOCKS,
        not_valid_after=now + timedelta(days=days),
    )


def _sign(builder, key):
    from cryptography.hazmat.primitives.hashes import SHA256

    return builder.sign(key, SHA256())


def _new_key():
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _key_pem(key):
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path, content):
    write_file(path, content)  # the folder lets nobody else in meanwhile
    path.chmod(0o600)
