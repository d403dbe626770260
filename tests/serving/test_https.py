"""HTTPS: the certificate, the handshake, and the address that a certificate is for."""

from __future__ import annotations

import hashlib
import socket
import ssl
import tempfile
from datetime import timedelta
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from web_client import certificate_shown_by, is_open, path_of, raw, trustful, viewing

from kbvr.errors import InputError
from kbvr.serving import LOOPBACK, connections, lan_address, make_certificate

# HTTPS


@pytest.fixture
def secure(files):
    certificate = make_certificate(LOOPBACK)
    with viewing(*files, certificate=certificate) as served:
        yield served, certificate


def test_the_certificate_is_for_this_address_short_lived_and_known_by_its_fingerprint(secure):
    from cryptography import x509

    served, certificate = secure
    shown = certificate_shown_by(served.port)
    assert hashlib.sha256(shown).hexdigest().upper() == certificate.fingerprint.replace(":", "")
    read = x509.load_der_x509_certificate(shown)
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name) for name in names] == [f"<IPAddress(value={LOOPBACK})>"]
    assert read.not_valid_after_utc - read.not_valid_before_utc <= timedelta(days=3)
    assert make_certificate(LOOPBACK).fingerprint != certificate.fingerprint


def test_who_trusts_the_certificate_gets_the_files(secure, files, video):
    served, _ = secure
    pem = ssl.DER_cert_to_PEM_cert(certificate_shown_by(served.port))
    connection = HTTPSConnection(LOOPBACK, served.port, context=ssl.create_default_context(cadata=pem), timeout=10)
    for _ in range(2):
        connection.request("GET", path_of(served, "files/1/cat_LR.mp4"), headers={"Range": "bytes=1-"})
        assert connection.getresponse().read() == video[1:]
    connection.close()
    assert served.url.startswith(f"https://{LOOPBACK}:")


def test_old_tls_and_no_tls_are_refused(secure):
    served, certificate = secure
    assert certificate.context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert b"HTTP/" not in raw(served, b"GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\n\r\n")
    old = trustful()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection((LOOPBACK, served.port), timeout=10) as plain, pytest.raises(OSError):  # noqa: PT011
        old.wrap_socket(plain)


def test_a_client_that_never_shakes_hands_stops_nobody(secure, monkeypatch):
    served, _ = secure
    monkeypatch.setattr(connections, "STALL_S", 0.5)
    with socket.create_connection((LOOPBACK, served.port), timeout=10) as silent:
        certificate_shown_by(served.port)
        assert silent.recv(1) == b""


def test_clients_that_never_shake_hands_do_not_keep_out_who_does(secure, idle):
    served, _ = secure
    first, *_ = idle(served, 2 * connections.MAX_PER_CLIENT)
    assert certificate_shown_by(served.port)
    assert not is_open(first)


def test_the_key_is_on_disk_for_a_moment_only_and_encrypted(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen = []

    def load(self, name, password):
        seen.append((Path(name).stat().st_mode & 0o777, Path(name).read_text("ascii")))
        raise ssl.SSLError

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load)
    with pytest.raises(ssl.SSLError):
        make_certificate(LOOPBACK)
    [(mode, text)] = seen
    assert mode == 0o600
    assert "BEGIN ENCRYPTED PRIVATE KEY" in text
    assert text.count("PRIVATE KEY") == 2
    assert list(tmp_path.iterdir()) == []


# Addresses


NO_ADDRESSES = """
0.0.0.0 224.0.0.1 ::1 localhost 192.168.1 1.2.3.4:80 01.2.3.4
"""


@pytest.mark.parametrize("wanted", ["", *NO_ADDRESSES.split()])
def test_an_address_has_to_be_one_of_a_machine(wanted):
    with pytest.raises(InputError, match="address must be"):
        lan_address(wanted)


class FakeSocket(socket.socket):
    """Finds whatever way the test wants."""

    source: str | None = None

    def connect(self, _: object) -> None:
        """Find no way without a source."""
        if self.source is None:
            raise OSError(101, "Network is unreachable")

    def getsockname(self) -> tuple[str, int]:
        """Return what the way out begins with."""
        return (f"{self.source}", 1)


def test_the_address_is_that_of_the_way_out_unless_the_internet_is_there(monkeypatch):
    monkeypatch.setattr(socket, "socket", FakeSocket)
    with pytest.raises(InputError, match="no network connection"):
        lan_address()
    monkeypatch.setattr(FakeSocket, "source", "192.168.1.20")
    assert lan_address() == "192.168.1.20"
    monkeypatch.setattr(FakeSocket, "source", "8.8.8.8")
    with pytest.raises(InputError, match=r"the internet can reach 8\.8\.8\.8"):
        lan_address()
    assert lan_address("8.8.8.8") == "8.8.8.8"
